//! How a plan's kinds of order enter, leave and protect.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::bot::{Bot, Case};
use serde_json::{Value, json};
use trading::engine::{Input, Note, RejectReason};
use trading::order::{ClientOrderId, Order, OrderKind, Purpose};
use trading::strategy::Document;

const FLAT: [i64; 4] = [1000, 1000, 1000, 1000];

fn case(protect: Value, orders: Value) -> Case {
    let plan = json!({"sizing": {"kind": "fixedQuantity", "quantity": "1"}, "protect": protect, "orders": orders});
    Case { plan, ..Case::default() }
}

/// What a bot with these signals has filled after one flat candle and the ones that follow.
fn filled(case: &Case, signals: &str, candles: &[[i64; 4]]) -> Vec<String> {
    lived(case, signals, candles).filled()
}

fn lived(case: &Case, signals: &str, candles: &[[i64; 4]]) -> Bot {
    let mut bot = case.bot(signals);
    bot.feed(&[FLAT]).feed(candles);
    bot
}

fn open_orders(bot: &Bot) -> Vec<Order> {
    bot.driver.simulator().orders().copied().collect()
}

fn expired(bot: &Bot) -> usize {
    bot.journal.iter().filter(|line| matches!(line.input, Input::Expired(_))).count()
}

#[test]
fn an_entry_by_limit_is_protected_in_the_candle_that_fills_it() {
    let protect = json!({"stopLoss": {"percent": "2"}, "takeProfit": [{"percent": "3"}]});
    let case = case(protect, json!({"entry": {"kind": "limit", "offset": "1"}}));
    let run = |candle: [i64; 4]| filled(&case, "e", &[[1000, 1000, 995, 1000], candle]);
    // Bought at 99: the stop stands at 97.02 and the target at 101.97.
    assert_eq!(run([1000, 1035, 985, 1000]), ["99 x 1"], "the high may have been before the entry");
    assert_eq!(run([1000, 1035, 985, 1020]), ["99 x 1", "101.97 x -1"], "the close is after it");
    assert_eq!(run([1000, 1035, 970, 1020]), ["99 x 1", "97.02 x -1"]);
}

#[test]
fn an_entry_that_nobody_fills_expires_and_makes_room_for_the_next() {
    let case = case(json!({}), json!({"entry": {"kind": "limit", "offset": "1", "expires": "2m"}}));
    let low = [1000, 1000, 980, 1000];
    let mut bot = lived(&case, "e...e", &[FLAT, FLAT, low, FLAT]);
    assert_eq!((bot.filled().len(), expired(&bot)), (0, 1));
    bot.feed(&[low]);
    assert_eq!(bot.filled(), ["99 x 1"]);
}

#[test]
fn an_entry_that_fills_in_part_and_expires_is_protected_for_what_was_filled() {
    let orders = json!({"entry": {"kind": "limit", "offset": "1", "expires": "2m"}});
    let mut case = case(json!({"stopLoss": {"percent": "5"}}), orders);
    case.plan["sizing"]["quantity"] = json!("8");
    case.config["volumeShare"] = json!("0.05");
    let bot = lived(&case, "e", &[[1000, 1000, 980, 1000], FLAT, [1000, 1000, 930, 940]]);
    assert_eq!(bot.filled(), ["99 x 5", "94.05 x -5"]);
    assert_eq!((expired(&bot), bot.trades().len()), (1, 1));
    assert!(bot.driver.simulator().is_idle());
}

#[test]
fn an_entry_that_must_wait_is_given_up_where_it_would_take() {
    let case = case(json!({}), json!({"entry": {"kind": "limitMaker", "offset": "1"}}));
    let mut bot = lived(&case, "e.e", &[[985, 990, 980, 1000], FLAT]);
    let would_take = |note: &Note| matches!(note, Note::Rejected(it) if it.reason == RejectReason::WouldTake);
    assert!(bot.notes().iter().any(would_take) && bot.filled().is_empty());
    bot.feed(&[[1000, 1000, 980, 1000]]);
    assert_eq!(bot.filled(), ["99 x 1"]);
}

#[test]
fn an_entry_by_stop_buys_once_the_price_has_risen() {
    let case = case(json!({"stopLoss": {"percent": "2"}}), json!({"entry": {"kind": "stop", "offset": "1"}}));
    let quiet = [1000, 1005, 980, 1000];
    assert_eq!(filled(&case, "e", &[quiet, [1000, 1020, 990, 1010]]), ["101 x 1"]);
    assert_eq!(filled(&case, "e", &[quiet, [1000, 1020, 980, 1010]]), ["101 x 1", "98.98 x -1"], "the low may follow");
    assert_eq!(filled(&case, "e", &[quiet, [1030, 1040, 1020, 1030]]), ["103 x 1"]);
}

#[test]
fn an_exit_signal_takes_an_entry_back_that_still_waits() {
    let case = case(json!({}), json!({"entry": {"kind": "limit", "offset": "1"}}));
    let bot = lived(&case, "e.x", &[FLAT, FLAT, [1000, 1000, 900, 900]]);
    assert!(bot.filled().is_empty() && bot.driver.simulator().is_idle());
}

#[test]
fn an_exit_by_limit_waits_beside_the_stop_and_is_sold_at_the_market_when_it_expires() {
    let orders = json!({"exit": {"kind": "limit", "offset": "1", "expires": "2m"}});
    let case = case(json!({"stopLoss": {"percent": "5"}, "takeProfit": [{"percent": "50"}]}), orders);
    let run = |candles: &[[i64; 4]]| {
        let bot = lived(&case, "e.x", &[[FLAT, FLAT].as_slice(), candles].concat());
        (bot.filled()[1..].to_vec(), bot.trades().iter().map(|trade| trade.reason).collect::<Vec<_>>())
    };
    let sold = |what: &str, reason| (vec![what.to_owned()], vec![reason]);
    assert_eq!(run(&[[1000, 1010, 990, 1000]]), sold("101 x -1", Purpose::Exit));
    assert_eq!(run(&[[1000, 1005, 940, 1000]]), sold("95 x -1", Purpose::StopLoss));
    assert_eq!(run(&[FLAT, FLAT, FLAT, [1002, 1010, 1000, 1000]]), sold("100.2 x -1", Purpose::Exit));
}

#[test]
fn an_exit_that_waits_gives_way_to_the_longest_time_and_to_the_end() {
    let case = case(json!({"maxHold": "4m"}), json!({"exit": {"kind": "limit", "offset": "1"}}));
    let bot = lived(&case, "e.x", &[FLAT, FLAT, FLAT, FLAT, FLAT, FLAT]);
    assert_eq!(bot.trades()[0].reason, Purpose::MaxHold);
    let mut bot = lived(&case, "e.x", &[FLAT, FLAT]);
    bot.tell(Input::Stop(trading::engine::Stop::Sell)).feed(&[FLAT]);
    assert_eq!(bot.trades()[0].reason, Purpose::Stopped);
}

#[test]
fn a_stop_by_limit_does_not_sell_below_it() {
    let case = case(json!({"stopLoss": {"percent": "3"}}), json!({"stop": {"kind": "limit", "offset": "1"}}));
    let jumped = [FLAT, [900, 950, 890, 900], [900, 970, 900, 960]];
    assert_eq!(filled(&case, "e", &jumped), ["100 x 1", "96.03 x -1"]);
    assert_eq!(filled(&case, "e", &[FLAT, [980, 990, 890, 900]]), ["100 x 1", "97 x -1"]);
}

fn pairs() -> Case {
    let targets = json!([{"percent": "2", "sell": "40"}, {"percent": "5", "sell": "40"}]);
    case(json!({"stopLoss": {"percent": "3"}, "takeProfit": targets}), json!({"pair": "oco"}))
}

#[test]
fn each_target_of_a_pair_has_a_stop_for_the_same_coins() {
    let mut bot = lived(&pairs(), "e", &[FLAT]);
    assert_eq!(open_orders(&bot).len(), 5);
    bot.feed(&[[1000, 1020, 1000, 1010]]);
    assert_eq!(open_orders(&bot).len(), 3, "the stop of the first target is gone with it");
    bot.feed(&[[1010, 1010, 900, 900]]);
    assert_eq!(bot.filled(), ["100 x 1", "102 x -0.4", "97 x -0.4", "97 x -0.2"]);
    assert!(open_orders(&bot).is_empty());
    assert_eq!((bot.trades().len(), bot.trades()[0].reason), (1, Purpose::StopLoss));
    assert!(!bot.notes().iter().any(|note| matches!(note, Note::UnknownOrder(_))));
}

#[test]
fn pairs_move_with_a_trailing_stop() {
    let protect = json!({"trailingStop": {"percent": "2"}, "takeProfit": [{"percent": "10"}]});
    let bot = lived(&case(protect, json!({"pair": "oco"})), "e", &[FLAT, [1000, 1050, 1000, 1040]]);
    let orders = open_orders(&bot);
    let kinds: Vec<OrderKind> = orders.iter().map(|order| order.kind).collect();
    let (trigger, price) = ("102.9".parse().unwrap(), "110".parse().unwrap());
    assert_eq!(kinds, [OrderKind::StopMarket { trigger }, OrderKind::Limit { price }]);
    let ids: Vec<ClientOrderId> = orders.iter().map(|order| order.client_order_id).collect();
    assert_eq!(orders.iter().map(|order| order.pair.unwrap()).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

#[test]
fn coins_that_no_pair_could_trade_are_protected_by_one_stop() {
    let mut case = pairs();
    case.instrument = json!({"symbol": "BTC/USDT", "minNotional": "50"});
    let bot = lived(&case, "e", &[FLAT]);
    let stops: Vec<Order> = open_orders(&bot).into_iter().filter(|order| order.kind.is_stop()).collect();
    assert_eq!(stops.len(), 1);
    assert_eq!((stops[0].size, stops[0].pair), (trading::order::Size::Base("1".parse().unwrap()), None));
}

#[test]
fn a_bot_whose_orders_take_time_buys_for_more_and_is_protected_later() {
    let mut case = case(json!({"stopLoss": {"percent": "5"}}), json!({}));
    case.config["latencyMs"] = json!(15_000);
    // A quarter of the way from 100 to 108; the stop of 96.9 follows a quarter of a minute later.
    let bot = lived(&case, "e", &[[1000, 1080, 1000, 1080], [1080, 1080, 960, 1000]]);
    assert_eq!(bot.filled(), ["102 x 1", "96.9 x -1"]);
}

#[test]
fn funding_is_charged_for_what_is_held_and_owed_where_no_cash_is_left() {
    let run = |sizing: Value, candles: usize| {
        let mut case = case(json!({}), json!({}));
        case.plan["sizing"] = sizing;
        case.config["funding"] = json!({"rate": "0.01", "every": "1h"});
        let signals = format!("e{}x", ".".repeat(59));
        lived(&case, &signals, &vec![FLAT; candles])
    };
    let figures = |bot: &Bot| {
        let position = bot.position();
        [position.cash(), bot.driver.engine().equity(), position.funding()].map(|amount| amount.to_string())
    };
    let one = json!({"kind": "fixedQuantity", "quantity": "1"});
    assert_eq!(figures(&run(one.clone(), 59)), ["900", "1000", "0"]);
    assert_eq!(figures(&run(one, 60)), ["899", "999", "1"]);
    let all = json!({"kind": "allIn"});
    assert_eq!(figures(&run(all.clone(), 60)), ["0", "990", "10"]);
    let bot = run(all, 61);
    assert_eq!(figures(&bot), ["990", "990", "10"]);
    assert_eq!(bot.trades()[0].pnl.to_string(), "0", "no trade's profit counts it");
}

#[test]
fn a_size_is_what_the_market_takes_of_it_or_refused_with_its_filter() {
    let bought = |quantity: &str| {
        let mut case = case(json!({}), json!({}));
        case.plan["sizing"]["quantity"] = json!(quantity);
        case.instrument = json!({"symbol": "BTC/USDT", "marketLot": "0.5"});
        lived(&case, "e", &[FLAT])
    };
    assert_eq!(bought("0.7").filled(), ["100 x 0.5"]);
    let bot = bought("0.4");
    let [Note::Refused(refusal)] = bot.notes()[..] else { panic!("{:?}", bot.notes()) };
    assert_eq!(refusal.to_string(), "the quantity 0.4 is not a multiple of the lot 0.5 of market orders");
}

#[test]
fn coins_beyond_the_largest_market_order_are_sold_one_after_the_other() {
    let mut case = case(json!({}), json!({"entry": {"kind": "limit"}}));
    case.plan["sizing"]["quantity"] = json!("5");
    case.instrument = json!({"symbol": "BTC/USDT", "maxMarketQuantity": "2"});
    let bot = lived(&case, "e.x", &[FLAT, FLAT, FLAT, FLAT]);
    assert_eq!(bot.filled(), ["100 x 5", "100 x -2", "100 x -2", "100 x -1"]);
}

#[test]
fn a_document_tells_what_is_wrong_with_its_orders_by_path() {
    let document = |orders: Value| {
        let mut document = crate::common::sma_cross("BTC/USDT", "5m", 10, 50, &json!({"kind": "allIn"}));
        document["orders"] = orders;
        Document::parse(&document)
    };
    let cases = [
        (json!({"entry": {"kind": "limit", "offset": "100"}}), "orders.entry.offset"),
        (json!({"entry": {"kind": "limit", "offset": 1}}), "orders.entry.offset"),
        (json!({"entry": {"kind": "limitMaker", "offset": "0"}}), "orders.entry.offset"),
        (json!({"entry": {"kind": "stop"}}), "orders.entry.offset"),
        (json!({"entry": {"kind": "market", "offset": "1"}}), "orders.entry.offset"),
        (json!({"entry": {"kind": "iceberg"}}), "orders.entry.kind"),
        (json!({"entry": {}}), "orders.entry.kind"),
        (json!({"entry": {"kind": "limit", "expires": "soon"}}), "orders.entry.expires"),
        (json!({"exit": {"kind": "stop", "offset": "1"}}), "orders.exit.kind"),
        (json!({"exit": "market"}), "orders.exit"),
        (json!({"stop": {"kind": "limit"}}), "orders.stop.offset"),
        (json!({"pair": "oco"}), "orders.pair"),
        (json!({"pair": "triple"}), "orders.pair"),
        (json!({"surprise": 1}), "orders.surprise"),
    ];
    for (orders, path) in cases {
        let faults = document(orders.clone()).unwrap_err();
        assert_eq!((faults.len(), faults[0].path.as_str()), (1, path), "{orders}");
    }
    let orders = json!({
        "entry": {"kind": "limit", "offset": "0.1", "expires": "30m"},
        "exit": {"kind": "limitMaker", "offset": "0.2"},
        "stop": {"kind": "limit", "offset": "0.5"},
        "pair": "separate"
    });
    assert_eq!(document(orders.clone()).unwrap().to_json()["orders"], orders);
    assert!(document(json!({})).unwrap().to_json().get("orders").is_none(), "what is usual is not said");
}
