//! Candles of any time frame, from those that are stored.

use super::{Series, rollup, timestamp};
use crate::{CandleOrigin, Market, store, store::Part};
use kit::{Error, Result, TenantTx, Time, Tx};
use trading::{
    candle::{Aggregator, Candle, CandleError},
    time::{Timeframe, Timestamp},
};

/// The time frames that fill a longer one, the shortest first.
pub(super) fn shorter(timeframe: Timeframe) -> Vec<&'static str> {
    Timeframe::ALL.into_iter().filter(|it| it.divides(timeframe)).map(Timeframe::as_str).collect()
}

/// The first candle that opens then or later.
fn ceil(timeframe: Timeframe, at: Timestamp) -> Timestamp {
    if timeframe.floor(at) == at { at } else { timeframe.next(at) }
}

impl Series {
    /// The same candles in a longer time frame: only those whose whole time was seen.
    pub(super) fn summed_to(self, market: &Market) -> Self {
        let (stored, timeframe) = (self.stored, market.timeframe);
        if stored == timeframe {
            return self;
        }
        let seen = self.first_open_time.zip(self.last_open_time).and_then(|(first, last)| {
            let first = ceil(timeframe, timestamp(first));
            let end = timeframe.floor(stored.next(timestamp(last)));
            (first < end).then_some((first, end))
        });
        let time = |at: Timestamp| Time::from_millis(at.millis());
        let last = |end: Timestamp| timeframe.floor(Timestamp::from_millis(end.millis() - 1));
        Self {
            market: market.clone(),
            first_open_time: seen.map(|(first, _)| time(first)),
            last_open_time: seen.map(|(_, end)| time(last(end))),
            candle_count: seen.map_or(0, |(first, end)| most_between(timeframe, first, end)),
            ..self
        }
    }

    /// Where the candles are read that are to be summed: hours or days, or the stored ones.
    fn source(&self) -> (Timeframe, bool) {
        let wanted = self.market.timeframe;
        let serves = |it: &Timeframe| self.stored.divides(*it) && (*it == wanted || it.divides(wanted));
        match rollup::FRAMES.into_iter().rev().find(serves) {
            Some(frame) => (frame, true),
            None => (self.stored, false),
        }
    }

    /// The part of the stored time in which the asked candles lie, all of them whole.
    fn whole(&self, part: Part, source: Timeframe) -> Option<Part> {
        let wanted = self.market.timeframe;
        let (first, last) = self.first_open_time.zip(self.last_open_time)?;
        let from = ceil(wanted, part.from).max(timestamp(first));
        let to = ceil(wanted, part.to).min(wanted.next(timestamp(last)));
        let limit = part.limit.saturating_mul(source.most_within(wanted).max(1));
        (from < to).then_some(Part { from, to, limit, ..part })
    }
}

fn most_between(timeframe: Timeframe, from: Timestamp, to: Timestamp) -> i64 {
    const SHORTEST_MONTH: i64 = 28 * 86_400_000;
    (to.millis() - from.millis()) / timeframe.fixed_millis().unwrap_or(SHORTEST_MONTH)
}

/// Hands over a series' candles in its market's time frame, summed where they are not stored.
pub(super) async fn each<K>(
    tx: &mut Tx<K>,
    series: &Series,
    part: Part,
    mut take: impl FnMut(Candle, CandleOrigin) -> Result<()>,
) -> Result<()> {
    let wanted = series.market.timeframe;
    if series.stored == wanted {
        return store::each_candle(tx, series.id, part, take).await;
    }
    let (source, rolled) = series.source();
    let Some(whole) = series.whole(part, source) else { return Ok(()) };
    let mut sums = Sums { aggregator: Aggregator::new(source, wanted, Some(whole.from)), until: whole.to };
    // what is read ends within the candle after the last that is asked for, if at all
    let mut left = part.limit;
    let mut answer = |candle| {
        left -= 1;
        if left >= 0 { take(candle, CandleOrigin::Derived) } else { Ok(()) }
    };
    if part.newest_first {
        let (mut parts, mut summed) = (vec![], vec![]);
        read(tx, series, (source, rolled), whole, |candle| {
            parts.push(candle);
            Ok(())
        })
        .await?;
        let mut keep = |candle| {
            summed.push(candle);
            Ok(())
        };
        parts.into_iter().rev().try_for_each(|candle| sums.push(candle, &mut keep))?;
        sums.finish(&mut keep)?;
        return summed.into_iter().rev().try_for_each(answer);
    }
    read(tx, series, (source, rolled), whole, |candle| sums.push(candle, &mut answer)).await?;
    sums.finish(&mut answer)
}

async fn read<K>(
    tx: &mut Tx<K>,
    series: &Series,
    (source, rolled): (Timeframe, bool),
    part: Part,
    mut take: impl FnMut(Candle) -> Result<()>,
) -> Result<()> {
    if rolled {
        store::each_rollup(tx, series.id, source, part, take).await
    } else {
        store::each_candle(tx, series.id, part, |candle, _| take(candle)).await
    }
}

/// Sums whole candles up to a moment.
struct Sums {
    /// None where what comes is what is wanted.
    aggregator: Option<Aggregator>,
    until: Timestamp,
}

impl Sums {
    fn push(&mut self, candle: Candle, take: &mut impl FnMut(Candle) -> Result<()>) -> Result<()> {
        match &mut self.aggregator {
            Some(aggregator) => aggregator.push(&candle).map_err(|error| inexact(&error))?.try_for_each(take),
            None => take(candle),
        }
    }

    fn finish(self, take: &mut impl FnMut(Candle) -> Result<()>) -> Result<()> {
        let last = self.aggregator.and_then(|aggregator| aggregator.finish(self.until));
        last.map_or(Ok(()), take)
    }
}

/// What a sum is refused for.
pub(super) fn inexact(error: &CandleError) -> Error {
    Error::invalid("timeframe", "INEXACT_SUM", format!("The candles cannot be summed exactly: {error}."))
}

/// Hands over when candles opened, in their order.
pub(super) async fn each_time(
    tx: &mut TenantTx,
    series: &Series,
    part: Part,
    mut see: impl FnMut(Timestamp),
) -> Result<()> {
    let wanted = series.market.timeframe;
    if series.stored == wanted {
        return store::each_time(tx, series.id, part.from, part.to, see).await;
    }
    let Some(whole) = series.whole(part, series.stored) else { return Ok(()) };
    let mut last = None;
    store::each_time(tx, series.id, whole.from, whole.to, |at| {
        let opens = wanted.floor(at);
        if last.replace(opens) != Some(opens) {
            see(opens);
        }
    })
    .await
}
