//! What is said of departments and of who works in them.

use garde::Validate;
use kit::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use users::given;
use uuid::Uuid;

/// A part of a company.
#[derive(Clone, Debug, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Department {
    pub id: Uuid,
    /// By which programs know it, such as `financial`; it stays when the name changes.
    pub key: Option<String>,
    pub name: String,
    pub description: Option<String>,
    /// The department above it; `null` at the top.
    pub parent_id: Option<Uuid>,
    /// The member who leads it.
    pub head_id: Option<Uuid>,
    /// What whoever works in it may do in the company.
    pub permissions: Vec<String>,
    /// How many people work in it.
    pub member_count: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A department with all that is below it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DepartmentBranch")]
pub(crate) struct Branch {
    #[serde(flatten)]
    pub(crate) department: Department,
    /// Those right below it, by their names.
    pub(crate) children: Vec<Branch>,
}

/// A department and the caller's place in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OwnDepartment")]
pub(crate) struct Own {
    #[serde(flatten)]
    pub(crate) department: Department,
    /// What the caller does in it.
    pub(crate) title: Option<String>,
    /// Whether it is the one that the caller stands for.
    pub(crate) is_primary: bool,
    /// Whether the caller leads it.
    pub(crate) is_head: bool,
}

/// Somebody who works in a department.
#[derive(Clone, Debug, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DepartmentMember")]
pub(crate) struct Member {
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) image: Option<String>,
    /// What they do in it.
    pub(crate) title: Option<String>,
    /// Whether it is the one of their departments that they stand for.
    pub(crate) is_primary: bool,
    /// Whether they lead it.
    pub(crate) is_head: bool,
    /// Since when.
    pub(crate) created_at: Time,
}

/// Which departments are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Filter {
    /// Only those whose name or key contains it.
    #[garde(length(chars, max = 100))]
    pub(crate) q: Option<String>,
    /// Only those right below this one.
    #[garde(skip)]
    pub(crate) parent: Option<Uuid>,
}

/// Which members are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "DepartmentMemberFilter")]
pub(crate) struct MemberFilter {
    /// Only those whose name, address or title contains it.
    #[garde(length(chars, max = 100))]
    pub(crate) q: Option<String>,
}

/// A department to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDepartment {
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) name: String,
    /// By which programs are to know it: small letters, digits and hyphens. It cannot be changed later.
    #[garde(inner(custom(is_key)))]
    pub(crate) key: Option<String>,
    #[garde(length(chars, max = 1000))]
    pub(crate) description: Option<String>,
    /// The department above it; the top if not said.
    #[garde(skip)]
    pub(crate) parent_id: Option<Uuid>,
    /// The member of the company who leads it, and thereby works in it.
    #[garde(skip)]
    pub(crate) head_id: Option<Uuid>,
    /// What whoever works in it may do in the company.
    #[serde(default)]
    #[garde(length(max = MOST_PERMISSIONS), inner(length(max = 100)))]
    pub(crate) permissions: Vec<String>,
}

/// The part of a department that changes; what is left out stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
pub(crate) struct DepartmentPatch {
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) name: Option<String>,
    /// `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[garde(inner(inner(length(chars, max = 1000))))]
    pub(crate) description: Option<Option<String>>,
    /// The member of the company who leads it, and thereby works in it; `null` leaves it without a head.
    #[serde(deserialize_with = "given")]
    #[garde(skip)]
    pub(crate) head_id: Option<Option<Uuid>>,
    /// What whoever works in it may do in the company, in the place of what it was.
    #[garde(inner(length(max = MOST_PERMISSIONS), inner(length(max = 100))))]
    pub(crate) permissions: Option<Vec<String>>,
}

/// How many permissions a department has at most.
const MOST_PERMISSIONS: usize = 100;

/// Where a department is to stand.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DepartmentMove {
    /// The department above it; `null` for the top.
    #[serde(deserialize_with = "Option::deserialize")]
    #[garde(skip)]
    pub(crate) parent_id: Option<Uuid>,
}

/// What becomes of those below and in a department that is deleted.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Removal {
    /// The department that takes them over.
    #[garde(skip)]
    pub(crate) move_to: Option<Uuid>,
}

/// Who is to work in a department.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewDepartmentMember")]
pub(crate) struct NewMember {
    /// A member of the company.
    #[garde(skip)]
    pub(crate) user_id: Uuid,
    /// What they do in it.
    #[garde(length(chars, min = 1, max = 100))]
    pub(crate) title: Option<String>,
    /// Whether it is the one of their departments that they stand for. Their first one is.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) is_primary: bool,
}

/// The part of somebody's place that changes; what is left out stays.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "DepartmentMemberPatch")]
pub(crate) struct MemberPatch {
    /// What they do in it; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[garde(inner(inner(length(chars, min = 1, max = 100))))]
    pub(crate) title: Option<Option<String>>,
    /// `true` makes it the one of their departments that they stand for, in the place of the other.
    #[garde(inner(custom(is_true)))]
    pub(crate) is_primary: Option<bool>,
}

/// Where somebody is to work instead.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DepartmentMemberMove")]
pub(crate) struct MemberMove {
    /// The other department.
    #[garde(skip)]
    pub(crate) to: Uuid,
}

/// Who is to work elsewhere instead.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "DepartmentMembersMove")]
pub(crate) struct MembersMove {
    /// The other department.
    #[garde(skip)]
    pub(crate) to: Uuid,
    /// Members of this one.
    #[garde(length(min = 1, max = 100))]
    pub(crate) user_ids: Vec<Uuid>,
}

fn is_key(text: &str, _: &()) -> garde::Result {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().next_back()];
    let sound = text.len() <= 63
        && text.bytes().all(|byte| inner(byte) || byte == b'-')
        && ends.into_iter().all(|end| end.is_some_and(inner));
    if sound { Ok(()) } else { Err(garde::Error::new("not a key: small letters, digits and hyphens between them")) }
}

fn is_true(value: &bool, _: &()) -> garde::Result {
    if *value { Ok(()) } else { Err(garde::Error::new("make another department the primary one instead")) }
}
