use kit::{Result, SystemTx, TenantTx, Time, Tx};
use uuid::Uuid;

/// An event that has its place.
pub(crate) struct Row {
    pub(crate) tenant_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) at: Time,
    pub(crate) topic: String,
    pub(crate) subject: Uuid,
    pub(crate) payload: String,
}

/// The last place that was given, and the last whose event was removed.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    pub(crate) head: i64,
    pub(crate) floor: i64,
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    topic: &str,
    ids: &[Uuid],
    subjects: &[Uuid],
    payloads: &[String],
) -> Result<()> {
    let now = tx.now();
    sqlx::query!(
        "insert into stream_events (id, at, topic, subject, payload)
         select id, $1, $2, subject, payload::json
         from unnest($3::uuid[], $4::uuid[], $5::text[]) as new (id, subject, payload)",
        now.utc(),
        topic,
        ids,
        subjects,
        payloads
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn places<K>(tx: &mut Tx<K>) -> Result<Places> {
    Ok(sqlx::query_as!(Places, "select head, floor from stream_places").fetch_one(tx.conn()).await?)
}

/// The last place that was given; nobody else gives any until the transaction ends. `None` while somebody does.
pub(crate) async fn lock_head(tx: &mut SystemTx) -> Result<Option<i64>> {
    let head = sqlx::query_scalar!("select head from stream_places for update skip locked");
    Ok(head.fetch_optional(tx.conn()).await?)
}

/// Gives places after the head to events that wait, at most so many; answers how many those are.
pub(crate) async fn give_places(tx: &mut SystemTx, head: i64, most: i64) -> Result<i64> {
    let given = sqlx::query_scalar!(
        r#"with waiting as (
               select tenant_id, id, $1 + row_number() over (order by id) as seq
               from (select tenant_id, id from stream_events where seq is null order by id limit $2) oldest
           ), given as (
               update stream_events e set seq = w.seq from waiting w
               where e.tenant_id = w.tenant_id and e.id = w.id returning e.seq
           )
           update stream_places set head = head + (select count(*) from given)
           returning head - $1 as "given!""#,
        head,
        most
    );
    Ok(given.fetch_one(tx.conn()).await?)
}

/// The events of these tenants between two places, the first ones first.
pub(crate) async fn of_tenants(
    tx: &mut SystemTx,
    tenants: &[Uuid],
    after: i64,
    to: i64,
    most: i64,
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select tenant_id, seq as "seq!", at as "at: Time", topic, subject, payload::text as "payload!"
           from stream_events where seq > $1 and seq <= $2 and tenant_id = any($3) order by seq limit $4"#,
        after,
        to,
        tenants,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// The tenant's events of these topics after a place, the first ones first.
pub(crate) async fn after(tx: &mut TenantTx, topics: &[String], place: i64, most: i64) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select tenant_id, seq as "seq!", at as "at: Time", topic, subject, payload::text as "payload!"
           from stream_events where tenant_id = current_tenant() and seq > $1 and topic = any($2)
           order by seq limit $3"#,
        place,
        topics,
        most
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Removes the first of all events as far as they are older than a moment, at most so many; answers how many those are.
pub(crate) async fn remove_first(tx: &mut SystemTx, before: Time, most: i64) -> Result<i64> {
    let removed = sqlx::query_scalar!(
        r#"with first as (
               select tenant_id, id, seq, at from stream_events where seq is not null order by seq limit $2
           ), gone as (
               delete from stream_events e using first f
               where e.tenant_id = f.tenant_id and e.id = f.id
                 and f.seq < coalesce((select min(seq) from first where at >= $1), f.seq + 1)
               returning e.seq
           ), moved as (
               update stream_places set floor = greatest(floor, (select max(seq) from gone)) returning floor
           )
           select count(*) as "removed!" from gone"#,
        before.utc(),
        most
    );
    Ok(removed.fetch_one(tx.conn()).await?)
}
