//! Answers about orders, in the form that is documented.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use binance::{
    Failure,
    parse::{self, AskedOrder},
};
use exchanges::{OrderReport, VenueFill};
use proptest::prelude::*;
use trading::{order::OrderStatus, position::Liquidity, time::Timestamp};

const ASKED: AskedOrder<'_> = AskedOrder { symbol: "LTCBTC", id: "bot-1" };

const FULL: &str = r#"{"symbol":"LTCBTC","orderId":28,"orderListId":-1,"clientOrderId":"bot-1",
    "transactTime":1507725176595,"price":"0.00000000","origQty":"10.00000000","executedQty":"10.00000000",
    "origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"39976.00000000","status":"FILLED","timeInForce":"GTC",
    "type":"MARKET","side":"SELL","workingTime":1507725176595,"selfTradePreventionMode":"NONE","fills":[
    {"price":"3998.00000000","qty":"7.50000000","commission":"29.98500000","commissionAsset":"BTC","tradeId":56},
    {"price":"3996.40000000","qty":"2.50000000","commission":"9.99100000","commissionAsset":"BTC","tradeId":57}]}"#;

const QUERIED: &str = r#"{"symbol":"LTCBTC","orderId":1,"orderListId":-1,"clientOrderId":"bot-1","price":"0.1",
    "origQty":"1.0","executedQty":"0.0","cummulativeQuoteQty":"0.0","status":"NEW","timeInForce":"GTC","type":"LIMIT",
    "side":"BUY","stopPrice":"0.0","icebergQty":"0.0","time":1499827319559,"updateTime":1499827319559,
    "isWorking":true,"workingTime":1499827319559,"origQuoteOrderQty":"0.000000","selfTradePreventionMode":"NONE"}"#;

const CANCELLED: &str = r#"{"symbol":"LTCBTC","origClientOrderId":"bot-1","orderId":4,"orderListId":-1,
    "clientOrderId":"theCancel","transactTime":1684804350068,"price":"2.00000000","origQty":"1.00000000",
    "executedQty":"0.25000000","cummulativeQuoteQty":"0.50000000","status":"CANCELED","timeInForce":"GTC",
    "type":"LIMIT","side":"BUY","selfTradePreventionMode":"NONE"}"#;

const PAIR: &str = r#"{"orderListId":1,"contingencyType":"OCO","listStatusType":"EXEC_STARTED",
    "listOrderStatus":"EXECUTING","listClientOrderId":"list","transactionTime":1710485608839,"symbol":"LTCBTC",
    "orders":[{"symbol":"LTCBTC","orderId":10,"clientOrderId":"bot-2"},
    {"symbol":"LTCBTC","orderId":11,"clientOrderId":"bot-1"}],"orderReports":[
    {"symbol":"LTCBTC","orderId":10,"orderListId":1,"clientOrderId":"bot-2","transactTime":1710485608839,
    "price":"1.00000000","origQty":"5.00000000","executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000",
    "status":"NEW","timeInForce":"GTC","type":"STOP_LOSS_LIMIT","side":"SELL","stopPrice":"1.00000000",
    "workingTime":-1,"icebergQty":"1.00000000","selfTradePreventionMode":"NONE"},
    {"symbol":"LTCBTC","orderId":11,"orderListId":1,"clientOrderId":"bot-1","transactTime":1710485608839,
    "price":"3.00000000","origQty":"5.00000000","executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000",
    "status":"NEW","timeInForce":"GTC","type":"LIMIT_MAKER","side":"SELL","workingTime":1710485608839,
    "selfTradePreventionMode":"NONE"}]}"#;

const TRADES: &str = r#"[{"symbol":"LTCBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",
    "qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB",
    "time":1499865549590,"isBuyer":true,"isMaker":false,"isBestMatch":true},
    {"symbol":"LTCBTC","id":28460,"orderId":100234,"orderListId":-1,"price":"4.00000000",
    "qty":"1.00000000","quoteQty":"4.000000","commission":"0.00000000","commissionAsset":"LTC",
    "time":1499865549591,"isBuyer":true,"isMaker":true,"isBestMatch":true}]"#;

fn report(id: &str, venue_id: u64, status: OrderStatus, filled: &str) -> OrderReport {
    let (client_order_id, filled) = (id.to_owned(), filled.parse().unwrap());
    OrderReport { client_order_id, venue_id, status, filled, executions: None }
}

fn fill(trade: u64, at: i64, figures: [&str; 4], liquidity: Liquidity) -> VenueFill {
    let [price, quantity, fee, fee_asset] = figures;
    VenueFill {
        trade,
        at: Timestamp::from_millis(at),
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
        fee: fee.parse().unwrap(),
        fee_asset: fee_asset.to_owned(),
        liquidity,
    }
}

#[test]
fn the_documented_answers_are_read() {
    let queried = parse::order(QUERIED.as_bytes(), ASKED);
    assert_eq!(queried, Ok(report("bot-1", 1, OrderStatus::Accepted, "0")));
    let cancelled = Ok(report("bot-1", 4, OrderStatus::Cancelled, "0.25"));
    assert_eq!(parse::cancelled(CANCELLED.as_bytes(), ASKED), cancelled);
    let within_pair = format!(r#"{{"orderListId":1,"orderReports":[{CANCELLED}]}}"#);
    assert_eq!(parse::cancelled(within_pair.as_bytes(), ASKED), cancelled);
    let other = AskedOrder { id: "bot-2", ..ASKED };
    let pair = [report("bot-1", 11, OrderStatus::Accepted, "0"), report("bot-2", 10, OrderStatus::Accepted, "0")];
    assert_eq!(parse::pair(PAIR.as_bytes(), [ASKED, other]), Ok(pair));
    let open = parse::open_orders(format!("[{QUERIED}]").as_bytes(), "LTCBTC");
    assert_eq!(open, Ok(vec![report("bot-1", 1, OrderStatus::Accepted, "0")]));
    let first = fill(28_457, 1_499_865_549_590, ["4.000001", "12", "10.1", "BNB"], Liquidity::Taker);
    let second = fill(28_460, 1_499_865_549_591, ["4", "1", "0", "LTC"], Liquidity::Maker);
    assert_eq!(parse::executions(TRADES.as_bytes(), ("LTCBTC", 100_234), 0), Ok(vec![first, second]));
}

#[test]
fn what_a_new_order_has_traded_is_told_where_it_is_all_of_it() {
    let at = 1_507_725_176_595;
    let executions = vec![
        fill(56, at, ["3998", "7.5", "29.985", "BTC"], Liquidity::Taker),
        fill(57, at, ["3996.4", "2.5", "9.991", "BTC"], Liquidity::Taker),
    ];
    let filled = report("bot-1", 28, OrderStatus::Filled, "10");
    let with = OrderReport { executions: Some(executions), ..filled.clone() };
    assert_eq!(parse::placed(FULL.as_bytes(), ASKED), Ok(with));
    for (was, is) in [
        (r#""qty":"2.50000000""#, r#""qty":"2.40000000""#),
        (r#","tradeId":57"#, ""),
        (r#""tradeId":57"#, r#""tradeId":56"#),
        (r#""commissionAsset":"BTC","tradeId":57"#, r#""commissionAsset":"","tradeId":57"#),
        (r#""fills":"#, r#""others":"#),
        (r#""transactTime":1507725176595,"#, ""),
    ] {
        assert_eq!(parse::placed(FULL.replace(was, is).as_bytes(), ASKED), Ok(filled.clone()), "{is}");
    }
    let resting = QUERIED.replace(r#""isWorking""#, r#""transactTime":1,"fills":[],"isWorking""#);
    let executions = parse::placed(resting.as_bytes(), ASKED).unwrap().executions;
    assert_eq!(executions, Some(vec![]));
}

#[test]
fn every_status_is_one_of_ours_and_no_other_is_guessed() {
    use OrderStatus::{Accepted, Cancelled, Expired, Filled, PartiallyFilled, Rejected};
    for (text, executed, status) in [
        ("NEW", "0", Accepted),
        ("PENDING_NEW", "0", Accepted),
        ("PARTIALLY_FILLED", "0.5", PartiallyFilled),
        ("FILLED", "1", Filled),
        ("CANCELED", "0.5", Cancelled),
        ("PENDING_CANCEL", "0", Cancelled),
        ("REJECTED", "0", Rejected),
        ("EXPIRED", "0.5", Expired),
        ("EXPIRED_IN_MATCH", "0", Expired),
    ] {
        let told = QUERIED.replace("NEW", text).replace(r#""executedQty":"0.0""#, &executed_qty(executed));
        assert_eq!(parse::order(told.as_bytes(), ASKED), Ok(report("bot-1", 1, status, executed)), "{text}");
    }
    for text in ["", "new", "ASLEEP"] {
        let told = QUERIED.replace("NEW", text);
        assert!(matches!(parse::order(told.as_bytes(), ASKED), Err(Failure::Malformed(_))), "{text}");
    }
}

fn executed_qty(quantity: &str) -> String {
    format!(r#""executedQty":"{quantity}""#)
}

#[test]
fn figures_that_contradict_each_other_are_refused() {
    for (status, executed) in [
        ("NEW", "0.1"),
        ("REJECTED", "0.1"),
        ("PARTIALLY_FILLED", "0"),
        ("PARTIALLY_FILLED", "1"),
        ("FILLED", "0"),
        ("FILLED", "0.9"),
        ("CANCELED", "1.1"),
        ("EXPIRED", "1.1"),
        ("NEW", "-0.1"),
        ("NEW", "NaN"),
    ] {
        let told = QUERIED.replace("NEW", status).replace(r#""executedQty":"0.0""#, &executed_qty(executed));
        let answer = parse::order(told.as_bytes(), ASKED);
        assert!(matches!(answer, Err(Failure::Malformed(_))), "{status} {executed}: {answer:?}");
    }
    // whoever spends an amount does not say how many coins it buys
    let spent = QUERIED.replace("NEW", "FILLED").replace(r#""executedQty":"0.0""#, &executed_qty("7"));
    let spent = spent.replace(r#""origQuoteOrderQty":"0.000000""#, r#""origQuoteOrderQty":"25.000000""#);
    assert_eq!(parse::order(spent.as_bytes(), ASKED), Ok(report("bot-1", 1, OrderStatus::Filled, "7")));
}

#[test]
fn what_was_not_asked_for_is_refused() {
    let other = AskedOrder { id: "bot-2", ..ASKED };
    let elsewhere = AskedOrder { symbol: "ETHBTC", ..ASKED };
    for asked in [other, elsewhere] {
        assert!(parse::order(QUERIED.as_bytes(), asked).is_err());
        assert!(parse::placed(FULL.as_bytes(), asked).is_err());
        assert!(parse::cancelled(CANCELLED.as_bytes(), asked).is_err());
    }
    assert!(parse::pair(PAIR.as_bytes(), [ASKED, ASKED]).is_err());
    assert!(parse::pair(PAIR.as_bytes(), [ASKED, AskedOrder { id: "bot-3", ..ASKED }]).is_err());
    assert!(parse::open_orders(format!("[{QUERIED}]").as_bytes(), "ETHBTC").is_err());
    for (of, from) in [(("LTCBTC", 1), 0), (("ETHBTC", 100_234), 0), (("LTCBTC", 100_234), 28_458)] {
        assert!(parse::executions(TRADES.as_bytes(), of, from).is_err(), "{of:?} {from}");
    }
    for (was, is) in [("28460", "28457"), (r#""1.00000000""#, r#""0.00000000""#), (r#""LTC""#, r#""""#)] {
        let told = TRADES.replace(was, is);
        assert!(parse::executions(told.as_bytes(), ("LTCBTC", 100_234), 0).is_err(), "{is}");
    }
}

proptest! {
    #[test]
    fn no_change_of_an_answer_makes_a_reader_panic(at in 0..2_000_usize, byte in any::<char>(), cut in any::<bool>()) {
        for text in [FULL, QUERIED, CANCELLED, PAIR, TRADES] {
            let at = at % text.len();
            let rest = if cut { "" } else { &text[at + 1..] };
            let changed = format!("{}{byte}{rest}", &text[..at]);
            let body = changed.as_bytes();
            let _ = (parse::order(body, ASKED), parse::placed(body, ASKED), parse::cancelled(body, ASKED));
            let _ = (parse::pair(body, [ASKED, ASKED]), parse::open_orders(body, "LTCBTC"));
            let _ = parse::executions(body, ("LTCBTC", 100_234), 0);
        }
    }
}
