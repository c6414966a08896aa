use super::{
    enter::{Entry, Factor, enter},
    lockout::Attempt,
};
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
use security::{Event, Kind};
use serde::Deserialize;
use users::Email;

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
/// a wrong password, and while the address is locked, the same for every password.
pub(crate) async fn sign_in(visitor: &Visitor, form: &SignIn) -> Result<Entry> {
    let app = &visitor.app;
    let begin = async || app.db().system(Reason::Session, visitor.request.origin.clone()).await;
    let email = Email::parse(&form.email).ok_or_else(error::invalid_email)?;
    let (found, attempt, hash) = {
        let mut tx = begin().await?;
        let found = users::find_by_email(&mut tx, &email).await?;
        let id = found.as_ref().map(|user| user.id);
        let attempt = Attempt::begin(&mut tx, &email, id).await?;
        (found, attempt, store::password_hash(&mut tx, id.unwrap_or_default()).await?)
    };
    let passwords = &app.the::<AuthSettings>()?.passwords;
    let verdict = passwords.verify(&form.password, hash.as_deref(), app.ids()).await?;
    let better = match verdict {
        Verdict::Outdated => Some(passwords.hash(&form.password, app.ids()).await?),
        _ => None,
    };

    let mut tx = begin().await?;
    let tried = found.as_ref().map(|user| user.id);
    let user = found.filter(|_| verdict != Verdict::Wrong);
    attempt.end(&mut tx, user.is_some()).await?;
    let Some(user) = user else {
        security::notice(&mut tx, Event::new(Kind::SignInFailed, tried, "sign-in")).await?;
        tx.unaudited("an attempt is an event; a lock that it brings about is recorded");
        tx.commit().await?;
        return Err(error::invalid_email_or_password());
    };
    if !user.email_verified {
        return Err(error::email_not_verified());
    }
    if let Some(better) = better {
        store::replace_password(&mut tx, user.id, &better).await?;
    }
    Box::pin(enter(visitor, tx, user, &Factor::Password, form.remember_me.unwrap_or(true))).await
}
