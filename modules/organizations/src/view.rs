//! What the protocol shows of companies, their members and invitations.

use crate::{role, store::Invitation};
use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tenants::{Kind, Member, Tenant};
use uuid::Uuid;

/// A company, as the protocol has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Organization")]
pub(crate) struct OrganizationView {
    id: Uuid,
    name: String,
    slug: String,
    logo: Option<String>,
    created_at: Time,
    /// An object or `null`; left out by a change that leaves it as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Value>,
}

impl From<Tenant> for OrganizationView {
    fn from(tenant: Tenant) -> Self {
        let Tenant { id, name, slug, logo, created_at, metadata, .. } = tenant;
        Self { id, name, slug, logo, created_at, metadata: Some(metadata.unwrap_or_default()) }
    }
}

/// A new company with its founder.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationWithFounder")]
pub(crate) struct FoundedView {
    #[serde(flatten)]
    pub(crate) organization: OrganizationView,
    pub(crate) members: Vec<MemberView>,
}

/// A company with its people.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationWithPeople")]
pub(crate) struct FullView {
    #[serde(flatten)]
    pub(crate) organization: OrganizationView,
    /// Empty for those who may not invite.
    pub(crate) invitations: Vec<InvitationView>,
    pub(crate) members: Vec<ColleagueView>,
}

/// A membership, as the protocol has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationMember")]
pub(crate) struct MemberView {
    pub(crate) id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) user_id: Uuid,
    /// `owner`, `admin`, `member`, or another of the company's roles.
    pub(crate) role: String,
    pub(crate) created_at: Time,
}

impl MemberView {
    pub(crate) fn new(member: &Member, organization_id: Uuid) -> Self {
        let Member { id, user_id, created_at, .. } = *member;
        Self { id, organization_id, user_id, role: role::shown(&member.role).to_owned(), created_at }
    }
}

/// A membership and whose it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationColleague")]
pub(crate) struct ColleagueView {
    #[serde(flatten)]
    pub(crate) member: MemberView,
    user: PersonView,
}

/// What colleagues see of a user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationPerson")]
struct PersonView {
    id: Uuid,
    name: String,
    email: String,
    image: Option<String>,
}

impl ColleagueView {
    pub(crate) fn new(member: Member, organization_id: Uuid) -> Self {
        let view = MemberView::new(&member, organization_id);
        let Member { user_id: id, name, email, image, .. } = member;
        Self { member: view, user: PersonView { id, name, email, image } }
    }
}

/// A part of a company's people.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationMembers")]
pub(crate) struct MembersView {
    pub(crate) members: Vec<ColleagueView>,
    /// How many there are in all.
    pub(crate) total: usize,
}

/// A membership that has ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationMemberRemoved")]
pub(crate) struct RemovedView {
    pub(crate) member: MemberView,
}

/// A role in a company.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationRole")]
pub(crate) struct RoleView {
    pub(crate) role: String,
}

/// An invitation, as the protocol has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationInvitation")]
pub(crate) struct InvitationView {
    pub(crate) id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: String,
    /// `pending`, `accepted`, `rejected` or `canceled`.
    pub(crate) status: String,
    pub(crate) expires_at: Time,
    pub(crate) created_at: Time,
    pub(crate) inviter_id: Uuid,
}

/// An invitation, for whom it is addressed to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationInvitationReceived")]
pub(crate) struct ReceivedView {
    #[serde(flatten)]
    pub(crate) invitation: InvitationView,
    pub(crate) organization_name: String,
    pub(crate) organization_slug: String,
    pub(crate) inviter_email: String,
}

/// An invitation of the user's own, in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationInvitationOwn")]
pub(crate) struct OwnInvitationView {
    #[serde(flatten)]
    pub(crate) invitation: InvitationView,
    pub(crate) organization_name: String,
}

/// An invitation of any tenant's, for whom it is addressed to.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReceivedInvitation {
    #[serde(flatten)]
    pub(crate) invitation: Invitation,
    #[serde(rename = "tenantType")]
    pub(crate) kind: Kind,
    pub(crate) tenant_name: String,
    pub(crate) tenant_slug: String,
    /// Whoever asks.
    pub(crate) inviter_email: String,
}

/// What became of an invitation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationInvitationAnswered")]
pub(crate) struct AnsweredView {
    pub(crate) invitation: InvitationView,
    /// `null` when it was declined.
    pub(crate) member: Option<MemberView>,
}

/// Whether somebody may do what was asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrganizationVerdict")]
pub(crate) struct VerdictView {
    /// Always `null`.
    pub(crate) error: Option<String>,
    pub(crate) success: bool,
}
