use crate::Binance;
use exchanges::{Credentials, OrderReport, Trader, Validity, VenueError, VenueFill, VenueOrder};
use futures::{FutureExt, future::BoxFuture};
use trading::{money::Symbol, order::ClientOrderId};

impl Trader for Binance {
    fn place<'a>(
        &'a self,
        credentials: &'a Credentials,
        order: &'a VenueOrder,
        validity: Validity,
    ) -> BoxFuture<'a, Result<OrderReport, VenueError>> {
        self.place_order(credentials, order, validity).boxed()
    }

    fn place_pair<'a>(
        &'a self,
        credentials: &'a Credentials,
        pair: [&'a VenueOrder; 2],
        validity: Validity,
    ) -> BoxFuture<'a, Result<[OrderReport; 2], VenueError>> {
        self.place_orders(credentials, pair, validity).boxed()
    }

    fn cancel<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>> {
        self.cancel_order(credentials, symbol, id).boxed()
    }

    fn order<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>> {
        self.order_named(credentials, symbol, id).boxed()
    }

    fn open_orders<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
    ) -> BoxFuture<'a, Result<Vec<OrderReport>, VenueError>> {
        self.orders_open(credentials, symbol).boxed()
    }

    fn executions<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        venue_id: u64,
    ) -> BoxFuture<'a, Result<Vec<VenueFill>, VenueError>> {
        self.executions_of(credentials, symbol, venue_id).boxed()
    }
}
