//! Sign-in by the link of a mail.

use crate::{
    form::{Asked, Body},
    guard::Visitor,
    reply::{Landing, Reply, Success},
    service::{self, AskMagicLink, Entered, OpenMagicLink, whole, with_pair},
    view::{Done, MagicView},
};
use kit::{Result, get, post};

/// Sends a mail with a link to sign in by; an address that nobody has becomes a new user's when it is opened.
#[post("/api/auth/sign-in/magic-link", strict)]
pub(super) async fn sign_in_magic_link(
    visitor: Visitor,
    Body(form): Body<AskMagicLink>,
) -> Result<Reply<Success<Done>>> {
    service::ask_magic_link(&visitor.app, visitor.request.origin.clone(), form).await?;
    Ok(Reply::success(Done { status: true }))
}

/// Opens a session by the link of the mail, once.
#[get("/api/auth/magic-link/verify", strict)]
pub(super) async fn verify_magic_link(
    visitor: Visitor,
    Asked(form): Asked<OpenMagicLink>,
) -> Result<Landing<Success<Entered<MagicView>>>> {
    let app = &visitor.app;
    match service::open_magic_link(&visitor, &form).await {
        Ok((entry, new)) => match form.page(new) {
            Some(page) => entry.land(app, whole(app, page)),
            None => entry.reply(app, MagicView::new).map(Landing::Here),
        },
        Err(failure) if failure.status().is_client_error() => {
            Ok(Landing::At(whole(app, &with_pair(form.error_page(), "error", failure.code())), vec![]))
        }
        Err(failure) => Err(failure),
    }
}
