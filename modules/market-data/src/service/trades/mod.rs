//! Series of trades, which are a tenant's own or the platform's as those of candles are.

mod candles;
mod derive;
pub(crate) mod export;
mod import;
mod read;
mod retention;

pub use derive::derive;
pub use import::{ImportedTrades, TradeFile, import_trades};

pub(crate) use candles::{MadeOf, made};
pub(crate) use derive::Derivation;
pub(crate) use import::{MOST_TRADES, write};
pub(crate) use read::{MarketTrade, TradeFilter, TradeSeriesFilter, list, remove, trades};
pub(super) use retention::prune_series;

use crate::{Exchange, store};
use axum::http::StatusCode;
use kit::{Error, Result, Time, Tx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use trading::{money::Symbol, time::Timestamp, trades::TradeKind};
use uuid::Uuid;

/// 2009-01-01: no coin was traded before.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_millis(1_230_768_000_000);

/// What was traded, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, garde::Validate)]
#[garde(allow_unvalidated)]
#[schemars(rename = "TradeMarket")]
pub struct TradeMarket {
    pub exchange: Exchange,
    pub symbol: Symbol,
}

impl fmt::Display for TradeMarket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.symbol, self.exchange.as_str())
    }
}

/// Which kind of trades.
#[derive(Clone, Copy, Deserialize, JsonSchema, garde::Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct KindAsked {
    /// Single trades, or those of one order at one price as one; if not said, single ones where there are any.
    pub(crate) kind: Option<TradeKind>,
}

/// The trades of a market, as somebody may see them. As with `Series`, whoever holds one was let through by row level
/// security.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TradeSeries")]
pub struct TradeSeries {
    pub(crate) id: Uuid,
    #[serde(flatten)]
    pub(crate) market: TradeMarket,
    pub(crate) kind: TradeKind,
    /// Whether it is the platform's, which every tenant reads, and not the tenant's own.
    pub(crate) shared: bool,
    /// The lowest number of a trade; `null` while there is none.
    pub(crate) first_trade_id: Option<i64>,
    /// The highest number of a trade; `null` while there is none.
    pub(crate) last_trade_id: Option<i64>,
    /// When the first trade happened; `null` while there is none.
    pub(crate) first_trade_time: Option<Time>,
    /// When the last trade happened; `null` while there is none.
    pub(crate) last_trade_time: Option<Time>,
    /// How many trades there are.
    pub(crate) trade_count: i64,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// The trades of a market, the tenant's own before the platform's; across tenants only the platform's are meant.
pub(crate) async fn series<K>(tx: &mut Tx<K>, market: &TradeMarket, kind: Option<TradeKind>) -> Result<TradeSeries> {
    store::find_trades(tx, market, kind).await?.ok_or_else(|| {
        let TradeMarket { exchange, symbol } = market;
        let exchange = exchange.as_str();
        let message = format!(
            "There are no trades of {market}. Import some: POST a CSV file to \
             /api/v1/market-data/trades/import?exchange={exchange}&symbol={symbol}, or have the operator run \
             `botcriptofy trades import FILE --exchange {exchange} --symbol {symbol}`."
        );
        Error::new(StatusCode::NOT_FOUND, "MARKET_NOT_FOUND", message)
    })
}
