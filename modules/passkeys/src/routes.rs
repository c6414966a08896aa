use crate::{
    service::{self, AskRegistration, COOKIE, DeletePasskey, UpdatePasskey, VerifyAuthentication, VerifyRegistration},
    view::{Opened, Options, PasskeyView, Renamed},
};
use auth::protocol::{Asked, Body, Done, Entered, Holder, Reply, Success, Visitor};
use kit::{Reason, Result, Route, get, post, routes};

pub(crate) static ROUTES: &[Route] = routes![
    generate_register_options,
    verify_registration,
    generate_authenticate_options,
    generate_authenticate_options_by_post,
    verify_authentication,
    list_user_passkeys,
    update_passkey,
    delete_passkey,
];

/// Asks for a new passkey: what the page gives to `navigator.credentials.create`. The session must be fresh.
#[get("/api/auth/passkey/generate-register-options")]
async fn generate_register_options(
    holder: Holder,
    Asked(form): Asked<AskRegistration>,
) -> Result<Reply<Success<Options>>> {
    holder.own()?;
    holder.require_fresh()?;
    let mut tx = holder.begin().await?;
    let question = service::ask_for_new(holder.app(), &mut tx, holder.user(), &form).await?;
    tx.commit().await?;
    holder.renew(question.reply())
}

/// Registers the passkey that the device has made. The session must be fresh, and a mail tells of it.
#[post("/api/auth/passkey/verify-registration", strict)]
async fn verify_registration(
    holder: Holder,
    Body(form): Body<VerifyRegistration>,
) -> Result<Reply<Success<PasskeyView>>> {
    holder.own()?;
    holder.require_fresh()?;
    let asked = service::consume(holder.app(), holder.origin().clone(), holder.cookie(COOKIE)).await?;
    let mut tx = holder.begin().await?;
    let passkey = service::register(holder.app(), &mut tx, holder.user(), asked, form).await?;
    tx.commit().await?;
    holder.renew(Reply::success(passkey.into()))
}

/// Asks for a passkey to sign in with: what the page gives to `navigator.credentials.get`.
///
/// Nobody need say who they are. Whoever is signed in is asked for one of their own.
#[get("/api/auth/passkey/generate-authenticate-options")]
async fn generate_authenticate_options(visitor: Visitor) -> Result<Reply<Success<Options>>> {
    let user = visitor.user().await?;
    let mut tx = visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let question = service::ask_for_known(&visitor.app, &mut tx, user.as_ref()).await?;
    tx.commit().await?;
    Ok(question.reply())
}

/// Asks for a passkey to sign in with, as older clients do.
#[post("/api/auth/passkey/generate-authenticate-options")]
async fn generate_authenticate_options_by_post(visitor: Visitor) -> Result<Reply<Success<Options>>> {
    generate_authenticate_options(visitor).await
}

/// Signs a user in by their passkey and opens a session. No second factor is asked for.
#[post("/api/auth/passkey/verify-authentication", strict)]
async fn verify_authentication(
    visitor: Visitor,
    Body(form): Body<VerifyAuthentication>,
) -> Result<Reply<Success<Entered<Opened>>>> {
    let origin = visitor.request.origin.clone();
    let (_, state) = service::consume(&visitor.app, origin, visitor.cookie(COOKIE)).await?;
    let entry = service::sign_in(&visitor, state, form).await?;
    entry.reply(&visitor.app, |user, open| Opened { session: open.show(user.id), user: user.into() })
}

/// Lists the user's passkeys.
#[get("/api/auth/passkey/list-user-passkeys")]
async fn list_user_passkeys(holder: Holder) -> Result<Reply<Vec<PasskeyView>>> {
    let mut tx = holder.begin().await?;
    let passkeys = service::list(&mut tx, holder.user().id).await?;
    holder.renew(Reply::bare(passkeys.into_iter().map(PasskeyView::from).collect()))
}

/// Gives a passkey of the user's another name.
#[post("/api/auth/passkey/update-passkey")]
async fn update_passkey(holder: Holder, Body(form): Body<UpdatePasskey>) -> Result<Reply<Success<Renamed>>> {
    holder.own()?;
    let mut tx = holder.begin().await?;
    let passkey = service::rename(&mut tx, &form).await?;
    tx.commit().await?;
    holder.renew(Reply::success(Renamed { passkey: passkey.into() }))
}

/// Removes a passkey of the user's. The session must be fresh, and a mail tells of it.
#[post("/api/auth/passkey/delete-passkey")]
async fn delete_passkey(holder: Holder, Body(form): Body<DeletePasskey>) -> Result<Reply<Success<Done>>> {
    holder.own()?;
    holder.require_fresh()?;
    let mut tx = holder.begin().await?;
    service::remove(&mut tx, &form).await?;
    tx.commit().await?;
    holder.renew(Reply::success(Done { status: true }))
}
