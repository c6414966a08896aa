//! Where the link of an invitation leads: a page that asks this API in the reader's name, and needs no other front end.

use axum::http::header::CONTENT_SECURITY_POLICY;
use kit::{Content, Path, Public, Result, get};
use uuid::Uuid;

/// What the page needs: its own script and styles, and this API.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Shows the page on which somebody accepts or declines an invitation, once they have signed in or up.
#[get("/accept-invitation/{invitation}")]
pub(crate) async fn answer_invitation(_: Public, Path(_): Path<Uuid>) -> Result<Content> {
    let page = Content::new("text/html; charset=utf-8", include_str!("../page/invitation.html"));
    Ok(page.header(CONTENT_SECURITY_POLICY, POLICY))
}

/// The script of the page.
#[get("/accept-invitation/page.js")]
pub(crate) async fn page_script(_: Public) -> Result<Content> {
    Ok(Content::new("text/javascript; charset=utf-8", include_str!("../page/invitation.js")))
}

/// The styles of the page.
#[get("/accept-invitation/page.css")]
pub(crate) async fn page_styles(_: Public) -> Result<Content> {
    Ok(Content::new("text/css; charset=utf-8", include_str!("../page/invitation.css")))
}
