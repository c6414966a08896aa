use super::seal::{Anchor, Seal, digest, digest_of_anchors};
use crate::{record::Record, store::seals as store};
use kit::{App, Origin, Reason, Result, SystemTx};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How many entries a seal holds at most.
const MOST_IN_SEAL: usize = 1_000;
/// How many entries are sealed in one transaction.
const MOST_AT_ONCE: usize = 10_000;

/// Seals what waits, and anchors in the platform's chain the heads of all chains that this moves; answers how many
/// entries that were. One process seals at a time: a second one leaves it to the first.
pub async fn seal(app: &App) -> Result<usize> {
    let mut all = 0;
    loop {
        let sealed = seal_some(app).await?;
        all += sealed;
        if sealed < MOST_AT_ONCE {
            return Ok(all);
        }
    }
}

async fn seal_some(app: &App) -> Result<usize> {
    let mut tx = app.db().system(Reason::Audit, Origin::internal("audit-sealer")).await?;
    if !store::is_the_only_sealer(&mut tx).await? {
        return Ok(0);
    }
    // what is older than signatures is adopted at once and never again
    let adopts = !store::is_any_sealed(&mut tx).await?;
    let waiting = store::take_waiting(&mut tx, (!adopts).then_some(MOST_AT_ONCE)).await?;
    if waiting.is_empty() {
        // gives the lock back now, and not when the connection is used again
        tx.commit().await?;
        return Ok(0);
    }
    let count = waiting.len();
    let mut chains: BTreeMap<Option<Uuid>, Vec<Uuid>> = BTreeMap::new();
    for (id, tenant) in waiting {
        chains.entry(tenant).or_default().push(id);
    }
    seal_chains(&mut tx, chains, adopts).await?;
    tx.commit().await?;
    Ok(count)
}

async fn seal_chains(tx: &mut SystemTx, mut chains: BTreeMap<Option<Uuid>, Vec<Uuid>>, adopts: bool) -> Result<()> {
    let own = chains.remove(&None).unwrap_or_default();
    let mut heads = vec![];
    for (tenant, mut entries) in chains {
        entries.sort_unstable();
        let mut chain = Chain::of(tx, tenant, adopts).await?;
        for batch in entries.chunks(MOST_IN_SEAL) {
            chain.extend(tx, batch, &[]).await?;
        }
        let Chain { seq, head, .. } = chain;
        heads.extend(tenant.map(|tenant_id| Anchor { tenant_id, seq, hash: head }));
    }
    let mut batches = own.chunks(MOST_IN_SEAL);
    let mut platform = Chain::of(tx, None, adopts).await?;
    platform.extend(tx, batches.next().unwrap_or_default(), &heads).await?;
    for batch in batches {
        platform.extend(tx, batch, &[]).await?;
    }
    Ok(())
}

/// A chain that grows.
struct Chain {
    tenant: Option<Uuid>,
    adopts: bool,
    seq: i64,
    head: Vec<u8>,
}

impl Chain {
    async fn of(tx: &mut SystemTx, tenant: Option<Uuid>, adopts: bool) -> Result<Self> {
        let head = store::head(tx, tenant).await?;
        let (seq, head) = head.map_or((0, vec![]), |seal| (seal.seq, seal.hash));
        Ok(Self { tenant, adopts, seq, head })
    }

    async fn extend(&mut self, tx: &mut SystemTx, entries: &[Uuid], anchors: &[Anchor]) -> Result<()> {
        let records = store::records(tx, entries).await?;
        let records: HashMap<Uuid, Record> = records.into_iter().map(|record| (record.id, record)).collect();
        let seal = Seal {
            tenant_id: self.tenant,
            seq: self.seq + 1,
            entries: entries.to_vec(),
            adopts: self.adopts,
            digest: digest(entries.iter().map(|id| records.get(id)), self.adopts),
            anchors: digest_of_anchors(anchors.iter()),
            previous: self.head.clone(),
            hash: vec![],
            signature: vec![],
            sealed_at: tx.now(),
        };
        let seal = seal.signed(tx.vault())?;
        store::insert(tx, &seal).await?;
        store::insert_anchors(tx, seal.seq, anchors).await?;
        (self.seq, self.head) = (seal.seq, seal.hash);
        Ok(())
    }
}
