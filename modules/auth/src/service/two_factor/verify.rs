use super::{LOCK, MOST_FAILURES, authenticator, backup_codes, challenge::Asked, trust};
use crate::{
    error,
    form::{Form, flag},
    guard::{Visitor, carry},
    reply::{Reply, Success},
    service::{
        Found, OpenSession, commit_for,
        enter::{admit, open},
        notices::{Event, notify},
        sessions::replace_session,
    },
    store::{self, TwoFactor},
    view::TokenView,
};
use audit::Change;
use axum::http::HeaderValue;
use garde::Validate;
use kit::{App, Error, Reason, Result, SystemTx, User};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// A code of the user's authenticator.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "VerifyTotp")]
pub(crate) struct VerifyTotp {
    #[garde(length(max = 32))]
    code: String,
    /// Whether this device is not to be asked for the next 30 days.
    #[garde(skip)]
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    trust_device: Option<bool>,
}

impl Form for VerifyTotp {}

/// One of the user's backup codes.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "VerifyBackupCode")]
pub(crate) struct VerifyBackupCode {
    #[garde(length(max = 64))]
    code: String,
    /// Whether this device is not to be asked for the next 30 days.
    #[garde(skip)]
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    trust_device: Option<bool>,
    /// Whether the code is only to be used up, without a session.
    #[garde(skip)]
    #[serde(default, deserialize_with = "flag")]
    #[schemars(with = "Option<bool>")]
    disable_session: Option<bool>,
}

impl Form for VerifyBackupCode {}

/// What a right answer leads to.
pub(crate) struct Verified {
    view: TokenView,
    session: Option<Box<OpenSession>>,
    cookies: Vec<HeaderValue>,
}

impl Verified {
    /// The reply, with the cookie of the session that has been opened, if one has.
    pub(crate) fn reply(self, app: &App) -> Result<Reply<Success<TokenView>>> {
        let reply = Reply::success(self.view);
        let reply = match &self.session {
            Some(session) => carry(app, reply, &session.token, session.live.remembered)?,
            None => reply,
        };
        Ok(reply.cookies(self.cookies))
    }
}

/// By what the second factor is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    Totp,
    BackupCode,
}

impl Means {
    fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup-code",
        }
    }

    fn wrong(self) -> Error {
        match self {
            Self::Totp => error::invalid_code(),
            Self::BackupCode => error::invalid_backup_code(),
        }
    }

    fn missing(self) -> Error {
        match self {
            Self::Totp => error::totp_not_enabled(),
            Self::BackupCode => error::backup_codes_not_enabled(),
        }
    }

    /// Whether the code is right; then it is used up.
    async fn accepts(self, app: &App, tx: &mut SystemTx, user: Uuid, factor: &TwoFactor, code: &str) -> Result<bool> {
        if self == Self::BackupCode {
            return backup_codes::take(app, tx, user, code).await;
        }
        let step = authenticator(app, user, &factor.secret)?.step_of(code.trim(), tx.now());
        let Some(step) = step.filter(|step| *step > factor.last_step) else { return Ok(false) };
        store::use_step(tx, user, step).await?;
        Ok(true)
    }
}

/// Takes a code of the authenticator: of whoever holds a session, or as the second factor of a sign-in. The first one
/// ever puts the second factor in force.
///
/// # Errors
/// 401 `INVALID_CODE`, 401 `INVALID_TWO_FACTOR_COOKIE`, 400 `TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE`, 400
/// `TOTP_NOT_ENABLED`, 429 `ACCOUNT_TEMPORARILY_LOCKED`.
pub(crate) async fn verify_totp(visitor: &Visitor, form: &VerifyTotp) -> Result<Verified> {
    let trusted = form.trust_device.unwrap_or_default();
    match visitor.recognise().await? {
        Some(found) => Box::pin(confirm(visitor, found, Means::Totp, &form.code)).await,
        None => Box::pin(answer(visitor, Means::Totp, &form.code, trusted, true)).await,
    }
}

/// Takes a backup code, in the place of one of the authenticator.
///
/// # Errors
/// 401 `INVALID_BACKUP_CODE`, and those of [`verify_totp`].
pub(crate) async fn verify_backup_code(visitor: &Visitor, form: &VerifyBackupCode) -> Result<Verified> {
    let (trusted, session) = (form.trust_device.unwrap_or_default(), !form.disable_session.unwrap_or_default());
    match visitor.recognise().await? {
        Some(found) => Box::pin(confirm(visitor, found, Means::BackupCode, &form.code)).await,
        None => Box::pin(answer(visitor, Means::BackupCode, &form.code, trusted, session)).await,
    }
}

async fn begin(visitor: &Visitor) -> Result<SystemTx> {
    visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await
}

/// Takes a code from whoever holds a session. The answer shows the session as it was, as the protocol has it.
async fn confirm(visitor: &Visitor, found: Found, means: Means, code: &str) -> Result<Verified> {
    let mut tx = begin(visitor).await?;
    let user = found.user.id;
    let factor = store::lock_two_factor(&mut tx, user).await?;
    let factor = factor.filter(|it| it.enabled || means == Means::Totp).ok_or_else(|| means.missing())?;
    if !means.accepts(&visitor.app, &mut tx, user, &factor, code).await? {
        return Err(means.wrong());
    }
    let (session, change) = if factor.enabled {
        (None, Change::new("user", user, "two-factor.confirmed").after(json!({ "by": means.name() })))
    } else {
        (Some(Box::new(put_in_force(visitor, &mut tx, &found).await?)), Change::new("user", user, "two-factor.enabled"))
    };
    let home = store::home(&mut tx, user).await?;
    commit_for(tx, user, home, change).await?;
    let token = visitor.presented.as_ref().map(|presented| presented.token.clone());
    Ok(Verified { view: TokenView { token, user: found.user.into() }, session, cookies: vec![] })
}

/// From now on the second factor is asked for. The session gets a successor.
async fn put_in_force(visitor: &Visitor, tx: &mut SystemTx, found: &Found) -> Result<OpenSession> {
    if found.session.impersonated_by.is_some() {
        return Err(Error::forbidden("IMPERSONATED", "Only the user themselves may do this."));
    }
    let user = found.user.id;
    store::put_in_force(tx, user).await?;
    users::set_two_factor(tx, user, true).await?;
    notify(tx, user, Event::TwoFactorOn).await?;
    replace_session(&visitor.app, tx, user, &found.session).await
}

/// Takes a code as the answer to the challenge of the visitor's cookie.
async fn answer(visitor: &Visitor, means: Means, code: &str, trusted: bool, session: bool) -> Result<Verified> {
    let mut tx = begin(visitor).await?;
    let asked = Asked::of(visitor, &mut tx).await?;
    let id = asked.challenge.user_id;
    let factor = store::lock_two_factor(&mut tx, id).await?.filter(|it| it.enabled).ok_or_else(|| means.missing())?;
    if let Some(until) = factor.locked_until.filter(|until| *until > tx.now()) {
        return Err(error::account_locked(until - tx.now()));
    }
    asked.refuse_spent()?;
    if !means.accepts(&visitor.app, &mut tx, id, &factor, code).await? {
        return Err(refuse(tx, &asked, means).await?);
    }
    store::forget_wrong_answers(&mut tx, id).await?;
    let user = users::find(&mut tx, id).await?.ok_or_else(error::invalid_two_factor_cookie)?;
    let user = admit(&mut tx, user).await?;
    if session {
        let trust = if trusted { trust::trust(&visitor.app, &mut tx, id).await? } else { None };
        return enter(visitor, tx, user, &asked, means, trust).await;
    }
    let home = store::home(&mut tx, id).await?;
    commit_for(tx, id, home, Change::new("user", id, "two-factor.backup-code-used")).await?;
    Ok(Verified { view: TokenView { token: None, user: user.into() }, session: None, cookies: vec![] })
}

async fn enter(
    visitor: &Visitor,
    mut tx: SystemTx,
    user: User,
    asked: &Asked,
    means: Means,
    trust: Option<HeaderValue>,
) -> Result<Verified> {
    let ended = asked.end(visitor, &mut tx).await?;
    let proof = json!({
        "userId": user.id,
        "by": asked.challenge.first_factor,
        "secondFactor": means.name(),
        "deviceTrusted": trust.is_some(),
    });
    let session = open(&visitor.app, tx, user.id, proof, asked.challenge.remembered).await?;
    let view = TokenView { token: Some(session.token.clone()), user: user.into() };
    Ok(Verified { view, session: Some(Box::new(session)), cookies: ended.into_iter().chain(trust).collect() })
}

/// Counts a wrong answer, for good. Answers how it is refused.
async fn refuse(mut tx: SystemTx, asked: &Asked, means: Means) -> Result<Error> {
    let user = asked.challenge.user_id;
    asked.fail(&mut tx).await?;
    let until = tx.now() + LOCK;
    let locked = store::count_wrong_answer(&mut tx, user, MOST_FAILURES, until).await?;
    if locked {
        notify(&mut tx, user, Event::TwoFactorLocked).await?;
    }
    let home = store::home(&mut tx, user).await?;
    let change = Change::new("user", user, "two-factor.refused");
    commit_for(tx, user, home, change.after(json!({ "by": means.name(), "locked": locked }))).await?;
    Ok(means.wrong())
}
