//! What is asked of a device, and how its answer is known to belong to the question: a cookie names the challenge,
//! which is kept here, answered once and forgotten soon.

use crate::{
    PasskeySettings, error,
    store::{self, Challenge},
    view::Options,
};
use auth::protocol::{Cookies, Reply, Success};
use axum::http::HeaderValue;
use chrono::TimeDelta;
use kit::{App, Error, Origin, Reason, Result, Settings, Tx};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration, Webauthn, WebauthnBuilder};

/// The cookie that says which question an answer is to.
pub(crate) const COOKIE: &str = "better-auth-passkey";
/// How long a question can be answered.
const AGE: TimeDelta = TimeDelta::minutes(5);
const TOKEN_LENGTH: usize = 32;

/// A kind of question.
pub(crate) trait Ceremony: Serialize + DeserializeOwned {
    const NAME: &'static str;
}

impl Ceremony for PasskeyRegistration {
    const NAME: &'static str = "registration";
}

impl Ceremony for DiscoverableAuthentication {
    const NAME: &'static str = "authentication";
}

/// What is asked of a device, and the cookie that the answer has to come with.
pub(crate) struct Question {
    options: Options,
    cookie: Option<HeaderValue>,
}

impl Question {
    pub(crate) fn reply(self) -> Reply<Success<Options>> {
        Reply::success(self.options).cookies(self.cookie.into_iter().collect())
    }
}

/// Keeps the state of a question until it is answered.
pub(super) async fn ask<S: Ceremony, K>(
    app: &App,
    tx: &mut Tx<K>,
    user: Option<Uuid>,
    (options, state): (Value, &S),
) -> Result<Question> {
    let token = app.ids().token(TOKEN_LENGTH);
    let challenge = Challenge {
        ceremony: S::NAME.to_owned(),
        user_id: user,
        state: serde_json::to_value(state).map_err(Error::internal)?,
        expires_at: tx.now() + AGE,
    };
    store::insert_challenge(tx, &hash(&token), &challenge).await?;
    tx.unaudited("a question is only asked");
    let Value::Object(options) = options else { return Err(Error::internal("the options are no object")) };
    Ok(Question { options: Options(options), cookie: Cookies::of(app)?.signed(COOKIE, &token, Some(AGE)) })
}

/// The state of the question that a cookie names, and who was asked. Whatever comes of the answer, there is no second.
///
/// # Errors
/// 400 `CHALLENGE_NOT_FOUND` when there is none: never asked, answered already, too old, or of the other kind.
pub(crate) async fn consume<S: Ceremony>(
    app: &App,
    origin: Origin,
    cookie: Option<String>,
) -> Result<(Option<Uuid>, S)> {
    let token = cookie.ok_or_else(error::challenge_not_found)?;
    let mut tx = app.db().system(Reason::Session, origin).await?;
    let now = tx.now();
    let taken = store::take_challenge(&mut tx, &hash(&token)).await?;
    tx.unaudited("a question is only taken back");
    tx.commit().await?;
    let challenge = taken.filter(|it| it.ceremony == S::NAME && it.expires_at > now);
    let Challenge { user_id, state, .. } = challenge.ok_or_else(error::challenge_not_found)?;
    Ok((user_id, serde_json::from_value(state).map_err(Error::internal)?))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// What verifies: passkeys belong to a domain, and are used by the platform's own pages and trusted ones.
///
/// # Errors
/// 409 `PASSKEYS_NEED_A_DOMAIN` where the platform is reached by a bare address, which WebAuthn knows no keys for.
pub(super) fn verifier(app: &App) -> Result<Webauthn> {
    let Settings { base_url, trusted_origins, .. } = app.settings();
    let base = Url::parse(base_url).map_err(Error::internal)?;
    let own = base.domain().ok_or_else(error::no_domain)?;
    let domain = app.the::<PasskeySettings>()?.domain.as_deref().unwrap_or(own);
    let trusted: Vec<Url> = trusted_origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
    let builder = WebauthnBuilder::new(domain, &base).map_err(Error::internal)?.rp_name("BotCriptoFy");
    let builder = trusted.iter().fold(builder, WebauthnBuilder::append_allowed_origin);
    builder.build().map_err(Error::internal)
}
