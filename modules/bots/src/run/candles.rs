use super::pace::BATCH;
use kit::{Result, TenantTx};
use market_data::Market;
use std::collections::VecDeque;
use trading::{candle::Candle, time::Timestamp};

/// So many are read ahead where few are due.
const READ_AHEAD: usize = 200;

/// The stored candles of a market, one after the other.
pub(super) struct Candles {
    pub(super) market: Market,
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

    /// The next candles that open before a moment; at most so many.
    ///
    /// # Errors
    /// 404 where the market has no candles, which says how to import some.
    pub(super) async fn take(
        &mut self,
        tx: &mut TenantTx,
        most: usize,
        before: Option<Timestamp>,
    ) -> Result<Vec<Candle>> {
        if self.ready.len() < most && !self.over {
            self.refill(tx, most.clamp(READ_AHEAD, BATCH)).await?;
        }
        let wanted = |candle: &&Candle| before.is_none_or(|before| candle.open_time < before);
        let count = self.ready.iter().take(most).take_while(wanted).count();
        Ok(self.ready.drain(..count).collect())
    }

    async fn refill(&mut self, tx: &mut TenantTx, to_hold: usize) -> Result<()> {
        let missing = to_hold.saturating_sub(self.ready.len()).max(1);
        let series = market_data::series(tx, &self.market).await?;
        let more = market_data::after(tx, &series, self.last, u32::try_from(missing).unwrap_or(u32::MAX)).await?;
        self.over = more.len() < missing;
        self.last = more.last().map(|candle| candle.open_time).or(self.last);
        let end = self.to.map_or(more.len(), |to| more.partition_point(|candle| candle.open_time < to));
        self.over |= end < more.len();
        self.ready.extend(&more[..end]);
        Ok(())
    }

    /// Whether there are no more.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.ready.is_empty()
    }
}
