//! Candles that are made of trades, exactly. Where nothing was traded, there is no candle.

use super::Trade;
use crate::candle::{Candle, CandleError, sum};
use crate::time::{Resolution, Timestamp};

/// Makes candles of trades that come in order of time.
#[derive(Clone, Debug)]
pub struct TradeCandles {
    resolution: Resolution,
    last: Option<Timestamp>,
    candle: Option<Candle>,
}

impl TradeCandles {
    /// Candles of such a length.
    #[must_use]
    pub const fn new(resolution: Resolution) -> Self {
        Self { resolution, last: None, candle: None }
    }

    /// Takes the next trade and answers the candle that it ends: the one before its own.
    ///
    /// # Errors
    /// [`CandleError::NotAscending`] for a trade of an earlier time, [`CandleError::TooPrecise`] for a volume that no
    /// exact decimal holds; the trade was not taken.
    pub fn push(&mut self, trade: &Trade) -> Result<Option<Candle>, CandleError> {
        let at = trade.time;
        if let Some(last) = self.last.filter(|last| *last > at) {
            return Err(CandleError::NotAscending { at, last });
        }
        let opens = self.resolution.floor(at);
        let (ended, candle) = match self.candle {
            Some(candle) if candle.open_time == opens => (None, joined(candle, trade)?),
            before => (before, opened(opens, trade)),
        };
        (self.last, self.candle) = (Some(at), Some(candle));
        Ok(ended)
    }

    /// The candle of the last trades, which others may still follow.
    #[must_use]
    pub const fn unfinished(&self) -> Option<Candle> {
        self.candle
    }
}

fn opened(open_time: Timestamp, trade: &Trade) -> Candle {
    let (price, volume) = (trade.price, trade.quantity);
    Candle { open_time, open: price, high: price, low: price, close: price, volume }
}

fn joined(candle: Candle, trade: &Trade) -> Result<Candle, CandleError> {
    let Candle { open_time, high, low, volume, .. } = candle;
    let volume = sum(volume, trade.quantity).ok_or(CandleError::TooPrecise { at: open_time })?;
    Ok(Candle { high: high.max(trade.price), low: low.min(trade.price), close: trade.price, volume, ..candle })
}
