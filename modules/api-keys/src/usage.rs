use crate::{
    ApiKeys, error,
    limit::{Limit, Meter},
    store,
};
use chrono::TimeDelta;
use kit::{App, Origin, Reason, Result, Time};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

/// What this process knows of the use of keys: only of keys that exist, so that nobody fills it with wrong ones.
#[derive(Clone, Default)]
pub(crate) struct Usage(Arc<Mutex<HashMap<Uuid, Use>>>);

#[derive(Default)]
struct Use {
    meter: Meter,
    /// How often it was used since that was last written down.
    uses: i64,
    last: Option<Time>,
    /// From where it was used or refused, as far as that is written down.
    seen: HashSet<(Option<IpAddr>, bool)>,
}

/// The use of a key that is to be written down.
pub(crate) struct Used {
    pub(crate) key: Uuid,
    pub(crate) uses: i64,
    pub(crate) last: Time,
}

/// How often the use of keys is written down.
const ROUND: Duration = Duration::from_secs(5);
/// How long a key is remembered that is not used.
const MEMORY: TimeDelta = TimeDelta::days(1);
/// From how many addresses a key is noticed.
pub(crate) const MOST_ADDRESSES: i32 = 1_000;

impl Usage {
    /// Counts a use of a key.
    ///
    /// # Errors
    /// 429 when the key's own limit is reached.
    pub(crate) fn count(&self, key: Uuid, limit: Limit, now: Time) -> Result<()> {
        let mut keys = self.keys();
        let it = keys.entry(key).or_default();
        it.meter.count(limit, now).map_err(error::rate_limited)?;
        it.uses += 1;
        it.last = Some(now);
        Ok(())
    }

    /// Whether it has been written down that the key was used, or refused, at this address.
    pub(crate) fn knows(&self, key: Uuid, ip: Option<IpAddr>, allowed: bool) -> bool {
        let most = usize::try_from(MOST_ADDRESSES).unwrap_or(usize::MAX);
        self.keys().get(&key).is_some_and(|it| it.seen.contains(&(ip, allowed)) || it.seen.len() >= most)
    }

    pub(crate) fn learn(&self, key: Uuid, ip: Option<IpAddr>, allowed: bool) {
        self.keys().entry(key).or_default().seen.insert((ip, allowed));
    }

    /// What is to be written down; it counts as written from now on. Keys that have long been silent are forgotten.
    fn take(&self, now: Time) -> Vec<Used> {
        let mut keys = self.keys();
        keys.retain(|_, it| it.uses > 0 || !it.meter.is_idle(now) || it.last.is_some_and(|last| last + MEMORY > now));
        let used = keys.iter_mut().filter(|(_, it)| it.uses > 0);
        used.filter_map(|(key, it)| Some(Used { key: *key, uses: std::mem::take(&mut it.uses), last: it.last? }))
            .collect()
    }

    /// Takes back what could not be written down.
    fn put_back(&self, used: &[Used]) {
        let mut keys = self.keys();
        for Used { key, uses, .. } in used {
            keys.entry(*key).or_default().uses += uses;
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Uuid, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down how often keys were used since the last time, and when.
///
/// # Errors
/// 503 when the database cannot be reached; then the next time writes it.
pub async fn write_usage(app: &App) -> Result<()> {
    let usage = &app.the::<ApiKeys>()?.usage;
    let used = usage.take(app.clock().now());
    if used.is_empty() {
        return Ok(());
    }
    let written = async {
        let mut tx = app.db().system(Reason::ApiKey, Origin::internal("key-usage")).await?;
        store::add_usage(&mut tx, &used).await?;
        tx.commit().await
    };
    written.await.inspect_err(|_| usage.put_back(&used))
}

/// Writes the use of keys down from time to time, and a last time at the end.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        let stopped = tokio::time::timeout(ROUND, stop.cancelled()).await.is_ok();
        if let Err(failure) = write_usage(&app).await {
            warn!("the use of keys cannot be written down: {failure}");
        }
        if stopped {
            return;
        }
    }
}
