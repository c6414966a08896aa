use super::PRUNED;
use crate::{
    event::{Event, EventView, Severity},
    filter::{EventFilter, Span, text_of},
};
use kit::{Result, SystemTx, TenantTx, Time, Tx, UserTx};

/// Writes an event down, once in a transaction.
pub(crate) async fn insert_event<K>(tx: &mut Tx<K>, event: &Event) -> Result<()> {
    let (id, now, actor) = (tx.new_id(), tx.now(), tx.actor().clone());
    sqlx::query!(
        "insert into security_events
           (id, user_id, actor_id, kind, severity, subject, ip, user_agent, detail, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict on constraint security_events_once do nothing",
        id,
        event.user,
        actor.impersonator.or(actor.user),
        event.kind.as_str(),
        event.kind.severity().as_str(),
        event.subject,
        text_of(actor.origin.ip),
        actor.origin.user_agent,
        event.detail,
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The events that a filter asks for, of those that the condition leaves; `$shown` says how address and program are
/// shown.
macro_rules! events {
    ($tx:expr, $ip:tt, $user_agent:tt, $whose:tt, $filter:expr, $span:expr) => {
        sqlx::query_as!(
            EventView,
            "select id, at, kind, severity, tenant_id, user_id, actor_id, "
                + $ip
                + " as ip, "
                + $user_agent
                + r#" as user_agent, null::text as country, detail
                      from security_events where "#
                + $whose
                + " and ($1::uuid is null or id < $1) and ($2::uuid is null or id > $2)
                    and ($3::text is null or kind = $3) and ($4::text is null or severity = $4)
                    and ($5::uuid is null or user_id = $5) and ($6::text is null or ip = $6)
                    and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8)
                    order by id desc limit $9",
            $span.before,
            $span.after,
            $filter.kind,
            $filter.severity.map(Severity::as_str),
            $filter.user_id,
            text_of($filter.ip),
            $filter.from.map(Time::utc),
            $filter.to.map(Time::utc),
            $span.limit
        )
        .fetch_all($tx.conn())
        .await
    };
}

/// The user's own, in whichever tenant; where others were who did something to the user is the others' own.
pub(crate) async fn own_events(tx: &mut UserTx, filter: &EventFilter, span: Span) -> Result<Vec<EventView>> {
    Ok(events!(
        tx,
        "case when actor_id is null or actor_id = user_id then ip end",
        "case when actor_id is null or actor_id = user_id then user_agent end",
        "user_id = current_user_id() and ($6::text is null or actor_id is null or actor_id = user_id)",
        filter,
        span
    )?)
}

pub(crate) async fn tenant_events(tx: &mut TenantTx, filter: &EventFilter, span: Span) -> Result<Vec<EventView>> {
    Ok(events!(tx, "ip", "user_agent", "tenant_id = current_tenant()", filter, span)?)
}

pub(crate) async fn all_events(tx: &mut SystemTx, filter: &EventFilter, span: Span) -> Result<Vec<EventView>> {
    Ok(events!(tx, "ip", "user_agent", "true", filter, span)?)
}

/// Removes some of the events from before a moment. Answers whether there may be more.
pub(crate) async fn prune_events(tx: &mut SystemTx, before: Time) -> Result<bool> {
    let done = sqlx::query!(
        "delete from security_events where id in (
             select id from (select id, at from security_events order by id limit $2) oldest where at < $1)",
        before.utc(),
        PRUNED
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == PRUNED.unsigned_abs())
}
