use super::{
    Answered, Client, Person, Question, Refusal, TokenAnswer, Tokens, asking,
    id_token::{self, Expected},
    picture, text,
};
use crate::{outside::Outside, remembered::Remembered};
use chrono::TimeDelta;
use jsonwebtoken::jwk::Jwk;
use kit::Time;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use url::{Url, form_urlencoded::byte_serialize};

/// An issuer of OpenID Connect.
pub(super) struct OpenId {
    /// Without a slash at the end, which some issuers write and others do not.
    issuer: String,
    client: Client,
    outside: Outside,
    metadata: Remembered<Metadata>,
    keys: Remembered<Vec<Jwk>>,
}

/// What an issuer says of itself (OpenID Connect Discovery).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

const SCOPES: [&str; 3] = ["openid", "email", "profile"];
/// How long what an issuer says of itself is good.
const GOOD: TimeDelta = TimeDelta::hours(1);
/// How soon its keys are asked for again when a token names one that is not among them.
const SOON: TimeDelta = TimeDelta::minutes(1);
/// How old an ID token may be that somebody shows who was not sent for it.
const MOST_AGE: TimeDelta = TimeDelta::hours(1);

impl OpenId {
    pub(super) fn new(issuer: &Url, client: Client, outside: Outside) -> Self {
        let (metadata, keys) = (Remembered::new(), Remembered::new());
        Self { issuer: issuer.as_str().trim_end_matches('/').to_owned(), client, outside, metadata, keys }
    }

    pub(super) async fn authorization_url(&self, now: Time, question: &Question<'_>) -> Result<Url, Refusal> {
        let metadata = self.metadata(now).await?;
        let mut url = asking(&metadata.authorization_endpoint, &self.client, &SCOPES, question);
        url.query_pairs_mut().append_pair("nonce", question.nonce);
        if question.scopes.iter().any(|scope| scope == "offline_access") {
            // without it issuers leave the refresh token out
            url.query_pairs_mut().append_pair("prompt", "consent");
        }
        Ok(url)
    }

    pub(super) async fn redeem(&self, now: Time, answered: &Answered<'_>) -> Result<(Tokens, Person), Refusal> {
        let metadata = self.metadata(now).await?;
        match answered.issuer {
            Some(issuer) if issuer != metadata.issuer => return Err(Refusal::Issuer),
            None if metadata.authorization_response_iss_parameter_supported => return Err(Refusal::NoIssuer),
            _ => {}
        }
        let form = [
            ("grant_type", "authorization_code"),
            ("code", answered.code),
            ("code_verifier", answered.verifier),
            ("redirect_uri", answered.redirect_uri),
        ];
        let tokens = self.tokens(now, &metadata, &form).await?;
        let person = self.identify(now, &metadata, &tokens, Some(answered.nonce), None).await?;
        Ok((tokens, person))
    }

    pub(super) async fn read(&self, now: Time, tokens: &Tokens, nonce: Option<&str>) -> Result<Person, Refusal> {
        let metadata = self.metadata(now).await?;
        self.identify(now, &metadata, tokens, nonce, Some(MOST_AGE)).await
    }

    pub(super) async fn refresh(&self, now: Time, refresh: &str) -> Result<Tokens, Refusal> {
        let metadata = self.metadata(now).await?;
        self.tokens(now, &metadata, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
    }

    pub(super) async fn person(&self, now: Time, access: &str) -> Result<Person, Refusal> {
        let metadata = self.metadata(now).await?;
        let endpoint = metadata.userinfo_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| Refusal::UserInfo("no userinfo endpoint".to_owned()))?;
        person(self.outside.get(endpoint, Some(access)).await?)
    }

    /// Who the ID token is about. Where it names no address, the issuer is asked for more about them.
    async fn identify(
        &self,
        now: Time,
        metadata: &Metadata,
        tokens: &Tokens,
        nonce: Option<&str>,
        most_age: Option<TimeDelta>,
    ) -> Result<Person, Refusal> {
        let token = tokens.id.as_deref().ok_or_else(|| Refusal::UserInfo("no ID token".to_owned()))?;
        let (issuer, audience) = (metadata.issuer.as_str(), self.client.id.as_str());
        let access = tokens.access.as_deref();
        let expected = Expected { issuer, audience, nonce, access_token: access, now, most_age };
        let keys = self.keys(now, metadata, id_token::key_id(token)?.as_deref()).await?;
        let mut claims = id_token::verified(token, &keys, &expected)?;
        if let (None, Some(endpoint), Some(access)) = (claims.get("email"), &metadata.userinfo_endpoint, access) {
            let more = self.outside.get(endpoint, Some(access)).await?;
            if more["sub"] != claims["sub"] {
                return Err(Refusal::UserInfo("userinfo is about somebody else".to_owned()));
            }
            if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
                more.into_iter().for_each(|(name, value)| {
                    claims.entry(name).or_insert(value);
                });
            }
        }
        person(claims)
    }

    async fn metadata(&self, now: Time) -> Result<Arc<Metadata>, Refusal> {
        let load = async || {
            let address = format!("{}/.well-known/openid-configuration", self.issuer);
            let address = Url::parse(&address).map_err(|fault| Refusal::Unavailable(fault.to_string()))?;
            let metadata = self.outside.get(&address, None).await.map_err(unusable)?;
            let metadata = serde_json::from_value::<Metadata>(metadata).map_err(unusable)?;
            let plain = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri]
                .into_iter()
                .chain(&metadata.userinfo_endpoint)
                .any(|endpoint| endpoint.scheme() != address.scheme());
            match metadata.issuer.trim_end_matches('/') == self.issuer && !plain {
                true => Ok(metadata),
                false => Err(unusable("its own description is of another issuer or of plain http")),
            }
        };
        self.metadata.get(now, GOOD, load).await
    }

    /// The issuer's keys; fetched anew where the one that is looked for is not among them.
    async fn keys(&self, now: Time, metadata: &Metadata, id: Option<&str>) -> Result<Arc<Vec<Jwk>>, Refusal> {
        let load = async || {
            let set = self.outside.get(&metadata.jwks_uri, None).await.map_err(unusable)?;
            let keys = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
            // what we do not understand is for others
            Ok(keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect::<Vec<Jwk>>())
        };
        let keys = self.keys.get(now, GOOD, load).await?;
        let known = |key: &Jwk| id.is_none() || key.common.key_id.as_deref() == id;
        if keys.iter().any(known) { Ok(keys) } else { self.keys.get(now, SOON, load).await }
    }

    /// By the way that issuers take unless they say otherwise, in the header (RFC 6749, 2.3.1); else in the form.
    async fn tokens(&self, now: Time, metadata: &Metadata, grant: &[(&str, &str)]) -> Result<Tokens, Refusal> {
        let (id, secret) = (self.client.id.as_str(), self.client.secret.expose_secret());
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let in_form = !methods.is_empty() && methods.iter().all(|method| method != "client_secret_basic");
        let body = if in_form {
            let form = [grant, &[("client_id", id), ("client_secret", secret)]].concat();
            self.outside.post(&metadata.token_endpoint, None, &form).await?
        } else {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let (id, secret) = (encoded(id), encoded(secret));
            self.outside.post(&metadata.token_endpoint, Some((&id, &secret)), grant).await?
        };
        TokenAnswer::read(body, now)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn unusable(why: impl ToString) -> Refusal {
    Refusal::Unavailable(why.to_string())
}

fn person(claims: Value) -> Result<Person, Refusal> {
    let id =
        claims["sub"].as_str().filter(|id| (1..=255).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_graphic()));
    let id = id.ok_or_else(|| Refusal::UserInfo("no sound subject".to_owned()))?.to_owned();
    let verified = &claims["email_verified"];
    Ok(Person {
        id,
        email: text(&claims, "email", 254),
        // some issuers write the truth as a text
        email_verified: verified == true || verified == "true",
        name: text(&claims, "name", 200).or_else(|| text(&claims, "preferred_username", 200)).unwrap_or_default(),
        image: picture(&claims, "picture"),
        claims,
    })
}
