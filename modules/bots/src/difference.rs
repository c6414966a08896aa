//! What a back-test would have done where a bot has traded.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    position::{Position, Trade},
};

/// A bot beside the back-test of its strategy on the very candles that it was fed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotDifference")]
pub(crate) struct Difference {
    /// How many candles both were fed.
    pub(crate) candles: u64,
    /// Whether they have done the same.
    pub(crate) same: bool,
    pub(crate) bot: Side,
    pub(crate) backtest: Side,
    /// The trades that differ, by the candle in which they began, at most 1,000.
    pub(crate) trades: Vec<TradeDifference>,
}

/// What one of them has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotDifferenceSide")]
pub(crate) struct Side {
    /// Trades that have ended.
    trades: usize,
    cash: Notional,
    /// Coins held, by the bot's symbols.
    quantities: Vec<Quantity>,
    /// Cash, and the coins at their last prices.
    equity: Notional,
    fees: Notional,
}

/// A trade that one has made otherwise than the other, or not at all.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BotTradeDifference")]
pub(crate) struct TradeDifference {
    /// The candle in which it began, counted from 0.
    entry_index: u64,
    /// What was traded, of a bot of several symbols.
    symbol: Option<Symbol>,
    bot: Option<Trade>,
    backtest: Option<Trade>,
    /// How much more the bot has earned.
    pnl: Notional,
}

/// The most trades that are told.
const MOST_TOLD: usize = 1_000;

impl Side {
    /// Of what is held of each symbol, and its last price.
    pub(crate) fn new(held: &[(Position, Option<Price>)], trades: &[Trade]) -> Self {
        let cash: Notional = held.iter().map(|(position, _)| position.cash()).sum();
        let value: Notional = held.iter().filter_map(|(position, price)| Some((*price)? * position.quantity())).sum();
        Self {
            trades: trades.len(),
            cash,
            quantities: held.iter().map(|(position, _)| position.quantity()).collect(),
            equity: cash + value,
            fees: held.iter().map(|(position, _)| position.fees()).sum(),
        }
    }
}

impl Difference {
    /// Lays them side by side.
    pub(crate) fn between(candles: u64, (bot, actual): (Side, &[Trade]), (backtest, tried): (Side, &[Trade])) -> Self {
        let mut pairs = BTreeMap::<_, (Option<&Trade>, Option<&Trade>)>::new();
        for trade in actual {
            pairs.entry((trade.entry_index, trade.symbol)).or_default().0 = Some(trade);
        }
        for trade in tried {
            pairs.entry((trade.entry_index, trade.symbol)).or_default().1 = Some(trade);
        }
        let differ = pairs.into_iter().filter(|(_, (bot, backtest))| bot != backtest);
        let earned = |trade: Option<&Trade>| trade.map_or(Notional::ZERO, |trade| trade.pnl);
        let told = differ.map(|((entry_index, symbol), (bot, backtest))| TradeDifference {
            entry_index,
            symbol,
            pnl: earned(bot) - earned(backtest),
            bot: bot.copied(),
            backtest: backtest.copied(),
        });
        let trades: Vec<_> = told.take(MOST_TOLD).collect();
        Self { candles, same: bot == backtest && trades.is_empty(), bot, backtest, trades }
    }
}
