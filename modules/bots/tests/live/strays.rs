//! Orders that the exchange has under a bot's name and that are written nowhere.

use crate::{
    common::{PERMISSIONS, prefix, status, text},
    floor::{Floor, decimal},
};
use bots::Runner;
use rust_decimal::Decimal;
use testkit::{Member, PgPool, Value, db_test, json};

const MINUTE: i64 = 60_000;

/// A live bot that has seen a few candles.
async fn begun(floor: &Floor, runner: &Runner) -> String {
    let bot = floor.started("Found").await;
    for _ in 0..3 {
        floor.pass(MINUTE).await;
        floor.work(runner).await;
    }
    bot
}

/// Places an order under the bot's name past the bot, and answers what it is called.
async fn by_hand(floor: &Floor, bot: &str, number: u64, order: &str) -> String {
    let id = format!("{}-{number}", prefix(bot));
    floor.place(&format!("symbol=BTCUSDT&newClientOrderId={id}&{order}")).await;
    id
}

async fn orders(member: &Member, bot: &str) -> Vec<Value> {
    member.get(&format!("/api/v1/orders?botId={bot}&limit=100")).await.ok().as_array().unwrap().clone()
}

async fn adopted(floor: &Floor, bot: &str) -> Vec<String> {
    let orders = orders(&floor.ana, bot).await;
    let mut ids: Vec<_> =
        orders.iter().filter(|it| it["adopted"] == true).map(|it| text(&it["clientOrderId"])).collect();
    ids.sort_unstable();
    ids
}

#[db_test]
async fn what_was_executed_and_is_written_nowhere_is_the_bots_when_it_is_taken_over(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let bot = begun(&floor, &runner).await;
    runner.release().await.unwrap();
    let filled = by_hand(&floor, &bot, 900, "side=BUY&type=MARKET&quantity=0.01").await;
    let open = by_hand(&floor, &bot, 901, "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=5000").await;
    floor.fault(json!({ "kind": "partial-fill", "path": "/api/v3/order", "fraction": "0.4", "count": 1 })).await;
    let partly = by_hand(&floor, &bot, 902, "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=10500").await;
    floor.mend().await;
    let sold = by_hand(&floor, &bot, 903, "side=SELL&type=MARKET&quantity=0.004").await;

    let other = Runner::new(floor.app.app());
    floor.work(&other).await;
    let found = [filled, open, partly, sold];
    assert_eq!(adopted(&floor, &bot).await, found);
    let told = floor.events(&bot).await.into_iter().filter(|it| it.0 == "order.adopted").count();
    assert_eq!(told, 4);
    let waits = floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await;
    let waits: Vec<_> = waits.as_array().unwrap().iter().map(|it| text(&it["clientOrderId"])).collect();
    assert!(waits.iter().all(|id| !found.contains(id)), "{waits:?}");
    floor.agrees(&bot).await;

    // it goes on with what it has, and its own orders have other numbers
    for _ in 0..20 {
        floor.pass(MINUTE).await;
        floor.work(&other).await;
    }
    floor.agrees(&bot).await;
    assert_eq!(adopted(&floor, &bot).await.len(), 4, "each once");
    let before = orders(&floor.ana, &bot).await.len();
    assert!(before > 4);
    other.release().await.unwrap();
    let third = Runner::new(floor.app.app());
    floor.stop(&bot, &third).await;
    floor.agrees(&bot).await;
    assert!(floor.holds("BTC").await < Decimal::new(2, 5), "what was found is sold with the rest");
    // another tenant has none of it
    let bob = floor.app.member_with(PERMISSIONS.as_ref()).await;
    assert!(orders(&bob, &bot).await.is_empty());
}

#[db_test]
async fn they_are_looked_for_by_the_hour_and_when_the_exchange_is_heard_again(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let bot = begun(&floor, &runner).await;
    let first = by_hand(&floor, &bot, 900, "side=BUY&type=MARKET&quantity=0.001").await;
    floor.work(&runner).await;
    assert!(adopted(&floor, &bot).await.is_empty(), "nobody looks");
    for _ in 0..13 {
        floor.pass(5 * MINUTE).await;
        floor.work(&runner).await;
    }
    assert_eq!(adopted(&floor, &bot).await, [first.as_str()]);
    let second = by_hand(&floor, &bot, 5_000, "side=BUY&type=MARKET&quantity=0.001").await;
    floor.cut().await;
    for _ in 0..600 {
        if adopted(&floor, &bot).await.len() > 1 {
            break;
        }
        floor.pass(500).await;
        floor.work(&runner).await;
    }
    assert_eq!(adopted(&floor, &bot).await, [second, first]);
    floor.agrees(&bot).await;
}

#[db_test]
async fn what_cannot_have_happened_to_the_bot_halts_it_and_says_what_to_do(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let runner = Runner::new(floor.app.app());
    let bot = begun(&floor, &runner).await;
    runner.release().await.unwrap();
    floor.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newClientOrderId=mine").await;
    let sale = by_hand(&floor, &bot, 900, "side=SELL&type=MARKET&quantity=0.45").await;
    for _ in 0..2 {
        let runner = Runner::new(floor.app.app());
        floor.work(&runner).await;
        assert_eq!(status(&floor.ana, &bot).await, "failed");
        let (kind, message) = floor.events(&bot).await.pop().unwrap();
        assert_eq!(kind, "bot.failed");
        assert!(message.contains(&sale) && message.contains("make a copy of it"), "{message}");
        floor.ana.post(&format!("/api/v1/bots/{bot}/start"), &json!({})).await.ok();
    }
    assert!(adopted(&floor, &bot).await.is_empty());
    let position = floor.ana.get(&format!("/api/v1/positions?botId={bot}")).await.ok();
    assert!(decimal(&position[0]["quantity"]) < Decimal::new(5, 1), "{position}");
    floor.ana.post(&format!("/api/v1/bots/{bot}/stop?coins=keep"), &json!({})).await.ok();
    let runner = Runner::new(floor.app.app());
    for _ in 0..10 {
        floor.work(&runner).await;
        floor.pass(3_000).await;
    }
    assert_eq!(status(&floor.ana, &bot).await, "stopped", "{:?}", floor.events(&bot).await);
}
