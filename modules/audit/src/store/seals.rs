use crate::{
    chain::{Anchor, Seal},
    record::Record,
};
use kit::{Result, SystemTx, Time, Tx};
use uuid::Uuid;

/// Which lock of the database the one sealer holds.
const LOCK: i64 = 7_302;

/// How many entries without a seal are looked at.
const MOST_UNSEALED: i64 = 10_000;

/// An anchor, and what the seal that it means says now.
pub(crate) struct Anchored {
    pub(crate) platform_seq: i64,
    pub(crate) anchor: Anchor,
    pub(crate) found: Option<Vec<u8>>,
}

/// An entry in no seal, and whether it waits for one.
pub(crate) struct Unsealed {
    pub(crate) record: Record,
    pub(crate) waits: bool,
}

/// Whether nobody else seals until this transaction ends.
pub(crate) async fn is_the_only_sealer(tx: &mut SystemTx) -> Result<bool> {
    let locked = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, LOCK);
    Ok(locked.fetch_one(tx.conn()).await?)
}

pub(crate) async fn is_any_sealed(tx: &mut SystemTx) -> Result<bool> {
    let sealed = sqlx::query_scalar!(r#"select exists (select from audit_seals) as "sealed!""#);
    Ok(sealed.fetch_one(tx.conn()).await?)
}

/// Takes the oldest entries off the queue: all of them, or so many.
pub(crate) async fn take_waiting(tx: &mut SystemTx, most: Option<usize>) -> Result<Vec<(Uuid, Option<Uuid>)>> {
    let taken = sqlx::query!(
        "delete from audit_pending where id in (select id from audit_pending order by id limit $1)
         returning id, tenant_id",
        most.and_then(|most| i64::try_from(most).ok())
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(taken.into_iter().map(|it| (it.id, it.tenant_id)).collect())
}

pub(crate) async fn head(tx: &mut SystemTx, tenant: Option<Uuid>) -> Result<Option<Seal>> {
    let seal = sqlx::query_as!(
        Seal,
        r#"select tenant_id, seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at as "sealed_at: _"
           from audit_seals where chain = $1 order by seq desc limit 1"#,
        tenant.unwrap_or_default()
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(seal)
}

/// The seals after one, the first ones first.
pub(crate) async fn after<K>(tx: &mut Tx<K>, tenant: Option<Uuid>, seq: i64, limit: i64) -> Result<Vec<Seal>> {
    let seals = sqlx::query_as!(
        Seal,
        r#"select tenant_id, seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at as "sealed_at: _"
           from audit_seals where chain = $1 and seq > $2 order by seq limit $3"#,
        tenant.unwrap_or_default(),
        seq,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(seals)
}

pub(crate) async fn knows<K>(tx: &mut Tx<K>, tenant: Option<Uuid>, hash: &[u8]) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from audit_seals where chain = $1 and hash = $2) as "known!""#,
        tenant.unwrap_or_default(),
        hash
    );
    Ok(known.fetch_one(tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut SystemTx, seal: &Seal) -> Result<()> {
    sqlx::query!(
        "insert into audit_seals
           (tenant_id, seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        seal.tenant_id,
        seal.seq,
        &seal.entries,
        seal.adopts,
        seal.digest,
        seal.anchors,
        seal.previous,
        seal.hash,
        seal.signature,
        seal.sealed_at.utc()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn insert_anchors(tx: &mut SystemTx, platform_seq: i64, anchors: &[Anchor]) -> Result<()> {
    if anchors.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = anchors.iter().map(|it| it.tenant_id).collect();
    let seqs: Vec<i64> = anchors.iter().map(|it| it.seq).collect();
    let hashes: Vec<Vec<u8>> = anchors.iter().map(|it| it.hash.clone()).collect();
    sqlx::query!(
        "insert into audit_anchors (tenant_id, seq, hash, platform_seq)
         select *, $4 from unnest($1::uuid[], $2::bigint[], $3::bytea[])",
        &tenants,
        &seqs,
        &hashes,
        platform_seq
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The anchors that these seals of the platform's hold, in the order in which they are digested.
pub(crate) async fn anchored<K>(tx: &mut Tx<K>, first: i64, last: i64) -> Result<Vec<Anchored>> {
    let anchors = sqlx::query!(
        r#"select a.tenant_id, a.seq, a.hash, a.platform_seq, s.hash as "found?"
           from audit_anchors a left join audit_seals s on s.chain = a.tenant_id and s.seq = a.seq
           where a.platform_seq between $1 and $2 order by a.platform_seq, a.tenant_id, a.seq"#,
        first,
        last
    )
    .fetch_all(tx.conn())
    .await?;
    let anchored = anchors.into_iter().map(|it| Anchored {
        platform_seq: it.platform_seq,
        anchor: Anchor { tenant_id: it.tenant_id, seq: it.seq, hash: it.hash },
        found: it.found,
    });
    Ok(anchored.collect())
}

/// The last seal of a tenant's that the platform's chain knows.
pub(crate) async fn latest_anchor<K>(tx: &mut Tx<K>, tenant: Uuid) -> Result<Option<i64>> {
    let latest = sqlx::query_scalar!("select max(seq) from audit_anchors where tenant_id = $1", tenant);
    Ok(latest.fetch_one(tx.conn()).await?)
}

/// The last seal of the platform's that heads of other chains were kept with.
pub(crate) async fn latest_anchoring<K>(tx: &mut Tx<K>) -> Result<Option<i64>> {
    let latest = sqlx::query_scalar!("select max(platform_seq) from audit_anchors");
    Ok(latest.fetch_one(tx.conn()).await?)
}

/// All tenants with anything of a trail.
pub(crate) async fn tenants(tx: &mut SystemTx) -> Result<Vec<Uuid>> {
    let tenants = sqlx::query_scalar!(
        r#"select distinct tenant_id as "tenant_id!" from audit_entries where tenant_id is not null
           union select chain from audit_seals where tenant_id is not null
           union select tenant_id from audit_anchors order by 1"#
    );
    Ok(tenants.fetch_all(tx.conn()).await?)
}

/// What there is of these entries. The bounds spare looking into the parts of other months.
pub(crate) async fn records<K>(tx: &mut Tx<K>, ids: &[Uuid]) -> Result<Vec<Record>> {
    let records = sqlx::query_as!(
        Record,
        r#"select id, tenant_id, at as "at: _", actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                  before::text, after::text, ip, user_agent, correlation_id, signature
           from audit_entries where id = any($1) and id between $2 and $3"#,
        ids,
        ids.iter().min(),
        ids.iter().max()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(records)
}

/// The latest note of a removal of the tenant's old entries.
pub(crate) async fn latest_pruning<K>(tx: &mut Tx<K>, tenant: Option<Uuid>) -> Result<Option<Record>> {
    let record = sqlx::query_as!(
        Record,
        r#"select id, tenant_id, at as "at: _", actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                  before::text, after::text, ip, user_agent, correlation_id, signature
           from audit_entries where tenant_id = $1 and resource = 'audit' and action = 'audit.pruned'
         order by id desc limit 1"#,
        tenant
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(record)
}

/// Entries that no seal holds, the oldest first. One statement sees one moment, in which an entry waits, is sealed, or
/// has been hidden.
pub(crate) async fn unsealed<K>(tx: &mut Tx<K>, tenant: Option<Uuid>) -> Result<Vec<Unsealed>> {
    let unsealed = sqlx::query!(
        r#"select e.id, e.tenant_id, at as "at: Time", actor_id, impersonator_id, api_key_id, action, resource, resource_id,
                  before::text, after::text, ip, user_agent, correlation_id, signature, p.id is not null as "waits!"
           from audit_entries e
           left join audit_pending p on p.id = e.id
           left join (select unnest(entries) as id from audit_seals where chain = $2) s on s.id = e.id
           where (e.tenant_id = $1 or ($1::uuid is null and e.tenant_id is null)) and s.id is null
           order by e.id limit $3"#,
        tenant,
        tenant.unwrap_or_default(),
        MOST_UNSEALED
    )
    .fetch_all(tx.conn())
    .await?;
    let unsealed = unsealed.into_iter().map(|it| Unsealed {
        waits: it.waits,
        record: Record {
            id: it.id,
            tenant_id: it.tenant_id,
            at: it.at,
            actor_id: it.actor_id,
            impersonator_id: it.impersonator_id,
            api_key_id: it.api_key_id,
            action: it.action,
            resource: it.resource,
            resource_id: it.resource_id,
            before: it.before,
            after: it.after,
            ip: it.ip,
            user_agent: it.user_agent,
            correlation_id: it.correlation_id,
            signature: it.signature,
        },
    });
    Ok(unsealed.collect())
}
