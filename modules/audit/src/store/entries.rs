use crate::{
    record::Record,
    view::{Bounds, Entry, Filter},
};
use kit::{Result, TenantTx, Tx};
use uuid::Uuid;

/// Writes entries and queues them for the sealer, in one statement.
pub(crate) async fn insert<K>(tx: &mut Tx<K>, records: &[Record]) -> Result<()> {
    let [first, ..] = records else { return Ok(()) };
    let column = |of: fn(&Record) -> &str| records.iter().map(|it| of(it).to_owned()).collect::<Vec<_>>();
    let optional = |of: fn(&Record) -> &Option<String>| records.iter().map(|it| of(it).clone()).collect::<Vec<_>>();
    let ids: Vec<Uuid> = records.iter().map(|it| it.id).collect();
    let signatures: Vec<Vec<u8>> = records.iter().filter_map(|it| it.signature.clone()).collect();
    sqlx::query!(
        "with queued as (insert into audit_pending (id) select unnest($1::uuid[]))
         insert into audit_entries
           (id, action, resource, resource_id, before, after, signature,
            at, actor_id, ip, user_agent, correlation_id, impersonator_id, api_key_id)
         select id, action, resource, resource_id, before::json, after::json, signature, $8, $9, $10, $11, $12, $13, $14
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
              as it (id, action, resource, resource_id, before, after, signature)",
        &ids,
        &column(|it| &it.action),
        &column(|it| &it.resource),
        &optional(|it| &it.resource_id) as &[Option<String>],
        &optional(|it| &it.before) as &[Option<String>],
        &optional(|it| &it.after) as &[Option<String>],
        &signatures,
        first.at.utc(),
        first.actor_id,
        first.ip,
        first.user_agent,
        first.correlation_id,
        first.impersonator_id,
        first.api_key_id
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Entries of the transaction's tenant, else the platform's own, the newest first.
pub(crate) async fn list<K>(tx: &mut Tx<K>, filter: &Filter, bounds: Bounds, limit: i64) -> Result<Vec<Entry>> {
    let entries = sqlx::query_as!(
        Entry,
        r#"select id, at, actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                before as "before: _", after as "after: _", ip, user_agent, correlation_id
         from audit_entries
         where (tenant_id = $9 or ($9::uuid is null and tenant_id is null)) and id > $1 and id < $2
           and ($3::uuid is null or actor_id = $3) and ($4::text is null or action = $4)
           and ($5::text is null or resource = $5) and ($6::text is null or resource_id = $6)
           and ($7::text is null or starts_with(action, $7))
         order by id desc limit $8"#,
        bounds.after,
        bounds.before,
        filter.actor_id,
        filter.action,
        filter.resource,
        filter.resource_id,
        filter.q,
        limit,
        tx.home()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(entries)
}

pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Entry>> {
    let entry = sqlx::query_as!(
        Entry,
        r#"select id, at, actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                before as "before: _", after as "after: _", ip, user_agent, correlation_id
         from audit_entries where tenant_id = current_tenant() and id = $1"#,
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(entry)
}
