use crate::{
    error,
    form::{Answered, ById, Invite, Which},
    role,
    service::{self, rest::NewInvitation},
    view::{AnsweredView, InvitationView, OwnInvitationView, ReceivedView},
};
use auth::protocol::{Asked, Body, Holder, Reply, Success};
use kit::{Reason, Result, SystemTx, get, post};
use users::Email;

/// Across tenants, since the addressee of an invitation is a member of none yet.
async fn begin(holder: &Holder) -> Result<SystemTx> {
    holder.begin_across(Reason::Tenancy).await
}

/// Asks somebody to join an organisation, by a mail.
#[post("/api/auth/organization/invite-member")]
pub(crate) async fn invite_member(holder: Holder, Body(form): Body<Invite>) -> Result<Reply<Success<InvitationView>>> {
    let named = service::find(form.organization_id.as_ref(), None);
    let email = Email::parse(&form.email).ok_or_else(error::invalid_email)?;
    let new = NewInvitation { email, role: form.role.one_role()? };
    let (none, stranger) = (error::organization_not_found, error::member_not_found);
    let (mut tx, _) = service::enter(&holder, named, none, stranger).await?;
    let invitation = service::invite(&mut tx, &new, form.resend == Some(true)).await?;
    tx.commit().await?;
    holder.renew(Reply::success(invitation))
}

/// Shows an invitation to whom it is addressed.
#[get("/api/auth/organization/get-invitation")]
pub(crate) async fn get_invitation(holder: Holder, Asked(form): Asked<ById>) -> Result<Reply<Success<ReceivedView>>> {
    let mut tx = begin(&holder).await?;
    let received = service::read_received(&mut tx, holder.user(), &form.id).await?;
    holder.renew(Reply::success(received))
}

/// Accepts an invitation: the addressee becomes a member, and the organisation the active one of the session.
#[post("/api/auth/organization/accept-invitation")]
pub(crate) async fn accept_invitation(
    holder: Holder,
    Body(form): Body<Answered>,
) -> Result<Reply<Success<AnsweredView>>> {
    let tx = begin(&holder).await?;
    let (mut tx, answered) = service::accept(tx, holder.user(), &form.invitation_id).await?;
    let tenant = Some(tx.tenant());
    auth::choose_tenant(&mut tx, holder.session(), tenant).await?;
    tx.commit().await?;
    holder.renew(Reply::success(answered))
}

/// Declines an invitation.
#[post("/api/auth/organization/reject-invitation")]
pub(crate) async fn reject_invitation(
    holder: Holder,
    Body(form): Body<Answered>,
) -> Result<Reply<Success<AnsweredView>>> {
    let tx = begin(&holder).await?;
    let (tx, answered) = service::decline(tx, holder.user(), &form.invitation_id).await?;
    tx.commit().await?;
    holder.renew(Reply::success(answered))
}

/// Takes an invitation back.
#[post("/api/auth/organization/cancel-invitation")]
pub(crate) async fn cancel_invitation(
    holder: Holder,
    Body(form): Body<Answered>,
) -> Result<Reply<Success<InvitationView>>> {
    let (mut tx, place, id) = service::find_sent(&holder, &form.invitation_id).await?;
    let cancelled = service::take_back(&mut tx, &place, id).await?;
    tx.commit().await?;
    holder.renew(Reply::success(cancelled))
}

/// Lists the invitations of an organisation, for those who may invite.
#[get("/api/auth/organization/list-invitations")]
pub(crate) async fn list_invitations(holder: Holder, Asked(form): Asked<Which>) -> Result<Reply<Vec<InvitationView>>> {
    let named = service::find(form.organization_id.as_ref(), form.organization_slug.as_ref());
    let (none, stranger) = (error::organization_id_required, error::you_are_no_member);
    let (mut tx, place) = service::enter(&holder, named, none, stranger).await?;
    if !role::may(&place, "invitation", "create") {
        return Err(error::may_not_list_invitations());
    }
    let invitations = service::list_visible(&mut tx, &place).await?;
    holder.renew(Reply::bare(invitations))
}

/// Lists the invitations that wait for the user's answer.
#[get("/api/auth/organization/list-user-invitations")]
pub(crate) async fn list_user_invitations(holder: Holder) -> Result<Reply<Vec<OwnInvitationView>>> {
    let mut tx = begin(&holder).await?;
    let invitations = service::list_received(&mut tx, holder.user()).await?;
    holder.renew(Reply::bare(invitations))
}
