//! What users do with their own accounts.

use crate::{
    cookie::Cookies,
    form::{Asked, Body, Form},
    guard::{Holder, Visitor, carry},
    mail::escaped,
    reply::{Landing, Reply, Success},
    service::{
        self, AskDeletion, AskEmailChange, AskErasure, AskReset, ChangePassword, Deletion, Erasure, OpenDeletion,
        OpenReset, ResetPassword, UpdateUser, VerifyPassword, whole,
    },
    view::{AccountView, Done, Message, PasswordChanged, ResetAsked},
};
use axum::http::header::CACHE_CONTROL;
use garde::Validate;
use kit::{Content, Path, Result, delete, get, post};
use schemars::JsonSchema;
use serde::Deserialize;

/// Changes the user's name or picture.
#[post("/api/auth/update-user")]
pub(super) async fn update_user(holder: Holder, Body(form): Body<UpdateUser>) -> Result<Reply<Success<Done>>> {
    service::update_user(&holder, form).await?;
    carry(holder.app(), Reply::success(Done { status: true }), &holder.token, holder.session.remembered)
}

/// Gives the user another password and the session a new token; closes the other sessions if asked to.
#[post("/api/auth/change-password", strict)]
pub(super) async fn change_password(
    holder: Holder,
    Body(form): Body<ChangePassword>,
) -> Result<Reply<Success<PasswordChanged>>> {
    let session = service::change_password(&holder, &form).await?;
    let told = form.revoke_other_sessions == Some(true);
    let changed = PasswordChanged { token: told.then(|| session.token.clone()), user: holder.user().clone().into() };
    carry(holder.app(), Reply::success(changed), &session.token, session.live.remembered)
}

/// Says whether this is the user's password.
#[post("/api/auth/verify-password", strict)]
pub(super) async fn verify_password(holder: Holder, Body(form): Body<VerifyPassword>) -> Result<Reply<Success<Done>>> {
    service::confirm_password(&holder, &form.password).await?;
    holder.renew(Reply::success(Done { status: true }))
}

/// Sends a mail with a link to set a new password, if the address is a user's.
#[post("/api/auth/request-password-reset", strict)]
pub(super) async fn request_password_reset(
    visitor: Visitor,
    Body(form): Body<AskReset>,
) -> Result<Reply<Success<ResetAsked>>> {
    service::ask_reset(&visitor.app, visitor.request.origin.clone(), form).await?;
    Ok(Reply::success(ResetAsked::new()))
}

/// The same, by the name that older clients know.
#[post("/api/auth/forget-password", strict)]
pub(super) async fn forget_password(visitor: Visitor, body: Body<AskReset>) -> Result<Reply<Success<ResetAsked>>> {
    request_password_reset(visitor, body).await
}

/// Leads to the page that asks for the new password, by the link of the mail.
#[get("/api/auth/reset-password/{token}")]
pub(super) async fn open_password_reset(
    visitor: Visitor,
    Path(token): Path<String>,
    Asked(form): Asked<OpenReset>,
) -> Result<Landing<Success<Done>>> {
    let page = service::open_reset(&visitor.app, visitor.request.origin.clone(), &token, &form).await?;
    Ok(Landing::At(page, vec![]))
}

/// The token of the mail, as a query has it.
#[derive(Deserialize, JsonSchema, Validate)]
pub(super) struct ResetToken {
    #[garde(length(max = 200))]
    token: Option<String>,
}

impl Form for ResetToken {}

/// Sets a new password by the token of the mail and closes all of the user's sessions.
#[post("/api/auth/reset-password", strict)]
pub(super) async fn reset_password(
    visitor: Visitor,
    Asked(query): Asked<ResetToken>,
    Body(form): Body<ResetPassword>,
) -> Result<Reply<Success<Done>>> {
    let token = form.token.as_deref().or(query.token.as_deref()).unwrap_or_default();
    let origin = visitor.request.origin.clone();
    service::reset_password(&visitor.app, origin, token, form.new_password()).await?;
    Ok(Reply::success(Done { status: true }))
}

/// Lists what the user can sign in by.
#[get("/api/auth/list-accounts")]
pub(super) async fn list_accounts(holder: Holder) -> Result<Reply<Vec<AccountView>>> {
    let mut tx = holder.begin().await?;
    let accounts = service::list_accounts(&mut tx).await?;
    holder.renew(Reply::bare(accounts.into_iter().map(AccountView::from).collect()))
}

/// Sends a mail to the present address that asks whether the user wants another, and then one to the new address.
#[post("/api/auth/change-email", strict)]
pub(super) async fn change_email(holder: Holder, Body(form): Body<AskEmailChange>) -> Result<Reply<Success<Done>>> {
    service::ask_email_change(&holder, form).await?;
    holder.renew(Reply::success(Done { status: true }))
}

/// Deletes the user, by password or by the token of a mail; without either, sends the mail.
#[post("/api/auth/delete-user", strict)]
pub(super) async fn delete_user(holder: Holder, Body(form): Body<AskDeletion>) -> Result<Reply<Success<Message>>> {
    match service::delete(&holder, form).await? {
        Deletion::Done => Ok(Reply::success(Message::DELETED).cookies(Cookies::of(holder.app())?.clear())),
        Deletion::Asked => holder.renew(Reply::success(Message::MAILED)),
    }
}

/// Deletes the user, by the link of the mail and in a browser that has their session.
#[get("/api/auth/delete-user/callback")]
pub(super) async fn delete_user_callback(
    visitor: Visitor,
    Asked(form): Asked<OpenDeletion>,
) -> Result<Landing<Success<Message>>> {
    service::delete_by_link(&visitor, &form).await?;
    let cookies = Cookies::of(&visitor.app)?.clear();
    Ok(match form.callback_url {
        Some(page) => Landing::At(whole(&visitor.app, &page), cookies),
        None => Landing::Here(Reply::success(Message::DELETED).cookies(cookies)),
    })
}

/// Has the user's account forgotten in 14 days, with all that is theirs alone; signing in before takes the wish back.
/// All sessions end at once.
#[delete("/api/user/account", strict)]
pub(super) async fn erase(holder: Holder, Body(form): Body<AskErasure>) -> Result<Reply<Success<Erasure>>> {
    let erasure = service::ask_erasure(&holder, &form).await?;
    Ok(Reply::success(erasure).cookies(Cookies::of(holder.app())?.clear()))
}

/// What went wrong, by its code.
#[derive(Deserialize, JsonSchema, Validate)]
pub(super) struct Failed {
    #[garde(skip)]
    error: Option<String>,
}

impl Form for Failed {}

/// Shows what went wrong, to who was led here by a link that names no page.
#[get("/api/auth/error")]
pub(super) async fn error(_: Visitor, Asked(form): Asked<Failed>) -> Result<Content> {
    let sound = |code: &String| {
        (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    // a page of ours says nothing that a stranger has written
    let code = form.error.filter(sound).unwrap_or_else(|| "UNKNOWN".to_owned());
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Something went wrong</title>\n\
         <h1>Something went wrong</h1>\n<p>Code: <code>{}</code></p>\n<p><a href=\"/\">Go on</a></p>\n</html>\n",
        escaped(&code)
    );
    Ok(Content::new("text/html; charset=utf-8", page).header(CACHE_CONTROL, "no-store"))
}
