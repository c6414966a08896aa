//! Orders: placed, taken back, asked for.

use crate::{
    Binance, Failure, Priority,
    client::{PAGE, code},
    parameters,
    parse::{self, AskedOrder},
    transport::Ask,
};
use exchanges::{
    AccountNews, Credentials, OrderReport, PlacedOrder, Trader, Validity, VenueError, VenueFill, VenueOrder,
};
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use reqwest::Method;
use trading::{money::Symbol, order::ClientOrderId, time::Timestamp};

/// Binance's code for an order that cannot be taken back, …
const NOT_CANCELLED: i64 = -2011;
/// … and its words where that is because there is none.
const NONE_TO_CANCEL: &str = "Unknown order";
/// Binance's code for an order that it does not know.
const NO_SUCH_ORDER: i64 = -2013;
/// The longest time between two moments of which Binance lists orders, in milliseconds.
const DAY: i64 = 86_400_000;
/// The most pages of a list.
const MOST_PAGES: usize = 100;

impl Trader for Binance {
    fn place<'a>(
        &'a self,
        credentials: &'a Credentials,
        order: &'a VenueOrder,
        validity: Validity,
    ) -> BoxFuture<'a, Result<OrderReport, VenueError>> {
        async move {
            let (query, symbol) = (parameters::alone(order)?, code(&order.symbol));
            let ask = Ask { signer: Some(credentials), ..Ask::new("order", &query, 1, Priority::Order) };
            let asked = AskedOrder { symbol: &symbol, id: order.client_order_id.as_str() };
            self.sent_once(ask, validity, |body| parse::placed(body, asked)).await
        }
        .boxed()
    }

    fn place_pair<'a>(
        &'a self,
        credentials: &'a Credentials,
        pair: [&'a VenueOrder; 2],
        validity: Validity,
    ) -> BoxFuture<'a, Result<[OrderReport; 2], VenueError>> {
        async move {
            let (query, symbol) = (parameters::pair(pair)?, code(&pair[0].symbol));
            let ask = Ask { signer: Some(credentials), ..Ask::new("orderList/oco", &query, 1, Priority::Order) };
            let asked = pair.map(|order| AskedOrder { symbol: &symbol, id: order.client_order_id.as_str() });
            self.sent_once(ask, validity, |body| parse::pair(body, asked)).await
        }
        .boxed()
    }

    fn cancel<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>> {
        async move {
            let (query, symbol) = named(symbol, id);
            let ask = Ask::new("order", &query, 1, Priority::Cancel);
            let ask = Ask { method: Method::DELETE, signer: Some(credentials), ..ask };
            let asked = AskedOrder { symbol: &symbol, id: id.as_str() };
            match self.signed(&ask, |body| parse::cancelled(body, asked)).await {
                Err(Failure::Refused { code: NOT_CANCELLED, message }) if message.starts_with(NONE_TO_CANCEL) => {
                    Ok(None)
                }
                answered => Ok(Some(answered?)),
            }
        }
        .boxed()
    }

    fn order<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        id: ClientOrderId,
    ) -> BoxFuture<'a, Result<Option<OrderReport>, VenueError>> {
        async move {
            let (query, symbol) = named(symbol, id);
            let ask = Ask { signer: Some(credentials), ..Ask::new("order", &query, 4, Priority::Query) };
            let asked = AskedOrder { symbol: &symbol, id: id.as_str() };
            match self.signed(&ask, |body| parse::order(body, asked)).await {
                Err(Failure::Refused { code: NO_SUCH_ORDER, .. }) => Ok(None),
                answered => Ok(Some(answered?)),
            }
        }
        .boxed()
    }

    fn open_orders<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
    ) -> BoxFuture<'a, Result<Vec<OrderReport>, VenueError>> {
        async move {
            let symbol = code(symbol);
            let query = [("symbol", symbol.clone())];
            let ask = Ask { signer: Some(credentials), ..Ask::new("openOrders", &query, 6, Priority::Query) };
            Ok(self.signed(&ask, |body| parse::open_orders(body, &symbol)).await?)
        }
        .boxed()
    }

    fn orders_since<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<PlacedOrder>, VenueError>> {
        async move {
            let now = self.settings.clock.now().millis();
            let (mut all, mut from) = (vec![], since.millis());
            while from <= now {
                let span = [("startTime", from.to_string()), ("endTime", (from + DAY - 1).to_string())];
                let page = self.orders_of(credentials, symbol, span.into()).await?;
                all.extend(page.orders);
                if page.told >= PAGE {
                    all.extend(self.orders_after(credentials, symbol, page.last).await?);
                    break;
                }
                from += DAY;
            }
            Ok(all)
        }
        .boxed()
    }

    fn executions<'a>(
        &'a self,
        credentials: &'a Credentials,
        symbol: &'a Symbol,
        venue_id: u64,
    ) -> BoxFuture<'a, Result<Vec<VenueFill>, VenueError>> {
        async move {
            let symbol = code(symbol);
            let mut all: Vec<VenueFill> = vec![];
            for _ in 0..MOST_PAGES {
                let from = all.last().map_or(0, |last| last.trade.saturating_add(1));
                let query = [
                    ("symbol", symbol.clone()),
                    ("orderId", venue_id.to_string()),
                    // without one the latest are told, not the first
                    ("fromId", from.to_string()),
                    ("limit", PAGE.to_string()),
                ];
                let ask = Ask { signer: Some(credentials), ..Ask::new("myTrades", &query, 20, Priority::Query) };
                let page = self.signed(&ask, |body| parse::executions(body, (&symbol, venue_id), from)).await?;
                let is_last = page.len() < PAGE;
                all.extend(page);
                if is_last {
                    return Ok(all);
                }
            }
            Err(VenueError::Wrong(format!("an order has more than {} executions", MOST_PAGES * PAGE)))
        }
        .boxed()
    }

    fn news(&self, credentials: &Credentials) -> BoxStream<'static, AccountNews> {
        self.account_news(credentials)
    }
}

impl Binance {
    /// All orders after one, whatever the day.
    async fn orders_after(
        &self,
        credentials: &Credentials,
        symbol: &Symbol,
        mut last: Option<u64>,
    ) -> Result<Vec<PlacedOrder>, VenueError> {
        let mut all = vec![];
        for _ in 0..MOST_PAGES {
            let next = last.map_or(0, |last| last.saturating_add(1));
            let page = self.orders_of(credentials, symbol, vec![("orderId", next.to_string())]).await?;
            last = page.last;
            all.extend(page.orders);
            if page.told < PAGE {
                return Ok(all);
            }
        }
        Err(VenueError::Wrong(format!("there are more than {} orders", MOST_PAGES * PAGE)))
    }

    /// Orders of all states, as the further parameters choose them.
    async fn orders_of(
        &self,
        credentials: &Credentials,
        symbol: &Symbol,
        which: Vec<(&'static str, String)>,
    ) -> Result<parse::OrderPage, Failure> {
        let mut query = vec![("symbol", code(symbol)), ("limit", PAGE.to_string())];
        query.extend(which);
        let ask = Ask { signer: Some(credentials), ..Ask::new("allOrders", &query, 20, Priority::Query) };
        self.signed(&ask, |body| parse::placed_orders(body, symbol, &code(symbol))).await
    }
}

/// What names an order, and Binance's name of its symbol.
fn named(symbol: &Symbol, id: ClientOrderId) -> ([(&'static str, String); 2], String) {
    let symbol = code(symbol);
    ([("symbol", symbol.clone()), ("origClientOrderId", id.to_string())], symbol)
}
