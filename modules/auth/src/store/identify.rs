use crate::{
    lookup::Wish,
    service::{Found, Live},
};
use kit::{Db, Membership, Result, Time, User};
use sqlx::{PgConnection, Postgres, pool::PoolConnection};
use tenants::Kind;
use uuid::Uuid;

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
