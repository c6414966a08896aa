//! Trades as exchanges publish them, and who asks for them.

use crate::common::within;
use kit::TenantTx;
use market_data::{ImportedTrades, TradeFile, TradeMarket};
use rust_decimal::Decimal;
use std::{io::Cursor, ops::Range};
use testkit::{Client, Member, TestApp, Value, json};

pub(crate) const TRADES: &str = "/api/v1/market-data/trades";
pub(crate) const SERIES: &str = "/api/v1/market-data/trade-series";
pub(crate) const BTC: &str = "exchange=binance&symbol=BTC/USDT";
/// 2025-12-01T00:00:00Z.
pub(crate) const START: i64 = 1_764_547_200_000;

/// A trade as it is told: number, time, price, quantity, quote, whether the buyer is the maker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: i64,
    pub(crate) time: i64,
    pub(crate) price: Decimal,
    pub(crate) quantity: Decimal,
    pub(crate) quote: Decimal,
    pub(crate) maker: bool,
}

/// Trades some hundred milliseconds apart, several of them at the same time, and none for a minute after every 200.
pub(crate) fn told(ids: Range<i64>) -> Vec<Told> {
    let one = |id: i64| {
        let price = Decimal::new(6_000_000 + id * 7_919 % 10_007, 2);
        let quantity = Decimal::new(1 + id * 104_729 % 99_991, 5);
        let time = START + id / 3 * 700 + id / 200 * 60_000;
        Told { id, time, price, quantity, quote: price * quantity, maker: id % 3 == 0 }
    };
    ids.map(one).collect()
}

impl Told {
    fn line(&self) -> String {
        let Self { id, time, price, quantity, quote, maker } = self;
        let maker = if *maker { "True" } else { "False" };
        format!("{id},{price},{quantity},{quote},{time},{maker},True")
    }

    fn of(trade: &Value) -> Self {
        let number = |name: &str| trade[name].as_str().unwrap().parse().unwrap();
        let time: trading::time::Timestamp = trade["time"].as_str().unwrap().parse().unwrap();
        Self {
            id: trade["id"].as_i64().unwrap(),
            time: time.millis(),
            price: number("price"),
            quantity: number("quantity"),
            quote: number("quoteQuantity"),
            maker: trade["buyerIsMaker"].as_bool().unwrap(),
        }
    }
}

pub(crate) fn dump(trades: &[Told]) -> String {
    trades.iter().map(|trade| trade.line() + "\n").collect()
}

/// The same as aggregates, each of one trade.
pub(crate) fn aggregates(trades: &[Told]) -> String {
    let line = |Told { id, time, price, quantity, maker, .. }: &Told| {
        format!("{},{price},{quantity},{id},{id},{time},{maker},true\n", id + 1_000_000)
    };
    trades.iter().map(line).collect()
}

pub(crate) async fn import(client: &Client, file: impl Into<Vec<u8>>) -> Value {
    client.upload(&format!("{TRADES}/import?{BTC}"), "text/csv", file.into()).await.ok()
}

/// What an import counted: new, updated, unchanged, kept.
pub(crate) fn counts(imported: &Value) -> [u64; 4] {
    ["imported", "updated", "unchanged", "kept"].map(|name| imported[name].as_u64().unwrap())
}

/// All trades of a market, as the tenant sees them.
pub(crate) async fn all(client: &Client, query: &str) -> Vec<Told> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let body = client.get(&format!("{TRADES}?{BTC}&limit=1000{query}{after}")).await.body();
        all.extend(body["data"].as_array().unwrap().iter().map(Told::of));
        match body["meta"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

pub(crate) fn market() -> TradeMarket {
    serde_json::from_value(json!({"exchange": "binance", "symbol": "BTC/USDT"})).unwrap()
}

async fn checked(app: &TestApp, file: String) -> TradeFile {
    TradeFile::check(move || Ok(Cursor::new(file.clone())), app.clock().now()).await.unwrap()
}

/// Imports for the platform, as the command line does.
pub(crate) async fn import_for_all(app: &TestApp, file: String) -> ImportedTrades {
    market_data::import_trades(app.system().await, &market(), checked(app, file).await).await.unwrap()
}

/// How many trades are stored, whosever they are.
pub(crate) async fn stored(app: &TestApp) -> i64 {
    let mut tx = app.system().await;
    sqlx::query_scalar("select count(*) from trades").fetch_one(tx.conn()).await.unwrap()
}

pub(crate) async fn transaction(app: &TestApp, member: &Member) -> TenantTx {
    within(app, member).await
}
