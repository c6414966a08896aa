//! What a live bot is told without asking, and what it misses.

use crate::floor::{Floor, decimal};
use bots::Runner;
use rust_decimal::Decimal;
use testkit::{PgPool, Value, db_test, json};

const MINUTE: i64 = 60_000;

/// A bot that holds coins behind a stop, about which its exchange was asked a moment ago.
pub(crate) async fn behind_a_stop(floor: &Floor, runner: &Runner) -> (String, Value) {
    let bot = floor.started("Told").await;
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        floor.work(runner).await;
        let open = floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await;
        if let Some(stop) = open.get(0) {
            floor.pass(1_500).await;
            floor.work(runner).await;
            return (bot, stop.clone());
        }
    }
    panic!("it never stands behind a stop: {:?}", floor.events(&bot).await);
}

/// Lets the price fall through a stop.
pub(crate) async fn triggered(floor: &Floor, stop: &Value) {
    floor.set_price((decimal(&stop["stopPrice"]) * Decimal::new(99, 2)).round_dp(2)).await;
    assert_eq!(floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await, json!([]));
}

async fn has_sold(floor: &Floor, bot: &str) -> bool {
    let position = floor.ana.get(&format!("/api/v1/positions?botId={bot}")).await.ok();
    decimal(&position[0]["quantity"]) < Decimal::new(1, 5)
}

/// Whether the bot learns that it has sold before it would ask by itself, told or not.
async fn learns_of_it(floor: &Floor, runner: &Runner, bot: &str) -> bool {
    for _ in 0..50 {
        floor.work(runner).await;
        if has_sold(floor, bot).await {
            return true;
        }
        floor.pass(100).await;
    }
    false
}

#[db_test]
async fn what_happens_at_the_exchange_is_known_without_waiting_for_the_next_question(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let (bot, stop) = behind_a_stop(&floor, &runner).await;
    triggered(&floor, &stop).await;
    assert!(learns_of_it(&floor, &runner, &bot).await);
    floor.agrees(&bot).await;
}

#[db_test]
async fn what_was_not_told_is_found_by_asking(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let (bot, stop) = behind_a_stop(&floor, &runner).await;
    floor.fault(json!({ "kind": "drop-messages", "path": "user" })).await;
    triggered(&floor, &stop).await;
    assert!(!learns_of_it(&floor, &runner, &bot).await, "nobody told it");
    floor.pass(30_000).await;
    floor.work(&runner).await;
    assert!(has_sold(&floor, &bot).await);
    floor.agrees(&bot).await;
}

#[db_test]
async fn whoever_hears_nothing_any_more_asks_at_once(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let (bot, stop) = behind_a_stop(&floor, &runner).await;
    floor.fault(json!({ "kind": "cut-connection", "path": "user", "count": 1 })).await;
    triggered(&floor, &stop).await;
    assert!(learns_of_it(&floor, &runner, &bot).await);
    floor.agrees(&bot).await;
}

#[db_test]
async fn what_is_told_twice_and_turned_around_is_booked_once(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    floor.fault(json!({ "kind": "duplicate-messages", "probability": "0.5" })).await;
    floor.fault(json!({ "kind": "reorder-messages", "probability": "0.5" })).await;
    let runner = Runner::new(floor.app.app());
    let bot = floor.started("Told").await;
    for _ in 0..40 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    floor.mend().await;
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    let fills = crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await;
    assert!(fills.len() > 5, "{}", fills.len());
}

#[db_test]
async fn bots_of_one_account_share_a_connection_that_ends_with_the_last_of_them(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let (first, second) = (floor.started("First").await, floor.started("Second").await);
    let runner = Runner::new(floor.app.app());
    floor.work(&runner).await;
    // one for the account and one for the market
    let mut most = 0;
    for _ in 0..100 {
        floor.work(&runner).await;
        most = most.max(floor.cut().await);
    }
    assert_eq!(most, 2);
    for bot in [first, second] {
        floor.ana.post(&format!("/api/v1/bots/{bot}/pause"), &json!({})).await.ok();
        floor.work(&runner).await;
    }
    // one that was being made when nobody listened any more
    floor.cut().await;
    floor.work(&runner).await;
    assert_eq!(floor.cut().await, 0);
}
