//! Trades as they are asked for.

use super::{EARLIEST, TradeMarket, TradeSeries};
use crate::{
    CandleOrigin, Exchange,
    service::{read::LATEST, timestamp},
    store::{self, Place, TradePart},
};
use audit::Change;
use garde::Validate;
use kit::{Error, Paging, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    time::Timestamp,
    trades::{Trade, TradeKind},
};
use uuid::Uuid;

/// Which series of trades are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct TradeSeriesFilter {
    /// Only of this exchange.
    exchange: Option<Exchange>,
    /// Only of this symbol.
    symbol: Option<Symbol>,
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &TradeSeriesFilter,
    paging: &Paging,
) -> Result<(Vec<TradeSeries>, i64)> {
    const FIELDS: [(&str, &str); 6] = [
        ("symbol", "symbol"),
        ("exchange", "exchange"),
        ("tradeCount", "trade_count"),
        ("firstTradeTime", "first_trade_time"),
        ("lastTradeTime", "last_trade_time"),
        ("updatedAt", "updated_at"),
    ];
    let order = paging.order(&FIELDS, "exchange, symbol, kind, tenant_id")?;
    let exchange = filter.exchange.as_ref().map(Exchange::as_str);
    store::list_trade_series(tx, (exchange, filter.symbol.as_ref().map(Symbol::as_str)), &order, paging).await
}

pub(crate) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let series = store::find_own_trades(tx, id).await?.ok_or_else(|| Error::not_found("series"))?;
    store::delete_trade_series(tx, id).await?;
    audit::record(tx, Change::new("trade_series", id, "trade_series.deleted").before(&series)).await
}

/// Which trades of a market are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct TradeFilter {
    /// Single trades, or those of one order at one price as one; if not said, single ones where there are any.
    kind: Option<TradeKind>,
    /// Only trades of this time or later.
    from: Option<Time>,
    /// Only trades before this time.
    to: Option<Time>,
    /// Only trades before this place, the newest first: the `next` of the part before.
    #[garde(length(max = 40))]
    before: Option<String>,
    /// Only trades after this place, the oldest first: the `next` of the part before.
    #[garde(length(max = 40))]
    after: Option<String>,
    /// At most so many: 1000 at most, 100 if not said.
    limit: Option<i64>,
}

impl TradeFilter {
    /// How many trades the part holds.
    pub(crate) fn limit(&self) -> i64 {
        self.limit.unwrap_or(100).clamp(1, 1_000)
    }

    fn part(&self) -> Result<TradePart> {
        let span = part(self.from.map(timestamp), self.to.map(timestamp), self.limit());
        let after = place(self.after.as_deref(), "after")?.unwrap_or(span.after).max(span.after);
        let before = place(self.before.as_deref(), "before")?.unwrap_or(span.before).min(span.before);
        Ok(TradePart { after, before, newest_first: self.before.is_some() && self.after.is_none(), ..span })
    }
}

/// The trades of a span of time, the oldest first.
pub(super) fn part(from: Option<Timestamp>, to: Option<Timestamp>, limit: i64) -> TradePart {
    let within = |at: Timestamp| at.clamp(EARLIEST, LATEST);
    // no trade has a number below 0
    let [after, before] = [from.map_or(EARLIEST, within), to.map_or(LATEST, within)].map(|at| (at, -1));
    TradePart { after, before, limit, newest_first: false }
}

/// As `next` says it: the time in milliseconds, and the number.
fn place(text: Option<&str>, path: &str) -> Result<Option<Place>> {
    let Some(text) = text else { return Ok(None) };
    let place = text.split_once('-').and_then(|(time, id)| {
        let (time, id): (i64, i64) = (time.parse().ok()?, id.parse().ok()?);
        let time = Timestamp::from_millis(time);
        (EARLIEST..=LATEST).contains(&time).then_some((time, id))
    });
    place.map(Some).ok_or_else(|| Error::invalid(path, "BAD_CURSOR", "Not a place among the trades."))
}

/// A trade on the wire.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MarketTrade {
    /// The exchange's number of it.
    id: i64,
    time: Time,
    price: Price,
    /// Coins.
    quantity: Quantity,
    /// Quote currency that changed hands.
    quote_quantity: Notional,
    /// Whether the buyer's order was in the book, and the seller took it.
    buyer_is_maker: bool,
    /// Of an aggregate: the number of the first trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_id: Option<i64>,
    /// Of an aggregate: the number of the last trade in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_id: Option<i64>,
    /// Where it comes from.
    origin: CandleOrigin,
}

impl MarketTrade {
    fn new(trade: &Trade, origin: CandleOrigin) -> Self {
        let Trade { id, time, price, quantity, buyer_is_maker, parts, .. } = *trade;
        let (first_id, last_id) = parts.unzip();
        let quote_quantity = trade.value();
        let time = Time::from_millis(time.millis());
        Self { id, time, price, quantity, quote_quantity, buyer_is_maker, first_id, last_id, origin }
    }

    /// Where it stands among the others.
    pub(crate) fn place(&self) -> String {
        format!("{}-{}", self.time.millis(), self.id)
    }
}

pub(crate) async fn trades(tx: &mut TenantTx, market: &TradeMarket, filter: &TradeFilter) -> Result<Vec<MarketTrade>> {
    let part = filter.part()?;
    let series = super::series(tx, market, filter.kind).await?;
    let mut trades = vec![];
    store::each_trade(tx, series.id, part, |trade, origin| {
        trades.push(MarketTrade::new(&trade, origin));
        Ok(())
    })
    .await?;
    Ok(trades)
}
