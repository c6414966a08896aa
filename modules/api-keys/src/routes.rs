use crate::{
    guard::Maker,
    service::{self, CreateKey, DeleteKey, GetKey, ListKeys, RotateKey, UpdateKey},
    view::{CreatedView, DeletedView, KeyView, ListView, RotatedView},
};
use auth::protocol::{Asked, Body, Holder, Reply, Success};
use kit::{Result, Route, get, post, routes};

pub(crate) static ROUTES: &[Route] = routes![create, list, get_key, update, delete, rotate];

/// Makes a key for the user in the tenant of the request, and shows it this once.
///
/// It may do what `permissions` says and the user may do at the time of each call. `permissions`, `rateLimitMax` and
/// `rateLimitTimeWindow` are only the server's in the protocol; here the user sets them within bounds, since a key
/// without permissions would be useless to a bot. `ipAllowlist` is ours. The session must be fresh.
#[post("/api/auth/api-key/create", strict)]
async fn create(maker: Maker, Body(form): Body<CreateKey>) -> Result<Reply<Success<CreatedView>>> {
    maker.ensure_meant(form.user_id.as_deref())?;
    let mut tx = maker.begin_in_tenant().await?;
    let created = service::create(maker.app(), &mut tx, &maker.held(), &form).await?;
    tx.commit().await?;
    maker.renew(Reply::success(created))
}

/// Lists the user's own keys in the tenant of the request.
#[get("/api/auth/api-key/list")]
async fn list(holder: Holder, Asked(form): Asked<ListKeys>) -> Result<Reply<Success<ListView>>> {
    let mut tx = holder.begin_in_tenant().await?;
    let keys = service::list(&mut tx, &form).await?;
    holder.renew(Reply::success(keys))
}

/// Shows one of the user's own keys.
#[get("/api/auth/api-key/get")]
async fn get_key(holder: Holder, Asked(form): Asked<GetKey>) -> Result<Reply<Success<KeyView>>> {
    let mut tx = holder.begin_in_tenant().await?;
    let key = service::find(&mut tx, &form.id).await?;
    holder.renew(Reply::success(KeyView::from(&key)))
}

/// Changes one of the user's own keys; what is left out stays.
///
/// As when it is made, the user sets permissions, addresses and the rate limit within the same bounds. The session must
/// be fresh.
#[post("/api/auth/api-key/update")]
async fn update(maker: Maker, Body(form): Body<UpdateKey>) -> Result<Reply<Success<KeyView>>> {
    maker.ensure_meant(form.user_id.as_deref())?;
    let mut tx = maker.begin_in_tenant().await?;
    let key = service::update(&mut tx, &maker.held(), &form).await?;
    tx.commit().await?;
    maker.renew(Reply::success(key))
}

/// Ends one of the user's own keys at once.
#[post("/api/auth/api-key/delete")]
async fn delete(holder: Holder, Body(form): Body<DeleteKey>) -> Result<Reply<Success<DeletedView>>> {
    let mut tx = holder.begin_in_tenant().await?;
    service::delete(&mut tx, &form.key_id).await?;
    tx.commit().await?;
    holder.renew(Reply::success(DeletedView {}))
}

/// Replaces one of the user's own keys by another like it, and shows that this once.
///
/// The old key may be used until the overlap ends: a day, unless `overlapSeconds` says otherwise. This route is ours,
/// not the protocol's. The session must be fresh.
#[post("/api/auth/api-key/rotate", strict)]
async fn rotate(maker: Maker, Body(form): Body<RotateKey>) -> Result<Reply<Success<RotatedView>>> {
    let mut tx = maker.begin_in_tenant().await?;
    let rotated = service::rotate(maker.app(), &mut tx, &maker.held(), &form).await?;
    tx.commit().await?;
    maker.renew(Reply::success(rotated))
}
