//! What clients of the protocol say.

use crate::role::{self, Wanted, Words};
use auth::protocol::Form;
use garde::Validate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tenants::{is_metadata, is_slug};
use users::{given, is_web_address};

macro_rules! forms {
    ($($form:ident),*) => { $(impl Form for $form {})* };
}
forms!(Create, Slug, Choose, Which, Full, Update, Ends, Invite, ById, Answered, List, OfMember, NewRole, Remove, Ask);

/// A company to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationCreate")]
pub(crate) struct Create {
    #[garde(length(chars, min = 1, max = 200))]
    pub(crate) name: String,
    /// A part of a domain: small letters, digits and hyphens.
    #[garde(custom(is_slug))]
    pub(crate) slug: String,
    /// The address of a picture, by http or https.
    #[garde(inner(length(max = 2048), custom(is_web_address)))]
    pub(crate) logo: Option<String>,
    /// An object of at most 16 KiB.
    #[garde(inner(custom(is_metadata)))]
    pub(crate) metadata: Option<Map<String, Value>>,
    /// Whether the session stays with the organisation that is active in it.
    #[garde(skip)]
    #[serde(default)]
    pub(crate) keep_current_active_organization: Option<bool>,
}

/// A slug that somebody would like.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "OrganizationSlug")]
pub(crate) struct Slug {
    #[garde(custom(is_slug))]
    pub(crate) slug: String,
}

/// The organisation that the session is to be about.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationChoose")]
pub(crate) struct Choose {
    /// `null`: none.
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(inner(length(max = 64))))]
    pub(crate) organization_id: Option<Option<String>>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_slug: Option<String>,
}

/// An organisation; the active one if none is named.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationWhich")]
pub(crate) struct Which {
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_slug: Option<String>,
}

/// An organisation, and how many of its members.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationFull")]
pub(crate) struct Full {
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_slug: Option<String>,
    /// 100 if not said.
    #[garde(inner(length(max = 20)))]
    pub(crate) members_limit: Option<String>,
}

/// What an organisation is to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationUpdate")]
pub(crate) struct Update {
    #[garde(dive)]
    pub(crate) data: Data,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
}

/// The part of an organisation that changes; what is left out stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "OrganizationData")]
pub(crate) struct Data {
    #[garde(inner(length(chars, min = 1, max = 200)))]
    pub(crate) name: Option<String>,
    #[garde(inner(custom(is_slug)))]
    pub(crate) slug: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(inner(length(max = 2048), custom(is_web_address))))]
    pub(crate) logo: Option<Option<String>>,
    #[garde(inner(custom(is_metadata)))]
    pub(crate) metadata: Option<Map<String, Value>>,
}

/// An organisation that ends, for all or for the user; the active one if none is named.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationEnds")]
pub(crate) struct Ends {
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
}

/// Who is asked to join.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationInvite")]
pub(crate) struct Invite {
    #[garde(length(max = 1000))]
    pub(crate) email: String,
    #[garde(custom(role::is_short))]
    pub(crate) role: Words,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
    /// Whether an open invitation is sent again and holds anew.
    #[garde(skip)]
    pub(crate) resend: Option<bool>,
}

/// An invitation.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "OrganizationInvitationId")]
pub(crate) struct ById {
    #[garde(length(max = 64))]
    pub(crate) id: String,
}

/// An invitation that is answered or taken back.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationAnswer")]
pub(crate) struct Answered {
    #[garde(length(max = 64))]
    pub(crate) invitation_id: String,
}

/// Which members are listed.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationListMembers")]
pub(crate) struct List {
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_slug: Option<String>,
    /// 100 if not said.
    #[garde(inner(length(max = 20)))]
    pub(crate) limit: Option<String>,
    #[garde(inner(length(max = 20)))]
    pub(crate) offset: Option<String>,
    /// `id`, `userId`, `role` or `createdAt`.
    #[garde(inner(length(max = 32)))]
    pub(crate) sort_by: Option<String>,
    /// `asc` or `desc`.
    #[garde(inner(length(max = 8)))]
    pub(crate) sort_direction: Option<String>,
    /// As in `sortBy`.
    #[garde(inner(length(max = 32)))]
    pub(crate) filter_field: Option<String>,
    /// Several for `in` and `not_in`, each by itself or with commas between them.
    #[garde(inner(custom(role::is_short)))]
    pub(crate) filter_value: Option<Words>,
    /// `eq` if not said; `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `not_in`, `contains`, `starts_with` or `ends_with`.
    #[garde(inner(length(max = 16)))]
    pub(crate) filter_operator: Option<String>,
}

/// Whose role is asked for; the user's own if nobody's is said.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationOfMember")]
pub(crate) struct OfMember {
    #[garde(inner(length(max = 64)))]
    pub(crate) user_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_slug: Option<String>,
}

/// The role that a member is to have.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationNewRole")]
pub(crate) struct NewRole {
    #[garde(length(max = 64))]
    pub(crate) member_id: String,
    #[garde(custom(role::is_short))]
    pub(crate) role: Words,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
}

/// Who is to go.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationRemove")]
pub(crate) struct Remove {
    #[garde(length(max = 254))]
    pub(crate) member_id_or_email: String,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
}

/// What the user would like to do.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationAsk")]
pub(crate) struct Ask {
    /// Actions by resource, such as `{"organization": ["delete"]}`.
    #[garde(inner(custom(is_few)))]
    pub(crate) permissions: Option<Wanted>,
    /// The same, by the name that older clients give it.
    #[garde(inner(custom(is_few)))]
    pub(crate) permission: Option<Wanted>,
    #[garde(inner(length(max = 64)))]
    pub(crate) organization_id: Option<String>,
}

fn is_few(wanted: &Wanted, _: &()) -> garde::Result {
    let few = wanted.len() <= 32 && wanted.values().all(|actions| actions.len() <= 32);
    if few { Ok(()) } else { Err(garde::Error::new("too many permissions")) }
}
