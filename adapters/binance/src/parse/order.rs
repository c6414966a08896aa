//! Orders and their executions.

use super::{account::check_asset, json, number, rest::ascending};
use crate::Failure;
use exchanges::{OrderReport, PlacedOrder, VenueFill, VenueOrder};
use serde::Deserialize;
use trading::{
    money::{Notional, Percent, Price, Quantity, Symbol},
    order::{OrderKind, OrderStatus, Side, Size, TimeInForce},
    position::Liquidity,
    time::Timestamp,
};

/// Which order was asked about.
#[derive(Clone, Copy, Debug)]
pub struct AskedOrder<'a> {
    /// Binance's name of its symbol.
    pub symbol: &'a str,
    /// Our name for it.
    pub id: &'a str,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    New,
    PendingNew,
    PartiallyFilled,
    Filled,
    Canceled,
    PendingCancel,
    Rejected,
    Expired,
    ExpiredInMatch,
}

impl From<Status> for OrderStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::New | Status::PendingNew => Self::Accepted,
            Status::PartiallyFilled => Self::PartiallyFilled,
            Status::Filled => Self::Filled,
            Status::Canceled | Status::PendingCancel => Self::Cancelled,
            Status::Rejected => Self::Rejected,
            Status::Expired | Status::ExpiredInMatch => Self::Expired,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    symbol: String,
    order_id: u64,
    client_order_id: String,
    /// What a cancelled order was called; the other name is the cancel's own.
    orig_client_order_id: Option<String>,
    status: Status,
    #[serde(deserialize_with = "number::text")]
    orig_qty: Quantity,
    #[serde(deserialize_with = "number::text")]
    executed_qty: Quantity,
    #[serde(default, deserialize_with = "number::text")]
    orig_quote_order_qty: Notional,
    transact_time: Option<Timestamp>,
    fills: Option<Vec<Filled>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filled {
    trade_id: Option<u64>,
    #[serde(deserialize_with = "number::text")]
    price: Price,
    #[serde(rename = "qty", deserialize_with = "number::text")]
    quantity: Quantity,
    #[serde(deserialize_with = "number::text")]
    commission: Quantity,
    commission_asset: String,
}

impl Told {
    fn id(&self) -> &str {
        self.orig_client_order_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&self.client_order_id)
    }

    /// Whether its figures can be true. One for an amount of quote currency wants no coins.
    fn check(&self) -> Result<(), Failure> {
        let (wanted, done) = (self.orig_qty, self.executed_qty);
        let is_of_coins = self.orig_quote_order_qty.is_zero();
        let is_untrue = match OrderStatus::from(self.status) {
            OrderStatus::Accepted | OrderStatus::Rejected => !done.is_zero(),
            OrderStatus::PartiallyFilled => done.is_zero() || is_of_coins && done >= wanted,
            OrderStatus::Filled => done.is_zero() || is_of_coins && done != wanted,
            _ => is_of_coins && done > wanted,
        };
        if !is_untrue {
            return Ok(());
        }
        let status = OrderStatus::from(self.status);
        Err(Failure::Malformed(format!("an order of which {done} of {wanted} are traded is told as {status}")))
    }

    /// As nobody in particular asked for it.
    fn report(self, symbol: &str) -> Result<OrderReport, Failure> {
        if self.symbol != symbol {
            return Err(Failure::Malformed(format!("an order on {symbol} was asked for, and another one is told")));
        }
        self.check()?;
        Ok(OrderReport {
            client_order_id: self.id().to_owned(),
            venue_id: self.order_id,
            status: self.status.into(),
            filled: self.executed_qty,
            executions: None,
        })
    }

    fn report_of(self, asked: AskedOrder<'_>) -> Result<OrderReport, Failure> {
        if self.id() != asked.id {
            return Err(Failure::Malformed(format!("order {} was asked for, and another one is told", asked.id)));
        }
        self.report(asked.symbol)
    }

    /// Its executions, where all that was traded is told with the numbers of the trades.
    fn executions(&mut self) -> Option<Vec<VenueFill>> {
        let (fills, at) = (self.fills.take()?, self.transact_time?);
        let fills: Option<Vec<VenueFill>> = fills.into_iter().map(|fill| fill.executed(at)).collect();
        let fills = ascending(fills?, |fill| fill.trade).ok()?;
        let sum = fills.iter().fold(Quantity::ZERO, |sum, fill| sum + fill.quantity);
        (sum == self.executed_qty).then_some(fills)
    }
}

impl Filled {
    fn executed(self, at: Timestamp) -> Option<VenueFill> {
        let Self { trade_id, price, quantity, commission: fee, commission_asset: fee_asset } = self;
        let liquidity = Liquidity::Taker;
        check_asset(&fee_asset).ok()?;
        trade_id.map(|trade| VenueFill { trade, at, price, quantity, fee, fee_asset, liquidity })
    }
}

/// Reads an order.
///
/// # Errors
/// [`Failure::Malformed`], also for another order, or one whose figures contradict its status.
pub fn order(body: &[u8], asked: AskedOrder<'_>) -> Result<OrderReport, Failure> {
    json::<Told>(body)?.report_of(asked)
}

/// Reads an order that has just been placed, with what it has traded at once.
///
/// # Errors
/// As [`order`].
pub fn placed(body: &[u8], asked: AskedOrder<'_>) -> Result<OrderReport, Failure> {
    let mut told: Told = json(body)?;
    let executions = told.executions();
    Ok(OrderReport { executions, ..told.report_of(asked)? })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    order_reports: Vec<Told>,
}

impl List {
    fn take(&mut self, asked: AskedOrder<'_>) -> Result<OrderReport, Failure> {
        let found = self.order_reports.iter().position(|told| told.id() == asked.id);
        let found = found.ok_or_else(|| Failure::Malformed(format!("a pair is told without {}", asked.id)))?;
        self.order_reports.swap_remove(found).report_of(asked)
    }
}

/// Reads a pair that has just been placed.
///
/// # Errors
/// As [`order`].
pub fn pair(body: &[u8], asked: [AskedOrder<'_>; 2]) -> Result<[OrderReport; 2], Failure> {
    let mut list: List = json(body)?;
    Ok([list.take(asked[0])?, list.take(asked[1])?])
}

/// Reads an order that has been taken back, alone or with the other one of its pair.
///
/// # Errors
/// As [`order`].
pub fn cancelled(body: &[u8], asked: AskedOrder<'_>) -> Result<OrderReport, Failure> {
    match json::<List>(body) {
        Ok(mut list) => list.take(asked),
        Err(_) => order(body, asked),
    }
}

/// Reads the open orders of a symbol.
///
/// # Errors
/// As [`order`], for any of them.
pub fn open_orders(body: &[u8], symbol: &str) -> Result<Vec<OrderReport>, Failure> {
    json::<Vec<Told>>(body)?.into_iter().map(|told| told.report(symbol)).collect()
}

/// Some of the orders that were asked for.
#[derive(Debug)]
pub struct OrderPage {
    /// How many were told.
    pub told: usize,
    /// The number of the last one.
    pub last: Option<u64>,
    /// Those that can be told of.
    pub orders: Vec<PlacedOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    side: Direction,
    #[serde(rename = "type")]
    kind: String,
    #[serde(deserialize_with = "number::price_if_any")]
    price: Option<Price>,
    #[serde(deserialize_with = "number::price_if_any")]
    stop_price: Option<Price>,
    trailing_delta: Option<u32>,
    #[serde(flatten)]
    told: Told,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Direction {
    Buy,
    Sell,
}

impl Listed {
    /// The kind of the order; `None` for one that this platform places none of.
    fn kind(&self) -> Option<OrderKind> {
        if let Some(points) = self.trailing_delta {
            let percent: Percent = format!("{}.{:02}", points / 100, points % 100).parse().ok()?;
            return Some(OrderKind::TrailingStop { percent, activation: self.stop_price });
        }
        let (price, trigger) = (self.price, self.stop_price);
        Some(match self.kind.as_str() {
            "MARKET" => OrderKind::Market {},
            "LIMIT" => OrderKind::Limit { price: price? },
            "LIMIT_MAKER" => OrderKind::LimitMaker { price: price? },
            "STOP_LOSS" => OrderKind::StopMarket { trigger: trigger? },
            "STOP_LOSS_LIMIT" => OrderKind::StopLimit { trigger: trigger?, price: price? },
            "TAKE_PROFIT" => OrderKind::TakeProfitMarket { trigger: trigger? },
            "TAKE_PROFIT_LIMIT" => OrderKind::TakeProfitLimit { trigger: trigger?, price: price? },
            _ => return None,
        })
    }

    fn order(&self, symbol: &Symbol) -> Option<VenueOrder> {
        let budget = self.told.orig_quote_order_qty;
        Some(VenueOrder {
            client_order_id: self.told.id().parse().ok()?,
            symbol: *symbol,
            side: match self.side {
                Direction::Buy => Side::Buy,
                Direction::Sell => Side::Sell,
            },
            kind: self.kind()?,
            size: if budget.is_positive() { Size::Quote(budget) } else { Size::Base(self.told.orig_qty) },
            time_in_force: TimeInForce::Gtc,
        })
    }
}

/// Reads orders of a symbol, open and ended ones.
///
/// # Errors
/// As [`order`], for any of them.
pub fn placed_orders(body: &[u8], symbol: &Symbol, code: &str) -> Result<OrderPage, Failure> {
    let listed = ascending(json::<Vec<Listed>>(body)?, |it| it.told.order_id)?;
    let (told, last) = (listed.len(), listed.last().map(|it| it.told.order_id));
    let read = |it: Listed| {
        let order = it.order(symbol);
        let report = it.told.report(code);
        order.map(|order| Ok(PlacedOrder { order, report: report? }))
    };
    let orders = listed.into_iter().filter_map(read).collect::<Result<_, Failure>>()?;
    Ok(OrderPage { told, last, orders })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Executed {
    symbol: String,
    id: u64,
    order_id: u64,
    #[serde(deserialize_with = "number::text")]
    price: Price,
    #[serde(rename = "qty", deserialize_with = "number::text")]
    quantity: Quantity,
    #[serde(deserialize_with = "number::text")]
    commission: Quantity,
    commission_asset: String,
    time: Timestamp,
    is_maker: bool,
}

/// Reads executions of an order, which is told by its symbol and its number, from a trade on.
///
/// # Errors
/// [`Failure::Malformed`], also where they are another order's, do not ascend, or traded nothing.
pub fn executions(body: &[u8], (symbol, order): (&str, u64), from: u64) -> Result<Vec<VenueFill>, Failure> {
    let told: Vec<Executed> = json(body)?;
    let is_asked = |it: &Executed| it.symbol == symbol && it.order_id == order && it.id >= from;
    if let Some(odd) = told.iter().find(|it| !is_asked(it) || it.quantity.is_zero()) {
        return Err(Failure::Malformed(format!("trade {} is none of order {order} from {from} on", odd.id)));
    }
    told.iter().try_for_each(|it| check_asset(&it.commission_asset))?;
    let fills = told.into_iter().map(Executed::fill).collect();
    ascending(fills, |fill: &VenueFill| fill.trade)
}

impl Executed {
    fn fill(self) -> VenueFill {
        VenueFill {
            trade: self.id,
            at: self.time,
            price: self.price,
            quantity: self.quantity,
            fee: self.commission,
            fee_asset: self.commission_asset,
            liquidity: if self.is_maker { Liquidity::Maker } else { Liquidity::Taker },
        }
    }
}
