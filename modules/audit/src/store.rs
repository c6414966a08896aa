use crate::service::{Change, Entry, Filter};
use kit::{Result, TenantTx, Tx};
use uuid::Uuid;

pub(crate) async fn insert<K>(tx: &mut Tx<K>, change: &Change) -> Result<()> {
    let (id, now, actor) = (tx.new_id(), tx.now(), tx.actor().clone());
    sqlx::query!(
        "insert into audit_entries
           (id, at, actor_id, action, resource, resource_id, before, after, ip, user_agent, correlation_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id,
        now.utc(),
        actor.user,
        change.action,
        change.resource,
        change.resource_id,
        change.before,
        change.after,
        actor.origin.ip.map(|ip| ip.to_string()),
        actor.origin.user_agent,
        actor.origin.correlation_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    before: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let entries = sqlx::query_as!(
        Entry,
        "select id, at, actor_id, action, resource, resource_id, before, after, ip, user_agent, correlation_id
         from audit_entries
         where tenant_id = current_tenant()
           and ($1::uuid is null or id < $1) and ($2::uuid is null or id > $2)
           and ($3::uuid is null or actor_id = $3) and ($4::text is null or action = $4)
           and ($5::text is null or resource = $5) and ($6::text is null or resource_id = $6)
         order by id desc limit $7",
        before,
        after,
        filter.actor_id,
        filter.action,
        filter.resource,
        filter.resource_id,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(entries)
}
