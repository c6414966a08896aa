use crate::{error, form::Form, guard::Holder, store};
use garde::Validate;
use kit::{Result, Time, UserTx};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

/// What changes of a user; what is left out stays.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct UpdateUser {
    #[garde(length(chars, max = 200))]
    name: Option<String>,
    /// The address of a picture, by http or https; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[garde(inner(inner(length(max = 2048), custom(users::is_web_address))))]
    image: Option<Option<String>>,
    /// Not changed here.
    #[garde(skip)]
    #[schemars(skip)]
    email: Option<Value>,
}

impl Form for UpdateUser {
    const REFUSED: &[&str] = &["role", "banned", "banReason", "banExpires", "twoFactorEnabled"];
}

/// Tells a `null` from what is left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes the user's name and picture.
///
/// # Errors
/// 400 `EMAIL_CAN_NOT_BE_UPDATED`; 400 `NO_FIELDS_TO_UPDATE`.
pub(crate) async fn update_user(holder: &Holder, form: UpdateUser) -> Result<()> {
    match form {
        UpdateUser { email: Some(_), .. } => Err(error::email_can_not_be_updated()),
        UpdateUser { name: None, image: None, .. } => Err(error::no_fields_to_update()),
        UpdateUser { name, image, .. } => {
            let mut tx = holder.begin().await?;
            users::change_name_and_image(&mut tx, holder.user().id, name, image).await?;
            tx.commit().await
        }
    }
}

/// Something that a user can sign in by.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) provider: String,
    pub(crate) account_id: String,
    pub(crate) user_id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
    /// What the platform lets us do.
    pub(crate) scopes: Vec<String>,
}

/// What the user can sign in by, the oldest first.
pub(crate) async fn list_accounts(tx: &mut UserTx) -> Result<Vec<Account>> {
    store::list_accounts(tx).await
}
