//! Filling gaps with candles that were found elsewhere. None is invented.

use super::{Imported, Series, frames, import, read::part, timestamp};
use crate::{CandleOrigin, Gap, Market, gaps::GapFinder, store};
use garde::Validate;
use kit::{Error, Result, TenantTx};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use trading::{
    candle::{Candle, Candles},
    time::Timestamp,
};

/// A market whose gaps are to be filled.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub(crate) struct Repair {
    /// A market of which the tenant has a series of its own.
    pub(crate) market: Market,
}

/// Fills the gaps of the tenant's own series with candles that were found for their time; all or
/// none, and commits. What is no gap stays as it is.
///
/// # Errors
/// 404 where the tenant has no such series, 409 `NOTHING_FOUND` where no candle fills a gap.
pub async fn fill(
    mut tx: TenantTx,
    market: &Market,
    origin: CandleOrigin,
    found: impl IntoIterator<Item = Candle>,
) -> Result<Imported> {
    let series = own(&mut tx, market).await?;
    let gaps = gaps_of(&mut tx, &series).await?;
    let found: BTreeMap<Timestamp, Candle> = found.into_iter().map(|candle| (candle.open_time, candle)).collect();
    let missing = found.into_values().filter(|candle| within(&gaps, candle.open_time));
    let candles = Candles::collect(market.timeframe, missing)
        .map_err(|error| Error::invalid("market", "BAD_CANDLES", format!("What was found is wrong: {error}.")))?;
    if candles.is_empty() {
        return Err(Error::conflict("NOTHING_FOUND", "No other series has candles for the gaps of this one."));
    }
    import(tx, market, origin, candles).await
}

/// Fills the gaps of the tenant's own series, the first thousand at a time, from the other series that it sees: of the same market,
/// or of shorter candles, which are summed.
pub(crate) async fn repair(mut tx: TenantTx, market: &Market) -> Result<Imported> {
    let series = own(&mut tx, market).await?;
    let gaps = gaps_of(&mut tx, &series).await?;
    let mut found = BTreeMap::new();
    for source in store::sources(&mut tx, market, series.id, &frames::shorter(market.timeframe)).await? {
        let source = source.summed_to(market);
        for gap in &gaps {
            let part = part(Some(timestamp(gap.from)), Some(timestamp(gap.to)), i64::MAX);
            frames::each(&mut tx, &source, part, |candle, _| {
                found.entry(candle.open_time).or_insert(candle);
                Ok(())
            })
            .await?;
        }
    }
    fill(tx, market, CandleOrigin::Derived, found.into_values()).await
}

async fn own(tx: &mut TenantTx, market: &Market) -> Result<Series> {
    let series = store::find(tx, market, &[]).await?.filter(|series| !series.shared);
    series.ok_or_else(|| Error::not_found("series"))
}

async fn gaps_of(tx: &mut TenantTx, series: &Series) -> Result<Vec<Gap>> {
    let mut finder = GapFinder::new(series.market.timeframe);
    frames::each_time(tx, series, part(None, None, i64::MAX), |time| finder.see(time)).await?;
    Ok(finder.report().gaps)
}

/// Whether a time lies in one of the gaps, which ascend.
fn within(gaps: &[Gap], at: Timestamp) -> bool {
    let before = gaps.partition_point(|gap| timestamp(gap.to) <= at);
    gaps.get(before).is_some_and(|gap| timestamp(gap.from) <= at)
}
