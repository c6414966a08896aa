use super::{
    seal::{Seal, digest, digest_of_anchors},
    verdict::{Damage, Head, Verdict},
};
use crate::{
    record::Record,
    store::seals::{self as store, Anchored, Unsealed},
};
use chrono::TimeDelta;
use kit::{Error, Result, SystemTx, Tx, Vault};
use std::collections::HashMap;
use uuid::Uuid;

/// How many seals are read at once.
const SEALS: i64 = 200;
/// How many entries are read at once, or one seal's if those are more.
const ENTRIES: usize = 1_000;
/// How long an entry may wait to be sealed: as long as a transaction may well take.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// Looks at a tenant's chain, or at the platform's own, and at all its entries. A transaction of a tenant sees its own
/// chain only. `told` hears now and then how many entries have been looked at.
///
/// It finds whatever was changed, removed, added or moved by somebody without the platform's key, also the end cut off
/// a tenant's chain, which the platform's holds. Of the platform's own end only `head` tells, one that was kept elsewhere.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn verify<K: Send>(
    tx: &mut Tx<K>,
    tenant: Option<Uuid>,
    head: Option<&[u8]>,
    mut told: impl FnMut(u64) + Send,
) -> Result<Verdict> {
    let mut walk = Walk::new(tx, tenant).await?;
    loop {
        let seals = store::after(tx, tenant, walk.last, SEALS).await?;
        if seals.is_empty() {
            break;
        }
        if tenant.is_none() {
            walk.look_at_anchors(tx, &seals).await?;
        }
        for seals in batches(&seals) {
            let ids: Vec<Uuid> = seals.iter().flat_map(|seal| seal.entries.iter().copied()).collect();
            let records = store::records(tx, &ids).await?;
            let records = records.into_iter().map(|record| (record.id, record)).collect();
            seals.iter().for_each(|seal| walk.look_at(seal, &records));
            told(walk.verdict.entries);
        }
    }
    walk.look_at_the_end(tx, tenant).await?;
    if let Some(head) = head {
        let known = store::knows(tx, tenant, head).await?;
        walk.verdict.knows_head = Some(known);
        if !known {
            walk.verdict.fault(Damage::HeadUnknown, None, None);
        }
    }
    Ok(walk.verdict)
}

/// Everybody who has a chain or entries: the platform, then the tenants.
pub async fn chains(tx: &mut SystemTx) -> Result<Vec<Option<Uuid>>> {
    let tenants = store::tenants(tx).await?;
    Ok(std::iter::once(None).chain(tenants.into_iter().map(Some)).collect())
}

/// The bytes of a head's hash.
///
/// # Errors
/// 422 for what is none.
pub fn parse_head(text: &str) -> Result<Vec<u8>> {
    let hash = base16ct::mixed::decode_vec(text).ok().filter(|hash| hash.len() == 32);
    hash.ok_or_else(|| Error::invalid("head", "BAD_HEAD", "The hash of a seal is 64 hexadecimal digits."))
}

/// Neighbouring seals with not too many entries together.
fn batches(seals: &[Seal]) -> Vec<&[Seal]> {
    let (mut batches, mut rest) = (vec![], seals);
    while !rest.is_empty() {
        let mut entries = 0;
        let fits = |seal: &&Seal| {
            entries += seal.entries.len();
            entries <= ENTRIES
        };
        let (batch, others) = rest.split_at(rest.iter().take_while(fits).count().max(1));
        batches.push(batch);
        rest = others;
    }
    batches
}

/// How far along a chain we have come.
struct Walk {
    vault: Vault,
    /// The last seal whose entries may be gone.
    pruned_through: i64,
    last: i64,
    /// The hash of the last seal; unknown after a gap.
    previous: Option<Vec<u8>>,
    verdict: Verdict,
}

impl Walk {
    async fn new<K: Send>(tx: &mut Tx<K>, tenant: Option<Uuid>) -> Result<Self> {
        let vault = tx.vault().clone();
        let pruning = store::latest_pruning(tx, tenant).await?;
        let pruned_through = pruning.filter(|record| record.is_sound(&vault)).map_or(0, |record| through(&record));
        let verdict = Verdict { intact: true, ..Verdict::default() };
        Ok(Self { vault, pruned_through, last: 0, previous: Some(vec![]), verdict })
    }

    fn look_at(&mut self, seal: &Seal, records: &HashMap<Uuid, Record>) {
        let verdict = &mut self.verdict;
        let place = Some(seal.seq);
        if seal.seq != self.last + 1 {
            verdict.fault(Damage::SealMissing, place, None);
            self.previous = None;
        }
        if !seal.is_sound(&self.vault) {
            verdict.fault(Damage::SealEdited, place, None);
        }
        if self.previous.as_ref().is_some_and(|previous| *previous != seal.previous) {
            verdict.fault(Damage::ChainBroken, place, None);
        }
        self.look_at_entries(seal, records);
        let verdict = &mut self.verdict;
        verdict.seals += 1;
        let hash = base16ct::lower::encode_string(&seal.hash);
        verdict.head = Some(Head { seq: seal.seq, hash, at: seal.sealed_at });
        (self.last, self.previous) = (seal.seq, Some(seal.hash.clone()));
    }

    fn look_at_entries(&mut self, seal: &Seal, records: &HashMap<Uuid, Record>) {
        let (verdict, place) = (&mut self.verdict, Some(seal.seq));
        let found = || seal.entries.iter().map(|id| records.get(id));
        verdict.entries += seal.entries.len() as u64;
        if seal.seq <= self.pruned_through && found().all(|record| record.is_none()) {
            verdict.pruned += seal.entries.len() as u64;
            return;
        }
        let mut flawless = true;
        for (id, record) in seal.entries.iter().zip(found()) {
            let damage = match record {
                None => Damage::EntryMissing,
                Some(record) if record.signature.is_none() && seal.adopts => continue,
                Some(record) if record.is_sound(&self.vault) => continue,
                Some(_) => Damage::EntryEdited,
            };
            verdict.fault(damage, place, Some(*id));
            flawless = false;
        }
        if flawless && digest(found(), seal.adopts) != seal.digest {
            verdict.fault(Damage::EntriesExchanged, place, None);
        }
    }

    /// Whether the platform's seals hold the heads that they were made of, and the tenants' chains those heads.
    async fn look_at_anchors<K: Send>(&mut self, tx: &mut Tx<K>, seals: &[Seal]) -> Result<()> {
        let (Some(first), Some(last)) = (seals.first(), seals.last()) else { return Ok(()) };
        let anchors = store::anchored(tx, first.seq, last.seq).await?;
        for seal in seals {
            let of_seal = || anchors.iter().filter(|it| it.platform_seq == seal.seq);
            if digest_of_anchors(of_seal().map(|it| &it.anchor)) != seal.anchors {
                self.verdict.fault(Damage::AnchorsExchanged, Some(seal.seq), None);
            }
        }
        for Anchored { anchor, found, .. } in &anchors {
            if found.as_ref() != Some(&anchor.hash) {
                self.verdict.cut_off(anchor.tenant_id, anchor.seq);
            }
        }
        Ok(())
    }

    async fn look_at_the_end<K: Send>(&mut self, tx: &mut Tx<K>, tenant: Option<Uuid>) -> Result<()> {
        if let Some(tenant) = tenant
            && let Some(anchored) = store::latest_anchor(tx, tenant).await?
            && anchored > self.last
        {
            self.verdict.cut_off(tenant, anchored);
        }
        if tenant.is_none()
            && let Some(anchoring) = store::latest_anchoring(tx).await?
            && anchoring > self.last
        {
            self.verdict.fault(Damage::EndCutOff, Some(anchoring), None);
        }
        let patience = tx.now() - PATIENCE;
        for Unsealed { record, waits } in store::unsealed(tx, tenant).await? {
            self.verdict.unsealed += 1;
            let damage = match () {
                () if record.signature.is_some() && !record.is_sound(&self.vault) => Damage::EntryEdited,
                () if !waits => Damage::EntryHidden,
                () if record.at < patience => Damage::EntryOverdue,
                () => continue,
            };
            self.verdict.fault(damage, None, Some(record.id));
        }
        Ok(())
    }
}

/// The last seal that a removal of old entries went through.
fn through(record: &Record) -> i64 {
    let after = record.after.as_deref().and_then(|after| serde_json::from_str::<serde_json::Value>(after).ok());
    after.and_then(|after| after["throughSeal"].as_i64()).unwrap_or(0)
}
