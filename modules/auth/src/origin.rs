//! Which pages may call, and where a user may be sent on to.

use crate::error;
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use kit::{App, Error, Result, Settings};
use serde_json::{Map, Value};
use url::Url;

/// Paths which open a session: nobody shall be signed in as somebody else by a foreign page.
const SIGN_IN: [&str; 3] = ["/api/auth/sign-in/email", "/api/auth/sign-up/email", "/api/auth/sign-in/magic-link"];

/// Refuses what a page of another origin sends in the user's name.
pub(crate) fn check(parts: &Parts, app: &App) -> Result<()> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let headers = &parts.headers;
    let origin = text(headers, header::ORIGIN.as_str()).or_else(|| text(headers, header::REFERER.as_str()));
    let watched = headers.contains_key(header::COOKIE)
        || (SIGN_IN.contains(&parts.uri.path()) && is_by_browser(headers, origin.is_some())?);
    match origin {
        _ if !watched => Ok(()),
        None | Some("null" | "") => Err(error::missing_origin()),
        Some(origin) if is_trusted(origin, app.settings()) => Ok(()),
        Some(_) => Err(error::invalid_origin()),
    }
}

/// Whether something says that a browser sends it.
fn is_by_browser(headers: &HeaderMap, has_origin: bool) -> Result<bool> {
    let (site, mode) = (text(headers, "sec-fetch-site"), text(headers, "sec-fetch-mode"));
    if site == Some("cross-site") && mode == Some("navigate") {
        return Err(error::cross_site());
    }
    Ok(has_origin || site.is_some() || mode.is_some() || headers.contains_key("sec-fetch-dest"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("null"))
}

/// Whether a URL is of a trusted origin.
fn is_trusted(url: &str, settings: &Settings) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    matches!(url.scheme(), "http" | "https") && settings.trusts(&url.origin().ascii_serialization())
}

/// Whether a user may be sent on to this URL: a path of ours, or one of a trusted origin.
fn may_lead_to(url: &str, settings: &Settings) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if url.contains(odd) {
        return false;
    }
    match url.strip_prefix('/') {
        // browsers take `//host` for another site, and some take `/%2F` and `/%5C` for it
        Some(path) => {
            let path = path.to_ascii_lowercase();
            !path.starts_with('/') && !path.starts_with("%2f") && !path.starts_with("%5c")
        }
        None => is_trusted(url, settings),
    }
}

/// Refuses input that would lead the user to a foreign site.
pub(crate) fn check_links(input: &Map<String, Value>, settings: &Settings) -> Result<()> {
    let links = [
        ("callbackURL", "INVALID_CALLBACK_URL"),
        ("redirectTo", "INVALID_REDIRECT_URL"),
        ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
        ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
    ];
    for (field, code) in links {
        if let Some(url) = input.get(field).and_then(Value::as_str)
            && !may_lead_to(url, settings)
        {
            return Err(Error::new(StatusCode::FORBIDDEN, code, format!("Invalid {field}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_led_to_our_paths_and_to_trusted_origins_only() {
        let settings = Settings { trusted_origins: vec!["https://app.example.com".to_owned()], ..Settings::default() };
        for good in ["/", "/x", "/x?a=b&c=d#e", "https://app.example.com/welcome", "http://127.0.0.1:3000/"] {
            assert!(may_lead_to(good, &settings), "{good}");
        }
        for bad in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://evil.example",
            "https://app.example.com.evil.example",
            "https://app.example.com@evil.example",
            "http://app.example.com/",
            "https://app.example.com:444/",
            "/\t/evil.example",
            "/x\r\nSet-Cookie: a=b",
            "ftp://app.example.com/",
            "blob:https://app.example.com/x",
        ] {
            assert!(!may_lead_to(bad, &settings), "{bad}");
        }
    }
}
