//! The platforms, each by what it speaks.

mod github;
mod id_token;
mod openid;

use crate::{
    outside::Outside,
    settings::{ProviderKind, ProviderSettings},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use github::GitHub;
use kit::Time;
use openid::OpenId;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use url::Url;

/// Why a platform does not say who somebody is. What it holds is for the log only.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the provider cannot be used: {0}")]
    Unavailable(String),
    #[error("the provider refuses: {0}")]
    Code(String),
    #[error("the provider's word is not good: {0}")]
    UserInfo(String),
    #[error("another issuer answers")]
    Issuer,
    #[error("the issuer does not give its name")]
    NoIssuer,
}

impl Refusal {
    /// What the page is told that the user goes back to.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "provider_unavailable",
            Self::Code(_) => "invalid_code",
            Self::UserInfo(_) => "unable_to_get_user_info",
            Self::Issuer => "issuer_mismatch",
            Self::NoIssuer => "issuer_missing",
        }
    }
}

/// Where somebody is sent, and what they are to bring back.
pub(crate) struct Question<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) redirect_uri: &'a str,
    /// What is asked for beyond who somebody is.
    pub(crate) scopes: &'a [String],
    pub(crate) login_hint: Option<&'a str>,
}

/// What somebody brings back.
pub(crate) struct Answered<'a> {
    pub(crate) code: &'a str,
    /// Who says so (RFC 9207).
    pub(crate) issuer: Option<&'a str>,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) redirect_uri: &'a str,
}

/// What a platform lets us do in a user's name, and until when.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) access_expires_at: Option<Time>,
    pub(crate) refresh_expires_at: Option<Time>,
    pub(crate) scopes: Vec<String>,
}

/// Who somebody is, as a platform has it.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    /// Whether the platform knows that the address is theirs.
    pub(crate) email_verified: bool,
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    /// All that it says.
    pub(crate) claims: Value,
}

/// A platform.
pub(crate) struct Provider {
    pub(crate) name: String,
    /// The longest that it may take over all.
    most: Duration,
    speaks: Speaks,
}

enum Speaks {
    OpenId(Box<OpenId>),
    GitHub(Box<GitHub>),
}

/// Who we are there.
struct Client {
    id: String,
    secret: SecretString,
}

impl Provider {
    pub(crate) fn new(settings: ProviderSettings, outside: Outside) -> Self {
        let ProviderSettings { name, kind, client_id, client_secret } = settings;
        let client = Client { id: client_id, secret: client_secret };
        let most = outside.timeout() * 5 / 2;
        let speaks = match kind {
            ProviderKind::OpenId { issuer } => Speaks::OpenId(Box::new(OpenId::new(&issuer, client, outside))),
            ProviderKind::GitHub { base } => Speaks::GitHub(Box::new(GitHub::new(base.as_ref(), client, outside))),
        };
        Self { name, most, speaks }
    }

    /// Where to ask who somebody is.
    pub(crate) async fn authorization_url(&self, now: Time, question: &Question<'_>) -> Result<Url, Refusal> {
        match &self.speaks {
            Speaks::OpenId(it) => self.within(it.authorization_url(now, question)).await,
            Speaks::GitHub(it) => it.authorization_url(question),
        }
    }

    /// Who somebody is who brings a code back.
    pub(crate) async fn redeem(&self, now: Time, answered: &Answered<'_>) -> Result<(Tokens, Person), Refusal> {
        match &self.speaks {
            Speaks::OpenId(it) => self.within(it.redeem(now, answered)).await,
            Speaks::GitHub(it) => self.within(it.redeem(now, answered)).await,
        }
    }

    /// Whether somebody can show an ID token that they have from it already.
    pub(crate) fn gives_id_tokens(&self) -> bool {
        matches!(self.speaks, Speaks::OpenId(_))
    }

    /// Who somebody is who shows an ID token.
    pub(crate) async fn read(&self, now: Time, tokens: &Tokens, nonce: Option<&str>) -> Result<Person, Refusal> {
        match &self.speaks {
            Speaks::OpenId(it) => self.within(it.read(now, tokens, nonce)).await,
            Speaks::GitHub(_) => Err(Refusal::UserInfo("no ID tokens".to_owned())),
        }
    }

    /// Fresh tokens for a refresh token.
    pub(crate) async fn refresh(&self, now: Time, refresh: &str) -> Result<Tokens, Refusal> {
        match &self.speaks {
            Speaks::OpenId(it) => self.within(it.refresh(now, refresh)).await,
            Speaks::GitHub(it) => self.within(it.refresh(now, refresh)).await,
        }
    }

    /// Who the owner of an access token is.
    pub(crate) async fn person(&self, now: Time, access: &str) -> Result<Person, Refusal> {
        match &self.speaks {
            Speaks::OpenId(it) => self.within(it.person(now, access)).await,
            Speaks::GitHub(it) => self.within(it.person(access)).await,
        }
    }

    async fn within<T>(&self, conversation: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let slow = |_| Refusal::Unavailable("it takes too long".to_owned());
        tokio::time::timeout(self.most, conversation).await.map_err(slow)?
    }
}

/// What the token endpoint answers (RFC 6749 and OpenID Connect Core).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<i64>,
    #[serde(default, deserialize_with = "seconds")]
    refresh_token_expires_in: Option<i64>,
    #[serde(default)]
    scope: String,
}

impl TokenAnswer {
    fn read(body: Value, now: Time) -> Result<Tokens, Refusal> {
        let answer: Self = serde_json::from_value(body).map_err(|fault| Refusal::Code(fault.to_string()))?;
        let until = |seconds: Option<i64>| seconds.map(|it| now + chrono::TimeDelta::seconds(it));
        let scopes = answer.scope.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned);
        Ok(Tokens {
            access_expires_at: until(answer.expires_in),
            refresh_expires_at: until(answer.refresh_token_expires_in),
            access: answer.access_token,
            refresh: answer.refresh_token,
            id: answer.id_token,
            scopes: scopes.take(100).collect(),
        })
    }
}

/// A number of seconds, which some platforms write as a text. No token lives longer than ten years.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let seconds = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    Ok(seconds.filter(|seconds| (1..=315_360_000).contains(seconds)))
}

/// The address of the platform's page with the question in it.
fn asking(endpoint: &Url, client: &Client, scopes: &[&str], question: &Question<'_>) -> Url {
    let mut url = endpoint.clone();
    let more = question.scopes.iter().map(String::as_str).filter(|scope| !scopes.contains(scope));
    let scopes: Vec<&str> = scopes.iter().copied().chain(more).collect();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("state", question.state)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("redirect_uri", question.redirect_uri)
        .append_pair("code_challenge_method", "S256")
        .append_pair("code_challenge", &BASE64.encode(Sha256::digest(question.verifier)));
    if let Some(hint) = question.login_hint {
        url.query_pairs_mut().append_pair("login_hint", hint);
    }
    url
}

/// A text of the platform's that our tables can hold.
fn text(claims: &Value, name: &str, longest: usize) -> Option<String> {
    let text = claims[name].as_str()?.chars().filter(|it| !it.is_control()).take(longest).collect::<String>();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// The address of a picture, if it is one.
fn picture(claims: &Value, name: &str) -> Option<String> {
    let text = claims[name].as_str().filter(|text| text.len() <= 2048)?;
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}
