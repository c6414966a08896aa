//! What must hold between settings.

use super::table::is_loopback;
use super::{ConfigError, Environment, Listed, Settings};

/// The fewest characters of a secret in production.
pub(super) const SECRET_LENGTH: usize = 32;

/// What accounts of other kinds are called.
const OWN: &[&str] = &["CREDENTIAL", "GOOGLE", "GITHUB"];

/// The fewest different characters of a secret in production: `aaaa…` and `12341234…` are made up.
const SECRET_VARIETY: usize = 10;

/// Words of secrets that people copy from examples.
const MADE_UP: &[&str] = &["secret", "change", "example", "better-auth", "password", "default", "123456", "your-"];

pub(super) fn check(settings: &Settings, listing: &[Listed]) -> Result<(), ConfigError> {
    let refuse = |name: &'static str, value: &str, problem: &str, expected: &str| {
        let origin = listing.iter().find(|row| row.name == name).map(|row| row.origin.clone());
        Err(ConfigError::Value {
            name,
            value: value.to_owned(),
            problem: problem.to_owned(),
            expected: expected.to_owned(),
            origin: origin.unwrap_or(super::Origin::Default),
        })
    };
    if settings.session_update_age > settings.session_max_age {
        let value = format!("\"{}\"", settings.session_update_age.as_secs());
        return refuse("SESSION_UPDATE_AGE_S", &value, "is too large", "at most SESSION_MAX_AGE_S");
    }
    if let Some(domain) = &settings.passkey_domain
        && !settings.better_auth_url.as_ref().and_then(|url| url.domain()).is_some_and(|at| is_within(at, domain))
    {
        let expected = "the domain of BETTER_AUTH_URL, or one above it";
        return refuse("PASSKEY_DOMAIN", &format!("\"{domain}\""), "is another", expected);
    }
    if let Some(name) = settings.oidc_issuers.keys().find(|name| OWN.contains(&name.as_str())) {
        return refuse("OIDC_<NAME>_ISSUER", &format!("{name:?}"), "is a name of ours", "another name");
    }
    if let Some((name, with)) = half(settings) {
        return refuse(name, "the value", "is missing", &format!("one together with {with}"));
    }
    if settings.environment != Environment::Production {
        return Ok(());
    }
    const SECRET: &str = "a secret of at least 32 random characters in production, as `openssl rand -base64 32` prints";
    match settings.better_auth_secret.as_ref().map(|secret| weakness(secret.expose())) {
        None => return refuse("BETTER_AUTH_SECRET", "the value", "is missing", SECRET),
        Some(Some(problem)) => return refuse("BETTER_AUTH_SECRET", "the value", problem, SECRET),
        Some(None) => {}
    }
    if settings.encryption_key.is_none() {
        const KEY: &str = "32 random bytes in base64 in production, as `openssl rand -base64 32` prints";
        return refuse("ENCRYPTION_KEY", "the value", "is missing", KEY);
    }
    const HTTPS: &str = "an https URL in production, or one of a loopback address";
    match &settings.better_auth_url {
        None if !settings.host.is_loopback() => refuse("BETTER_AUTH_URL", "the value", "is missing", HTTPS),
        Some(url) if url.scheme() != "https" && !url.host_str().is_some_and(is_loopback) => {
            refuse("BETTER_AUTH_URL", &format!("\"{url}\""), "is not https", HTTPS)
        }
        _ => Ok(()),
    }
}

/// Whether a domain is another or below it.
fn is_within(domain: &str, other: &str) -> bool {
    domain.strip_suffix(other).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A part of a platform's settings that is missing while another is there.
fn half(settings: &Settings) -> Option<(&'static str, String)> {
    let pairs = [
        (
            ("OAUTH_GOOGLE_CLIENT_ID", settings.oauth_google_client_id.is_some()),
            ("OAUTH_GOOGLE_CLIENT_SECRET", settings.oauth_google_client_secret.is_some()),
        ),
        (
            ("OAUTH_GITHUB_CLIENT_ID", settings.oauth_github_client_id.is_some()),
            ("OAUTH_GITHUB_CLIENT_SECRET", settings.oauth_github_client_secret.is_some()),
        ),
    ];
    for ((id, has_id), (secret, has_secret)) in pairs {
        match (has_id, has_secret) {
            (true, false) => return Some((secret, id.to_owned())),
            (false, true) => return Some((id, secret.to_owned())),
            _ => {}
        }
    }
    let (issuers, ids, secrets) = (&settings.oidc_issuers, &settings.oidc_client_ids, &settings.oidc_client_secrets);
    let names = issuers.keys().chain(ids.keys()).chain(secrets.keys());
    names.into_iter().find_map(|name| {
        let parts = [
            ("OIDC_<NAME>_ISSUER", issuers.contains_key(name)),
            ("OIDC_<NAME>_CLIENT_ID", ids.contains_key(name)),
            ("OIDC_<NAME>_CLIENT_SECRET", secrets.contains_key(name)),
        ];
        let missing = parts.iter().find(|(_, given)| !given)?.0;
        Some((missing, format!("the other settings of OIDC_{name}")))
    })
}

fn weakness(secret: &str) -> Option<&'static str> {
    if secret.chars().count() < SECRET_LENGTH {
        return Some("is too short");
    }
    let mut kinds: Vec<char> = secret.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let lower = secret.to_ascii_lowercase();
    (kinds.len() < SECRET_VARIETY || MADE_UP.iter().any(|word| lower.contains(word))).then_some("is made up")
}
