use crate::halts::{Cause, Halt, PlatformHalt, Stopping};
use kit::{Paging, Result, SystemTx, TenantTx, Time};
use uuid::Uuid;

/// The halts that hold, the tenant's and the platform's, for a currency or for any; the oldest first.
pub(crate) async fn in_force(tx: &mut TenantTx, currency: Option<&str>) -> Result<Vec<Halt>> {
    let now = tx.now();
    let halts = sqlx::query_as!(
        Halt,
        r#"select id as "id!", cause as "cause!: Cause", currency, message as "message!", at as "at!: Time",
                  until as "until: Time", lifted_at as "lifted_at: Time"
           from risk_halts
           where tenant_id = current_tenant() and lifted_at is null and (until is null or until > $2)
             and ($1::text is null or currency is null or currency = $1)
           union all
           select id, 'platform', null, message, at, null, lifted_at
           from risk_platform_halts where lifted_at is null
           order by 5, 1"#,
        currency,
        now.utc()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(halts)
}

/// All that the tenant ever had, the newest first.
pub(crate) async fn list(tx: &mut TenantTx, paging: &Paging) -> Result<(Vec<Halt>, i64)> {
    let total = sqlx::query_scalar!(r#"select count(*) as "n!" from risk_halts where tenant_id = current_tenant()"#)
        .fetch_one(tx.conn())
        .await?;
    let halts = sqlx::query_as!(
        Halt,
        r#"select id, cause as "cause: Cause", currency, message, at as "at: Time", until as "until: Time",
                  lifted_at as "lifted_at: Time"
           from risk_halts where tenant_id = current_tenant() order by at desc, id desc limit $1 offset $2"#,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok((halts, total))
}

/// A halt that nobody else changes until the transaction ends.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Option<Halt>> {
    let halt = sqlx::query_as!(
        Halt,
        r#"select id, cause as "cause: Cause", currency, message, at as "at: Time", until as "until: Time",
                  lifted_at as "lifted_at: Time"
           from risk_halts where tenant_id = current_tenant() and id = $1 for update"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(halt)
}

pub(crate) async fn insert(tx: &mut TenantTx, halt: &Halt) -> Result<()> {
    let by = tx.user();
    sqlx::query!(
        "insert into risk_halts (id, cause, currency, message, at, made_by, until) values ($1, $2, $3, $4, $5, $6, $7)",
        halt.id,
        halt.cause as _,
        halt.currency,
        halt.message,
        halt.at.utc(),
        by,
        halt.until.map(Time::utc)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn lift(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let (now, by) = (tx.now(), tx.user());
    sqlx::query!(
        "update risk_halts set lifted_at = $2, lifted_by = $3 where tenant_id = current_tenant() and id = $1",
        id,
        now.utc(),
        by
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The platform's halts, the newest first.
pub(crate) async fn list_platform(tx: &mut SystemTx, paging: &Paging) -> Result<(Vec<PlatformHalt>, i64)> {
    let total = sqlx::query_scalar!(r#"select count(*) as "n!" from risk_platform_halts"#).fetch_one(tx.conn()).await?;
    let halts = sqlx::query_as!(
        PlatformHalt,
        r#"select id, message, stop as "stop: Stopping", at as "at: Time", lifted_at as "lifted_at: Time"
           from risk_platform_halts order by at desc, id desc limit $1 offset $2"#,
        paging.limit,
        paging.offset()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok((halts, total))
}

pub(crate) async fn lock_platform(tx: &mut SystemTx, id: Uuid) -> Result<Option<PlatformHalt>> {
    let halt = sqlx::query_as!(
        PlatformHalt,
        r#"select id, message, stop as "stop: Stopping", at as "at: Time", lifted_at as "lifted_at: Time"
           from risk_platform_halts where id = $1 for update"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(halt)
}

pub(crate) async fn insert_platform(tx: &mut SystemTx, halt: &PlatformHalt) -> Result<()> {
    let by = tx.user();
    sqlx::query!(
        "insert into risk_platform_halts (id, message, stop, at, made_by) values ($1, $2, $3, $4, $5)",
        halt.id,
        halt.message,
        halt.stop as _,
        halt.at.utc(),
        by
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn lift_platform(tx: &mut SystemTx, id: Uuid) -> Result<()> {
    let (now, by) = (tx.now(), tx.user());
    sqlx::query!("update risk_platform_halts set lifted_at = $2, lifted_by = $3 where id = $1", id, now.utc(), by)
        .execute(tx.conn())
        .await?;
    Ok(())
}
