//! Invitations, as those see them to whom they are addressed.

use super::invitations::end;
use crate::{
    error::{self, Instead, instead},
    store::{self, Invitation, Received},
    view::{AnsweredView, InvitationView, MemberView, OwnInvitationView, ReceivedInvitation, ReceivedView},
};
use kit::{Error, Result, SystemTx, TenantTx, User};
use tenants::{Kind, Member};
use uuid::Uuid;

/// An invitation that waits for the user's answer.
///
/// # Errors
/// 403 `NOT_THE_RECIPIENT`, and `EMAIL_NOT_VERIFIED` for who has not shown that the address is theirs; 404 for one that
/// does not wait.
async fn addressed(tx: &mut SystemTx, user: &User, id: Uuid) -> Result<Received> {
    let open = store::find_received(tx, id).await?.filter(|it| it.status == "pending");
    let open = open.ok_or_else(|| Error::not_found("invitation"))?;
    if open.email != user.email {
        return Err(Error::forbidden("NOT_THE_RECIPIENT", "The invitation is addressed to somebody else."));
    }
    refuse_unverified(user)?;
    Ok(open)
}

fn refuse_unverified(user: &User) -> Result<()> {
    if user.email_verified {
        return Ok(());
    }
    Err(Error::forbidden("EMAIL_NOT_VERIFIED", "Verify your e-mail address first."))
}

/// Goes on in the tenant's name and under its lock.
async fn visit(tx: SystemTx, tenant: Uuid, user: Uuid) -> Result<TenantTx> {
    let mut tx = tenants::enter_as_guest(tx, tenant, user).await?;
    tenants::lock(&mut tx).await?;
    Ok(tx)
}

/// Makes the addressee a member.
///
/// # Errors
/// What [`addressed`] and [`tenants::admit`] refuse; 404 for one that has expired.
async fn join(tx: SystemTx, user: &User, open: &Received) -> Result<(TenantTx, Invitation, Member)> {
    if open.expires_at <= tx.now() {
        return Err(Error::not_found("invitation"));
    }
    let mut tx = visit(tx, open.tenant_id, user.id).await?;
    let accepted = end(&mut tx, open.id, "accepted").await?;
    let member = tenants::admit(&mut tx, user.id, accepted.inviter_id, &accepted.role).await?;
    Ok((tx, accepted, member))
}

/// The addressee joins, whatever kind of tenant it is. Of another's invitation they learn nothing.
pub(crate) async fn accept_any(mut tx: SystemTx, user: &User, tenant: Uuid, id: Uuid) -> Result<(TenantTx, Member)> {
    let open = of_tenant(addressed(&mut tx, user, id).await, tenant)?;
    let (tx, _, member) = join(tx, user, &open).await?;
    Ok((tx, member))
}

/// The addressee declines.
pub(crate) async fn decline_any(mut tx: SystemTx, user: &User, tenant: Uuid, id: Uuid) -> Result<TenantTx> {
    let open = of_tenant(addressed(&mut tx, user, id).await, tenant)?;
    let mut tx = visit(tx, open.tenant_id, user.id).await?;
    end(&mut tx, open.id, "rejected").await?;
    Ok(tx)
}

fn of_tenant(open: Result<Received>, tenant: Uuid) -> Result<Received> {
    let open = hidden_from_others(open)?;
    if open.tenant_id == tenant { Ok(open) } else { Err(Error::not_found("invitation")) }
}

fn hidden_from_others(open: Result<Received>) -> Result<Received> {
    instead(open, &[("NOT_THE_RECIPIENT", || Error::not_found("invitation"))])
}

/// What the addressee is shown before they answer.
///
/// # Errors
/// What [`addressed`] refuses; 404 for one that nobody could accept any more.
pub(crate) async fn read_any(tx: &mut SystemTx, user: &User, id: Uuid) -> Result<ReceivedInvitation> {
    let open = hidden_from_others(addressed(tx, user, id).await)?;
    let now = tx.now();
    open.acceptable(now).ok_or_else(|| Error::not_found("invitation"))
}

/// Those that the user could accept.
///
/// # Errors
/// 403 `EMAIL_NOT_VERIFIED`.
pub(crate) async fn list_any(tx: &mut SystemTx, user: &User) -> Result<Vec<ReceivedInvitation>> {
    refuse_unverified(user)?;
    let (received, now) = (store::list_received(tx, &user.email, None).await?, tx.now());
    Ok(received.into_iter().filter_map(|it| it.acceptable(now)).collect())
}

/// A company's invitation, in the words of the protocol.
async fn received(tx: &mut SystemTx, user: &User, id: &str, verify: fn() -> Error) -> Result<Received> {
    let id = Uuid::parse_str(id).map_err(|_| error::invitation_not_found())?;
    let table: [Instead; 3] = [
        ("INVITATION_NOT_FOUND", error::invitation_not_found),
        ("NOT_THE_RECIPIENT", error::not_the_recipient),
        ("EMAIL_NOT_VERIFIED", verify),
    ];
    let open = instead(addressed(tx, user, id).await, &table)?;
    if open.kind == Kind::Company { Ok(open) } else { Err(error::invitation_not_found()) }
}

/// The addressee becomes a member of the company.
pub(crate) async fn accept(mut tx: SystemTx, user: &User, id: &str) -> Result<(TenantTx, AnsweredView)> {
    let open = received(&mut tx, user, id, error::verify_before_answering).await?;
    let joined = instead(
        join(tx, user, &open).await,
        &[
            ("INVITATION_NOT_FOUND", error::invitation_not_found),
            ("TENANT_NOT_FOUND", error::organization_not_found),
            ("ALREADY_A_MEMBER", error::already_a_member),
            ("INVITER_GONE", error::inviter_is_gone),
            ("TENANT_FULL", error::membership_limit_reached),
        ],
    );
    let (tx, invitation, member) = joined?;
    let member = Some(MemberView::new(&member, invitation.tenant_id));
    Ok((tx, AnsweredView { invitation: invitation.into(), member }))
}

/// The addressee stays away.
pub(crate) async fn decline(mut tx: SystemTx, user: &User, id: &str) -> Result<(TenantTx, AnsweredView)> {
    let open = received(&mut tx, user, id, error::verify_before_answering).await?;
    let mut tx = visit(tx, open.tenant_id, user.id).await?;
    let ended = end(&mut tx, open.id, "rejected").await;
    let invitation = instead(ended, &[("INVITATION_NOT_FOUND", error::invitation_not_found)])?;
    Ok((tx, AnsweredView { invitation: invitation.into(), member: None }))
}

/// What an addressee is shown before they answer.
pub(crate) async fn read_received(tx: &mut SystemTx, user: &User, id: &str) -> Result<ReceivedView> {
    let open = received(tx, user, id, error::verify_before_reading).await?;
    if open.expires_at <= tx.now() {
        return Err(error::invitation_not_found());
    }
    let inviter_email = open.inviter_email.clone().ok_or_else(error::inviter_is_gone)?;
    let (organization_name, organization_slug) = (open.name.clone(), open.slug.clone());
    let invitation = Invitation::from(open).into();
    Ok(ReceivedView { invitation, organization_name, organization_slug, inviter_email })
}

/// The companies' invitations that wait for the user's answer.
pub(crate) async fn list_received(tx: &mut SystemTx, user: &User) -> Result<Vec<OwnInvitationView>> {
    if !user.email_verified {
        return Err(error::verify_before_reading());
    }
    let received = store::list_received(tx, &user.email, Some(Kind::Company)).await?.into_iter();
    Ok(received
        .map(|received| {
            let organization_name = received.name.clone();
            OwnInvitationView { invitation: Invitation::from(received).into(), organization_name }
        })
        .collect())
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, tenant_id, email, role, status, inviter_id, expires_at, created_at } = invitation;
        let role = crate::role::shown(&role).to_owned();
        Self { id, organization_id: tenant_id, email, role, status, expires_at, created_at, inviter_id }
    }
}
