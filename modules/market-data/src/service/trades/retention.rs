//! How long a tenant keeps its trades.

use super::{TradeMarket, TradeSeries};
use crate::{
    service::{
        retention::{DAY, days_ago, enter},
        timestamp,
    },
    store,
};
use audit::Change;
use kit::{App, Result, TenantTx, Time};
use serde::Serialize;
use tracing::info;
use trading::{
    time::{Timeframe, Timestamp},
    trades::TradeKind,
};
use uuid::Uuid;

/// Removes the trades of a tenant that are older than so many days.
pub(in crate::service) async fn prune_series(app: &App, tenant: Uuid, days: i64) -> Result<()> {
    let mut tx = enter(app, tenant).await?;
    let before = days_ago(tx.now(), days);
    let series = store::own_trades_since_before(&mut tx, before).await?;
    drop(tx);
    for id in series {
        while prune_day(app, tenant, id, days).await? {}
    }
    Ok(())
}

/// Removes the oldest day of a series, or the series where nothing is left; whether there is more to remove.
async fn prune_day(app: &App, tenant: Uuid, id: Uuid, days: i64) -> Result<bool> {
    let mut tx = enter(app, tenant).await?;
    let Some(series) = store::find_own_trades(&mut tx, id).await? else { return Ok(false) };
    let Some(first) = series.first_trade_time.map(timestamp) else { return Ok(false) };
    let end = days_ago(tx.now(), days);
    if first >= end {
        return Ok(false);
    }
    let before = end.min(Timestamp::from_millis(Timeframe::D1.floor(first).millis() + DAY));
    let removed = store::delete_trades_before(&mut tx, id, before).await?;
    let rest = store::extend_trades(&mut tx, &series, -removed).await?;
    record(&mut tx, &series, before, (removed, days)).await?;
    let emptied = rest.first_trade_time.is_none();
    if emptied {
        store::delete_trade_series(&mut tx, id).await?;
        audit::record(&mut tx, Change::new("trade_series", id, "trade_series.deleted").before(&rest)).await?;
    }
    tx.commit().await?;
    info!(%tenant, series = %id, removed, "old trades were removed, as the tenant wishes");
    Ok(!emptied && before < end)
}

/// What the audit trail keeps of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(flatten)]
    market: &'a TradeMarket,
    kind: TradeKind,
    /// All that happened before is gone.
    before: Time,
    removed: i64,
    retention_days: i64,
}

async fn record(
    tx: &mut TenantTx,
    series: &TradeSeries,
    before: Timestamp,
    (removed, retention_days): (i64, i64),
) -> Result<()> {
    let before = Time::from_millis(before.millis());
    let entry = Entry { market: &series.market, kind: series.kind, before, removed, retention_days };
    audit::record(tx, Change::new("trade_series", series.id, "trade_series.pruned").after(&entry)).await
}
