use crate::common::{KEY, SECRET, START, Sandbox, start};
use binance::{Binance, Settings};
use exchanges::{Credentials, OrderReport, Trader, Validity, VenueError, VenueFill, VenueOrder};
use kit::{Clock, Ids, Time};
use serde_json::json;
use std::time::Duration;
use trading::{
    money::{Price, Quantity, Symbol},
    order::{ClientOrderId, OrderKind, OrderStatus, Side, Size, TimeInForce},
};

pub(crate) const ORDER: &str = "/api/v3/order";
pub(crate) const VALID: u32 = 5_000;

/// Somebody who trades on a sandbox where a coin costs 60,000.
pub(crate) struct Desk {
    pub(crate) sandbox: Sandbox,
    pub(crate) binance: Binance,
    pub(crate) key: Credentials,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let sandbox = start().await;
        sandbox.set_price("BTCUSDT", "60000").await;
        let binance = client(&sandbox);
        Self { sandbox, binance, key: Credentials::new(KEY.to_owned(), SECRET.to_owned()) }
    }

    pub(crate) fn trader(&self) -> &dyn Trader {
        &self.binance
    }

    pub(crate) async fn place(&self, order: &VenueOrder) -> Result<OrderReport, VenueError> {
        self.trader().place(&self.key, order, valid()).await
    }

    pub(crate) async fn pair(&self, stop: &VenueOrder, limit: &VenueOrder) -> Result<[OrderReport; 2], VenueError> {
        self.trader().place_pair(&self.key, [stop, limit], valid()).await
    }

    pub(crate) async fn order(&self, name: &str) -> Option<OrderReport> {
        self.trader().order(&self.key, &btc(), id(name)).await.unwrap()
    }

    pub(crate) async fn status(&self, name: &str) -> Option<OrderStatus> {
        self.order(name).await.map(|order| order.status)
    }

    pub(crate) async fn cancel(&self, name: &str) -> Option<OrderReport> {
        self.trader().cancel(&self.key, &btc(), id(name)).await.unwrap()
    }

    pub(crate) async fn open_orders(&self) -> Vec<OrderReport> {
        self.trader().open_orders(&self.key, &btc()).await.unwrap()
    }

    pub(crate) async fn executions(&self, order: &OrderReport) -> Vec<VenueFill> {
        self.trader().executions(&self.key, &btc(), order.venue_id).await.unwrap()
    }

    pub(crate) async fn fault(&self, kind: &str, path: &str) {
        self.sandbox.fault(json!({ "kind": kind, "path": path, "method": "POST", "count": 1, "retryAfter": 1 })).await;
    }
}

pub(crate) fn client(sandbox: &Sandbox) -> Binance {
    let base = format!("http://{}", sandbox.host).parse().unwrap();
    let settings = Settings::new(base, Clock::fixed(Time::from_millis(START)), Ids::seeded(1));
    Binance::new(Settings { timeout: Duration::from_secs(1), pause: Duration::from_millis(1), attempts: 2, ..settings })
}

pub(crate) fn valid() -> Validity {
    Validity { from: Time::from_millis(START), millis: VALID }
}

pub(crate) fn btc() -> Symbol {
    "BTC/USDT".parse().unwrap()
}

pub(crate) fn id(name: &str) -> ClientOrderId {
    name.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn order(name: &str, side: Side, kind: OrderKind) -> VenueOrder {
    let (client_order_id, symbol, size) = (id(name), btc(), Size::Base("0.01".parse().unwrap()));
    VenueOrder { client_order_id, symbol, side, kind, size, time_in_force: TimeInForce::Gtc }
}

pub(crate) fn resting(name: &str) -> VenueOrder {
    order(name, Side::Buy, OrderKind::Limit { price: price("50000") })
}

pub(crate) fn sum(fills: &[VenueFill]) -> Quantity {
    fills.iter().fold(Quantity::ZERO, |sum, fill| sum + fill.quantity)
}
