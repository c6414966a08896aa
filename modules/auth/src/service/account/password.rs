use crate::{
    form::{Form, flag},
    guard::Holder,
    service::{Event, OpenSession, confirm_password, hash_new_password, notify, replace_session, revoke_others},
    store,
};
use audit::Change;
use garde::Validate;
use kit::Result;
use schemars::JsonSchema;
use serde::Deserialize;

/// A password, by which the user proves who they are once more.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct VerifyPassword {
    #[garde(length(max = 1000))]
    pub(crate) password: String,
}

impl Form for VerifyPassword {}

/// A password in place of another.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangePassword {
    #[garde(length(max = 1000))]
    current_password: String,
    /// 8 to 128 characters.
    #[garde(skip)]
    new_password: String,
    /// Whether the user's other sessions are closed.
    #[garde(skip)]
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    pub(crate) revoke_other_sessions: Option<bool>,
}

impl Form for ChangePassword {}

/// Gives the user another password, and the session a new token: whoever has the old one is out.
///
/// # Errors
/// 400 `INVALID_PASSWORD`, or for a password that cannot be chosen.
pub(crate) async fn change_password(holder: &Holder, form: &ChangePassword) -> Result<OpenSession> {
    holder.own()?;
    confirm_password(holder, &form.current_password).await?;
    let hash = hash_new_password(holder.app(), &form.new_password).await?;
    let user = holder.user();
    let mut tx = holder.begin().await?;
    store::set_password(&mut tx, user.id, Some(&hash)).await?;
    store::remove_links(&mut tx, user.id).await?;
    audit::record(&mut tx, Change::new("user", user.id, "user.password-changed")).await?;
    let session = replace_session(holder.app(), &mut tx, user.id, &holder.session).await?;
    if form.revoke_other_sessions == Some(true) {
        revoke_others(&mut tx, user.id, session.id).await?;
    }
    notify(&mut tx, user, Event::PasswordChanged).await?;
    tx.commit().await?;
    Ok(session)
}
