use crate::{
    AuthSettings, Mail, error,
    form::Form,
    jobs::SendMail,
    jwt::{self, Claims},
    mail::Language,
    service::{address, follow_email_change},
    store,
};
use audit::Change;
use garde::Validate;
use kit::{App, JobContext, Origin, Reason, Result, SystemTx, Tx, User, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use users::Email;

/// Whose address is to be verified.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "AskVerification")]
pub(crate) struct AskVerification {
    #[garde(skip)]
    email: Email,
    /// Where the link of the mail leads in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
}

impl Form for AskVerification {}

/// The link of a verification mail.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct VerifyEmail {
    #[garde(length(max = 4096))]
    token: String,
    /// Where to go on; without it the answer says what has happened.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    pub(crate) callback_url: Option<String>,
}

impl Form for VerifyEmail {}

/// Promises a verification mail. Whether anybody has the address is looked up when the mail is written, so a
/// stranger learns it neither from the answer nor from the time it takes.
///
/// # Errors
/// For whoever is signed in: 400 `EMAIL_MISMATCH` for another's address, 400 `EMAIL_ALREADY_VERIFIED`.
pub(crate) async fn ask_verification(
    app: &App,
    origin: Origin,
    asking: Option<&User>,
    form: AskVerification,
) -> Result<()> {
    match asking {
        Some(user) if user.email != form.email.as_str() => return Err(error::email_mismatch()),
        Some(user) if user.email_verified => return Err(error::email_already_verified()),
        _ => {}
    }
    let mut tx = app.db().system(Reason::Session, origin).await?;
    promise_verification(&mut tx, form.email, form.callback_url).await?;
    tx.unaudited("a mail is only promised");
    tx.commit().await
}

/// Promises a verification mail in the transaction that gives a user the address.
pub async fn promise_verification<K>(tx: &mut Tx<K>, email: Email, callback_url: Option<String>) -> Result<()> {
    enqueue_job(tx, &SendMail::VerifyEmail { email, callback_url }).await.map(drop)
}

/// Writes the mail that asks for verification, if the address is that of a user who has not verified it.
pub(crate) async fn write_verification(
    context: &JobContext,
    email: &Email,
    callback_url: Option<&str>,
) -> Result<Option<Mail>> {
    let user = users::find_by_email(&mut context.system().await?, email).await?;
    let Some(user) = user.filter(|user| !user.email_verified) else { return Ok(None) };
    let app = context.app();
    let iat = app.clock().now().millis() / 1000;
    let exp = iat + AuthSettings::LINK_AGE.num_seconds();
    let claims = Claims { email: email.to_string(), user_id: user.id, iat, exp };
    let token = jwt::encode(&claims, &app.the::<AuthSettings>()?.signer)?;
    let query = [("token", token.as_str()), ("callbackURL", callback_url.unwrap_or("/"))];
    let words = Language::of(&user.locale).words(
        [
            "Confirm your e-mail address",
            "Please confirm that this e-mail address is yours by opening this link:",
            "The link holds for one hour. If you did not sign up, you need not do anything.",
        ],
        [
            "Confirme seu endereço de e-mail",
            "Confirme que este endereço de e-mail é seu abrindo este link:",
            "O link vale por uma hora. Se você não se cadastrou, não é preciso fazer nada.",
        ],
    );
    Ok(Some(Mail::with_link(email.as_str(), &words, &address(app, "verify-email", &query))))
}

/// Notes that the address of the link's token is its user's own, which may be opened again; or goes on with a change
/// of address, whose tokens are no JSON Web Tokens.
///
/// # Errors
/// 401 `INVALID_TOKEN`, also when the user has another address by now; 401 `TOKEN_EXPIRED`.
pub(crate) async fn verify(app: &App, mut tx: SystemTx, form: &VerifyEmail) -> Result<()> {
    if !form.token.contains('.') {
        return follow_email_change(tx, &form.token, form.callback_url.as_deref()).await;
    }
    let claims = jwt::decode(&form.token, &app.the::<AuthSettings>()?.signer, app.clock().now())?;
    let user = users::find(&mut tx, claims.user_id).await?.filter(|user| user.email == claims.email);
    let user = user.ok_or_else(error::invalid_token)?;
    if !users::verify_email(&mut tx, user.id).await? {
        return Ok(());
    }
    let tenant = store::home(&mut tx, user.id).await?;
    super::commit_for(tx, user.id, tenant, Change::new("user", user.id, "user.email-verified")).await
}
