//! The candles of a back-test.

use std::collections::BTreeMap;

use super::BacktestError;
use crate::candle::Candles;
use crate::money::Symbol;
use crate::strategy::{Columns, Market};

/// Candles by their symbols, ascending.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// All of them; those that a strategy does not trade are passed over.
    pub markets: BTreeMap<Symbol, Candles>,
}

impl History {
    /// Of one symbol.
    #[must_use]
    pub fn of(symbol: Symbol, candles: Candles) -> Self {
        Self { markets: BTreeMap::from([(symbol, candles)]) }
    }

    /// The candles of a market's symbols as columns, by symbol.
    pub(super) fn columns(&self, market: &Market) -> Result<Vec<Columns<'_>>, BacktestError> {
        let of = |symbol: Symbol| {
            let candles = self.markets.get(&symbol).ok_or(BacktestError::NoHistory(symbol))?;
            if candles.timeframe() == market.timeframe {
                return Ok(Columns::new(candles));
            }
            Err(BacktestError::Timeframe { strategy: market.timeframe, candles: candles.timeframe() })
        };
        sorted(market).into_iter().map(of).collect()
    }
}

/// The symbols of a market in the order of its columns.
pub(super) fn sorted(market: &Market) -> Vec<Symbol> {
    let mut symbols = market.symbols().to_vec();
    symbols.sort_unstable();
    symbols
}
