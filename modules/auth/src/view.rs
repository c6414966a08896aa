//! What the protocol shows of users and sessions.

use crate::service::{Account, Live, OpenSession};
use kit::{Membership, Time, User};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A user, as the protocol has it.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthUser")]
pub struct UserView {
    id: Uuid,
    name: String,
    email: String,
    email_verified: bool,
    image: Option<String>,
    created_at: Time,
    updated_at: Time,
    role: String,
    two_factor_enabled: bool,
    banned: bool,
    ban_reason: Option<String>,
    ban_expires: Option<Time>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, email, name, image, email_verified, role, created_at, updated_at, .. } = user;
        let User { two_factor_enabled, banned, ban_reason, ban_expires, .. } = user;
        Self {
            id,
            name,
            email,
            email_verified,
            image,
            created_at,
            updated_at,
            role,
            two_factor_enabled,
            banned,
            ban_reason,
            ban_expires,
        }
    }
}

/// A session, as the protocol has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthSession")]
pub struct SessionView {
    id: Uuid,
    /// What revokes it: the token of the session that asks; of others only a handle, since their tokens are nowhere.
    token: String,
    user_id: Uuid,
    expires_at: Time,
    created_at: Time,
    updated_at: Time,
    ip_address: Option<String>,
    user_agent: Option<String>,
    /// The administrator who acts as the user.
    impersonated_by: Option<Uuid>,
    /// The company that the organisation routes are about.
    active_organization_id: Option<Uuid>,
}

impl SessionView {
    /// A session of which only the handle is shown.
    pub(crate) fn handle(session: Live, user: Uuid) -> Self {
        let handle = session.id.to_string();
        Self::new(session, user, handle)
    }

    pub(crate) fn new(session: Live, user: Uuid, token: String) -> Self {
        let Live { id, created_at, updated_at, expires_at, ip, user_agent, impersonated_by, .. } = session;
        Self {
            id,
            token,
            user_id: user,
            expires_at,
            created_at,
            updated_at,
            ip_address: ip,
            user_agent,
            impersonated_by,
            active_organization_id: session.active_tenant_id,
        }
    }
}

/// A session and whose it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthSessionOfUser")]
pub struct Current {
    pub(crate) session: SessionView,
    pub(crate) user: UserView,
}

/// A user's place in the tenant of the request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthPlace")]
pub(crate) struct PlaceView {
    id: Uuid,
    name: String,
    /// `company`, `trader` or `influencer`.
    #[serde(rename = "type")]
    kind: String,
    role: String,
}

impl From<&Membership> for PlaceView {
    fn from(place: &Membership) -> Self {
        let Membership { tenant, name, kind, role, .. } = place.clone();
        Self { id: tenant, name, kind, role }
    }
}

/// The session of the request, whose it is, and the tenant it is about.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthWhole")]
pub(crate) struct Whole {
    pub(crate) session: SessionView,
    pub(crate) user: UserView,
    pub(crate) tenant: Option<PlaceView>,
}

/// Who asks, and in which tenant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthMe")]
pub(crate) struct Me {
    #[serde(flatten)]
    pub(crate) user: UserView,
    pub(crate) tenant: Option<PlaceView>,
}

/// Whether somebody is signed in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthStatus")]
pub(crate) struct Status {
    pub(crate) authenticated: bool,
    pub(crate) user: Option<UserView>,
}

/// It works.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthOk")]
pub(crate) struct Works {
    pub(crate) ok: bool,
}

/// It was done, or would have been.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthDone")]
pub struct Done {
    pub status: bool,
}

/// Nothing but the success itself.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthNothing")]
pub struct Nothing {}

/// The address is the user's own.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthVerified")]
pub(crate) struct Verified {
    pub(crate) status: bool,
    pub(crate) user: Option<UserView>,
}

/// A new user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthSignedUp")]
pub(crate) struct SignedUpView {
    /// `null`: the address is to be verified first.
    pub(crate) token: Option<String>,
    pub(crate) user: UserView,
}

/// An open session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthSignedIn")]
pub(crate) struct SignedInView {
    pub(crate) redirect: bool,
    /// The session's token, not signed.
    pub(crate) token: String,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) user: UserView,
    pub(crate) session: SessionView,
}

impl SignedInView {
    pub(crate) fn new(user: User, open: OpenSession, url: Option<String>) -> Self {
        let session = open.show(user.id);
        Self { redirect: url.is_some(), token: open.token, url, user: user.into(), session }
    }
}

/// What an authenticator is set up by, shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthTwoFactorSetup")]
pub(crate) struct SetupView {
    /// `totp`.
    pub(crate) method: &'static str,
    /// What the authenticator reads.
    #[serde(rename = "totpURI")]
    pub(crate) totp_uri: String,
    /// Each lets the user in once.
    pub(crate) backup_codes: Vec<String>,
}

/// What a further authenticator is set up by.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthTotpUri")]
pub(crate) struct UriView {
    /// What the authenticator reads.
    #[serde(rename = "totpURI")]
    pub(crate) totp_uri: String,
}

/// New backup codes, shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthBackupCodes")]
pub(crate) struct BackupCodesView {
    pub(crate) status: bool,
    /// Each lets the user in once.
    pub(crate) backup_codes: Vec<String>,
}

/// A session by its token, and its user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthToken")]
pub(crate) struct TokenView {
    /// The session's token, not signed; `null` without one.
    pub(crate) token: Option<String>,
    pub(crate) user: UserView,
}

/// An open session and whose it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthSignedInByLink")]
pub(crate) struct MagicView {
    /// The session's token, not signed.
    token: String,
    user: UserView,
    session: SessionView,
}

impl MagicView {
    pub(crate) fn new(user: User, open: OpenSession) -> Self {
        let session = SessionView::new(open.live, user.id, open.token.clone());
        Self { token: open.token, user: user.into(), session }
    }
}

/// The user, after a change of password.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthPasswordChanged")]
pub(crate) struct PasswordChanged {
    /// The new token of the session, if the others have been closed.
    pub(crate) token: Option<String>,
    pub(crate) user: UserView,
}

/// What was promised to whoever has forgotten the password.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthResetAsked")]
pub(crate) struct ResetAsked {
    status: bool,
    message: &'static str,
}

impl ResetAsked {
    pub(crate) fn new() -> Self {
        Self { status: true, message: "If this email exists in our system, check your email for the reset link" }
    }
}

/// What has happened.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthMessage")]
pub(crate) struct Message {
    message: &'static str,
}

impl Message {
    pub(crate) const DELETED: Self = Self { message: "User deleted" };
    pub(crate) const MAILED: Self = Self { message: "Verification email sent" };
}

/// Something that a user can sign in by.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthAccount")]
pub(crate) struct AccountView {
    id: Uuid,
    account_id: String,
    /// `credential` for a password, else the name of another platform.
    provider_id: String,
    user_id: Uuid,
    created_at: Time,
    updated_at: Time,
    /// What the other platform lets us do there.
    scopes: Vec<String>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        let Account { id, provider, account_id, user_id, created_at, updated_at, scopes } = account;
        Self { id, account_id, provider_id: provider, user_id, created_at, updated_at, scopes }
    }
}
