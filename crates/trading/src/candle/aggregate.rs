//! Candles of a longer time frame, summed exactly from those of a shorter one.
//!
//! A longer candle is answered where all of its time was seen: the shorter ones begin at its opening
//! or earlier and go on to its end or later. So the half candle that a series begins or ends with is
//! left out. A gap inside is no reason to: the candle is the sum of those that are there, as an
//! exchange's own candle holds what was traded around an outage. Where nothing is there, no candle is.

use super::{Candle, CandleError, Candles};
use crate::money::Quantity;
use crate::time::{Timeframe, Timestamp};

/// Sums candles that come in order of time.
#[derive(Clone, Debug)]
pub struct Aggregator {
    from: Timeframe,
    to: Timeframe,
    /// The moment from which candles were seen; that of the first where it is not known.
    since: Option<Timestamp>,
    last: Option<Timestamp>,
    sum: Option<Candle>,
}

impl Aggregator {
    /// Sums candles of `from` to candles of `to`; `None` where candles of `from` do not fill one of `to`.
    ///
    /// The series is known from `since` on: a candle that opened before is left out. Where it is not
    /// given, the series begins with the first candle that is pushed.
    #[must_use]
    pub fn new(from: Timeframe, to: Timeframe, since: Option<Timestamp>) -> Option<Self> {
        from.divides(to).then_some(Self { from, to, since, last: None, sum: None })
    }

    /// Takes the next candle and answers those that it closes: the one before it, where that ended
    /// in a gap, and its own, where it is the last of it.
    ///
    /// # Errors
    /// [`CandleError::NotAscending`], [`CandleError::OffGrid`], and [`CandleError::TooPrecise`] for a
    /// volume that no exact decimal holds; the candle was not taken.
    pub fn push(&mut self, candle: &Candle) -> Result<impl Iterator<Item = Candle> + use<>, CandleError> {
        let at = candle.open_time;
        if self.from.floor(at) != at {
            return Err(CandleError::OffGrid { at, timeframe: self.from });
        }
        if let Some(last) = self.last.filter(|last| *last >= at) {
            return Err(CandleError::NotAscending { at, last });
        }
        let opens = self.to.floor(at);
        let (before, sum) = match self.sum {
            Some(sum) if sum.open_time == opens => (None, sum.joined(candle)?),
            before => (before, Candle { open_time: opens, ..*candle }),
        };
        self.last = Some(at);
        let since = *self.since.get_or_insert(at);
        let ended = self.from.next(at) == self.to.next(at);
        self.sum = (!ended).then_some(sum);
        let closed = [before, ended.then_some(sum)].into_iter().flatten();
        Ok(closed.filter(move |candle| candle.open_time >= since))
    }

    /// The candle that is not closed yet, as far as it is seen; none between two candles.
    #[must_use]
    pub fn unfinished(&self) -> Option<Candle> {
        self.sum
    }

    /// Ends a series that is known until a moment: answers the last candle where that closes it.
    #[must_use]
    pub fn finish(self, until: Timestamp) -> Option<Candle> {
        let sum = self.sum.filter(|sum| self.to.next(sum.open_time) <= until)?;
        self.since.is_none_or(|since| sum.open_time >= since).then_some(sum)
    }
}

impl Candle {
    /// This candle and one that follows it within the same longer candle.
    fn joined(self, next: &Self) -> Result<Self, CandleError> {
        let Self { open_time, open, high, low, volume, .. } = self;
        let volume = sum(volume, next.volume).ok_or(CandleError::TooPrecise { at: next.open_time })?;
        Ok(Self { open_time, open, high: high.max(next.high), low: low.min(next.low), close: next.close, volume })
    }
}

/// The exact sum, where a quantity can be that large and that fine.
pub(crate) fn sum(one: Quantity, other: Quantity) -> Option<Quantity> {
    let sum = one.decimal().checked_add(other.decimal())?;
    // a decimal that is full drops digits
    let exact = sum.scale() >= one.decimal().scale().max(other.decimal().scale());
    exact.then(|| Quantity::new(sum).ok()).flatten()
}

impl Candles {
    /// All candles of a longer time frame that these fill.
    ///
    /// # Errors
    /// [`CandleError::NotFiner`] where candles of this time frame do not fill one of `to`,
    /// [`CandleError::TooPrecise`] where a volume does not fit into a column.
    pub fn aggregate(&self, to: Timeframe) -> Result<Self, CandleError> {
        let from = self.timeframe();
        let mut aggregator =
            Aggregator::new(from, to, None).ok_or(CandleError::NotFiner { finer: from, timeframe: to })?;
        let mut candles = Self::new(to);
        for candle in self.iter() {
            aggregator.push(&candle)?.try_for_each(|candle| candles.push(candle))?;
        }
        let until = self.open_times().last().map(|last| from.next(Timestamp::from_millis(*last)));
        let last = until.and_then(|until| aggregator.finish(until));
        last.map_or(Ok(()), |last| candles.push(last))?;
        Ok(candles)
    }
}

#[cfg(test)]
mod tests;
