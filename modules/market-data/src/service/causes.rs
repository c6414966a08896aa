//! Why candles are missing.

use super::{Series, frames};
use crate::{
    gaps::{Gap, GapCause},
    store,
};
use kit::{Result, TenantTx};
use trading::time::Timeframe;

/// Tells of each gap what the other series that the tenant sees say of its time.
pub(super) async fn explain(tx: &mut TenantTx, series: &Series, gaps: &mut [Gap]) -> Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    let finer = frames::shorter(series.market.timeframe);
    // a longer candle need not open within the gap of a shorter one, so it tells nothing
    let wanted = series.market.timeframe;
    let comparable: Vec<_> = Timeframe::ALL.into_iter().filter(|it| *it <= wanted).map(Timeframe::as_str).collect();
    let witnesses = store::witnesses(tx, &series.market, &comparable, &finer, gaps).await?;
    for (gap, witness) in gaps.iter_mut().zip(witnesses) {
        gap.cause = Some(match witness {
            store::Witness { others, others_trading: 0, .. } if others > 0 => GapCause::Outage,
            store::Witness { finer, finer_trading: 0, .. } if finer > 0 => GapCause::NoTrades,
            _ => GapCause::Unknown,
        });
    }
    Ok(())
}
