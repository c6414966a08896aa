use axum::{
    extract::FromRequestParts,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use kit::{Answer, App, Input, Operation};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{convert::Infallible, fmt::Write, sync::LazyLock};

/// The schema as it is sent, and its tag.
static SCHEMA: LazyLock<(String, String)> = LazyLock::new(|| {
    let text = json!({ "success": true, "data": trading::strategy::schema() }).to_string();
    let mut tag = String::from("\"");
    for byte in &Sha256::digest(&text)[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    (text, tag)
});

/// What the client has already, if it says so.
pub(crate) struct Known(Option<HeaderValue>);

impl FromRequestParts<App> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(IF_NONE_MATCH).cloned()))
    }
}

impl Input for Known {
    fn describe(operation: &mut Operation) {
        operation.empty_success(StatusCode::NOT_MODIFIED);
    }
}

/// The published schema, or that the client has it.
pub(crate) struct Published {
    known: bool,
}

/// The schema for a client that may know it.
pub(crate) fn published(known: &Known) -> Published {
    let known = known.0.as_ref().and_then(|known| known.to_str().ok()).unwrap_or_default();
    let tag = &SCHEMA.1;
    Published { known: known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) }
}

impl IntoResponse for Published {
    fn into_response(self) -> Response {
        let (text, tag) = &*SCHEMA;
        let headers = [(ETAG, tag.as_str()), (CACHE_CONTROL, "private, no-cache")];
        if self.known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, [(CONTENT_TYPE, "application/json")], text.as_str()).into_response()
    }
}

impl Answer for Published {
    fn describe(operation: &mut Operation) {
        operation.success_content("application/json");
    }
}
