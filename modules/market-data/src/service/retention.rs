//! How long a tenant keeps what it has stored.

use super::{EARLIEST, Series, rollup, timestamp, trades};
use crate::{Market, snapshots, store};
use audit::Change;
use configurations::Setting;
use kit::{App, Level, Origin, Reason, Result, Scope, TenantTx, Time};
use serde::Serialize;
use tracing::info;
use trading::time::{Timeframe, Timestamp};
use uuid::Uuid;

pub(crate) static RETENTION_DAYS: Setting<i64> = Setting::integer(
    "market-data.retention-days",
    [0, 0, 40_000],
    &[Level::System, Level::Tenant],
    "For how many days a tenant's own candles are kept once they have closed; 0 keeps them for ever.",
);
pub(crate) static RAW_RETENTION_DAYS: Setting<i64> = Setting::integer(
    "market-data.raw-retention-days",
    [0, 0, 40_000],
    &[Level::System, Level::Tenant],
    "For how many days a tenant's own trades and stored order books are kept; 0 keeps them for ever.",
);
pub(super) const DAY: i64 = 86_400_000;
/// The days of candles that are removed in one transaction, 130,000 of the shortest.
const DAYS_AT_ONCE: i64 = 90;

/// Removes what no tenant wants to keep any longer. What is the platform's own stays.
pub(crate) async fn prune(app: &App) -> Result<()> {
    let mut tx = app.db().system(Reason::Candles, Origin::internal("market-data-keeper")).await?;
    let owners = store::owners(&mut tx).await?;
    drop(tx);
    for tenant in owners {
        prune_tenant(app, tenant).await?;
    }
    Ok(())
}

async fn prune_tenant(app: &App, tenant: Uuid) -> Result<()> {
    let mut tx = enter(app, tenant).await?;
    let (days, raw_days) = (RETENTION_DAYS.get(&mut tx).await?, RAW_RETENTION_DAYS.get(&mut tx).await?);
    drop(tx);
    if raw_days > 0 {
        trades::prune_series(app, tenant, raw_days).await?;
        snapshots::prune(enter(app, tenant).await?, raw_days).await?;
    }
    if days > 0 {
        prune_candles(app, tenant, days).await?;
    }
    Ok(())
}

async fn prune_candles(app: &App, tenant: Uuid, days: i64) -> Result<()> {
    let mut tx = enter(app, tenant).await?;
    let since = days_ago(tx.now(), days);
    let series = store::own_since_before(&mut tx, since).await?;
    drop(tx);
    for id in series {
        while prune_part(app, tenant, id, days).await? {}
    }
    Ok(())
}

/// Removes the oldest candles of a series, or the series where none is left; whether there is more to remove.
async fn prune_part(app: &App, tenant: Uuid, id: Uuid, days: i64) -> Result<bool> {
    let mut tx = enter(app, tenant).await?;
    let Some(series) = store::find_own(&mut tx, id).await? else { return Ok(false) };
    let Some(first) = series.first_open_time.map(timestamp) else { return Ok(false) };
    // what opened before this has closed by then, and no hour or day lies on both sides of it
    let end = series.stored.floor(days_ago(tx.now(), days));
    if first >= end {
        return Ok(false);
    }
    let before = end.min(Timestamp::from_millis(Timeframe::D1.floor(first).millis() + DAYS_AT_ONCE * DAY));
    let removed = store::delete_before(&mut tx, id, before).await?;
    for frame in rollup::FRAMES {
        store::delete_rollups(&mut tx, id, frame, EARLIEST, before).await?;
    }
    let rest = store::shorten(&mut tx, id, before, removed).await?;
    record(&mut tx, &series, before, removed, days).await?;
    let emptied = rest.first_open_time.is_none();
    if emptied {
        // an empty series would stand before the platform's of the same market
        store::delete(&mut tx, id).await?;
        audit::record(&mut tx, Change::new("candle_series", id, "candle_series.deleted").before(&rest)).await?;
    }
    tx.commit().await?;
    info!(%tenant, series = %id, removed, "old candles were removed, as the tenant wishes");
    Ok(!emptied && before < end)
}

/// What the audit trail keeps of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(flatten)]
    market: &'a Market,
    /// All that opened before is gone.
    before: Time,
    removed: i64,
    retention_days: i64,
}

async fn record(tx: &mut TenantTx, series: &Series, before: Timestamp, removed: i64, days: i64) -> Result<()> {
    let before = Time::from_millis(before.millis());
    let entry = Entry { market: &series.market, before, removed, retention_days: days };
    audit::record(tx, Change::new("candle_series", series.id, "candle_series.pruned").after(&entry)).await
}

/// The start of the day that was so many days ago.
pub(crate) fn days_ago(now: Time, days: i64) -> Timestamp {
    Timeframe::D1.floor(Timestamp::from_millis(now.millis() - days * DAY))
}

pub(super) async fn enter(app: &App, tenant: Uuid) -> Result<TenantTx> {
    let tx = app.db().system(Reason::Candles, Origin::internal("market-data-keeper")).await?;
    #[expect(clippy::disallowed_methods, reason = "the tenant has said how long it keeps what it has")]
    let scope = Scope::new(tenant, None);
    tx.enter(scope).await
}
