use super::PRUNED;
use crate::{
    access_log::Access,
    filter::{AccessFilter, Span, text_of},
};
use kit::{Result, SystemTx, TenantTx, Time};
use uuid::Uuid;

/// Writes down requests of all tenants at once: only here does a statement say whose a row is.
pub(crate) async fn insert_accesses(tx: &mut SystemTx, accesses: &[Access]) -> Result<()> {
    let ids = |of: fn(&Access) -> Option<Uuid>| accesses.iter().map(of).collect::<Vec<_>>();
    let texts = |of: fn(&Access) -> &str| accesses.iter().map(|it| of(it).to_owned()).collect::<Vec<_>>();
    let (all, times): (Vec<Uuid>, Vec<_>) = accesses.iter().map(|it| (it.id, it.at.utc())).unzip();
    let (statuses, durations): (Vec<i16>, Vec<i64>) = accesses.iter().map(|it| (it.status, it.duration_us)).unzip();
    let addresses: Vec<Option<String>> = accesses.iter().map(|it| it.ip.clone()).collect();
    sqlx::query!(
        "insert into access_log
           (id, at, tenant_id, user_id, key_id, ip, method, route, correlation_id, status, duration_us)
         select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                              $8::text[], $9::text[], $10::smallint[], $11::bigint[])",
        &all,
        &times,
        &ids(|it| it.tenant_id) as &[Option<Uuid>],
        &ids(|it| it.user_id) as &[Option<Uuid>],
        &ids(|it| it.key_id) as &[Option<Uuid>],
        &addresses as &[Option<String>],
        &texts(|it| &it.method),
        &texts(|it| &it.route),
        &texts(|it| &it.correlation_id),
        &statuses,
        &durations
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The requests that a filter asks for, of those that the condition leaves.
macro_rules! accesses {
    ($tx:expr, $whose:tt, $filter:expr, $span:expr) => {
        sqlx::query_as!(
            Access,
            "select id, at, tenant_id, user_id, key_id, ip, method, route, status, duration_us, correlation_id
             from access_log where "
                + $whose
                + " and ($1::uuid is null or id < $1) and ($2::uuid is null or id > $2)
                    and ($3::uuid is null or user_id = $3) and ($4::uuid is null or key_id = $4)
                    and ($5::text is null or ip = $5) and ($6::text is null or method = $6)
                    and ($7::text is null or route = $7) and ($8::smallint is null or status = $8)
                    and ($9::timestamptz is null or at >= $9) and ($10::timestamptz is null or at < $10)
                    order by id desc limit $11",
            $span.before,
            $span.after,
            $filter.user_id,
            $filter.key_id,
            text_of($filter.ip),
            $filter.method,
            $filter.route,
            $filter.status,
            $filter.from.map(Time::utc),
            $filter.to.map(Time::utc),
            $span.limit
        )
        .fetch_all($tx.conn())
        .await
    };
}

pub(crate) async fn tenant_accesses(tx: &mut TenantTx, filter: &AccessFilter, span: Span) -> Result<Vec<Access>> {
    Ok(accesses!(tx, "tenant_id = current_tenant()", filter, span)?)
}

pub(crate) async fn all_accesses(tx: &mut SystemTx, filter: &AccessFilter, span: Span) -> Result<Vec<Access>> {
    Ok(accesses!(tx, "true", filter, span)?)
}

/// Removes some of the requests from before a moment. Answers whether there may be more.
pub(crate) async fn prune_accesses(tx: &mut SystemTx, before: Time) -> Result<bool> {
    let done = sqlx::query!(
        "delete from access_log where id in (
             select id from (select id, at from access_log order by id limit $2) oldest where at < $1)",
        before.utc(),
        PRUNED
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == PRUNED.unsigned_abs())
}
