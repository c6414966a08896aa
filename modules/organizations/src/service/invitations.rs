//! Invitations, as those see them who invite.

use super::organizations::{Named, enter};
use crate::{
    error::{self, instead},
    jobs::SendInvitation,
    role,
    settings::{MOST_OPEN, VALID_HOURS},
    store::{self, Invitation},
    view::InvitationView,
};
use audit::Change;
use auth::{Language, Mail, protocol::Holder};
use chrono::TimeDelta;
use garde::Validate;
use kit::{Error, JobContext, Page, Paging, Reason, Result, TenantTx, Time, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use tenants::Place;
use users::Email;
use uuid::Uuid;

/// How often a tenant may write to an address in a day.
const MOST_MAILS: i64 = 5;

/// Who is to be asked, and for which role.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewInvitation")]
pub(crate) struct NewInvitation {
    #[garde(skip)]
    pub(crate) email: Email,
    #[garde(length(min = 1, max = 64))]
    pub(crate) role: String,
}

/// Which invitations are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "InvitationFilter")]
pub(crate) struct Filter {
    /// Only those that are `pending`, `accepted`, `rejected` or `canceled`.
    #[garde(length(max = 16))]
    status: Option<String>,
}

/// Asks somebody to join the transaction's tenant, by a mail.
///
/// # Errors
/// What [`tenants::vouch`] refuses; 403 `INVITATION_LIMIT`; 409 `ALREADY_A_MEMBER`, `ALREADY_INVITED`.
pub(crate) async fn send(tx: &mut TenantTx, new: &NewInvitation, again: bool) -> Result<Invitation> {
    let by = tx.user();
    tenants::vouch(tx, by, &new.role).await?;
    if tenants::all_members(tx).await?.iter().any(|member| member.email == new.email.as_str()) {
        return Err(Error::conflict("ALREADY_A_MEMBER", "The user is a member of the tenant already."));
    }
    match store::find_pending(tx, &new.email).await? {
        Some(open) if open.expires_at <= tx.now() => end(tx, open.id, "canceled").await.map(drop)?,
        Some(open) if again => return resend(tx, open.id).await,
        Some(_) => return Err(Error::conflict("ALREADY_INVITED", "The address has an open invitation already.")),
        None => {}
    }
    refuse_too_many(tx, new.email.as_str()).await?;
    let expires_at = end_of_new(tx).await?;
    let invitation = store::insert(tx, &new.email, &new.role, expires_at).await?;
    audit::record(tx, Change::new("invitation", invitation.id, "invitation.sent").after(&invitation)).await?;
    enqueue_job(tx, &SendInvitation { invitation: invitation.id }).await?;
    Ok(invitation)
}

/// How long an invitation holds that is sent now.
async fn end_of_new(tx: &mut TenantTx) -> Result<Time> {
    Ok(tx.now() + TimeDelta::hours(VALID_HOURS.get(tx).await?))
}

async fn refuse_too_many(tx: &mut TenantTx, email: &str) -> Result<()> {
    let (yesterday, most_open) = (tx.now() - TimeDelta::days(1), MOST_OPEN.get(tx).await?);
    if store::count_open(tx).await? < most_open && store::count_mails(tx, email, yesterday).await? < MOST_MAILS {
        return Ok(());
    }
    let message = format!("{most_open} invitations may be open, and {MOST_MAILS} mails a day go to one address.");
    Err(Error::forbidden("INVITATION_LIMIT", message))
}

/// Sends an invitation again, which then holds as long as a new one.
///
/// # Errors
/// What [`tenants::vouch`] refuses, for the invitation's role; 403 `INVITATION_LIMIT`; 404 for one that does not wait
/// for an answer.
pub(crate) async fn resend(tx: &mut TenantTx, id: Uuid) -> Result<Invitation> {
    tenants::lock(tx).await?;
    let open = store::find(tx, id).await?.filter(|invitation| invitation.status == "pending");
    let open = open.ok_or_else(|| Error::not_found("invitation"))?;
    let by = tx.user();
    tenants::vouch(tx, by, &open.role).await?;
    refuse_too_many(tx, &open.email).await?;
    let expires_at = end_of_new(tx).await?;
    let extended = store::extend(tx, id, expires_at).await?;
    audit::record(tx, Change::new("invitation", id, "invitation.sent-again").before(&open).after(&extended)).await?;
    enqueue_job(tx, &SendInvitation { invitation: id }).await?;
    Ok(extended)
}

/// Takes an invitation back.
///
/// # Errors
/// 404 for one that does not wait for an answer.
pub(crate) async fn cancel(tx: &mut TenantTx, id: Uuid) -> Result<Invitation> {
    tenants::lock(tx).await?;
    end(tx, id, "canceled").await
}

/// Ends an invitation, under the tenant's lock.
pub(super) async fn end(tx: &mut TenantTx, id: Uuid, status: &'static str) -> Result<Invitation> {
    let ended = store::close(tx, id, status).await?.ok_or_else(|| Error::not_found("invitation"))?;
    let action = match status {
        "accepted" => "invitation.accepted",
        "rejected" => "invitation.rejected",
        _ => "invitation.canceled",
    };
    audit::record(tx, Change::new("invitation", id, action).after(&ended)).await?;
    Ok(ended)
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<Page<Invitation>> {
    let status = filter.status.as_deref();
    let (invitations, total) = (store::list(tx, status, paging).await?, store::count(tx, status).await?);
    Ok(Page::new(invitations, paging, total))
}

/// The newest invitations.
pub(crate) async fn list_all(tx: &mut TenantTx) -> Result<Vec<Invitation>> {
    let limit = 2 * MOST_OPEN.get(tx).await?;
    store::list(tx, None, &Paging { page: 1, limit, sort: None }).await
}

/// The newest invitations that somebody may see: who may not make an owner does not see who is to become one.
pub(crate) async fn list_visible(tx: &mut TenantTx, place: &Place) -> Result<Vec<InvitationView>> {
    let all = list_all(tx).await?.into_iter();
    let visible = all.filter(|it| place.is_owner() || it.role != place.tenant.kind.founder());
    Ok(visible.map(InvitationView::from).collect())
}

/// Asks somebody to join, as the protocol has it.
pub(crate) async fn invite(tx: &mut TenantTx, new: &NewInvitation, again: bool) -> Result<InvitationView> {
    let sent = send(tx, new, again).await;
    let sent = sent.map_err(|refused| match refused.code() {
        "VALIDATION_ERROR" => error::role_not_found(&new.role),
        _ => refused,
    });
    let sent = instead(
        sent,
        &[
            ("FORBIDDEN", error::may_not_invite),
            ("ROLE_ABOVE_YOUR_OWN", error::may_not_invite_with_role),
            ("ALREADY_A_MEMBER", error::already_a_member),
            ("ALREADY_INVITED", error::already_invited),
            ("INVITATION_LIMIT", error::invitation_limit_reached),
            ("TENANT_NOT_FOUND", error::organization_not_found),
        ],
    );
    sent.map(InvitationView::from)
}

/// The mail of an invitation, if it is still open. Nothing in it was chosen by a customer: whoever asks and for which
/// company is shown to the addressee once they have signed in.
pub(crate) async fn write_mail(context: &JobContext, id: Uuid) -> Result<Option<Mail>> {
    let mut tx = context.begin().await?;
    let (open, now) = (store::find(&mut tx, id).await?, tx.now());
    drop(tx);
    let Some(open) = open.filter(|it| it.status == "pending" && it.expires_at > now) else { return Ok(None) };
    let Some(email) = Email::parse(&open.email) else { return Ok(None) };
    let addressee = users::find_by_email(&mut context.system().await?, &email).await?;
    let words = Language::of(addressee.as_ref().map_or("en", |user| &user.locale)).words(
        [
            "You are invited to join a team",
            "Somebody invites you to join their team. Sign in with this e-mail address, or sign up with it, to see who \
             it is and to accept or decline:",
            "The invitation ends by itself after some time. If you do not want to join, you need not do anything.",
        ],
        [
            "Você foi convidado para uma equipe",
            "Alguém convida você para a sua equipe. Entre com este endereço de e-mail, ou cadastre-se com ele, para ver \
             quem é e aceitar ou recusar:",
            "O convite expira sozinho depois de algum tempo. Se não quiser participar, não precisa fazer nada.",
        ],
    );
    let link = format!("{}/accept-invitation/{id}", context.app().settings().base_url);
    Ok(Some(Mail::with_link(&open.email, &words, &link)))
}

/// An invitation of a company that the user works in, in the company's name.
///
/// # Errors
/// 400 for one that there is not; 400 for who is no member of its company.
pub(crate) async fn find_sent(holder: &Holder, id: &str) -> Result<(TenantTx, Place, Uuid)> {
    let id = Uuid::parse_str(id).map_err(|_| error::invitation_not_found())?;
    let mut tx = holder.begin_across(Reason::Tenancy).await?;
    let sent = store::find_received(&mut tx, id).await?.ok_or_else(error::invitation_not_found)?;
    drop(tx);
    let tenant = sent.tenant_id.to_string();
    let (none, stranger) = (error::invitation_not_found, error::member_not_found);
    let (tx, place) = enter(holder, Some(Named::Id(&tenant)), none, stranger).await?;
    Ok((tx, place, id))
}

/// Takes an invitation back, as the protocol has it.
pub(crate) async fn take_back(tx: &mut TenantTx, place: &Place, id: Uuid) -> Result<InvitationView> {
    if !role::may(place, "invitation", "cancel") {
        return Err(error::may_not_cancel());
    }
    let cancelled = instead(cancel(tx, id).await, &[("INVITATION_NOT_FOUND", error::invitation_not_found)]);
    cancelled.map(InvitationView::from)
}
