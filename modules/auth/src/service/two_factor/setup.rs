use super::{PLACE, authenticator, backup_codes};
use crate::{
    error,
    form::Form,
    guard::Holder,
    service::{
        OpenSession,
        notices::{Event, notify},
        sessions::replace_session,
    },
    store,
    totp::{self, Authenticator},
    view::SetupView,
};
use audit::Change;
use garde::Validate;
use kit::{App, Result, User, UserTx};
use schemars::JsonSchema;
use serde::Deserialize;

const ISSUER: &str = "BotCriptoFy";

/// How a second factor is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "TwoFactorMethod")]
pub(crate) enum Method {
    /// By an authenticator.
    #[default]
    Totp,
    /// By codes that are sent, which the platform does not do.
    Otp,
}

/// What somebody says who wants a second factor.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "EnableTwoFactor")]
pub(crate) struct Enable {
    /// The user's password.
    #[garde(length(max = 1000))]
    pub(crate) password: String,
    /// What the authenticator calls the platform.
    #[garde(length(chars, min = 1, max = 64))]
    issuer: Option<String>,
    #[garde(skip)]
    #[serde(default)]
    method: Method,
}

impl Form for Enable {}

/// The user's password, once more.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "ConfirmByPassword")]
pub(crate) struct Confirm {
    #[garde(length(max = 1000))]
    pub(crate) password: String,
}

impl Form for Confirm {}

/// Makes a secret for the user's authenticator, and backup codes. Nothing is asked for before a first code has shown
/// that the authenticator works.
///
/// # Errors
/// 400 `TOTP_ALREADY_ENABLED`; 400 `OTP_NOT_CONFIGURED` for codes that would have to be sent.
pub(crate) async fn prepare(app: &App, tx: &mut UserTx, user: &User, form: &Enable) -> Result<SetupView> {
    if form.method == Method::Otp {
        return Err(error::otp_not_configured());
    }
    let secret = app.ids().token(totp::LENGTH);
    let sealed = app.vault().seal(app.ids(), &user.id.to_string(), PLACE, secret.as_bytes())?;
    if !store::put_secret(tx, user.id, &sealed).await? {
        return Err(error::totp_already_enabled());
    }
    let backup_codes = backup_codes::replace(app, tx, user.id).await?;
    audit::record(tx, Change::new("user", user.id, "two-factor.prepared")).await?;
    let issuer = form.issuer.as_deref().unwrap_or(ISSUER);
    let totp_uri = Authenticator::new(secret.as_bytes()).uri(issuer, &user.email);
    Ok(SetupView { method: "totp", totp_uri, backup_codes })
}

/// What a further authenticator reads to make the same codes.
///
/// # Errors
/// 400 `TOTP_NOT_ENABLED`.
pub(crate) async fn uri(app: &App, tx: &mut UserTx, user: &User) -> Result<String> {
    let factor = store::lock_two_factor(tx, user.id).await?.ok_or_else(error::totp_not_enabled)?;
    audit::record(tx, Change::new("user", user.id, "two-factor.uri-shown")).await?;
    Ok(authenticator(app, user.id, &factor.secret)?.uri(ISSUER, &user.email))
}

/// Removes the second factor, and with it every device's trust. The session gets a successor.
pub(crate) async fn disable(tx: &mut UserTx, holder: &Holder) -> Result<OpenSession> {
    let user = holder.user().id;
    let was = store::lock_two_factor(tx, user).await?;
    store::remove_two_factor(tx, user).await?;
    store::remove_trust(tx, user).await?;
    users::set_two_factor(tx, user, false).await?;
    if was.is_some_and(|factor| factor.enabled) {
        notify(tx, user, Event::TwoFactorOff).await?;
    }
    audit::record(tx, Change::new("user", user, "two-factor.disabled")).await?;
    replace_session(holder.app(), tx, user, &holder.session).await
}
