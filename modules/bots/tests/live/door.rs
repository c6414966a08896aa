//! An exchange behind a door: while it is closed, whoever places an order stands before it, as a process does that is
//! stopped at that very moment.

use binance::Binance;
use exchanges::{
    Abilities, AccountNews, Balance, Credentials, KeyInfo, OrderReport, PlacedOrder, Trader, Validity, Venue,
    VenueError, VenueFill, VenueOrder,
};
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use std::sync::Arc;
use tokio::sync::watch;
use trading::{money::Symbol, order::ClientOrderId, time::Timestamp};

/// Whether it is closed, and how many stand before it.
#[derive(Clone)]
pub(crate) struct Door {
    closed: Arc<watch::Sender<bool>>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Door {
    pub(crate) fn open() -> Self {
        Self { closed: Arc::new(watch::Sender::new(false)), waiting: Arc::new(watch::Sender::new(0)) }
    }

    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.send_replace(closed);
    }

    /// Waits until somebody stands before it.
    pub(crate) async fn is_reached(&self) {
        self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.unwrap();
    }

    async fn pass(&self) {
        let mut closed = self.closed.subscribe();
        if *closed.borrow() {
            self.waiting.send_modify(|waiting| *waiting += 1);
            closed.wait_for(|closed| !closed).await.unwrap();
        }
    }
}

pub(crate) struct Behind {
    pub(crate) exchange: Arc<Binance>,
    pub(crate) door: Door,
}

impl Behind {
    fn within(&self) -> &dyn Trader {
        self.exchange.trader().unwrap()
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, VenueError>>;

impl Venue for Behind {
    fn exchange(&self) -> &'static str {
        self.exchange.exchange()
    }

    fn abilities(&self) -> Abilities {
        self.exchange.abilities()
    }

    fn probe<'a>(&'a self, credentials: &'a Credentials) -> Answer<'a, KeyInfo> {
        self.exchange.probe(credentials)
    }

    fn balances<'a>(&'a self, credentials: &'a Credentials) -> Answer<'a, Vec<Balance>> {
        self.exchange.balances(credentials)
    }

    fn trader(&self) -> Option<&dyn Trader> {
        Some(self)
    }
}

impl Trader for Behind {
    fn place<'a>(
        &'a self,
        credentials: &'a Credentials,
        order: &'a VenueOrder,
        validity: Validity,
    ) -> Answer<'a, OrderReport> {
        async move {
            self.door.pass().await;
            self.within().place(credentials, order, validity).await
        }
        .boxed()
    }

    fn place_pair<'a>(
        &'a self,
        credentials: &'a Credentials,
        pair: [&'a VenueOrder; 2],
        validity: Validity,
    ) -> Answer<'a, [OrderReport; 2]> {
        async move {
            self.door.pass().await;
            self.within().place_pair(credentials, pair, validity).await
        }
        .boxed()
    }

    fn cancel<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> Answer<'a, Option<OrderReport>> {
        self.within().cancel(credentials, symbol, id)
    }

    fn order<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> Answer<'a, Option<OrderReport>> {
        self.within().order(credentials, symbol, id)
    }

    fn open_orders<'a>(&'a self, credentials: &'a Credentials, symbol: &'a Symbol) -> Answer<'a, Vec<OrderReport>> {
        self.within().open_orders(credentials, symbol)
    }

    fn orders_since<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        since: Timestamp,
    ) -> Answer<'a, Vec<PlacedOrder>> {
        self.within().orders_since(credentials, symbol, since)
    }

    fn executions<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        venue_id: u64,
    ) -> Answer<'a, Vec<VenueFill>> {
        self.within().executions(credentials, symbol, venue_id)
    }

    fn news(&self, credentials: &Credentials) -> BoxStream<'static, AccountNews> {
        self.within().news(credentials)
    }
}
