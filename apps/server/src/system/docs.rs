use super::Document;
use axum::{
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    },
    response::{IntoResponse, Redirect, Response},
};
use kit::{Answer, Content, Error, Operation, Public, Result, get};

/// What the page needs: its own scripts, and styles and images that those make.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
                      font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 12 6 7l3 3 6-7' fill='none' stroke='%232563eb' stroke-width='2'/%3E%3C/svg%3E">
<title>BotCriptoFy API</title></head>
<body><div id="app"></div><script src="/docs/scalar.js"></script><script src="/docs/start.js"></script></body>
</html>
"#;

const START: &str = r##"Scalar.createApiReference("#app", {
  url: "/openapi.json", withDefaultFonts: false, telemetry: false, hideClientButton: true, mcp: { disabled: true }, agent: { disabled: true },
});
"##;

/// Tells the API document.
#[get("/openapi.json")]
pub(super) async fn document(public: Public) -> Result<Content> {
    let document = public.app().the::<Document>()?.0.get().map(ToString::to_string);
    Ok(Content::new("application/json", document.unwrap_or_default()))
}

/// Shows the API document as a page.
#[get("/docs", unlimited)]
pub(super) async fn page(_: Public) -> Result<Content> {
    Ok(Content::new("text/html; charset=utf-8", PAGE).header(CONTENT_SECURITY_POLICY, POLICY))
}

/// Leads to the page.
#[get("/swagger")]
pub(super) async fn swagger(_: Public) -> Result<ToDocs> {
    Ok(ToDocs)
}

/// The script of the page.
#[get("/docs/scalar.js", unlimited)]
pub(super) async fn script(_: Public) -> Result<Content> {
    let script = scalar_api_reference::get_asset("scalar.js").ok_or_else(|| Error::not_found("script"))?;
    Ok(Content::new("text/javascript; charset=utf-8", script).header(CACHE_CONTROL, "public, max-age=86400"))
}

/// What starts the page.
#[get("/docs/start.js", unlimited)]
pub(super) async fn start(_: Public) -> Result<Content> {
    Ok(Content::new("text/javascript; charset=utf-8", START))
}

/// The way to the page.
pub(super) struct ToDocs;

impl IntoResponse for ToDocs {
    fn into_response(self) -> Response {
        Redirect::permanent("/docs").into_response()
    }
}

impl Answer for ToDocs {
    const STATUS: StatusCode = StatusCode::PERMANENT_REDIRECT;

    fn describe(operation: &mut Operation) {
        operation.empty_success(Self::STATUS);
    }
}
