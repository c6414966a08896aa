//! Who called what. It is gathered in memory and written down every second, so no request waits for it; a crash loses
//! what was gathered since. The audit trail, which is written with each change, loses nothing.

use crate::{Security, store};
use kit::{App, Origin, Reason, Result, Seen, Time};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

/// A request that was answered.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Access")]
pub(crate) struct Access {
    pub(crate) id: Uuid,
    pub(crate) at: Time,
    /// The tenant that it was about.
    pub(crate) tenant_id: Option<Uuid>,
    /// Who called; `null` for a stranger who was refused.
    pub(crate) user_id: Option<Uuid>,
    /// The key by which they were recognised.
    pub(crate) key_id: Option<Uuid>,
    pub(crate) ip: Option<String>,
    pub(crate) method: String,
    /// The path as the API document has it.
    pub(crate) route: String,
    pub(crate) status: i16,
    /// How long the answer took, in microseconds.
    pub(crate) duration_us: i64,
    pub(crate) correlation_id: String,
}

/// What is to be written down.
#[derive(Default)]
pub(crate) struct Log(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    entries: Vec<Access>,
    /// How many of them are of refused requests.
    refused: usize,
    /// How many found no room.
    dropped: u64,
}

/// How many requests are kept between two rounds.
const MOST: usize = 10_000;
/// How many of them may be refused ones: whoever floods the server does not fill the log.
const MOST_REFUSED: usize = 500;
/// How often they are written down.
const ROUND: Duration = Duration::from_secs(1);

impl Log {
    fn add(&self, access: Access, refused: bool) {
        let mut gathered = self.gathered();
        if gathered.entries.len() >= MOST || (refused && gathered.refused >= MOST_REFUSED) {
            gathered.dropped += 1;
            return;
        }
        gathered.refused += usize::from(refused);
        gathered.entries.push(access);
    }

    fn take(&self) -> (Vec<Access>, u64) {
        let Gathered { entries, dropped, .. } = std::mem::take(&mut *self.gathered());
        (entries, dropped)
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gathers a request of somebody who was recognised, or that was refused.
pub(crate) fn saw(app: &App, seen: &Seen<'_>) {
    let status = seen.status.as_u16();
    let refused = matches!(status, 401 | 403 | 429) || seen.code == Some("TENANT_NOT_FOUND");
    if seen.info.user().is_none() && !refused {
        return;
    }
    let Ok(security) = app.the::<Security>() else { return };
    let access = Access {
        id: app.ids().uuid(seen.at),
        at: seen.at,
        tenant_id: seen.info.place(),
        user_id: seen.info.user(),
        key_id: seen.info.key(),
        ip: seen.info.origin.ip.map(|ip| ip.to_string()),
        method: seen.method.as_str().chars().take(16).collect(),
        route: seen.route.unwrap_or("unknown").to_owned(),
        status: i16::try_from(status).unwrap_or_default(),
        duration_us: i64::try_from(seen.took.as_micros()).unwrap_or(i64::MAX),
        correlation_id: seen.info.origin.correlation_id.clone(),
    };
    security.log.add(access, refused);
}

/// Writes down who called what since the last time.
///
/// # Errors
/// 503 when the database cannot be reached; then it is lost.
pub async fn write_access_log(app: &App) -> Result<()> {
    let (entries, dropped) = app.the::<Security>()?.log.take();
    if dropped > 0 {
        metrics::counter!("access_log_dropped_total").increment(dropped);
        warn!("{dropped} requests found no room in the access log");
    }
    if entries.is_empty() {
        return Ok(());
    }
    let mut tx = app.db().system(Reason::Security, Origin::internal("access-log")).await?;
    store::insert_accesses(&mut tx, &entries).await?;
    tx.commit().await
}

/// Writes it down from time to time, and a last time at the end.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        let stopped = tokio::time::timeout(ROUND, stop.cancelled()).await.is_ok();
        if let Err(failure) = write_access_log(&app).await {
            warn!("who called what cannot be written down: {failure}");
        }
        if stopped {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let (id, at) = (Uuid::nil(), Time::from_millis(0));
        let (method, route, correlation_id) = ("GET".to_owned(), "/".to_owned(), String::new());
        let (tenant_id, user_id, key_id, ip) = (None, None, None, None);
        Access { id, at, tenant_id, user_id, key_id, ip, method, route, status: 200, duration_us: 1, correlation_id }
    }

    #[test]
    fn a_flood_does_not_fill_the_memory_and_what_found_no_room_is_counted() {
        let log = Log::default();
        (0..MOST_REFUSED + 100).for_each(|_| log.add(access(), true));
        assert_eq!(log.gathered().entries.len(), MOST_REFUSED);
        (0..MOST).for_each(|_| log.add(access(), false));
        let (entries, dropped) = log.take();
        assert_eq!((entries.len(), dropped), (MOST, 600));
        assert_eq!(log.take().1, 0);
    }
}
