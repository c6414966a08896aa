use super::{Answered, Client, Person, Question, Refusal, TokenAnswer, Tokens, asking, picture, text};
use crate::outside::Outside;
use kit::Time;
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

/// GitHub, which speaks OAuth 2 but not OpenID Connect: who somebody is stands in its API.
pub(super) struct GitHub {
    site: String,
    api: String,
    client: Client,
    outside: Outside,
}

const SCOPES: [&str; 2] = ["read:user", "user:email"];

impl GitHub {
    pub(super) fn new(base: Option<&Url>, client: Client, outside: Outside) -> Self {
        let (site, api) = match base {
            Some(base) => {
                let base = base.as_str().trim_end_matches('/');
                (base.to_owned(), format!("{base}/api/v3"))
            }
            None => ("https://github.com".to_owned(), "https://api.github.com".to_owned()),
        };
        Self { site, api, client, outside }
    }

    pub(super) fn authorization_url(&self, question: &Question<'_>) -> Result<Url, Refusal> {
        Ok(asking(&address(&self.site, "/login/oauth/authorize")?, &self.client, &SCOPES, question))
    }

    pub(super) async fn redeem(&self, now: Time, answered: &Answered<'_>) -> Result<(Tokens, Person), Refusal> {
        let tokens = self
            .tokens(
                now,
                &[
                    ("grant_type", "authorization_code"),
                    ("code", answered.code),
                    ("code_verifier", answered.verifier),
                    ("redirect_uri", answered.redirect_uri),
                ],
            )
            .await?;
        let access = tokens.access.as_deref().ok_or_else(|| Refusal::Code("no access token".to_owned()))?;
        let person = self.person(access).await?;
        Ok((tokens, person))
    }

    pub(super) async fn refresh(&self, now: Time, refresh: &str) -> Result<Tokens, Refusal> {
        self.tokens(now, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
    }

    async fn tokens(&self, now: Time, grant: &[(&str, &str)]) -> Result<Tokens, Refusal> {
        let us = [("client_id", self.client.id.as_str()), ("client_secret", self.client.secret.expose_secret())];
        let form = [grant, &us].concat();
        TokenAnswer::read(
            self.outside.post(&address(&self.site, "/login/oauth/access_token")?, None, &form).await?,
            now,
        )
    }

    /// The profile names an address only where its owner shows it to everybody; whether it is verified stands in the
    /// list of addresses alone.
    pub(super) async fn person(&self, access: &str) -> Result<Person, Refusal> {
        let profile = self.outside.get(&address(&self.api, "/user")?, Some(access)).await?;
        let emails = self.outside.get(&address(&self.api, "/user/emails")?, Some(access)).await?;
        let emails: &[Value] = emails.as_array().map(Vec::as_slice).unwrap_or_default();
        let id = profile["id"].as_i64().ok_or_else(|| Refusal::UserInfo("no id".to_owned()))?;
        let shown = emails.iter().find(|it| !profile["email"].is_null() && it["email"] == profile["email"]);
        let chosen = shown.or_else(|| emails.iter().find(|it| it["primary"] == true));
        Ok(Person {
            id: id.to_string(),
            email: chosen.and_then(|it| text(it, "email", 254)),
            email_verified: chosen.is_some_and(|it| it["verified"] == true),
            name: text(&profile, "name", 200).or_else(|| text(&profile, "login", 200)).unwrap_or_default(),
            image: picture(&profile, "avatar_url"),
            claims: profile,
        })
    }
}

fn address(base: &str, path: &str) -> Result<Url, Refusal> {
    Url::parse(&format!("{base}{path}")).map_err(|fault| Refusal::Unavailable(fault.to_string()))
}
