use crate::service::{
    self, AccessToken, AccountInfo, Ask, Chosen, Fresh, Return, arrive, depart, link_shown, sign_in_shown,
};
use auth::protocol::{Asked, Body, Done, Entered, Holder, Landing, Reply, Success, UserView, Visitor};
use kit::{Path, Public, Reason, Result, Route, get, post, routes};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) static ROUTES: &[Route] = routes![
    sign_in_social,
    callback,
    callback_by_form,
    link_social,
    unlink_account,
    get_access_token,
    refresh_token,
    account_info,
    account_info_by_body,
];

/// Where to sign in, or the open session of whoever has shown an ID token.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SocialSignIn")]
enum SignInView {
    Away {
        /// The platform's page.
        url: String,
        /// Whether the page is to go there by itself.
        redirect: bool,
    },
    Here {
        /// Always `false`.
        redirect: bool,
        /// The session's token, not signed.
        token: String,
        user: Box<UserView>,
    },
}

/// Signs a user in by another platform: answers the platform's page, or opens a session for an ID token of its own.
#[post("/api/auth/sign-in/social", strict)]
async fn sign_in_social(visitor: Visitor, Body(form): Body<Ask>) -> Result<Reply<Success<Entered<SignInView>>>> {
    let app = &visitor.app;
    if let Some(shown) = &form.id_token {
        let entry = sign_in_shown(&visitor, &form.provider, shown).await?;
        let here = |user, token| SignInView::Here { redirect: false, token, user: Box::new(user) };
        return entry.reply(app, |user, open| here(user.into(), open.token));
    }
    let departure = depart(app, &form, None).await?;
    let tx = app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let away = |url, redirect| Entered::In(SignInView::Away { url, redirect });
    departure.leave(app, tx, form.redirect(), away).await
}

/// Takes in whoever comes back from another platform, and leads them on.
#[get("/api/auth/callback/{provider}", strict)]
async fn callback(
    visitor: Visitor,
    Path(provider): Path<String>,
    Asked(form): Asked<Return>,
) -> Result<Landing<Success<Done>>> {
    arrive(&visitor, &provider, &form).await
}

/// Takes in whoever another platform sends back by a form: leads them to where their cookies come along.
#[post("/api/auth/callback/{provider}", strict)]
async fn callback_by_form(
    visitor: Public,
    Path(provider): Path<String>,
    Body(form): Body<Return>,
) -> Result<Landing<Success<Done>>> {
    Ok(Landing::At(form.path(visitor.app(), &provider), vec![]))
}

/// Where to link an account, or that it is linked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SocialLink")]
struct LinkView {
    /// The platform's page; empty when there is nothing left to do.
    url: String,
    /// Whether the page is to go there by itself.
    redirect: bool,
    /// `true`: the account is linked already.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<bool>,
}

/// Links an account at another platform to the user's: answers the platform's page, or links that of an ID token.
#[post("/api/auth/link-social")]
async fn link_social(holder: Holder, Body(form): Body<Ask>) -> Result<Reply<Success<LinkView>>> {
    holder.own()?;
    let app = holder.app();
    if let Some(shown) = &form.id_token {
        link_shown(app, holder.origin().clone(), holder.user(), &form.provider, shown).await?;
        return holder.renew(Reply::success(LinkView { url: String::new(), redirect: false, status: Some(true) }));
    }
    let departure = depart(app, &form, Some(holder.session_id())).await?;
    let away = |url, redirect| LinkView { url, redirect, status: None };
    holder.renew(departure.leave(app, holder.begin().await?, form.redirect(), away).await?)
}

/// Takes one of the user's accounts away.
#[post("/api/auth/unlink-account")]
async fn unlink_account(holder: Holder, Body(chosen): Body<Chosen>) -> Result<Reply<Success<Done>>> {
    holder.own()?;
    holder.require_fresh()?;
    let mut tx = holder.begin().await?;
    service::unlink(&mut tx, &chosen).await?;
    tx.commit().await?;
    holder.renew(Reply::success(Done { status: true }))
}

/// Answers an access token of another platform that holds.
#[post("/api/auth/get-access-token")]
async fn get_access_token(holder: Holder, Body(chosen): Body<Chosen>) -> Result<Reply<Success<AccessToken>>> {
    holder.own()?;
    holder.renew(Reply::success(service::get_access_token(&holder, &chosen).await?))
}

/// Has another platform make fresh tokens.
#[post("/api/auth/refresh-token")]
async fn refresh_token(holder: Holder, Body(chosen): Body<Chosen>) -> Result<Reply<Success<Fresh>>> {
    holder.own()?;
    holder.renew(Reply::success(service::refresh_token(&holder, &chosen).await?))
}

/// Answers who the user is at another platform.
#[get("/api/auth/account-info")]
async fn account_info(holder: Holder, Asked(chosen): Asked<Chosen>) -> Result<Reply<Success<AccountInfo>>> {
    holder.renew(Reply::success(service::account_info(&holder, &chosen).await?))
}

/// Answers who the user is at another platform, to older releases of the client.
#[post("/api/auth/account-info")]
async fn account_info_by_body(holder: Holder, Body(chosen): Body<Chosen>) -> Result<Reply<Success<AccountInfo>>> {
    holder.renew(Reply::success(service::account_info(&holder, &chosen).await?))
}
