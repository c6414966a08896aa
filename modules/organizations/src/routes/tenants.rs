use crate::{
    service::rest::{self, Filter, NewInvitation},
    store::Invitation,
    view::ReceivedInvitation,
};
use kit::{Created, Json, NoContent, Page, Paging, Path, Query, Reason, Result, SignedIn, SystemTx, delete, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use tenants::{Inside, ManageMembers, Member};
use uuid::Uuid;

/// An invitation of the tenant of the path.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct InvitationPath {
    /// The invitation.
    invitation: Uuid,
}

/// An invitation, and the tenant that it is to.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReceivedPath {
    /// The tenant.
    id: Uuid,
    /// The invitation.
    invitation: Uuid,
}

/// Lists the invitations of a tenant, the newest first.
#[get("/api/tenant/{id}/invitations")]
pub(crate) async fn tenant_invitations(
    caller: Inside<ManageMembers>,
    Query(filter): Query<Filter>,
    paging: Paging,
) -> Result<Page<Invitation>> {
    let mut tx = caller.begin().await?;
    rest::list(&mut tx, &filter, &paging).await
}

/// Asks somebody to join a tenant, by a mail. The tenant of one person has room for viewers only.
#[post("/api/tenant/{id}/invitations")]
pub(crate) async fn invite(
    caller: Inside<ManageMembers>,
    Json(new): Json<NewInvitation>,
) -> Result<Created<Invitation>> {
    let mut tx = caller.begin().await?;
    let invitation = rest::send(&mut tx, &new, false).await?;
    tx.commit().await?;
    Ok(Created(invitation))
}

/// The same as `/api/tenant/{id}/invitations`: a member is added once they accept the invitation.
#[post("/api/tenant/{id}/members")]
pub(crate) async fn add_member(caller: Inside<ManageMembers>, new: Json<NewInvitation>) -> Result<Created<Invitation>> {
    invite(caller, new).await
}

/// Sends an invitation again, which then holds anew.
#[post("/api/tenant/{id}/invitations/{invitation}/resend")]
pub(crate) async fn resend(
    caller: Inside<ManageMembers>,
    Path(path): Path<InvitationPath>,
) -> Result<Json<Invitation>> {
    let mut tx = caller.begin().await?;
    let invitation = rest::resend(&mut tx, path.invitation).await?;
    tx.commit().await?;
    Ok(Json(invitation))
}

/// Takes an invitation back.
#[delete("/api/tenant/{id}/invitations/{invitation}")]
pub(crate) async fn cancel(caller: Inside<ManageMembers>, Path(path): Path<InvitationPath>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    rest::cancel(&mut tx, path.invitation).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Across tenants, since the addressee of an invitation is a member of none yet.
async fn begin(caller: &SignedIn) -> Result<SystemTx> {
    caller.begin_across(Reason::Tenancy).await
}

/// Lists the invitations that wait for the caller's answer, the newest first.
#[get("/api/tenant/invitations")]
pub(crate) async fn received(caller: SignedIn) -> Result<Json<Vec<ReceivedInvitation>>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(rest::list_any(&mut tx, caller.user()).await?))
}

/// Shows an invitation that waits for the caller's answer.
#[get("/api/tenant/invitations/{invitation}")]
pub(crate) async fn show_received(caller: SignedIn, Path(id): Path<Uuid>) -> Result<Json<ReceivedInvitation>> {
    let mut tx = begin(&caller).await?;
    Ok(Json(rest::read_any(&mut tx, caller.user(), id).await?))
}

/// Accepts an invitation that is addressed to the caller, who becomes a member of the tenant.
#[post("/api/tenant/{id}/invitations/{invitation}/accept")]
pub(crate) async fn accept(caller: SignedIn, Path(path): Path<ReceivedPath>) -> Result<Json<Member>> {
    let tx = begin(&caller).await?;
    let (tx, member) = rest::accept_any(tx, caller.user(), path.id, path.invitation).await?;
    tx.commit().await?;
    Ok(Json(member))
}

/// Declines an invitation that is addressed to the caller.
#[post("/api/tenant/{id}/invitations/{invitation}/decline")]
pub(crate) async fn decline(caller: SignedIn, Path(path): Path<ReceivedPath>) -> Result<NoContent> {
    let tx = begin(&caller).await?;
    let tx = rest::decline_any(tx, caller.user(), path.id, path.invitation).await?;
    tx.commit().await?;
    Ok(NoContent)
}
