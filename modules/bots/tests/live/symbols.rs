//! A live bot that keeps several symbols at their weights.

use crate::{
    common::{text, whole_feed},
    floor::{CASH, DEPOSIT, Floor, decimal},
};
use bots::Runner;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use testkit::{PgPool, Value, db_test, json};

const SYMBOLS: [(&str, &str, &str); 2] = [("BTC/USDT", "BTC", "BTCUSDT"), ("ETH/USDT", "ETH", "ETHUSDT")];

fn balanced() -> Value {
    json!({
        "name": "Balanced",
        "market": { "exchange": "binance", "symbols": ["ETH/USDT", "BTC/USDT"], "timeframe": "1m" },
        "rebalance": { "weights": { "BTC/USDT": "50", "ETH/USDT": "40" }, "threshold": "0.3", "every": "1m" }
    })
}

/// What the bot believes of each symbol, and of its cash, is what the account has; each order is there once.
async fn agrees(floor: &Floor, bot: &str) {
    let positions = floor.ana.get(&format!("/api/v1/positions?botId={bot}&sort=symbol")).await.ok();
    let fills = whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await;
    for ((symbol, asset, name), position) in SYMBOLS.iter().zip(positions.as_array().unwrap()) {
        assert_eq!(position["symbol"], *symbol);
        assert_eq!(decimal(&position["quantity"]), floor.holds(asset).await, "{position}");
        let theirs = floor.asked("/api/v3/allOrders", &format!("symbol={name}&limit=1000")).await;
        let named: Vec<_> = theirs.as_array().unwrap().iter().map(|it| text(&it["clientOrderId"])).collect();
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "twice at the exchange");
        let trades = floor.asked("/api/v3/myTrades", &format!("symbol={name}&limit=1000")).await;
        let ours = fills.iter().filter(|fill| fill["symbol"] == *symbol).count();
        assert_eq!(ours, trades.as_array().unwrap().len());
    }
    let portfolio = floor.ana.get("/api/v1/portfolio").await.ok();
    let cash = floor.holds("USDT").await - Decimal::from(DEPOSIT - CASH);
    assert_eq!(decimal(&portfolio["bots"][0]["cash"]), cash, "{portfolio}");
}

#[db_test]
async fn it_keeps_its_weights_through_a_change_of_hands(db: PgPool) {
    let floor = Floor::with(db, 11, &balanced()).await;
    let bot = floor.started("Balanced").await;
    for _ in 0..3 {
        let runner = Runner::new(floor.app.app());
        for _ in 0..12 {
            floor.pass_a_close().await;
            floor.work(&runner).await;
            floor.pass(2_500).await;
            floor.work(&runner).await;
        }
        agrees(&floor, &bot).await;
        floor.pass(6_000).await;
    }
    let orders = floor.ana.get(&format!("/api/v1/orders?botId={bot}&limit=100&sort=createdAt")).await.ok();
    let orders = orders.as_array().unwrap();
    let of = |symbol: &str, side: &str| {
        orders.iter().filter(|it| it["symbol"] == symbol && it["side"] == side && it["status"] == "filled").count()
    };
    for (symbol, ..) in SYMBOLS {
        assert!(of(symbol, "buy") > 1, "{symbol}: {orders:?}");
    }
    assert!(of("BTC/USDT", "sell") + of("ETH/USDT", "sell") > 1, "{orders:?}");

    let positions = floor.ana.get(&format!("/api/v1/positions?botId={bot}&sort=symbol")).await.ok();
    let portfolio = floor.ana.get("/api/v1/portfolio").await.ok();
    let equity = decimal(&portfolio["bots"][0]["equity"]);
    for (position, weight) in positions.as_array().unwrap().iter().zip([50, 40]) {
        let held = decimal(&position["value"]) / equity * Decimal::ONE_HUNDRED;
        assert!((held - Decimal::from(weight)).abs() < Decimal::ONE, "{held} is not {weight}");
    }

    let runner = Runner::new(floor.app.app());
    floor.stop(&bot, &runner).await;
    agrees(&floor, &bot).await;
    for (_, asset, _) in SYMBOLS {
        assert!(floor.holds(asset).await < Decimal::new(1, 4), "{asset} was sold");
    }
}
