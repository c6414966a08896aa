use crate::view::{Bounds, Deed};
use kit::{Result, SystemTx};
use uuid::Uuid;

/// What was done of these actions in the tenant, and by or to its members outside any while they were members; the
/// oldest first.
pub(crate) async fn deeds(
    tx: &mut SystemTx,
    tenant: Uuid,
    bounds: Bounds,
    actions: &[String],
    limit: i64,
) -> Result<Vec<Deed>> {
    let deeds = sqlx::query_as!(
        Deed,
        r#"with stays as (
             select came.resource_id::uuid as user_id, came.at as since,
                    (select min(went.at) from audit_entries went
                     where went.tenant_id = $1 and went.resource = 'member' and went.resource_id = came.resource_id
                       and went.action in ('member.left', 'member.removed') and went.id > came.id) as until
             from audit_entries came
             where came.tenant_id = $1 and came.resource = 'member' and came.action = 'member.added'
           )
           select id as "id!", at as "at!: _", user_id, action as "action!", details as "details: _" from (
             select id, at, coalesce(actor_id, case resource when 'user' then resource_id::uuid end) as user_id,
                    action, after as details
             from audit_entries where tenant_id = $1 and id > $2 and id < $3 and action = any($4)
             union all
             select e.id, e.at, s.user_id, e.action, e.after
             from stays s join audit_entries e
               on e.tenant_id is null and (e.actor_id = s.user_id or (e.resource = 'user' and e.resource_id = s.user_id::text))
             where e.id > $2 and e.id < $3 and e.action = any($4) and e.at between s.since and coalesce(s.until, 'infinity')
           ) deeds order by id limit $5"#,
        tenant,
        bounds.after,
        bounds.before,
        actions,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(deeds)
}
