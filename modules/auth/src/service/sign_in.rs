use super::sessions::{OpenSession, open_session};
use crate::{
    AuthSettings, error,
    form::{Form, flag},
    password::Verdict,
    store::{self, Credential},
};
use audit::Change;
use garde::Validate;
use kit::{App, Origin, Reason, Result, User};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
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

/// Opens a session for whoever knows the password. The answer and the work are the same for an address that
/// nobody has as for a wrong password.
pub(crate) async fn sign_in(app: &App, origin: Origin, form: &SignIn) -> Result<(User, OpenSession)> {
    let email = Email::parse(&form.email).ok_or_else(error::invalid_email)?;
    let found = {
        let mut tx = app.db().system(Reason::Session, origin.clone()).await?;
        store::find_credential(&mut tx, email.as_str()).await?
    };
    let passwords = &app.the::<AuthSettings>()?.passwords;
    let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
    let verdict = passwords.verify(&form.password, hash, app.ids()).await?;
    let Some(Credential { user, tenant_id, .. }) = found.filter(|_| verdict != Verdict::Wrong) else {
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
    let session = open_session(app, &mut tx, user.id, form.remember_me.unwrap_or(true)).await?;
    let change =
        Change::new("session", session.id, "session.opened").after(json!({ "userId": user.id, "by": "password" }));
    super::commit_for(tx, user.id, tenant_id, change).await?;
    Ok((user, session))
}
