use super::enter::{Entry, Factor, enter};
use crate::{
    AuthSettings, error,
    form::{Form, flag},
    guard::Visitor,
    password::Verdict,
    store,
};
use garde::Validate;
use kit::{Reason, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use users::Email;
use uuid::Uuid;

/// What somebody says who wants to be recognised.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    #[garde(length(max = 1000))]
    email: String,
    #[garde(length(max = 1000))]
    password: String,
    /// Whether the session outlives the browser; it does if not said.
    #[garde(skip)]
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    remember_me: Option<bool>,
    /// Where the page goes on.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    pub(crate) callback_url: Option<String>,
}

impl Form for SignIn {
    const URL_ENCODED: bool = true;
}

/// Lets in whoever knows the password. The answer and the work are the same for an address that nobody has as for
/// a wrong password.
pub(crate) async fn sign_in(visitor: &Visitor, form: &SignIn) -> Result<Entry> {
    let (app, origin) = (&visitor.app, visitor.request.origin.clone());
    let email = Email::parse(&form.email).ok_or_else(error::invalid_email)?;
    let (found, hash) = {
        let mut tx = app.db().system(Reason::Session, origin.clone()).await?;
        let found = users::find_by_email(&mut tx, &email).await?;
        let hash = store::password_hash(&mut tx, found.as_ref().map_or(Uuid::nil(), |user| user.id)).await?;
        (found, hash)
    };
    let passwords = &app.the::<AuthSettings>()?.passwords;
    let verdict = passwords.verify(&form.password, hash.as_deref(), app.ids()).await?;
    let Some(user) = found.filter(|_| verdict != Verdict::Wrong) else {
        return Err(error::invalid_email_or_password());
    };
    if !user.email_verified {
        return Err(error::email_not_verified());
    }
    let better = match verdict {
        Verdict::Outdated => Some(passwords.hash(&form.password, app.ids()).await?),
        _ => None,
    };

    let mut tx = app.db().system(Reason::Session, origin).await?;
    if let Some(better) = better {
        store::replace_password(&mut tx, user.id, &better).await?;
    }
    enter(visitor, tx, user, &Factor::Password, form.remember_me.unwrap_or(true)).await
}
