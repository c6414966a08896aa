//! Paper bots on a live feed, whose orders meet the book of the exchange.

use crate::{
    common::{status, text, whole_feed},
    floor::{CASH, Floor, decimal, moment},
};
use bots::Runner;
use kit::Time;
use rust_decimal::{Decimal, RoundingStrategy};
use testkit::{PgPool, Value, db_test, json};

const MINUTE: i64 = 60_000;

async fn follower(floor: &Floor, more: Value) -> String {
    let mut wish = json!({
        "name": "Paper", "mode": "paper", "strategyId": floor.strategy, "initialCash": CASH.to_string(),
        "feed": { "kind": "live" }
    });
    for (key, value) in more.as_object().unwrap() {
        wish[key] = value.clone();
    }
    let bot = text(&floor.ana.post("/api/v1/bots", &wish).await.created()["id"]);
    floor.ana.post(&format!("/api/v1/bots/{bot}/start"), &json!({})).await.ok();
    bot
}

async fn fills(floor: &Floor, bot: &str) -> Vec<Value> {
    whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await
}

fn now(floor: &Floor) -> Time {
    floor.app.clock().now()
}

/// Lets candles close until the bot has bought; answers the purchase, and the book that it met.
async fn bought(floor: &Floor, runner: &Runner, bot: &str) -> (Value, Value) {
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        let book = floor.public("/api/v3/depth?symbol=BTCUSDT&limit=100").await;
        floor.work(runner).await;
        if let Some(fill) = fills(floor, bot).await.into_iter().next() {
            return (fill, book);
        }
    }
    panic!("it never buys: {:?}", floor.events(bot).await);
}

/// What so many coins cost on average where they are taken off the levels.
fn average(levels: &Value, coins: Decimal) -> Decimal {
    let (mut left, mut cost) = (coins, Decimal::ZERO);
    for level in levels.as_array().unwrap() {
        let taken = left.min(decimal(&level[1]));
        (left, cost) = (left - taken, cost + taken * decimal(&level[0]));
    }
    assert!(left.is_zero(), "the book is too thin for {coins}: {levels}");
    (cost / coins).round_dp_with_strategy(12, RoundingStrategy::ToPositiveInfinity)
}

#[db_test]
async fn a_purchase_is_filled_at_once_by_what_the_book_asks(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = follower(&floor, json!({})).await;
    assert_eq!(floor.ana.get(&format!("/api/v1/bots/{bot}")).await.ok()["takerFills"], "book");
    let runner = Runner::new(floor.app.app());
    let (fill, book) = bought(&floor, &runner, &bot).await;
    assert_eq!((moment(&fill["at"]), &fill["maker"]), (now(&floor), &json!(false)));
    let (price, coins) = (decimal(&fill["price"]), decimal(&fill["quantity"]));
    assert!((price - average(&book["asks"], coins)).abs() < Decimal::new(1, 6), "{fill} {book}");
    // whoever takes it over makes the same of its journal
    runner.release().await.unwrap();
    let other = Runner::new(floor.app.app());
    for _ in 0..30 {
        floor.pass(MINUTE).await;
        floor.work(&other).await;
    }
    assert_eq!(status(&floor.ana, &bot).await, "running", "{:?}", floor.events(&bot).await);
    assert!(fills(&floor, &bot).await.len() > 3);
    assert!(floor.events(&bot).await.iter().any(|it| it.0 == "bot.resumed"));
}

#[db_test]
async fn a_bot_that_is_stopped_sells_to_the_book_and_waits_for_no_candle(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = follower(&floor, json!({})).await;
    let runner = Runner::new(floor.app.app());
    bought(&floor, &runner, &bot).await;
    floor.pass(10_000).await;
    let best = decimal(&floor.public("/api/v3/depth?symbol=BTCUSDT&limit=5").await["bids"][0][0]);
    floor.ana.post(&format!("/api/v1/bots/{bot}/stop"), &json!({})).await.ok();
    floor.work(&runner).await;
    assert_eq!(status(&floor.ana, &bot).await, "stopped", "{:?}", floor.events(&bot).await);
    let sale = fills(&floor, &bot).await.pop().unwrap();
    assert_eq!((&sale["side"], moment(&sale["at"])), (&json!("sell"), now(&floor)));
    assert!(decimal(&sale["price"]) <= best, "{sale}");
}

#[db_test]
async fn where_the_book_cannot_be_had_the_candle_decides_and_it_is_told_once(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    floor.fault(json!({ "kind": "error-before", "path": "/api/v3/depth" })).await;
    let bot = follower(&floor, json!({})).await;
    let runner = Runner::new(floor.app.app());
    let (fill, _) = bought(&floor, &runner, &bot).await;
    // at the open of the next candle
    assert_eq!(moment(&fill["at"]).millis() % MINUTE, 0, "{fill}");
    for _ in 0..20 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    assert!(fills(&floor, &bot).await.len() > 2);
    let told = floor.events(&bot).await.into_iter().filter(|it| it.0 == "book.missing").count();
    assert_eq!(told, 1);
}

#[db_test]
async fn an_order_that_takes_its_time_meets_the_book_when_it_comes(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = follower(&floor, json!({ "latencyMs": 9_000 })).await;
    let runner = Runner::new(floor.app.app());
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
        let orders = floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok();
        if !orders.as_array().unwrap().is_empty() {
            break;
        }
    }
    assert!(fills(&floor, &bot).await.is_empty());
    floor.pass(5_000).await;
    floor.work(&runner).await;
    assert!(fills(&floor, &bot).await.is_empty(), "it is on its way");
    floor.pass(2_000).await;
    floor.work(&runner).await;
    let fill = fills(&floor, &bot).await.pop().unwrap();
    assert_eq!(moment(&fill["at"]), now(&floor));
}

#[db_test]
async fn candles_fill_the_orders_of_whoever_asks_for_that_and_of_replays(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = follower(&floor, json!({ "takerFills": "candle" })).await;
    let runner = Runner::new(floor.app.app());
    let (fill, _) = bought(&floor, &runner, &bot).await;
    assert_eq!(moment(&fill["at"]).millis() % MINUTE, 0, "{fill}");
    let copy = floor.ana.post(&format!("/api/v1/bots/{bot}/copy"), &json!({ "name": "Like it" })).await.created();
    assert_eq!(copy["takerFills"], "candle");
    let mut wish = json!({
        "name": "Replay", "mode": "paper", "strategyId": floor.strategy, "initialCash": "100",
        "feed": { "kind": "replay", "speed": "max" }
    });
    let replay = floor.ana.post("/api/v1/bots", &wish).await.created();
    assert_eq!(replay["takerFills"], "candle");
    wish["takerFills"] = "book".into();
    floor.ana.post("/api/v1/bots", &wish).await.invalid("takerFills");
    wish["feed"] = json!({ "kind": "live" });
    wish["fill"] = "close".into();
    floor.ana.post("/api/v1/bots", &wish).await.invalid("takerFills");
    let path = format!("/api/v1/bots/{}/copy", text(&replay["id"]));
    let live = floor.ana.post(&path, &json!({ "name": "Followed", "feed": { "kind": "live" } })).await.created();
    assert_eq!(live["takerFills"], "book");
}
