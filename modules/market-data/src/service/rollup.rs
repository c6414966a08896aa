//! Hours and days of shorter series, kept exact by whoever changes candles.

use super::{Series, frames::inexact};
use crate::{store, store::Part};
use kit::{Result, Tx};
use trading::{
    candle::{Aggregator, Candle, Candles},
    time::{Timeframe, Timestamp},
};

/// What is kept, the shortest first.
pub(super) const FRAMES: [Timeframe; 2] = [Timeframe::H1, Timeframe::D1];

/// Every moment of the days in which two moments lie.
pub(super) fn days(first: Timestamp, last: Timestamp) -> (Timestamp, Timestamp) {
    (Timeframe::D1.floor(first), Timeframe::D1.next(last))
}

/// Keeps the hours and days of candles that are all there is of their days.
pub(super) async fn write<K>(tx: &mut Tx<K>, series: &Series, candles: &Candles) -> Result<()> {
    let mut sums = Sums::new(series.stored);
    candles.iter().try_for_each(|candle| sums.push(&candle))?;
    sums.write(tx, series).await
}

/// Reckons the hours and days anew in which something has changed between two moments.
pub(super) async fn renew<K>(tx: &mut Tx<K>, series: &Series, first: Timestamp, last: Timestamp) -> Result<()> {
    let mut sums = Sums::new(series.stored);
    let (from, to) = days(first, last);
    let part = Part { from, to, limit: i64::MAX, newest_first: false };
    store::each_candle(tx, series.id, part, |candle, _| sums.push(&candle)).await?;
    for (frame, ..) in &sums.frames {
        store::delete_rollups(tx, series.id, *frame, from, to).await?;
    }
    sums.write(tx, series).await
}

/// All that is there is summed, also what begins or ends halfway: who reads knows what was seen.
struct Sums {
    frames: Vec<(Timeframe, Aggregator, Vec<Candle>)>,
}

impl Sums {
    fn new(stored: Timeframe) -> Self {
        let since = Some(Timestamp::from_millis(i64::MIN));
        let sums = |frame| Aggregator::new(stored, frame, since).map(|aggregator| (frame, aggregator, vec![]));
        Self { frames: FRAMES.into_iter().filter_map(sums).collect() }
    }

    fn push(&mut self, candle: &Candle) -> Result<()> {
        for (_, aggregator, summed) in &mut self.frames {
            summed.extend(aggregator.push(candle).map_err(|error| inexact(&error))?);
        }
        Ok(())
    }

    async fn write<K>(self, tx: &mut Tx<K>, series: &Series) -> Result<()> {
        for (frame, aggregator, mut summed) in self.frames {
            summed.extend(aggregator.unfinished());
            store::copy_rollups(tx, series.id, frame, &summed).await?;
        }
        Ok(())
    }
}
