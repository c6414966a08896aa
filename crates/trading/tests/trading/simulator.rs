//! What the simulated venue does with each kind of order.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::venue::Venue;
use serde_json::{Value, json};

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];

fn sell(kind: Value) -> Value {
    json!({"side": "sell", "kind": kind})
}

fn buy(kind: Value) -> Value {
    json!({"side": "buy", "kind": kind})
}

/// What an order does in candles that follow.
fn after(rules: Value, order: Value, candles: &[[i64; 4]]) -> Vec<String> {
    let mut venue = Venue::new(rules);
    venue.pass(&[FLAT]).place(order);
    venue.pass(candles).told()
}

fn plain(order: Value, candles: &[[i64; 4]]) -> Vec<String> {
    after(json!({}), order, candles)
}

#[test]
fn a_limit_waits_for_its_price_and_never_gets_a_better_one() {
    let order = buy(json!({"kind": "limit", "price": "99"}));
    assert_eq!(plain(order.clone(), &[[1000, 1000, 991, 1000], [1000, 1000, 990, 1000]]), ["2: o-1 99 x 1 maker"]);
    // What the market jumps over while the order waits is still bought for its own price.
    assert_eq!(plain(order.clone(), &[FLAT, [950, 960, 940, 950]]), ["2: o-1 99 x 1 maker"]);
    // An order that could execute as it comes takes.
    assert_eq!(plain(order, &[[980, 1000, 970, 1000]]), ["1: o-1 99 x 1 taker"]);
}

#[test]
fn a_limit_that_the_market_must_go_through_is_not_filled_by_a_touch() {
    let order = sell(json!({"kind": "limit", "price": "101"}));
    let candles = [[1000, 1010, 1000, 1000], [1000, 1011, 1000, 1000]];
    assert_eq!(plain(order.clone(), &candles), ["1: o-1 101 x 1 maker"]);
    assert_eq!(after(json!({"limitFill": "through"}), order, &candles), ["2: o-1 101 x 1 maker"]);
}

#[test]
fn a_limit_that_must_wait_is_refused_where_it_would_take() {
    let order = buy(json!({"kind": "limitMaker", "price": "99"}));
    assert_eq!(plain(order.clone(), &[[990, 1000, 980, 1000]]), ["1: o-1 rejected: WouldTake"]);
    assert_eq!(plain(order, &[[991, 1000, 980, 1000]]), ["1: o-1 99 x 1 maker"]);
}

#[test]
fn a_stop_that_buys_mirrors_one_that_sells() {
    let order = buy(json!({"kind": "stopMarket", "trigger": "102"}));
    assert_eq!(plain(order.clone(), &[[1000, 1019, 900, 1000], [1000, 1030, 990, 1000]]), ["2: o-1 102 x 1 taker"]);
    assert_eq!(plain(order, &[[1050, 1060, 1000, 1000]]), ["1: o-1 105 x 1 taker"]);
}

#[test]
fn a_stop_with_a_limit_sells_like_a_stop_within_it_and_else_waits_at_it() {
    let order = sell(json!({"kind": "stopLimit", "trigger": "97", "price": "96"}));
    assert_eq!(plain(order.clone(), &[[1000, 1000, 900, 900]]), ["1: o-1 97 x 1 taker"]);
    assert_eq!(plain(order.clone(), &[[965, 970, 900, 900]]), ["1: o-1 96.5 x 1 taker"]);
    let jumped = [[950, 955, 900, 900], [900, 959, 900, 900], [900, 960, 900, 900]];
    assert_eq!(plain(order.clone(), &jumped), ["3: o-1 96 x 1 maker"]);
    // A slippage that its limit forbids: the rest of the candle is not known to come after.
    let slips = json!({"slippageBps": "200"});
    let candles = [[1000, 1000, 950, 955], [950, 955, 940, 940], [940, 970, 940, 940]];
    assert_eq!(after(slips.clone(), order.clone(), &candles), ["3: o-1 96 x 1 maker"]);
    assert_eq!(after(slips, order, &[[1000, 1000, 960, 960]]), Vec::<String>::new());
}

#[test]
fn a_target_at_the_market_fills_at_its_trigger_or_where_the_market_opens_beyond() {
    let order = sell(json!({"kind": "takeProfitMarket", "trigger": "105"}));
    assert_eq!(plain(order.clone(), &[[1000, 1049, 900, 1000], [1000, 1060, 1000, 1000]]), ["2: o-1 105 x 1 taker"]);
    assert_eq!(plain(order.clone(), &[[1080, 1090, 1000, 1000]]), ["1: o-1 108 x 1 taker"]);
    let slips = json!({"slippageBps": "100"});
    assert_eq!(after(slips, order, &[[1000, 1060, 1000, 1000]]), ["1: o-1 103.95 x 1 taker"]);
}

#[test]
fn a_target_with_a_limit_waits_at_its_limit_from_its_trigger_on() {
    let near = sell(json!({"kind": "takeProfitLimit", "trigger": "105", "price": "104"}));
    assert_eq!(plain(near, &[[1000, 1045, 1000, 1000], [1000, 1050, 1000, 1000]]), ["2: o-1 104 x 1 taker"]);
    let far = sell(json!({"kind": "takeProfitLimit", "trigger": "105", "price": "106"}));
    assert_eq!(plain(far, &[[1000, 1055, 1000, 1000], [1000, 1060, 1000, 1000]]), ["2: o-1 106 x 1 maker"]);
}

#[test]
fn a_trailing_stop_is_not_raised_and_hit_in_one_candle() {
    let order = sell(json!({"kind": "trailingStop", "percent": "10"}));
    // Raised to 120 in the first candle, whose low would lie below 108 but not below 90.
    assert_eq!(plain(order.clone(), &[[1000, 1200, 950, 1150], [1150, 1160, 1080, 1100]]), ["2: o-1 108 x 1 taker"]);
    // The open comes before all else: raised to 130 and hit at 117.
    assert_eq!(plain(order.clone(), &[FLAT, [1300, 1300, 1170, 1200]]), ["2: o-1 117 x 1 taker"]);
    assert_eq!(plain(order, &[FLAT, [880, 900, 850, 860]]), ["2: o-1 88 x 1 taker"]);
    let buys = buy(json!({"kind": "trailingStop", "percent": "10"}));
    assert_eq!(plain(buys, &[[1000, 1000, 800, 850], [850, 880, 850, 860]]), ["2: o-1 88 x 1 taker"]);
}

#[test]
fn a_trailing_stop_follows_from_its_activation_on() {
    let order = sell(json!({"kind": "trailingStop", "percent": "10", "activation": "110"}));
    let candles = [[1000, 1090, 500, 1000], [1000, 1100, 900, 1000], [1000, 1000, 990, 1000]];
    assert_eq!(plain(order, &candles), ["3: o-1 99 x 1 taker"]);
}

#[test]
fn what_must_execute_at_once_does_so_or_expires() {
    let limited = json!({"volumeShare": "0.005"});
    let with = |kind: Value, tif: &str, size: &str| json!({"side": "sell", "kind": kind, "timeInForce": tif, "size": {"base": size}});
    let market = json!({"kind": "market"});
    let half = |order| after(limited.clone(), order, &[FLAT, FLAT]);
    assert_eq!(half(with(market.clone(), "gtc", "1")), ["1: o-1 100 x 0.5 taker", "2: o-1 100 x 0.5 taker"]);
    assert_eq!(half(with(market.clone(), "ioc", "1")), ["1: o-1 100 x 0.5 taker", "1: o-1 expired"]);
    assert_eq!(half(with(market.clone(), "fok", "1")), ["1: o-1 expired"]);
    assert_eq!(half(with(market, "fok", "0.5")), ["1: o-1 100 x 0.5 taker"]);
    let limit = |price: &str| json!({"kind": "limit", "price": price});
    assert_eq!(half(with(limit("99"), "ioc", "1")), ["1: o-1 99 x 0.5 taker", "1: o-1 expired"]);
    assert_eq!(half(with(limit("101"), "ioc", "1")), ["1: o-1 expired"]);
    assert_eq!(half(with(limit("99"), "fok", "0.4")), ["1: o-1 99 x 0.4 taker"]);
    let stop = json!({"kind": "stopLimit", "trigger": "99", "price": "98"});
    let ioc = after(json!({}), with(stop, "ioc", "1"), &[FLAT, [970, 990, 970, 980]]);
    assert_eq!(ioc, ["2: o-1 expired"]);
}

#[test]
fn stops_and_limits_fill_over_several_candles_where_volume_is_short() {
    let limited = json!({"volumeShare": "0.005"});
    let stop = sell(json!({"kind": "stopMarket", "trigger": "99"}));
    let candles = [[1000, 1000, 980, 990], [1010, 1010, 1005, 1010]];
    assert_eq!(after(limited.clone(), stop, &candles), ["1: o-1 99 x 0.5 taker", "2: o-1 101 x 0.5 taker"]);
    let limit = sell(json!({"kind": "limit", "price": "101"}));
    let candles = [[1000, 1020, 1000, 1000], FLAT, [1000, 1020, 1000, 1000]];
    assert_eq!(after(limited, limit, &candles), ["1: o-1 101 x 0.5 maker", "3: o-1 101 x 0.5 maker"]);
}

#[test]
fn an_order_ends_when_its_time_is_over() {
    let until = |millis: i64, kind: Value| json!({"side": "sell", "kind": kind, "expires": millis});
    let limit = json!({"kind": "limit", "price": "101"});
    let late = [FLAT, [1000, 1020, 1000, 1000]];
    assert_eq!(plain(until(120_000, limit.clone()), &late), ["2: o-1 expired"]);
    assert_eq!(plain(until(180_000, limit.clone()), &late), ["2: o-1 101 x 1 maker"]);
    // Half of the candle's time is half of its range: from 100 up to 101 of 102, or of 101.9.
    assert_eq!(plain(until(150_000, limit.clone()), &late), ["2: o-1 101 x 1 maker"]);
    assert_eq!(plain(until(150_000, limit), &[FLAT, [1000, 1019, 1000, 1000]]), ["2: o-1 expired"]);
}

fn pair(venue: &mut Venue, stop: &str, target: &str) {
    let leg = |kind: Value, pair: &str| json!({"side": "sell", "kind": kind, "pair": pair, "size": {"base": "2"}});
    venue.place(leg(json!({"kind": "stopMarket", "trigger": stop}), "o-2"));
    venue.place(leg(json!({"kind": "limit", "price": target}), "o-1"));
}

#[test]
fn one_order_of_a_pair_cancels_the_other_in_the_same_moment() {
    let run = |candles: &[[i64; 4]]| {
        let mut venue = Venue::new(json!({}));
        venue.pass(&[FLAT]);
        pair(&mut venue, "98", "102");
        venue.pass(candles).told()
    };
    assert_eq!(run(&[[1000, 1030, 990, 1000], FLAT]), ["1: o-2 102 x 2 maker", "1: o-1 cancelled"]);
    assert_eq!(run(&[[1000, 1010, 970, 1000], FLAT]), ["1: o-1 98 x 2 taker", "1: o-2 cancelled"]);
    assert_eq!(run(&[[1000, 1030, 970, 1000], FLAT]), ["1: o-1 98 x 2 taker", "1: o-2 cancelled"]);
}

#[test]
fn what_one_order_of_a_pair_fills_in_part_is_taken_off_the_other() {
    let mut venue = Venue::new(json!({"volumeShare": "0.005"}));
    venue.pass(&[FLAT]);
    pair(&mut venue, "98", "102");
    let candles = [[1000, 1030, 990, 1000], [1000, 1000, 970, 970], [960, 960, 960, 960], [950, 950, 950, 950], FLAT];
    let told = venue.pass(&candles).told();
    let expected = [
        "1: o-2 102 x 0.5 maker",
        "2: o-1 98 x 0.5 taker",
        "3: o-1 96 x 0.5 taker",
        "4: o-1 95 x 0.5 taker",
        "4: o-2 cancelled",
    ];
    assert_eq!(told, expected);
    assert_eq!(venue.position.quantity().to_string(), "8");
}

#[test]
fn an_order_that_takes_time_finds_the_price_between_the_open_and_the_worse_extreme() {
    let rules = json!({"latencyMs": 15_000});
    let market = json!({"kind": "market"});
    let candle = [[1000, 1080, 920, 1010]];
    assert_eq!(after(rules.clone(), buy(market.clone()), &candle), ["1: o-1 102 x 1 taker"]);
    assert_eq!(after(rules, sell(market.clone()), &candle), ["1: o-1 98 x 1 taker"]);
    let slow = json!({"latencyMs": 75_000});
    assert_eq!(after(slow, sell(market), &[FLAT, candle[0]]), ["2: o-1 98 x 1 taker"]);
}

#[test]
fn an_order_that_comes_inside_a_candle_has_seen_the_worst_of_it_and_of_the_good_the_close() {
    let rules = json!({"latencyMs": 15_000});
    let run = |kind: Value, candle: [i64; 4]| after(rules.clone(), sell(kind), &[candle]);
    let stop = json!({"kind": "stopMarket", "trigger": "95"});
    assert_eq!(run(stop.clone(), [1000, 1000, 940, 990]), ["1: o-1 95 x 1 taker"]);
    // A quarter of the way to 70 is 92.5, where it comes too late for its trigger.
    assert_eq!(run(stop, [1000, 1000, 700, 990]), ["1: o-1 92.5 x 1 taker"]);
    let limit = json!({"kind": "limit", "price": "104"});
    assert_eq!(run(limit.clone(), [1000, 1050, 1000, 1039]), Vec::<String>::new());
    assert_eq!(run(limit, [1000, 1050, 1000, 1040]), ["1: o-1 104 x 1 maker"]);
}

#[test]
fn an_order_can_fill_before_the_venue_hears_that_it_is_taken_back() {
    let run = |candle: [i64; 4]| {
        let mut venue = Venue::new(json!({"latencyMs": 15_000}));
        venue.pass(&[FLAT]);
        let id = venue.place(sell(json!({"kind": "stopMarket", "trigger": "99"})));
        venue.pass(&[FLAT]);
        assert!(!venue.cancel(id), "it is open until the venue hears of it");
        venue.pass(&[candle]).told()
    };
    // A quarter of the candle's fall by 4 is enough, one of its fall by 3.9 is not.
    assert_eq!(run([1000, 1000, 960, 1000]), ["2: o-1 99 x 1 taker"]);
    assert_eq!(run([1000, 1000, 961, 1000]), ["2: o-1 cancelled"]);
}

#[test]
fn finer_candles_tell_what_came_first_and_when_an_order_arrived() {
    let run = |rules: Value, parts: &[[i64; 4]]| {
        let mut venue = Venue::new(rules);
        venue.pass(&[FLAT]);
        pair(&mut venue, "98", "102");
        venue.pass_finer(parts).told()
    };
    let up_first = [[1000, 1030, 1000, 1030], [1030, 1030, 970, 1000]];
    assert_eq!(run(json!({}), &up_first), ["1: o-2 102 x 2 maker", "1: o-1 cancelled"]);
    let late = json!({"latencyMs": 10_000});
    // Ten seconds after the close the first half minute is under way; the second one sees them.
    assert_eq!(run(late.clone(), &up_first), ["1: o-2 102 x 2 taker", "1: o-1 cancelled"]);
    let back = [[1000, 1030, 1000, 1000], [1000, 1000, 970, 1000]];
    assert_eq!(run(late, &back), ["1: o-1 98 x 2 taker", "1: o-2 cancelled"]);
    let mut venue = Venue::new(json!({"latencyMs": 10_000}));
    venue.pass(&[FLAT]).place(sell(json!({"kind": "market"})));
    assert_eq!(venue.pass_finer(&[[1000, 1000, 900, 950], [950, 1000, 900, 1000]]).told(), ["1: o-1 95 x 1 taker"]);
}

#[test]
fn slippage_can_follow_the_candles_range() {
    let rules = json!({"slippageOfRange": "0.1", "slippageBps": "100"});
    let market = json!({"kind": "market"});
    let candle = [[1000, 1060, 960, 1000]];
    assert_eq!(after(rules.clone(), buy(market.clone()), &candle), ["1: o-1 102 x 1 taker"]);
    assert_eq!(after(rules, sell(market), &candle), ["1: o-1 98 x 1 taker"]);
}

#[test]
fn an_entry_that_a_filter_forbids_is_refused_with_the_filter() {
    let instrument = json!({
        "symbol": "BTC/USDT", "tick": "0.1", "lot": "0.01", "minQuantity": "0.1", "maxQuantity": "9",
        "minNotional": "50", "marketLot": "0.5", "maxMarketQuantity": "2"
    });
    let run = |order: Value| {
        let mut venue = Venue::filtered(json!({}), instrument.clone());
        venue.pass(&[FLAT]).place(order);
        venue.pass(&[FLAT]).told()
    };
    let sized = |kind: &str, size: Value| json!({"side": "buy", "kind": {"kind": kind, "price": "100"}, "size": size});
    let limit = |size: Value| run(sized("limit", size));
    let market = |size: Value| run(json!({"side": "buy", "kind": {"kind": "market"}, "size": size}));
    let wrong = |what: &str| vec![format!("1: o-1 rejected: {what}")];
    assert_eq!(limit(json!({"base": "0.05"})), wrong("the quantity 0.05 is below the minimum 0.1"));
    assert_eq!(limit(json!({"quote": "0.5"})), wrong("the quantity 0.005 is below the minimum 0.1"));
    assert_eq!(limit(json!({"base": "0.2"})), wrong("the value 20 is below the minimum 50"));
    assert_eq!(limit(json!({"quote": "2000"})), ["1: o-1 100 x 9 taker"], "no order is larger than the venue takes");
    assert_eq!(market(json!({"quote": "170"})), ["1: o-1 100 x 1.5 taker"]);
    assert_eq!(market(json!({"quote": "900"})), ["1: o-1 100 x 2 taker"]);
    assert_eq!(market(json!({"base": "0.4"})), wrong("the quantity 0.4 is below the minimum 0.5"));
    let poor = run(json!({"side": "buy", "kind": {"kind": "limit", "price": "100000000"}, "size": {"base": "1"}}));
    assert_eq!(poor, ["1: o-1 rejected: InsufficientFunds"]);
}
