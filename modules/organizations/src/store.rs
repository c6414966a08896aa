use crate::view::ReceivedInvitation;
use kit::{Paging, Result, SystemTx, TenantTx, Time, Tx};
use schemars::JsonSchema;
use serde::Serialize;
use tenants::Kind;
use users::Email;
use uuid::Uuid;

/// Somebody is asked to join a tenant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: String,
    /// `pending`, `accepted`, `rejected` or `canceled`.
    pub(crate) status: String,
    /// The user who asks.
    pub(crate) inviter_id: Uuid,
    pub(crate) expires_at: Time,
    pub(crate) created_at: Time,
}

/// An invitation, and what its addressee is shown of its tenant and of whoever asks.
pub(crate) struct Received {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) status: String,
    pub(crate) inviter_id: Uuid,
    pub(crate) expires_at: Time,
    pub(crate) created_at: Time,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) slug: String,
    /// `None` when whoever asks is no member any more.
    pub(crate) inviter_email: Option<String>,
}

impl Received {
    /// What the addressee is shown, if they could accept it now: it holds, and whoever asks is a member still.
    pub(crate) fn acceptable(self, now: Time) -> Option<ReceivedInvitation> {
        let (kind, tenant_name, tenant_slug) = (self.kind, self.name.clone(), self.slug.clone());
        let inviter_email = self.inviter_email.clone().filter(|_| self.expires_at > now)?;
        Some(ReceivedInvitation { invitation: self.into(), kind, tenant_name, tenant_slug, inviter_email })
    }
}

impl From<Received> for Invitation {
    fn from(received: Received) -> Self {
        let Received { id, tenant_id, email, role, status, inviter_id, expires_at, created_at, .. } = received;
        Self { id, tenant_id, email, role, status, inviter_id, expires_at, created_at }
    }
}

/// A statement that answers invitations: what stands before the list of their columns, and what after it.
macro_rules! invitation {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Invitation,
            $before + "id, tenant_id, email, role, status, inviter_id, expires_at, created_at " + $after
            $(, $argument)*
        )
    };
}

/// The same for what addressees are shown.
macro_rules! received {
    ($after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Received,
            r#"select i.id, i.tenant_id, i.email, i.role, i.status, i.inviter_id, i.expires_at, i.created_at,
                      t.kind as "kind: Kind", t.name, t.slug, u.email as "inviter_email?"
               from invitations i
               join tenants t on t.id = i.tenant_id
               left join tenant_members m on m.tenant_id = i.tenant_id and m.user_id = i.inviter_id
               left join users u on u.id = m.user_id "#
                + $after
            $(, $argument)*
        )
    };
}

pub(crate) async fn insert(tx: &mut TenantTx, email: &Email, role: &str, expires_at: Time) -> Result<Invitation> {
    let (id, now, inviter) = (tx.new_id(), tx.now(), tx.user());
    let invitation = invitation!(
        "insert into invitations (id, email, role, inviter_id, expires_at, mailed_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6, $6)
         returning ",
        "",
        id,
        email.as_str(),
        role,
        inviter,
        expires_at.utc(),
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(invitation)
}

pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Invitation>> {
    let invitation = invitation!("select ", "from invitations where tenant_id = current_tenant() and id = $1", id);
    Ok(invitation.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn find_pending(tx: &mut TenantTx, email: &Email) -> Result<Option<Invitation>> {
    let invitation = invitation!(
        "select ",
        "from invitations where tenant_id = current_tenant() and email = $1 and status = 'pending'",
        email.as_str()
    );
    Ok(invitation.fetch_optional(tx.conn()).await?)
}

pub(crate) async fn find_received(tx: &mut SystemTx, id: Uuid) -> Result<Option<Received>> {
    Ok(received!("where i.id = $1", id).fetch_optional(tx.conn()).await?)
}

/// Those that wait for an answer from this address, to tenants of any kind or of this one.
pub(crate) async fn list_received(tx: &mut SystemTx, email: &str, kind: Option<Kind>) -> Result<Vec<Received>> {
    let received = received!(
        "where i.email = $1 and i.status = 'pending' and ($2::text is null or t.kind = $2)
           and t.closed_at is null and t.suspended_at is null
         order by i.created_at desc limit 100",
        email,
        kind.map(Kind::as_str)
    );
    Ok(received.fetch_all(tx.conn()).await?)
}

pub(crate) async fn list(tx: &mut TenantTx, status: Option<&str>, paging: &Paging) -> Result<Vec<Invitation>> {
    let invitations = invitation!(
        "select ",
        "from invitations where tenant_id = current_tenant() and ($1::text is null or status = $1)
         order by created_at desc, id desc limit $2 offset $3",
        status,
        paging.limit,
        paging.offset()
    );
    Ok(invitations.fetch_all(tx.conn()).await?)
}

pub(crate) async fn count(tx: &mut TenantTx, status: Option<&str>) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from invitations
           where tenant_id = current_tenant() and ($1::text is null or status = $1)"#,
        status
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// How many invitations of the tenant's can be accepted.
pub(crate) async fn count_open(tx: &mut TenantTx) -> Result<i64> {
    let now = tx.now();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from invitations
           where tenant_id = current_tenant() and status = 'pending' and expires_at > $1"#,
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// How often the tenant has written to this address since then.
pub(crate) async fn count_mails(tx: &mut TenantTx, email: &str, since: Time) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select coalesce(sum(mails), 0)::bigint as "count!" from invitations
           where tenant_id = current_tenant() and email = $1 and mailed_at > $2"#,
        email,
        since.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}

/// Lets an invitation hold anew, from the mail that is sent for it now.
pub(crate) async fn extend(tx: &mut TenantTx, id: Uuid, expires_at: Time) -> Result<Invitation> {
    let now = tx.now();
    let invitation = invitation!(
        "update invitations set expires_at = $2, mails = mails + 1, mailed_at = $3, updated_at = $3
         where tenant_id = current_tenant() and id = $1
         returning ",
        "",
        id,
        expires_at.utc(),
        now.utc()
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(invitation)
}

/// Ends an invitation, if it waits for an answer still.
pub(crate) async fn close<K>(tx: &mut Tx<K>, id: Uuid, status: &str) -> Result<Option<Invitation>> {
    let now = tx.now();
    let invitation = invitation!(
        "update invitations set status = $2, updated_at = $3
         where tenant_id = current_tenant() and id = $1 and status = 'pending'
         returning ",
        "",
        id,
        status,
        now.utc()
    );
    Ok(invitation.fetch_optional(tx.conn()).await?)
}
