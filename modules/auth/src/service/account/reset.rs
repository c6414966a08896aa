use crate::{
    Mail, error,
    form::Form,
    jobs::SendMail,
    mail::Language,
    service::{
        Event, Link, Purpose, address, commit_for, consume, forgive, hash_new_password, issue, notify, set_password,
        whole, with_pair,
    },
    store, token,
};
use audit::Change;
use garde::Validate;
use kit::{App, JobContext, Origin, Reason, Result, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use users::Email;

/// Who has forgotten the password.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AskPasswordReset")]
pub(crate) struct AskReset {
    #[garde(skip)]
    email: Email,
    /// The page that asks for the new password; it is led to with the token.
    #[garde(length(max = 2048))]
    redirect_to: Option<String>,
}

impl Form for AskReset {}

/// The page that asks for the new password.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct OpenReset {
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: String,
}

impl Form for OpenReset {}

/// A new password, and the token of the mail. The token may stand in the query too.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResetPassword {
    /// 8 to 128 characters.
    #[garde(skip)]
    new_password: String,
    #[garde(length(max = 200))]
    pub(crate) token: Option<String>,
}

impl Form for ResetPassword {}

/// Promises a mail with a link to set a password. Whether anybody has the address is looked up when it is written.
pub(crate) async fn ask_reset(app: &App, origin: Origin, form: AskReset) -> Result<()> {
    let mut tx = app.db().system(Reason::Session, origin).await?;
    enqueue_job(&mut tx, &SendMail::ResetPassword { email: form.email, redirect_to: form.redirect_to }).await?;
    tx.unaudited("a mail is only promised");
    tx.commit().await
}

/// Writes the mail, if the address is a user's.
pub(crate) async fn write_reset(context: &JobContext, email: &Email, page: Option<&str>) -> Result<Option<Mail>> {
    let user = users::find_by_email(&mut context.system().await?, email).await?;
    let Some(user) = user else { return Ok(None) };
    let purpose = Purpose::ResetPassword;
    let link = Link { purpose, user_id: Some(user.id), email: user.email.clone(), new_email: None, name: None };
    let path = format!("reset-password/{}", issue(context, &link).await?);
    let link = address(context.app(), &path, &[("callbackURL", page.unwrap_or("/"))]);
    let words = Language::of(&user.locale).words(
        [
            "Set a new password",
            "Somebody, probably you, has forgotten the password of your account. This link sets a new one:",
            "The link holds for one hour and works once. If it was not you, you need not do anything: your password stays.",
        ],
        [
            "Defina uma nova senha",
            "Alguém, provavelmente você, esqueceu a senha da sua conta. Este link define uma nova:",
            "O link vale por uma hora e funciona uma única vez. Se não foi você, não é preciso fazer nada: sua senha permanece.",
        ],
    );
    Ok(Some(Mail::with_link(&user.email, &words, &link)))
}

/// Where the link of the mail leads: to the page with the token, or with the news that it holds no more.
pub(crate) async fn open_reset(app: &App, origin: Origin, token: &str, form: &OpenReset) -> Result<String> {
    let mut tx = app.db().system(Reason::Session, origin).await?;
    let holds = store::has_link(&mut tx, Purpose::ResetPassword, &token::hash(token)).await?;
    let (name, value) = if holds { ("token", token) } else { ("error", "INVALID_TOKEN") };
    Ok(whole(app, &with_pair(&form.callback_url, name, value)))
}

/// Sets a password by the token of the mail, also for a user who had none. Every session of theirs ends,
/// and so does a lock after wrong passwords.
///
/// # Errors
/// 400 `INVALID_TOKEN`; 400 for a password that cannot be chosen, which the token survives.
pub(crate) async fn reset_password(app: &App, origin: Origin, token: &str, password: &str) -> Result<()> {
    let system = || app.db().system(Reason::Session, origin.clone());
    // nobody makes us hash without a token
    if !store::has_link(&mut system().await?, Purpose::ResetPassword, &token::hash(token)).await? {
        return Err(error::bad_token());
    }
    let hash = hash_new_password(app, password).await?;
    let mut tx = system().await?;
    let link = consume(&mut tx, &[Purpose::ResetPassword], token).await?.ok_or_else(error::bad_token)?;
    let user = users::find(&mut tx, link.user_id.unwrap_or_default()).await?.ok_or_else(error::bad_token)?;
    set_password(&mut tx, user.id, &hash).await?;
    forgive(&mut tx, &user.email).await?;
    notify(&mut tx, &user, Event::PasswordChanged).await?;
    let home = store::home(&mut tx, user.id).await?;
    commit_for(tx, user.id, home, Change::new("user", user.id, "user.password-reset")).await
}

impl ResetPassword {
    /// The new password.
    pub(crate) fn new_password(&self) -> &str {
        &self.new_password
    }
}
