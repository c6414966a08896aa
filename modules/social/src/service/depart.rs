use crate::{Social, provider::Question, provider::Refusal, store};
use auth::protocol::{Cookies, Form, Reply, Success};
use axum::http::header::LOCATION;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::TimeDelta;
use garde::Validate;
use kit::{App, Error, Result, Sealed, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How somebody wants to sign in by another platform, or to link an account there.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialAsk")]
pub(crate) struct Ask {
    /// The platform: `google`, `github`, or the operator's name for an issuer.
    #[garde(length(max = 64))]
    pub(crate) provider: String,
    /// Where it goes on in the end.
    #[serde(rename = "callbackURL")]
    #[garde(length(max = 2048))]
    callback_url: Option<String>,
    /// Where it goes on when it fails.
    #[serde(rename = "errorCallbackURL")]
    #[garde(length(max = 2048))]
    error_callback_url: Option<String>,
    /// Where it goes on for whoever is new.
    #[serde(rename = "newUserCallbackURL")]
    #[garde(length(max = 2048))]
    new_user_callback_url: Option<String>,
    /// Whether the page goes to the platform by itself.
    #[garde(skip)]
    disable_redirect: Option<bool>,
    /// What is asked for beyond who somebody is.
    #[garde(length(max = 32), inner(inner(length(min = 1, max = 200), custom(is_scope))))]
    scopes: Option<Vec<String>>,
    /// What the platform has given already.
    #[garde(dive)]
    pub(crate) id_token: Option<ShownToken>,
    /// The address by which the platform knows them.
    #[garde(length(max = 254))]
    login_hint: Option<String>,
}

/// An ID token, and what came with it.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialIdToken")]
pub(crate) struct ShownToken {
    #[garde(length(max = 16384))]
    pub(crate) token: String,
    /// What the token must hold, if it was asked for with one.
    #[garde(length(max = 512))]
    pub(crate) nonce: Option<String>,
    #[garde(length(max = 16384))]
    pub(crate) access_token: Option<String>,
    #[garde(length(max = 16384))]
    pub(crate) refresh_token: Option<String>,
}

impl Form for Ask {}

impl Ask {
    /// Whether the page goes to the platform by itself.
    pub(crate) fn redirect(&self) -> bool {
        self.disable_redirect != Some(true)
    }
}

/// As RFC 6749 has it: visible characters but quotes and backslashes.
fn is_scope(scope: &str, _: &()) -> garde::Result {
    let sound = scope.bytes().all(|it| it.is_ascii_graphic() && it != b'"' && it != b'\\');
    if sound { Ok(()) } else { Err(garde::Error::new("not a scope")) }
}

/// What is kept of somebody who is on their way.
#[derive(Serialize, Deserialize)]
pub(super) struct Journey {
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) callback_url: String,
    pub(super) error_url: Option<String>,
    pub(super) new_user_url: Option<String>,
    /// The session in which an account is linked; none for whoever signs in.
    pub(super) session: Option<Uuid>,
}

/// Somebody who is about to go.
pub(crate) struct Departure {
    /// The platform's page.
    url: String,
    state: String,
    sealed: Vec<u8>,
}

pub(super) const COOKIE: &str = "state";
const PLACE: &str = "social_states.journey";
pub(crate) const JOURNEYS: &Sealed = &Sealed {
    table: "social_states",
    column: "journey",
    // as `owner` says it
    owner: "rtrim(translate(encode(hash, 'base64'), '+/', '-_'), '=')",
    of: "''",
    place: |_| PLACE.to_owned(),
};
/// How long they may take.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Prepares to send somebody to a platform: what they are to bring back is known to us, and by a cookie to nobody's
/// browser but theirs.
///
/// # Errors
/// 404 `PROVIDER_NOT_FOUND`; 503 `PROVIDER_UNAVAILABLE`.
pub(crate) async fn depart(app: &App, ask: &Ask, session: Option<Uuid>) -> Result<Departure> {
    let provider = app.the::<Social>()?.provider(&ask.provider)?;
    let (state, ids) = (app.ids().token(32), app.ids());
    let journey = Journey {
        provider: provider.name.clone(),
        nonce: ids.token(32),
        verifier: ids.token(64),
        callback_url: ask.callback_url.clone().unwrap_or_else(|| app.settings().base_url.clone()),
        error_url: ask.error_callback_url.clone(),
        new_user_url: ask.new_user_callback_url.clone(),
        session,
    };
    let question = Question {
        state: &state,
        nonce: &journey.nonce,
        verifier: &journey.verifier,
        redirect_uri: &redirect_uri(app, &provider.name),
        scopes: ask.scopes.as_deref().unwrap_or_default(),
        login_hint: ask.login_hint.as_deref(),
    };
    let url = provider.authorization_url(app.clock().now(), &question).await.map_err(unavailable)?.to_string();
    let open = serde_json::to_vec(&journey).map_err(Error::internal)?;
    let sealed = app.vault().seal(ids, &owner(&state), PLACE, &open)?;
    Ok(Departure { url, state, sealed })
}

impl Departure {
    /// Sends them: notes it, so that they can come back once, and makes their browser known.
    pub(crate) async fn leave<K, T>(
        self,
        app: &App,
        mut tx: Tx<K>,
        redirect: bool,
        show: impl FnOnce(String, bool) -> T,
    ) -> Result<Reply<Success<T>>> {
        let user = tx.user();
        store::insert_state(&mut tx, &hash(&self.state), user, &self.sealed, LIFE).await?;
        tx.unaudited("a journey only begins");
        tx.commit().await?;
        let cookie = Cookies::of(app)?.signed(COOKIE, &self.state, Some(LIFE));
        let location = redirect.then(|| self.url.clone());
        let reply = Reply::success(show(self.url, redirect)).cookies(cookie.into_iter().collect());
        Ok(reply.header(LOCATION, location.as_deref()))
    }
}

/// What was kept of whoever comes back with this state.
pub(super) fn open(app: &App, state: &str, sealed: &[u8]) -> Result<Journey> {
    let open = app.vault().open(&owner(state), PLACE, sealed)?;
    serde_json::from_slice(&open).map_err(Error::internal)
}

/// Where the platform sends them back to.
pub(super) fn redirect_uri(app: &App, provider: &str) -> String {
    format!("{}/api/auth/callback/{provider}", app.settings().base_url)
}

pub(super) fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state).into()
}

fn owner(state: &str) -> String {
    BASE64.encode(hash(state))
}

fn unavailable(refusal: Refusal) -> Error {
    Error::unavailable("PROVIDER_UNAVAILABLE", "The provider cannot be reached; try again.", 5).source(refusal)
}
