use crate::service::{Change, Entry, Filter};
use kit::{Result, TenantTx, Tx};
use serde_json::Value;
use uuid::Uuid;

pub(crate) async fn insert<K>(tx: &mut Tx<K>, changes: &[Change]) -> Result<()> {
    let (now, actor) = (tx.now(), tx.actor().clone());
    let ids: Vec<Uuid> = changes.iter().map(|_| tx.new_id()).collect();
    let column = |of: fn(&Change) -> &str| changes.iter().map(|it| of(it).to_owned()).collect::<Vec<_>>();
    let state = |of: fn(&Change) -> &Option<Value>| changes.iter().map(|it| of(it).clone()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into audit_entries
           (id, action, resource, resource_id, before, after, at, actor_id, ip, user_agent, correlation_id,
            impersonator_id, api_key_id)
         select *, $7, $8, $9, $10, $11, $12, $13
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[])",
        &ids,
        &column(|it| it.action),
        &column(|it| it.resource),
        &column(|it| &it.resource_id),
        &state(|it| &it.before) as &[Option<Value>],
        &state(|it| &it.after) as &[Option<Value>],
        now.utc(),
        actor.user,
        actor.origin.ip.map(|ip| ip.to_string()),
        actor.origin.user_agent,
        actor.origin.correlation_id,
        actor.impersonator,
        actor.api_key
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
        "select id, at, actor_id, impersonator_id, api_key_id, action, resource, resource_id, before, after, ip, user_agent,
                correlation_id
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
