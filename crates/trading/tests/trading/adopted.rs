//! Orders that are found at the venue, and what the engine makes of them.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::bot::{Bot, Case};
use serde_json::{Value, json};
use trading::engine::{Adopted, Input, Stop};
use trading::position::Fill;

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];

fn found(id: &str, side: &str, coins: &str, taken: u64) -> Input {
    let order = json!({
        "clientOrderId": id, "side": side, "kind": {"kind": "limit", "price": "100"}, "size": {"base": coins}, "taken": taken
    });
    Input::Adopted(serde_json::from_value::<Adopted>(order).unwrap())
}

fn filled(id: &str, side: &str, coins: &str) -> Input {
    let fill = json!({
        "clientOrderId": id, "at": 61_000, "side": side, "price": "100", "quantity": coins, "fee": {"quote": "0"},
        "liquidity": "taker", "done": true
    });
    Input::Filled(serde_json::from_value::<Fill>(fill).unwrap())
}

fn bot(protect: Value, signals: &str) -> Bot {
    let plan = json!({"sizing": {"kind": "fixedQuantity", "quantity": "1"}, "protect": protect});
    let mut bot = Case { plan, ..Case::default() }.bot(signals);
    bot.feed(&[FLAT]);
    bot
}

fn waiting(bot: &Bot) -> Vec<String> {
    let orders = bot.driver.simulator().orders();
    orders.map(|order| format!("{} {}", order.client_order_id, order.kind.as_str())).collect()
}

#[test]
fn coins_that_were_bought_are_protected_and_the_next_order_has_a_number_of_its_own() {
    let mut bot = bot(json!({"stopLoss": {"percent": "5"}}), "");
    bot.tell(found("test-41", "buy", "2", 50)).tell(filled("test-41", "buy", "2"));
    assert_eq!(bot.position().quantity().to_string(), "2");
    assert_eq!(waiting(&bot), ["test-51 stopMarket"]);
    bot.tell(Input::Stop(Stop::Sell)).feed(&[FLAT]);
    assert!(bot.position().quantity().is_zero() && bot.driver.simulator().is_idle());
    assert_eq!(bot.trades().len(), 1);
}

#[test]
fn coins_that_were_sold_end_the_trade() {
    let mut bot = bot(json!({"stopLoss": {"percent": "5"}}), "e");
    bot.feed(&[FLAT]);
    assert_eq!(bot.position().quantity().to_string(), "1");
    bot.tell(found("test-9", "sell", "1", 9)).tell(filled("test-9", "sell", "1"));
    assert!(bot.position().quantity().is_zero() && bot.driver.simulator().is_idle(), "the stop is taken back");
    assert_eq!(bot.trades().len(), 1);
}

#[test]
fn one_that_has_executed_nothing_leaves_nothing_but_its_number() {
    let mut bot = bot(json!({}), ".e");
    bot.tell(found("test-7", "buy", "2", 7)).tell(Input::Cancelled("test-7".parse().unwrap()));
    bot.feed(&[FLAT, FLAT]);
    let bought: Vec<_> = bot.fills().iter().map(|fill| fill.client_order_id.to_string()).collect();
    assert_eq!(bought, ["test-8"]);
}
