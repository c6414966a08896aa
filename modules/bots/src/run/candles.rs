use super::pace::BATCH;
use kit::{Result, TenantTx};
use market_data::Market;
use std::collections::VecDeque;
use trading::{candle::Candle, time::Timestamp};

/// So many are read ahead where few are due.
const READ_AHEAD: usize = 200;

/// Candles of all lanes of a bot, moment by moment.
#[derive(Debug)]
pub(super) struct Moments {
    lanes: usize,
    candles: Vec<Option<Candle>>,
}

impl Moments {
    pub(super) fn new(lanes: usize) -> Self {
        Self { lanes, candles: vec![] }
    }

    /// The next moment: the candles that open at it, by lane.
    pub(super) fn push(&mut self, candles: impl Iterator<Item = Option<Candle>>) {
        self.candles.extend(candles);
    }

    pub(super) fn len(&self) -> usize {
        self.candles.len() / self.lanes.max(1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.candles.is_empty()
    }

    /// The moments in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Option<Candle>]> {
        self.candles.chunks(self.lanes.max(1))
    }
}

/// The stored candles of several markets, moment by moment.
pub(super) struct Stored(Vec<Candles>);

impl Stored {
    pub(super) fn new(markets: Vec<Candles>) -> Self {
        Self(markets)
    }

    /// The next moments before another; at most so many.
    ///
    /// # Errors
    /// 404 where a market has no candles, which says how to import some.
    pub(super) async fn take(&mut self, tx: &mut TenantTx, most: usize, before: Option<Timestamp>) -> Result<Moments> {
        for candles in &mut self.0 {
            candles.fill(tx, most).await?;
        }
        let mut moments = Moments::new(self.0.len());
        while moments.len() < most {
            let next = self.0.iter().filter_map(Candles::next).min();
            let Some(at) = next.filter(|at| before.is_none_or(|before| *at < before)) else { break };
            moments.push(self.0.iter_mut().map(|candles| candles.pop(at)));
        }
        Ok(moments)
    }

    /// Whether there are no more.
    pub(super) fn is_over(&self) -> bool {
        self.0.iter().all(|candles| candles.over && candles.ready.is_empty())
    }

    /// The first market.
    pub(super) fn market(&self) -> Option<&Market> {
        self.0.first().map(|candles| &candles.market)
    }
}

/// The stored candles of a market, one after the other.
pub(super) struct Candles {
    market: Market,
    /// The one before which they end.
    to: Option<Timestamp>,
    ready: VecDeque<Candle>,
    last: Option<Timestamp>,
    over: bool,
}

impl Candles {
    /// Those that open after a moment, or all.
    pub(super) fn new(market: Market, after: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { market, to, ready: VecDeque::new(), last: after, over: false }
    }

    /// When the next one opens.
    fn next(&self) -> Option<Timestamp> {
        self.ready.front().map(|candle| candle.open_time)
    }

    /// The next one, if it opens at this moment.
    fn pop(&mut self, at: Timestamp) -> Option<Candle> {
        self.ready.pop_front_if(|candle| candle.open_time == at)
    }

    /// Has so many ready, or all that there are.
    async fn fill(&mut self, tx: &mut TenantTx, most: usize) -> Result<()> {
        if self.ready.len() >= most || self.over {
            return Ok(());
        }
        let missing = most.clamp(READ_AHEAD, BATCH).saturating_sub(self.ready.len()).max(1);
        let series = market_data::series(tx, &self.market).await?;
        let more = market_data::after(tx, &series, self.last, u32::try_from(missing).unwrap_or(u32::MAX)).await?;
        self.over = more.len() < missing;
        self.last = more.last().map(|candle| candle.open_time).or(self.last);
        let end = self.to.map_or(more.len(), |to| more.partition_point(|candle| candle.open_time < to));
        self.over |= end < more.len();
        self.ready.extend(&more[..end]);
        Ok(())
    }
}
