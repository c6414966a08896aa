use crate::{
    ManageSecurity, ReadSecurity,
    block::{BlockView, NewBlock, NewPlatformBlock},
    service::blocks,
};
use kit::{Caller, Created, Json, NoContent, Operator, Page, Paging, Path, Reason, Result, delete, get, post};
use users::Role;
use uuid::Uuid;

/// Lists which addresses may not call in the tenant.
#[get("/api/v1/security/blocks")]
pub(crate) async fn list_blocks(caller: Caller<ReadSecurity>, paging: Paging) -> Result<Page<BlockView>> {
    let mut tx = caller.begin().await?;
    blocks::list(&mut tx, &paging).await
}

/// Keeps an address or a network from calling in the tenant.
#[post("/api/v1/security/blocks")]
pub(crate) async fn make_block(
    caller: Caller<ManageSecurity>,
    Json(new): Json<NewBlock>,
) -> Result<Created<BlockView>> {
    let mut tx = caller.begin().await?;
    let made = blocks::make_in_tenant(&mut tx, &new.into()).await?;
    tx.commit().await?;
    Ok(Created(made))
}

/// Lets an address or a network call in the tenant again.
#[delete("/api/v1/security/blocks/{id}")]
pub(crate) async fn lift_block(caller: Caller<ManageSecurity>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    blocks::lift(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists who may not call on the whole platform.
#[get("/api/v1/security/platform/blocks")]
pub(crate) async fn list_platform_blocks(caller: Operator<ReadSecurity>, paging: Paging) -> Result<Page<BlockView>> {
    let mut tx = caller.begin_across(Reason::Security).await?;
    blocks::list(&mut tx, &paging).await
}

/// Keeps an address, a network, a user or a key from calling at all.
#[post("/api/v1/security/platform/blocks")]
pub(crate) async fn make_platform_block(
    caller: Operator<ManageSecurity>,
    Json(new): Json<NewPlatformBlock>,
) -> Result<Created<BlockView>> {
    let mut tx = caller.begin_across(Reason::Security).await?.by(caller.user().id);
    let made = blocks::make_on_platform(&mut tx, Role::of(caller.user()), &new).await?;
    tx.commit().await?;
    Ok(Created(made))
}

/// Lets whom the platform has blocked call again.
#[delete("/api/v1/security/platform/blocks/{id}")]
pub(crate) async fn lift_platform_block(caller: Operator<ManageSecurity>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin_across(Reason::Security).await?.by(caller.user().id);
    blocks::lift(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}
