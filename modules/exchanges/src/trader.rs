//! Orders at an exchange in their owner's name.

use crate::{AccountNews, Credentials, VenueError};
use futures::{future::BoxFuture, stream::BoxStream};
use kit::Time;
use trading::{
    engine::RejectReason,
    money::{Price, Quantity, Symbol},
    order::{ClientOrderId, OrderKind, OrderStatus, Side, Size, TimeInForce},
    position::Liquidity,
    time::Timestamp,
};

/// An exchange as whoever trades there meets it. It calls out, so nobody asks it within a transaction.
///
/// **A purchase or a sale is sent once.** Where its fate is not known afterwards, whoever sent it asks for it by its
/// client order id; only [`Trader::cancel`] and the questions may be repeated, and are.
pub trait Trader: Send + Sync {
    /// Places an order, which the exchange may take within its validity and never later.
    ///
    /// # Errors
    /// [`VenueError::Unknown`] where the exchange may have taken it; **every other failure says that it has not and
    /// will not**. [`VenueError::Refused`] is about the order itself; it would be refused again.
    fn place<'a>(
        &'a self,
        credentials: &'a Credentials,
        order: &'a VenueOrder,
        validity: Validity,
    ) -> BoxFuture<'a, Result<OrderReport, VenueError>>;

    /// Places two sales of the same coins, of which one takes the other back: first the stop, then the limit.
    ///
    /// # Errors
    /// As [`Trader::place`], for both.
    fn place_pair<'a>(
        &'a self,
        credentials: &'a Credentials,
        pair: [&'a VenueOrder; 2],
        validity: Validity,
    ) -> BoxFuture<'a, Result<[OrderReport; 2], VenueError>>;

    /// Takes an order back. `None` where the exchange knows no such open order: whoever wants to know asks for it.
    ///
    /// # Errors
    /// Any [`VenueError`]; it may be tried again.
    fn cancel<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>>;

    /// What has become of an order; `None` where the exchange knows none of this name.
    ///
    /// # Errors
    /// Any [`VenueError`].
    fn order<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>>;

    /// All orders of the account that are open on this market, those of others among them.
    ///
    /// # Errors
    /// Any [`VenueError`].
    fn open_orders<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
    ) -> BoxFuture<'a, Result<Vec<OrderReport>, VenueError>>;

    /// All orders of the account that were placed on this market since, whatever has become of them, those of others
    /// among them, the oldest first. Those that no [`VenueOrder`] can be are left out.
    ///
    /// # Errors
    /// Any [`VenueError`].
    fn orders_since<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<PlacedOrder>, VenueError>>;

    /// All executions of an order that the exchange knows by this number, the first one first.
    ///
    /// # Errors
    /// Any [`VenueError`].
    fn executions<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        venue_id: u64,
    ) -> BoxFuture<'a, Result<Vec<VenueFill>, VenueError>>;

    /// What happens to the account's orders, as the exchange tells it, for as long as somebody listens. Whoever comes
    /// later or listens too slowly is told how it stands.
    fn news(&self, credentials: &Credentials) -> BoxStream<'static, AccountNews>;
}

/// An order as an exchange is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueOrder {
    /// Our name for it.
    pub client_order_id: ClientOrderId,
    /// The market.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// When it executes.
    pub kind: OrderKind,
    /// How many coins; a budget in quote currency at the market only.
    pub size: Size,
    /// How long it may execute.
    pub time_in_force: TimeInForce,
}

/// When an exchange may take an order: a request that is held up for longer is refused by the exchange itself, so that
/// a process which wakes up late places nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// When the right to send it was had.
    pub from: Time,
    /// For how many milliseconds.
    pub millis: u32,
}

/// What an exchange knows of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderReport {
    /// Our name for it, or that of somebody else's order.
    pub client_order_id: String,
    /// The exchange's number of it.
    pub venue_id: u64,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many coins were traded.
    pub filled: Quantity,
    /// All its executions, where they were told along.
    pub executions: Option<Vec<VenueFill>>,
}

/// An order as it was placed, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOrder {
    /// What was asked for.
    pub order: VenueOrder,
    /// What is known of it.
    pub report: OrderReport,
}

/// An execution as an exchange tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueFill {
    /// The exchange's number of it: no two of a market have the same, and later ones are larger.
    pub trade: u64,
    /// When it happened.
    pub at: Timestamp,
    /// For how much a coin.
    pub price: Price,
    /// How many coins, before a fee in coins.
    pub quantity: Quantity,
    /// What it cost, …
    pub fee: Quantity,
    /// … and in which currency.
    pub fee_asset: String,
    /// Waited or took.
    pub liquidity: Liquidity,
}

/// Why an exchange does not take an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OrderRefusal {
    /// As the trading core knows it.
    pub reason: RejectReason,
    /// The exchange's own words.
    pub message: String,
}
