//! What the protocol's administration is asked.

use crate::error;
use auth::protocol::Form;
use garde::Validate;
use kit::{Result, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use std::borrow::Cow;
use users::{Email, Role};
use uuid::Uuid;

/// The id of a user, as clients send it; what can be nobody's is nobody's.
#[derive(Clone, Copy)]
pub(crate) struct UserId(pub(crate) Option<Uuid>);

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(Uuid::parse_str(&text).ok())),
            Value::Number(_) => Ok(Self(None)),
            _ => Err(de::Error::custom("Invalid input: expected string")),
        }
    }
}

impl JsonSchema for UserId {
    fn schema_name() -> Cow<'static, str> {
        "UserId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uuid" })
    }
}

/// One text, or a list of them.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "TextOrTexts")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    /// The role of these names, separated by commas where one text has several: the one that may do what all may.
    ///
    /// # Errors
    /// 400 for a name that is no role's, and for none at all.
    pub(crate) fn role(&self) -> Result<Role> {
        let names = self.texts().iter().flat_map(|text| text.split(','));
        let roles = names.map(|name| Role::parse(name.trim()).ok_or_else(error::unknown_role));
        roles.collect::<Result<Vec<_>>>()?.into_iter().max().ok_or_else(error::unknown_role)
    }
}

pub(crate) fn few(given: &OneOrMany, (): &()) -> garde::Result {
    let texts = given.texts();
    if texts.len() <= 100 && texts.iter().all(|text| text.len() <= 254) {
        return Ok(());
    }
    Err(garde::Error::new("at most 100 values of 254 bytes each"))
}

/// An address as clients write it.
pub(crate) fn address(text: &str) -> Result<Email> {
    Email::parse(text).ok_or_else(error::invalid_email)
}

/// Which user it is about.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminUserForm")]
pub(crate) struct OfUser {
    #[garde(skip)]
    pub(crate) user_id: UserId,
}

impl Form for OfUser {}

/// Which user is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "AdminGetUser")]
pub(crate) struct Wanted {
    #[garde(skip)]
    pub(crate) id: UserId,
}

impl Form for Wanted {}

/// A user to be.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "AdminCreateUser")]
pub(crate) struct CreateUser {
    #[garde(length(max = 1000))]
    pub(crate) email: String,
    /// 8 to 128 characters; without one they cannot sign in by password.
    #[garde(length(max = 1000))]
    pub(crate) password: Option<String>,
    #[garde(length(chars, max = 200))]
    pub(crate) name: String,
    /// `user` if not said; only a super administrator makes others.
    #[garde(inner(custom(few)))]
    pub(crate) role: Option<OneOrMany>,
    /// What else is known of them: `emailVerified`, `image`, `role`.
    #[garde(dive)]
    pub(crate) data: Option<UserData>,
}

impl Form for CreateUser {}

/// What is to be changed of a user; what is left out stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminUpdateUser")]
pub(crate) struct UpdateUser {
    #[garde(skip)]
    pub(crate) user_id: UserId,
    #[garde(dive)]
    pub(crate) data: UserData,
}

impl Form for UpdateUser {}

/// Fields of a user.
#[derive(Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "AdminUserData")]
pub(crate) struct UserData {
    #[garde(length(chars, max = 200))]
    pub(crate) name: Option<String>,
    #[garde(length(max = 1000))]
    pub(crate) email: Option<String>,
    #[garde(skip)]
    pub(crate) email_verified: Option<bool>,
    /// The address of a picture; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    #[garde(inner(inner(length(max = 2048))))]
    pub(crate) image: Option<Option<String>>,
    #[garde(inner(custom(few)))]
    pub(crate) role: Option<OneOrMany>,
    #[garde(skip)]
    pub(crate) banned: Option<bool>,
    #[garde(length(chars, max = 500))]
    pub(crate) ban_reason: Option<String>,
    /// When a ban ends; without it, when somebody lifts it.
    #[garde(skip)]
    pub(crate) ban_expires: Option<Time>,
    /// Refused: it is set by `set-user-password`.
    #[schemars(skip)]
    #[garde(skip)]
    password: Option<Value>,
    #[schemars(skip)]
    #[garde(skip)]
    id: Option<Value>,
    #[schemars(skip)]
    #[garde(skip)]
    two_factor_enabled: Option<Value>,
}

/// Tells a `null` from what is left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl UserData {
    /// Refuses what is not an administrator's to set, and data that would change nothing.
    pub(crate) fn check(&self) -> Result<()> {
        let Self { password, id, two_factor_enabled, .. } = self;
        match (password, id, two_factor_enabled) {
            (Some(_), ..) => Err(error::password_elsewhere()),
            (_, Some(_), _) => Err(error::id_stays()),
            (.., Some(_)) => Err(error::second_factor_is_theirs()),
            _ if !self.corrects() && self.role.is_none() && self.banned.is_none() => Err(error::nothing_to_update()),
            _ => Ok(()),
        }
    }

    /// Whether it says something of the user's own fields.
    pub(crate) fn corrects(&self) -> bool {
        self.name.is_some() || self.email.is_some() || self.email_verified.is_some() || self.image.is_some()
    }
}

/// The role that a user is to have.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminSetRole")]
pub(crate) struct SetRole {
    #[garde(skip)]
    pub(crate) user_id: UserId,
    /// `user`, `admin` or `super_admin`; of several, the one that may do what all may.
    #[garde(custom(few))]
    pub(crate) role: OneOrMany,
}

impl Form for SetRole {}

/// Who is to be shut out.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminBanUser")]
pub(crate) struct BanUser {
    #[garde(skip)]
    pub(crate) user_id: UserId,
    #[garde(length(chars, max = 500))]
    pub(crate) ban_reason: Option<String>,
    /// For how many seconds; without it, until somebody lifts the ban. A hundred years at most.
    #[garde(range(min = 0.0, max = 3_155_760_000.0))]
    pub(crate) ban_expires_in: Option<f64>,
}

impl Form for BanUser {}

/// Which session is to be closed.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminRevokeSession")]
pub(crate) struct RevokeSession {
    /// Its token, or what the list of sessions shows in its place.
    #[garde(length(max = 200))]
    pub(crate) session_token: String,
}

impl Form for RevokeSession {}

/// The password that a user is to have.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminSetPassword")]
pub(crate) struct SetPassword {
    #[garde(skip)]
    pub(crate) user_id: UserId,
    /// 8 to 128 characters.
    #[garde(length(max = 1000))]
    pub(crate) new_password: String,
}

impl Form for SetPassword {}
