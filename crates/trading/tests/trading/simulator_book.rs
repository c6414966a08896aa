//! What the simulated venue does with orders that meet the book of an exchange.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::venue::Venue;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trading::money::{Price, Quantity};

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];

fn order(side: &str, kind: Value, more: Value) -> Value {
    let mut order = json!({"side": side, "kind": kind});
    for (key, value) in more.as_object().unwrap() {
        order[key] = value.clone();
    }
    order
}

fn market(side: &str, more: Value) -> Value {
    order(side, json!({"kind": "market"}), more)
}

/// What an order does that meets a book and then two candles at 100; and what is left of the book.
fn meeting(rules: Value, order: Value, levels: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let mut venue = Venue::new(rules);
    let id = venue.pass(&[FLAT]).place(order);
    let left = venue.meet(id, levels);
    (venue.pass(&[FLAT, FLAT]).told(), left)
}

#[test]
fn a_market_order_walks_the_book_and_pays_the_average() {
    let asks = [("101", "0.5"), ("102", "0.25"), ("104", "3")];
    let (told, left) = meeting(json!({}), market("buy", json!({})), &asks);
    assert_eq!(told, ["1: o-1 102 x 1 taker"]);
    assert_eq!(left, ["0", "0", "2.75"]);
    let bids = [("99", "0.6"), ("90", "9")];
    let (told, left) = meeting(json!({}), market("sell", json!({})), &bids);
    assert_eq!((told[0].as_str(), left[1].as_str()), ("1: o-1 95.4 x 1 taker", "8.6"));
}

#[test]
fn what_the_book_lacks_is_left_to_the_next_candle_or_ends() {
    let asks = [("101", "0.25")];
    let with = |tif: &str| meeting(json!({}), market("buy", json!({"timeInForce": tif})), &asks).0;
    assert_eq!(with("gtc"), ["1: o-1 101 x 0.25 taker", "1: o-1 100 x 0.75 taker"]);
    assert_eq!(with("ioc"), ["1: o-1 101 x 0.25 taker", "1: o-1 expired"]);
    assert_eq!(with("fok"), ["1: o-1 expired"]);
    assert_eq!(meeting(json!({}), market("buy", json!({})), &[]).0, ["1: o-1 100 x 1 taker"]);
    // a candle's volume is no limit to what the book has
    let (told, _) = meeting(json!({"volumeShare": "0.001"}), market("buy", json!({})), &[("101", "5")]);
    assert_eq!(told, ["1: o-1 101 x 1 taker"]);
}

#[test]
fn a_limit_takes_up_to_its_price_and_waits_for_the_rest_as_a_maker() {
    let limit = |price: &str, more| order("buy", json!({"kind": "limit", "price": price}), more);
    let asks = [("101", "0.5"), ("103", "5")];
    let rules = || json!({"fees": {"maker": "0", "taker": "0.001"}});
    let (told, left) = meeting(rules(), limit("102", json!({})), &asks);
    assert_eq!(told, ["1: o-1 101 x 0.5 taker", "1: o-1 102 x 0.5 maker"]);
    assert_eq!(left, ["0", "5"]);
    // one that the book does not meet waits, and is no taker in the candle that comes to it
    assert_eq!(meeting(rules(), limit("100", json!({})), &asks).0, ["1: o-1 100 x 1 maker"]);
    assert_eq!(meeting(rules(), limit("100", json!({"timeInForce": "ioc"})), &asks).0, ["1: o-1 expired"]);
    let maker = |price: &str| order("buy", json!({"kind": "limitMaker", "price": price}), json!({}));
    assert_eq!(meeting(rules(), maker("101"), &asks).0, ["1: o-1 rejected: WouldTake"]);
    assert_eq!(meeting(rules(), maker("100"), &asks).0, ["1: o-1 100 x 1 maker"]);
}

#[test]
fn an_exit_sells_no_more_than_is_held_and_a_stop_meets_no_book() {
    let (told, left) = meeting(json!({}), market("sell", json!({"size": {"base": "12"}})), &[("99", "20")]);
    assert_eq!((told[0].as_str(), left[0].as_str()), ("1: o-1 99 x 10 taker", "10"));
    let mut venue = Venue::new(json!({}));
    venue.pass(&[FLAT]).place(order("sell", json!({"kind": "stopMarket", "trigger": "90"}), json!({})));
    assert_eq!(venue.simulator.newcomers().count(), 0);
}

#[test]
fn a_book_is_met_once_and_by_those_that_have_met_no_candle() {
    let mut venue = Venue::new(json!({}));
    let id = venue.pass(&[FLAT]).place(order("buy", json!({"kind": "limit", "price": "99"}), json!({})));
    assert_eq!(venue.simulator.newcomers().count(), 1);
    venue.meet(id, &[("101", "1")]);
    assert_eq!(venue.simulator.newcomers().count(), 0);
    assert_eq!(venue.meet(id, &[("98", "1")]), ["1"]);
    let later = venue.place(order("buy", json!({"kind": "limit", "price": "99"}), json!({})));
    venue.pass(&[FLAT]);
    assert_eq!(venue.meet(later, &[("98", "1")]), ["1"]);
    assert!(venue.told().is_empty());
}

#[test]
fn what_is_too_small_for_the_exchange_is_refused_and_lots_are_whole() {
    let instrument = json!({"symbol": "BTC/USDT", "lot": "0.1", "minNotional": "10"});
    let mut venue = Venue::filtered(json!({}), instrument);
    let small = venue.pass(&[FLAT]).place(market("buy", json!({"size": {"quote": "9"}})));
    venue.meet(small, &[("50", "5")]);
    let whole = venue.place(market("buy", json!({"size": {"quote": "99"}})));
    venue.meet(whole, &[("50", "5")]);
    let told = venue.told();
    assert!(told[0].starts_with("1: o-1 rejected: "), "{told:?}");
    assert_eq!(told[1..], ["1: o-2 50 x 1.9 taker"]);
}

fn levels() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((1_i64..2_000, 1_i64..50_000), 1..12)
}

proptest! {
    /// Levels by their steps away from the best price and their thousandths of a coin.
    #[test]
    fn nobody_gets_more_than_there_is_or_better_than_the_best_or_spends_more_than_the_budget(
        steps in levels(), budget in 1_i64..3_000_000, coins in 1_i64..10_000, buys: bool, of_budget: bool, received: bool,
        lot in prop::sample::select(vec!["", "0.001", "0.1"])
    ) {
        let paid_in = if received { "received" } else { "quote" };
        let rules = json!({"fees": {"maker": "0", "taker": "0.00075", "paidIn": paid_in}});
        let mut instrument = json!({"symbol": "BTC/USDT"});
        if !lot.is_empty() {
            instrument["lot"] = json!(lot);
        }
        let mut venue = Venue::filtered(rules, instrument);
        let size = if of_budget && buys {
            json!({"quote": Decimal::new(budget, 2).to_string()})
        } else {
            json!({"base": Decimal::new(coins, 3).to_string()})
        };
        let id = venue.pass(&[FLAT]).place(market(if buys { "buy" } else { "sell" }, json!({"size": size})));
        let mut tenths = if buys { 1_000 } else { 40_000 };
        let levels: Vec<_> = steps.iter().map(|(step, thousandths)| {
            tenths += if buys { *step } else { -*step };
            (Decimal::new(tenths, 1).to_string(), Decimal::new(*thousandths, 3).to_string())
        }).collect();
        let levels: Vec<_> = levels.iter().map(|(price, quantity)| (price.as_str(), quantity.as_str())).collect();
        let before = venue.position;
        venue.meet(id, &levels);
        let there: Quantity = steps.iter().map(|it| Quantity::try_from(Decimal::new(it.1, 3)).unwrap()).fold(Quantity::ZERO, |sum, it| sum + it);
        let best: Price = levels[0].0.parse().unwrap();
        let is_whole = |quantity: Quantity| lot.is_empty() || (quantity.decimal() % lot.parse::<Decimal>().unwrap()).is_zero();
        for (_, fill) in &venue.fills {
            prop_assert!(fill.quantity <= there && is_whole(fill.quantity));
            prop_assert!(fill.side.worse(fill.price, best) == fill.price);
            let worst: Price = levels.last().unwrap().0.parse().unwrap();
            prop_assert!(fill.side.worse(fill.price, worst) == worst);
        }
        if of_budget && buys {
            prop_assert!(before.cash() - venue.position.cash() <= Decimal::new(budget, 2).try_into().unwrap());
            // where there was enough, what is left buys no further lot
            let filled: Decimal = venue.fills.iter().map(|it| it.1.quantity.decimal()).sum();
            if filled < there.decimal() - Decimal::new(1, 1) && !venue.fills.is_empty() {
                prop_assert!(venue.fills[0].1.done);
            }
        } else if coins <= steps.iter().map(|it| it.1).sum::<i64>() && lot != "0.1" {
            prop_assert!(venue.fills[0].1.done);
            prop_assert_eq!(venue.fills[0].1.quantity.decimal(), Decimal::new(coins, 3));
        }
    }
}
