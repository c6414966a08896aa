//! Sign-up, sign-in and sessions.

use crate::{
    cookie::Cookies,
    form::{Asked, Body, Form},
    guard::{Holder, Visitor, carry},
    reply::{Landing, Reply, Success},
    service::{self, AskVerification, Entered, Found, SignIn, SignUp, VerifyEmail},
    view::{
        Current, Done, Me, Nothing, PlaceView, SessionView, SignedInView, SignedUpView, Status, UserView, Verified,
        Whole, Works,
    },
};
use axum::http::header::LOCATION;
use garde::Validate;
use kit::{Json, Public, Reason, Result, SignedIn, get, post};
use schemars::JsonSchema;
use serde::Deserialize;

/// Says that the routes of the protocol are served.
#[get("/api/auth/ok")]
pub(super) async fn ok(_: Public) -> Result<Reply<Success<Works>>> {
    Ok(Reply::success(Works { ok: true }))
}

/// Signs a user up: makes the user and their tenant, and sends a mail to verify the address.
///
/// For an address that somebody has already the answer looks the same and nothing is done.
#[post("/api/auth/sign-up/email", strict)]
pub(super) async fn sign_up_email(visitor: Visitor, Body(form): Body<SignUp>) -> Result<Reply<Success<SignedUpView>>> {
    let user = service::register(&visitor.app, visitor.request.origin.clone(), &form).await?;
    Ok(Reply::success(SignedUpView { token: None, user: user.into() }))
}

/// Sends the mail to verify an address again, if a user has it who has not verified it.
#[post("/api/auth/send-verification-email", strict)]
pub(super) async fn send_verification_email(
    visitor: Visitor,
    Body(form): Body<AskVerification>,
) -> Result<Reply<Success<Done>>> {
    let asking = visitor.user().await?;
    service::ask_verification(&visitor.app, visitor.request.origin.clone(), asking.as_ref(), form).await?;
    Ok(Reply::success(Done { status: true }))
}

/// Verifies an address, by the link of the mail.
#[get("/api/auth/verify-email")]
pub(super) async fn verify_email(
    visitor: Visitor,
    Asked(form): Asked<VerifyEmail>,
) -> Result<Landing<Success<Verified>>> {
    let tx = visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let verified = service::verify(&visitor.app, tx, &form).await;
    Landing::of(verified.map(|()| Verified { status: true, user: None }), form.callback_url)
}

/// Signs a user in by password and opens a session.
#[post("/api/auth/sign-in/email", strict)]
pub(super) async fn sign_in_email(
    visitor: Visitor,
    Body(form): Body<SignIn>,
) -> Result<Reply<Success<Entered<SignedInView>>>> {
    let entry = service::sign_in(&visitor, &form).await?;
    let reply = entry.reply(&visitor.app, |user, open| SignedInView::new(user, open, form.callback_url.clone()))?;
    Ok(reply.header(LOCATION, form.callback_url.as_deref()))
}

/// Closes the session, if there is one.
#[post("/api/auth/sign-out")]
pub(super) async fn sign_out(visitor: Visitor) -> Result<Reply<Success<Nothing>>> {
    if let Some(presented) = &visitor.presented {
        let tx = visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
        service::close(tx, &presented.token).await?;
    }
    Ok(Reply::success(Nothing {}).cookies(Cookies::of(&visitor.app)?.clear()))
}

/// How the session is asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetSession {
    /// `true`: the session is shown as it is, even when it is due to be refreshed.
    #[garde(length(max = 5))]
    disable_refresh: Option<String>,
}

impl Form for GetSession {}

/// Shows the session and its user; `null` without one.
#[get("/api/auth/get-session")]
pub(super) async fn get_session(
    visitor: Visitor,
    Asked(form): Asked<GetSession>,
) -> Result<Reply<Option<Success<Current>>>> {
    let Some(presented) = &visitor.presented else { return Ok(Reply::bare(None)) };
    let Some(Found { user, mut session, .. }) = visitor.recognise().await? else {
        return Ok(Reply::bare(None).cookies(Cookies::of(&visitor.app)?.clear()));
    };
    if form.disable_refresh.as_deref() != Some("true") {
        service::refresh(&visitor.app, &mut session).await?;
    }
    let renewed = session.renewed;
    let session = SessionView::new(session, user.id, presented.token.clone());
    let reply = Reply::bare(Some(Success::of(Current { session, user: user.into() })));
    if renewed { carry(&visitor.app, reply, &presented.token, true) } else { Ok(reply) }
}

/// Lists the user's sessions.
#[get("/api/auth/list-sessions")]
pub(super) async fn list_sessions(holder: Holder) -> Result<Reply<Vec<SessionView>>> {
    let mut tx = holder.begin().await?;
    let sessions = service::list(&mut tx, &holder.session).await?;
    let sessions = sessions.into_iter().map(|session| holder.show(session)).collect();
    holder.renew(Reply::bare(sessions))
}

/// Which session is to be closed.
#[derive(Deserialize, JsonSchema, Validate)]
pub(super) struct RevokeSession {
    /// Its token, or what the list of sessions shows in its place.
    #[garde(length(max = 200))]
    token: String,
}

impl Form for RevokeSession {}

/// Closes one of the user's sessions; what is not the user's is left alone.
#[post("/api/auth/revoke-session")]
pub(super) async fn revoke_session(holder: Holder, Body(form): Body<RevokeSession>) -> Result<Reply<Success<Done>>> {
    let mut tx = holder.begin().await?;
    service::revoke(&mut tx, &form.token).await?;
    tx.commit().await?;
    holder.renew(Reply::success(Done { status: true }))
}

/// Closes all of the user's sessions.
#[post("/api/auth/revoke-sessions")]
pub(super) async fn revoke_sessions(holder: Holder) -> Result<Reply<Success<Done>>> {
    let mut tx = holder.begin().await?;
    service::revoke_all(&mut tx, holder.user().id).await?;
    tx.commit().await?;
    Ok(Reply::success(Done { status: true }).cookies(Cookies::of(holder.app())?.clear()))
}

/// Closes all of the user's sessions but this one.
#[post("/api/auth/revoke-other-sessions")]
pub(super) async fn revoke_other_sessions(holder: Holder) -> Result<Reply<Success<Done>>> {
    let mut tx = holder.begin().await?;
    service::revoke_others(&mut tx, holder.user().id, holder.session.id).await?;
    tx.commit().await?;
    holder.renew(Reply::success(Done { status: true }))
}

/// Shows the session, its user and the tenant that the request is about.
#[get("/api/auth/session")]
pub(super) async fn session(holder: Holder) -> Result<Json<Whole>> {
    let tenant = holder.identity().membership.as_ref().map(PlaceView::from);
    Ok(Json(Whole { session: holder.show(holder.session.clone()), user: holder.user().clone().into(), tenant }))
}

/// Says whether somebody is signed in.
#[get("/api/auth/status")]
pub(super) async fn status(visitor: Visitor) -> Result<Json<Status>> {
    let user = visitor.user().await?.map(UserView::from);
    Ok(Json(Status { authenticated: user.is_some(), user }))
}

/// Shows the user and their place in the tenant that the request is about.
#[get("/api/auth/me")]
pub(super) async fn me(caller: SignedIn) -> Result<Json<Me>> {
    let tenant = caller.identity().membership.as_ref().map(PlaceView::from);
    Ok(Json(Me { user: caller.user().clone().into(), tenant }))
}
