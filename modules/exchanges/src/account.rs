//! An account that a bot trades on.

use crate::{
    AccountNews, Balance, Credentials, OrderReport, PlacedOrder, Trader, Validity, VenueError, VenueFill, VenueOrder,
    Venues, service, status::Status, venue::Reached,
};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use kit::{App, Error, Result, TenantTx};
use trading::{money::Symbol, order::ClientOrderId, time::Timestamp};
use uuid::Uuid;

/// An account at an exchange, opened by its key. It calls out, so nobody asks it within a transaction.
pub struct Account {
    reached: Reached,
    credentials: Credentials,
}

/// What stands against trading by a connection; nothing where a bot may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// At which exchange the account is.
    pub exchange: String,
    /// Why its key is refused, if it is.
    pub refused: Option<String>,
    /// Whether the key places orders.
    pub trades: bool,
    /// Whether this platform places orders there.
    pub reached: bool,
}

/// How a connection of the tenant stands.
///
/// # Errors
/// 404 for a connection that the tenant has not.
pub async fn standing(tx: &mut TenantTx, app: &App, id: Uuid) -> Result<Standing> {
    let connection = service::find(tx, id).await?;
    let refused = (connection.status == Status::Refused).then(|| connection.message.unwrap_or_default());
    let reached = Venues::of(app).find(&connection.exchange).is_ok_and(|it| it.trader().is_some());
    Ok(Standing { exchange: connection.exchange, refused, trades: connection.permissions.trade, reached })
}

/// Opens an account of the tenant.
///
/// # Errors
/// 404 for a connection that the tenant has not, 409 `CONNECTION_REFUSED` for one whose key was refused, 422
/// `UNKNOWN_EXCHANGE` where the exchange is not reached any more or takes no orders.
pub async fn account(tx: &mut TenantTx, app: &App, id: Uuid) -> Result<Account> {
    let (connection, credentials) = service::opened(tx, app, id).await?;
    service::not_refused(&connection)?;
    let reached = Venues::of(app).find(&connection.exchange)?;
    if reached.trader().is_none() {
        let message = format!("No orders are placed at `{}` from here.", connection.exchange);
        return Err(Error::invalid("exchange", "UNKNOWN_EXCHANGE", message));
    }
    Ok(Account { reached, credentials })
}

type Answer<'a, T> = BoxFuture<'a, Result<T, VenueError>>;

impl Account {
    /// What it holds.
    ///
    /// # Errors
    /// Any [`VenueError`].
    pub async fn balances(&self) -> Result<Vec<Balance>, VenueError> {
        self.reached.balances(&self.credentials).await
    }

    /// As [`Trader::place`].
    ///
    /// # Errors
    /// As there.
    pub async fn place(&self, order: &VenueOrder, validity: Validity) -> Result<OrderReport, VenueError> {
        self.send(|trader, credentials| trader.place(credentials, order, validity)).await
    }

    /// As [`Trader::place_pair`].
    ///
    /// # Errors
    /// As there.
    pub async fn place_pair(&self, pair: [&VenueOrder; 2], validity: Validity) -> Result<[OrderReport; 2], VenueError> {
        self.send(|trader, credentials| trader.place_pair(credentials, pair, validity)).await
    }

    /// As [`Trader::cancel`].
    ///
    /// # Errors
    /// As there.
    pub async fn cancel(&self, symbol: &Symbol, id: ClientOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.ask(|trader, credentials| trader.cancel(credentials, symbol, id)).await
    }

    /// As [`Trader::order`].
    ///
    /// # Errors
    /// As there.
    pub async fn order(&self, symbol: &Symbol, id: ClientOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.ask(|trader, credentials| trader.order(credentials, symbol, id)).await
    }

    /// As [`Trader::open_orders`].
    ///
    /// # Errors
    /// As there.
    pub async fn open_orders(&self, symbol: &Symbol) -> Result<Vec<OrderReport>, VenueError> {
        self.ask(|trader, credentials| trader.open_orders(credentials, symbol)).await
    }

    /// As [`Trader::orders_since`].
    ///
    /// # Errors
    /// As there.
    pub async fn orders_since(&self, symbol: &Symbol, since: Timestamp) -> Result<Vec<PlacedOrder>, VenueError> {
        self.ask(|trader, credentials| trader.orders_since(credentials, symbol, since)).await
    }

    /// As [`Trader::executions`].
    ///
    /// # Errors
    /// As there.
    pub async fn executions(&self, symbol: &Symbol, venue_id: u64) -> Result<Vec<VenueFill>, VenueError> {
        self.ask(|trader, credentials| trader.executions(credentials, symbol, venue_id)).await
    }

    /// As [`Trader::news`].
    #[must_use]
    pub fn news(&self) -> BoxStream<'static, AccountNews> {
        self.reached.trader().map_or_else(|| stream::pending().boxed(), |trader| trader.news(&self.credentials))
    }

    async fn ask<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn Trader, &'a Credentials) -> Answer<'a, T>,
    ) -> Result<T, VenueError> {
        let trader = self.reached.trader().ok_or_else(gone)?;
        self.reached.waited(question(trader, &self.credentials)).await
    }

    /// What is given up waiting for may have been done.
    async fn send<'a, T>(
        &'a self,
        order: impl FnOnce(&'a dyn Trader, &'a Credentials) -> Answer<'a, T>,
    ) -> Result<T, VenueError> {
        let trader = self.reached.trader().ok_or_else(gone)?;
        let answer = tokio::time::timeout(self.reached.patience(), order(trader, &self.credentials)).await;
        answer.unwrap_or_else(|_| Err(VenueError::Unknown("it takes too long to answer".to_owned())))
    }
}

fn gone() -> VenueError {
    VenueError::Unavailable { message: "The exchange takes no orders from here.".to_owned(), until: None }
}
