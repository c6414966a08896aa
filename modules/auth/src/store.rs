use crate::{
    lookup::Wish,
    service::{Found, Live},
};
use kit::{Db, Membership, Result, SystemTx, TenantTx, Time, Tx, User, UserTx};
use sqlx::{PgConnection, Postgres, pool::PoolConnection};
use tenants::Kind;
use uuid::Uuid;

/// How many sessions a user may have; the oldest make room for the newest.
const MOST_SESSIONS: i64 = 100;

/// A session that has just been closed.
pub(crate) struct Closed {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    /// The user's default tenant, of which they are a member.
    pub(crate) tenant_id: Option<Uuid>,
}

/// Who holds these sessions, and their places in the tenants they ask for: one answer for each wish, in one round
/// trip. The connection is kept for the next ones.
pub(crate) async fn identify(
    db: &Db,
    kept: &mut Option<PoolConnection<Postgres>>,
    now: Time,
    wishes: &[Wish],
) -> Result<Vec<Option<Found>>> {
    // an idle connection may have died: one more try gets a fresh one
    if let Some(connection) = kept {
        match ask(connection, now, wishes).await {
            Err(sqlx::Error::Io(_)) => *kept = None,
            found => return Ok(found?),
        }
    }
    let connection = kept.insert(db.door().await?);
    match ask(connection, now, wishes).await {
        Err(sqlx::Error::Io(_)) => Ok(ask(kept.insert(db.door().await?), now, wishes).await?),
        found => Ok(found?),
    }
}

async fn ask(connection: &mut PgConnection, now: Time, wishes: &[Wish]) -> sqlx::Result<Vec<Option<Found>>> {
    let hashes: Vec<&[u8]> = wishes.iter().map(|wish| wish.hash.as_slice()).collect();
    let tenants: Vec<Option<Uuid>> = wishes.iter().map(|wish| wish.hint.id).collect();
    let slugs: Vec<Option<&str>> = wishes.iter().map(|wish| wish.hint.slug.as_deref()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select asked as "asked!", session_id as "session_id!", session_created_at as "session_created_at!",
                  session_updated_at as "session_updated_at!", expires_at as "expires_at!",
                  remembered as "remembered!", ip, user_agent, impersonated_by, active_tenant_id,
                  user_id as "user_id!", email as "email!", user_name as "user_name!", image,
                  email_verified as "email_verified!", user_role as "user_role!",
                  two_factor_enabled as "two_factor_enabled!", banned as "banned!", ban_reason,
                  ban_expires as "ban_expires: Time", locale as "locale!",
                  time_zone as "time_zone!", currency as "currency!", user_created_at as "user_created_at!",
                  user_updated_at as "user_updated_at!",
                  tenant_id, tenant_name, tenant_kind as "tenant_kind: Kind", member_role, role_permissions
           from identify($1, $2, $3, $4)"#,
        &hashes as &[&[u8]],
        now.utc(),
        &tenants as &[Option<Uuid>],
        &slugs as &[Option<&str>]
    )
    .fetch_all(connection)
    .await?;
    let mut found: Vec<Option<Found>> = wishes.iter().map(|_| None).collect();
    for row in rows {
        let place = usize::try_from(row.asked - 1).ok().and_then(|at| found.get_mut(at));
        if let Some(place) = place {
            *place = Some(row.into());
        }
    }
    Ok(found)
}

struct Row {
    asked: i64,
    session_id: Uuid,
    session_created_at: Time,
    session_updated_at: Time,
    expires_at: Time,
    remembered: bool,
    ip: Option<String>,
    user_agent: Option<String>,
    impersonated_by: Option<Uuid>,
    active_tenant_id: Option<Uuid>,
    user_id: Uuid,
    email: String,
    user_name: String,
    image: Option<String>,
    email_verified: bool,
    user_role: String,
    two_factor_enabled: bool,
    banned: bool,
    ban_reason: Option<String>,
    ban_expires: Option<Time>,
    locale: String,
    time_zone: String,
    currency: String,
    user_created_at: Time,
    user_updated_at: Time,
    tenant_id: Option<Uuid>,
    tenant_name: Option<String>,
    tenant_kind: Option<Kind>,
    member_role: Option<String>,
    role_permissions: Option<Vec<String>>,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        let membership = match (row.tenant_id, row.tenant_name, row.tenant_kind, row.member_role) {
            (Some(tenant), Some(name), Some(kind), Some(role)) => {
                let permissions = kind.permissions(&role, row.role_permissions);
                Some(Membership { tenant, name, kind: kind.as_str().to_owned(), role, permissions })
            }
            _ => None,
        };
        let user = User {
            id: row.user_id,
            email: row.email,
            name: row.user_name,
            image: row.image,
            email_verified: row.email_verified,
            role: row.user_role,
            two_factor_enabled: row.two_factor_enabled,
            banned: row.banned,
            ban_reason: row.ban_reason,
            ban_expires: row.ban_expires,
            locale: row.locale,
            time_zone: row.time_zone,
            currency: row.currency,
            created_at: row.user_created_at,
            updated_at: row.user_updated_at,
        };
        let session = Live {
            id: row.session_id,
            created_at: row.session_created_at,
            updated_at: row.session_updated_at,
            expires_at: row.expires_at,
            remembered: row.remembered,
            ip: row.ip,
            user_agent: row.user_agent,
            impersonated_by: row.impersonated_by,
            active_tenant_id: row.active_tenant_id,
            renewed: false,
        };
        Self { user, session, membership }
    }
}

/// Removes the user's sessions that have ended, and the oldest where there are too many for one more.
pub(crate) async fn remove_dead<K>(tx: &mut Tx<K>, user: Uuid) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "delete from sessions where user_id = $1 and (expires_at <= $2 or id in (
             select id from sessions where user_id = $1 order by created_at desc, id desc offset $3::bigint - 1))",
        user,
        now.utc(),
        MOST_SESSIONS
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_session<K>(tx: &mut Tx<K>, user: Uuid, session: &Live, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!(
        "insert into sessions (id, user_id, token_hash, remembered, ip, user_agent, expires_at, created_at, updated_at,
                               impersonated_by, active_tenant_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)",
        session.id,
        user,
        hash.as_slice(),
        session.remembered,
        session.ip,
        session.user_agent,
        session.expires_at.utc(),
        session.created_at.utc(),
        session.impersonated_by,
        session.active_tenant_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down a session's new life. Answers false when it has been closed meanwhile.
pub(crate) async fn refresh(tx: &mut SystemTx, session: &Live) -> Result<bool> {
    let done = sqlx::query!(
        "update sessions set expires_at = $2, updated_at = $3 where id = $1",
        session.id,
        session.expires_at.utc(),
        session.updated_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn remove_by_token(tx: &mut SystemTx, hash: &[u8; 32]) -> Result<Option<Closed>> {
    let closed = sqlx::query_as!(
        Closed,
        r#"delete from sessions s where token_hash = $1
           returning id, user_id, (select m.tenant_id from users u
               join tenant_members m on m.user_id = u.id and m.tenant_id = u.default_tenant_id
               where u.id = s.user_id) as "tenant_id: Uuid""#,
        hash.as_slice()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(closed)
}

pub(crate) async fn list_sessions(tx: &mut UserTx) -> Result<Vec<Live>> {
    let now = tx.now();
    let sessions = sqlx::query_as!(
        Live,
        r#"select id, created_at, updated_at, expires_at, remembered, ip, user_agent, impersonated_by,
                  active_tenant_id, false as "renewed!"
           from sessions where user_id = current_user_id() and expires_at > $1 and impersonated_by is null
           order by created_at desc, id desc"#,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(sessions)
}

pub(crate) async fn remove_own(tx: &mut UserTx, hash: &[u8; 32], id: Option<Uuid>) -> Result<Vec<Uuid>> {
    let removed = sqlx::query_scalar!(
        "delete from sessions where user_id = current_user_id() and (token_hash = $1 or id = $2) returning id",
        hash.as_slice(),
        id
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(removed)
}

pub(crate) async fn remove_all(tx: &mut UserTx, but: Option<Uuid>) -> Result<Vec<Uuid>> {
    let removed = sqlx::query_scalar!(
        "delete from sessions where user_id = current_user_id() and id is distinct from $1 returning id",
        but
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(removed)
}

pub(crate) async fn insert_account(tx: &mut TenantTx, user: Uuid, password_hash: Option<&str>) -> Result<()> {
    let (id, now) = (tx.new_id(), tx.now());
    sqlx::query!(
        "insert into accounts (id, user_id, provider, account_id, password_hash, created_at, updated_at)
         values ($1, $2, 'credential', $3, $4, $5, $5)",
        id,
        user,
        user.to_string(),
        password_hash,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The hash of the user's password, if they have one.
pub(crate) async fn password_hash(tx: &mut SystemTx, user: Uuid) -> Result<Option<String>> {
    let hash =
        sqlx::query_scalar!("select password_hash from accounts where user_id = $1 and provider = 'credential'", user)
            .fetch_optional(tx.conn())
            .await?;
    Ok(hash.flatten())
}

pub(crate) async fn replace_password(tx: &mut SystemTx, user: Uuid, hash: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "update accounts set password_hash = $2, updated_at = $3 where user_id = $1 and provider = 'credential'",
        user,
        hash,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The user's default tenant, of which they are a member.
pub(crate) async fn home(tx: &mut SystemTx, user: Uuid) -> Result<Option<Uuid>> {
    let home = sqlx::query_scalar!(
        "select m.tenant_id from users u
         join tenant_members m on m.user_id = u.id and m.tenant_id = u.default_tenant_id where u.id = $1",
        user
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(home)
}
