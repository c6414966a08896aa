use crate::{
    lookup::Wish,
    service::{Found, Live},
};
use kit::{Db, Result, Time};
use sqlx::{PgConnection, Postgres, pool::PoolConnection, types::Json};
use tenants::Standing;
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
                  standing as "standing!: Json<Standing>"
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
    standing: Json<Standing>,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        let user = users::user_of!(row);
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
        Self {
            membership: row.standing.membership(),
            platform: row.standing.on_platform(),
            until: row.standing.until(),
            user,
            session,
        }
    }
}
