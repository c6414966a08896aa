//! What Binance sends, read without a network, a clock or randomness.

mod account;
mod info;
mod klines;
mod number;
mod order;
mod rest;
pub mod stream;
pub mod user;

pub use account::{Account, KeyRestrictions, account, key_restrictions};
pub use info::{ExchangeInfo, RateLimit, exchange_info};
pub use klines::{AskedKlines, Klines, klines};
pub use order::{AskedOrder, OrderPage, cancelled, executions, open_orders, order, pair, placed, placed_orders};
pub use rest::{
    AggregateTrade, BestPrices, Ticker, Trade, aggregate_trades, best_prices, refusal, server_time, snapshot, ticker,
    trades,
};

use crate::Failure;
use serde::Deserialize;

/// Reads a whole answer; what is wrong is told with its place.
fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|fault| Failure::Malformed(fault.to_string()))
}
