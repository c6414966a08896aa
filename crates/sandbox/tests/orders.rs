//! Orders of every kind over HTTP.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Sandbox, start};
use reqwest::Method;
use serde_json::{Value, json};

const ORDER: &str = "/api/v3/order";

async fn status(sandbox: &Sandbox, order: &Value) -> Value {
    let id = &order["orderId"];
    sandbox.signed(Method::GET, ORDER, &format!("symbol=BTCUSDT&orderId={id}")).await.ok()
}

#[tokio::test]
async fn a_limit_order_rests_until_the_price_comes_to_it() {
    let sandbox = start().await;
    let order = sandbox
        .order("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=50000.00&newClientOrderId=mine")
        .await
        .ok();
    assert_eq!(
        (&order["status"], &order["clientOrderId"], &order["fills"]),
        (&json!("NEW"), &json!("mine"), &json!([]))
    );
    assert_eq!(sandbox.balance("USDT").await, ("975000.00000000".to_owned(), "25000.00000000".to_owned()));
    let open = sandbox.signed(Method::GET, "/api/v3/openOrders", "symbol=BTCUSDT").await.ok();
    assert_eq!((open.as_array().unwrap().len(), &open[0]["isWorking"]), (1, &json!(true)));
    sandbox.set_price("BTCUSDT", "49999").await;
    sandbox.set_price("BTCUSDT", "49900").await;
    let filled = status(&sandbox, &order).await;
    assert_eq!((&filled["status"], &filled["executedQty"]), (&json!("FILLED"), &json!("0.50000000")));
    // it was in the book first: at its own price, less a thousandth of the coins
    assert_eq!(filled["cummulativeQuoteQty"], "25000.00000000");
    assert_eq!(sandbox.balance("BTC").await.0, "10.49950000");
    let trades = sandbox.signed(Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").await.ok();
    assert!(trades.as_array().unwrap().iter().all(|it| it["isMaker"] == true && it["commissionAsset"] == "BTC"));
    sandbox.state().await;
}

#[tokio::test]
async fn a_market_order_takes_what_stands_there_and_tells_its_trades() {
    let sandbox = start().await;
    let book = sandbox.get("/api/v3/depth?symbol=BTCUSDT&limit=3").await.ok();
    let order = sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5").await.ok();
    assert_eq!((&order["status"], &order["type"]), (&json!("FILLED"), &json!("MARKET")));
    assert_eq!(order["fills"][0]["price"], book["asks"][0][0]);
    let sum: f64 =
        order["fills"].as_array().unwrap().iter().map(|it| it["qty"].as_str().unwrap().parse::<f64>().unwrap()).sum();
    assert!((sum - 0.5).abs() < 1e-9);
    let spent = sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=1000").await.ok();
    assert_eq!((&spent["status"], &spent["origQuoteOrderQty"]), (&json!("FILLED"), &json!("1000.00000000")));
    assert_eq!(spent["origQty"], spent["executedQty"]);
    let value: f64 = spent["cummulativeQuoteQty"].as_str().unwrap().parse().unwrap();
    assert!((999.0..=1_000.0).contains(&value), "{value}");
    // more than anybody sells
    let greedy = sandbox.order("symbol=BTCUSDT&side=SELL&type=MARKET&quantity=9").await.ok();
    assert_eq!(greedy["status"], "EXPIRED");
    assert_ne!(greedy["executedQty"], "0.00000000");
    sandbox.state().await;
}

#[tokio::test]
async fn what_breaks_a_filter_is_refused_by_its_name() {
    let sandbox = start().await;
    let limit = |quantity: &str, price: &str| {
        format!("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}")
    };
    for (params, code, words) in [
        (limit("0.000001", "50000"), -1013, "Filter failure: LOT_SIZE"),
        (limit("0.001", "50000.001"), -1013, "Filter failure: PRICE_FILTER"),
        (limit("0.00001", "50000"), -1013, "Filter failure: NOTIONAL"),
        (limit("0.001", "11000"), -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (limit("0.001", "500000.123456789"), -1111, "Parameter 'price' has too much precision."),
        (limit("1e3", "50000"), -1100, ""),
        (limit("99", "50000"), -2010, "Account has insufficient balance for requested action."),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=101".into(), -1013, "Filter failure: MARKET_LOT_SIZE"),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=1".into(), -1013, "Filter failure: NOTIONAL"),
        ("symbol=BTCUSDT&side=BUY&type=MARKET".into(), -1102, ""),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=50000".into(), -1102, ""),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=5".into(), -1106, ""),
        ("symbol=BTCUSDT&side=LONG&type=MARKET&quantity=1".into(), -1117, ""),
        ("symbol=BTCUSDT&side=BUY&type=ICEBERG&quantity=1".into(), -1116, ""),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=1&price=50000".into(), -1115, ""),
        ("symbol=BTCEUR&side=BUY&type=MARKET&quantity=1".into(), -1121, ""),
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.001&price=70000".into(),
            -2010,
            "Order would immediately match and take.",
        ),
        (
            "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.001&stopPrice=70000".into(),
            -2010,
            "Stop price would trigger immediately.",
        ),
        (
            "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.001&trailingDelta=5".into(),
            -1013,
            "Filter failure: TRAILING_DELTA",
        ),
    ] {
        let refused = sandbox.order(&params).await;
        assert_eq!(refused.refusal(), (400, code), "{params}: {}", refused.body);
        assert!(words.is_empty() || refused.body["msg"] == words, "{params}: {}", refused.body);
    }
    assert_eq!(sandbox.balance("USDT").await, ("1000000.00000000".to_owned(), "0.00000000".to_owned()));
}

#[tokio::test]
async fn a_name_belongs_to_one_open_order() {
    let sandbox = start().await;
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&newClientOrderId=once";
    sandbox.order(order).await.ok();
    let refused = sandbox.order(order).await;
    assert_eq!((refused.refusal(), &refused.body["msg"]), ((400, -2010), &json!("Duplicate order sent.")));
    let cancel = "symbol=BTCUSDT&origClientOrderId=once&newClientOrderId=back";
    let canceled = sandbox.signed(Method::DELETE, ORDER, cancel).await.ok();
    assert_eq!((&canceled["status"], &canceled["origClientOrderId"]), (&json!("CANCELED"), &json!("once")));
    assert_eq!(canceled["clientOrderId"], "back");
    assert_eq!(sandbox.signed(Method::DELETE, ORDER, cancel).await.refusal(), (400, -2011));
    sandbox.order(order).await.ok();
    let missing = sandbox.signed(Method::GET, ORDER, "symbol=BTCUSDT&orderId=999999999").await;
    assert_eq!(missing.refusal(), (400, -2013));
    let elsewhere = sandbox.newcomer(json!({ "USDT": "1000" })).await;
    let of_another = elsewhere.signed(Method::GET, ORDER, "symbol=BTCUSDT&origClientOrderId=once").await;
    assert_eq!(of_another.refusal(), (400, -2013));
}

#[tokio::test]
async fn stops_and_profits_wait_for_their_price() {
    let sandbox = start().await;
    sandbox.set_price("BTCUSDT", "60000").await;
    let order = async |params: &str| {
        sandbox.order(&format!("symbol=BTCUSDT&quantity=0.01&newOrderRespType=RESULT&{params}")).await.ok()
    };
    let stop = order("side=SELL&type=STOP_LOSS&stopPrice=59000").await;
    let limit = order("side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&stopPrice=59000&price=59500").await;
    let profit = order("side=SELL&type=TAKE_PROFIT&stopPrice=61000").await;
    let trailing = order("side=SELL&type=STOP_LOSS&trailingDelta=200").await;
    assert_eq!(status(&sandbox, &stop).await["isWorking"], false);
    sandbox.set_price("BTCUSDT", "61000").await;
    assert_eq!(status(&sandbox, &profit).await["status"], "FILLED");
    assert_eq!(status(&sandbox, &trailing).await["status"], "NEW");
    sandbox.set_price("BTCUSDT", "59780").await;
    assert_eq!(status(&sandbox, &trailing).await["status"], "FILLED");
    assert_eq!(status(&sandbox, &stop).await["status"], "NEW");
    sandbox.set_price("BTCUSDT", "59000").await;
    assert_eq!(status(&sandbox, &stop).await["status"], "FILLED");
    let resting = status(&sandbox, &limit).await;
    assert_eq!((&resting["status"], &resting["isWorking"]), (&json!("NEW"), &json!(true)));
    sandbox.state().await;
}

#[tokio::test]
async fn a_trailing_order_follows_the_price_to_its_best_whatever_it_waited_for() {
    let sandbox = start().await;
    sandbox.set_price("BTCUSDT", "60000").await;
    let order = async |params: &str| {
        sandbox.order(&format!("symbol=BTCUSDT&quantity=0.01&trailingDelta=200&type=TAKE_PROFIT&{params}")).await.ok()
    };
    let (sale, purchase) = (order("side=SELL&stopPrice=61000").await, order("side=BUY&stopPrice=58000").await);
    for (price, sold, bought) in [
        ("58500", "NEW", "NEW"),
        ("62000", "NEW", "NEW"),
        ("60760", "FILLED", "NEW"),
        ("57000", "FILLED", "NEW"),
        ("58140", "FILLED", "FILLED"),
    ] {
        sandbox.set_price("BTCUSDT", price).await;
        let (sale, purchase) = (status(&sandbox, &sale).await, status(&sandbox, &purchase).await);
        assert_eq!((&sale["status"], &purchase["status"]), (&json!(sold), &json!(bought)), "{price}");
    }
    sandbox.state().await;
}

#[tokio::test]
async fn times_in_force_end_what_is_not_filled_at_once() {
    let sandbox = start().await;
    let best = sandbox.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").await.ok();
    let (ask, quantity) = (best["askPrice"].as_str().unwrap(), best["askQty"].as_str().unwrap());
    let more: f64 = quantity.parse::<f64>().unwrap() + 0.001;
    for (force, executed) in [("FOK", "0.00000000"), ("IOC", quantity)] {
        let params = format!("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce={force}&quantity={more:.5}&price={ask}");
        let order = sandbox.order(&params).await.ok();
        assert_eq!((&order["status"], &order["executedQty"]), (&json!("EXPIRED"), &json!(executed)), "{force}");
    }
    assert_eq!(sandbox.balance("USDT").await.1, "0.00000000");
}

#[tokio::test]
async fn of_a_pair_one_order_ends_the_other() {
    let sandbox = start().await;
    sandbox.set_price("BTCUSDT", "60000").await;
    let pair = "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=61000&belowType=STOP_LOSS_LIMIT&belowStopPrice=59000&belowPrice=58900&belowTimeInForce=GTC&listClientOrderId=pair";
    let list = sandbox.signed(Method::POST, "/api/v3/orderList/oco", pair).await.ok();
    assert_eq!((&list["listOrderStatus"], list["orders"].as_array().unwrap().len()), (&json!("EXECUTING"), 2));
    assert_eq!(sandbox.balance("BTC").await, ("9.00000000".to_owned(), "1.00000000".to_owned()));
    let open = sandbox.signed(Method::GET, "/api/v3/openOrderList", "").await.ok();
    assert_eq!(open[0]["listClientOrderId"], "pair");
    sandbox.set_price("BTCUSDT", "61000").await;
    let (above, below) = (status(&sandbox, &list["orders"][0]).await, status(&sandbox, &list["orders"][1]).await);
    assert_ne!(above["executedQty"], "0.00000000");
    assert_eq!(below["status"], "EXPIRED");
    sandbox.state().await;

    let old = "symbol=BTCUSDT&side=BUY&quantity=0.1&price=50000&stopPrice=70000&stopLimitPrice=70010&stopLimitTimeInForce=GTC";
    let list = sandbox.signed(Method::POST, "/api/v3/order/oco", old).await.ok();
    let cancel = format!("symbol=BTCUSDT&orderListId={}", list["orderListId"]);
    let canceled = sandbox.signed(Method::DELETE, "/api/v3/orderList", &cancel).await.ok();
    assert_eq!(canceled["listOrderStatus"], "ALL_DONE");
    assert_eq!(sandbox.balance("USDT").await.1, "0.00000000");
    let wrong = "symbol=BTCUSDT&side=BUY&quantity=0.1&price=65000&stopPrice=70000";
    assert_eq!(sandbox.signed(Method::POST, "/api/v3/order/oco", wrong).await.refusal(), (400, -2010));
}

#[tokio::test]
async fn an_order_gives_way_to_another_or_stays() {
    let sandbox = start().await;
    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000";
    let order = sandbox.order(limit).await.ok();
    let replace = async |id: &Value, quantity: &str, mode: &str| {
        let params = format!(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity={quantity}&price=51000&cancelReplaceMode={mode}&cancelOrderId={id}"
        );
        sandbox.signed(Method::POST, "/api/v3/order/cancelReplace", &params).await
    };
    let replaced = replace(&order["orderId"], "0.002", "STOP_ON_FAILURE").await.ok();
    assert_eq!((&replaced["cancelResult"], &replaced["newOrderResult"]), (&json!("SUCCESS"), &json!("SUCCESS")));
    let stopped = replace(&order["orderId"], "0.002", "STOP_ON_FAILURE").await;
    assert_eq!((stopped.refusal(), &stopped.body["data"]["newOrderResult"]), ((400, -2022), &json!("NOT_ATTEMPTED")));
    let allowed = replace(&order["orderId"], "0.002", "ALLOW_FAILURE").await;
    assert_eq!((allowed.refusal(), &allowed.body["data"]["newOrderResult"]), ((409, -2021), &json!("SUCCESS")));
    let half = replace(&replaced["newOrderResponse"]["orderId"], "99", "STOP_ON_FAILURE").await;
    assert_eq!((half.refusal(), &half.body["data"]["cancelResult"]), ((409, -2021), &json!("SUCCESS")));
    assert_eq!(half.body["data"]["newOrderResponse"]["code"], -2010);
}

#[tokio::test]
async fn an_account_does_not_trade_with_itself() {
    let sandbox = start().await;
    let best = sandbox.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").await.ok();
    // behind the house
    let price = best["bidPrice"].as_str().unwrap();
    let rests = format!("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price={price}");
    let mine = sandbox.order(&rests).await.ok();
    let all = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=5";
    let taker = sandbox.order(all).await.ok();
    assert_eq!(taker["status"], "EXPIRED_IN_MATCH");
    assert_eq!(status(&sandbox, &mine).await["status"], "NEW");
    sandbox.state().await;
}

#[tokio::test]
async fn a_symbol_that_is_closed_takes_no_orders() {
    let sandbox = start().await;
    sandbox.control(Method::PUT, "symbols/BTCUSDT/status", json!({ "status": "BREAK" })).await.ok();
    let refused = sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").await;
    assert_eq!((refused.refusal(), &refused.body["msg"]), ((400, -1013), &json!("Market is closed.")));
    let info = sandbox.get("/api/v3/exchangeInfo?symbol=BTCUSDT").await.ok();
    assert_eq!(info["symbols"][0]["status"], "BREAK");
    sandbox.control(Method::PUT, "symbols/BTCUSDT/status", json!({ "status": "TRADING" })).await.ok();
    sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").await.ok();
}

/// What is seen at a price of those who sell.
async fn offered(sandbox: &Sandbox, price: &str) -> Value {
    let book = sandbox.get("/api/v3/depth?symbol=BTCUSDT&limit=5").await.ok();
    book["asks"].as_array().unwrap().iter().find(|it| it[0] == price).map_or(Value::Null, |it| it[1].clone())
}

#[tokio::test]
async fn of_an_iceberg_a_part_is_seen_and_the_next_stands_behind_the_others() {
    let sandbox = start().await;
    let book = sandbox.get("/api/v3/depth?symbol=BTCUSDT&limit=1").await.ok();
    let (price, house) = (book["asks"][0][0].as_str().unwrap().to_owned(), book["asks"][0][1].as_str().unwrap());
    let (other, taker) = (sandbox.newcomer(json!({ "BTC": "1" })), sandbox.newcomer(json!({ "USDT": "100000" })));
    let (other, taker) = (other.await, taker.await);
    let buy = |quantity: &str| {
        let order = format!("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&price={price}&quantity={quantity}");
        let taker = &taker;
        async move { taker.order(&order).await.ok()["status"].clone() }
    };
    assert_eq!(buy(house).await, "FILLED", "the place is free");
    let sell = format!("symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&price={price}");
    let iceberg = sandbox.order(&format!("{sell}&quantity=0.5&icebergQty=0.1")).await.ok();
    assert_eq!(iceberg["icebergQty"], "0.10000000");
    let plain = other.order(&format!("{sell}&quantity=0.2")).await.ok();
    assert_eq!(offered(&sandbox, &price).await, "0.30000000", "what is hidden is not seen");

    let executed = async || {
        let (ours, theirs) = (status(&sandbox, &iceberg).await, status(&other, &plain).await);
        (ours["executedQty"].clone(), theirs["executedQty"].clone())
    };
    assert_eq!(buy("0.2").await, "FILLED");
    assert_eq!(executed().await, (json!("0.10000000"), json!("0.10000000")), "the next part stands at the end");
    assert_eq!(offered(&sandbox, &price).await, "0.20000000");
    assert_eq!(buy("0.5").await, "FILLED", "what is hidden trades too");
    assert_eq!(executed().await, (json!("0.50000000"), json!("0.20000000")));
    assert_eq!(offered(&sandbox, &price).await, Value::Null);

    let again = sandbox.order(&format!("{sell}&quantity=1&icebergQty=0.1")).await.ok();
    let canceled = sandbox.signed(Method::DELETE, ORDER, &format!("symbol=BTCUSDT&orderId={}", again["orderId"])).await;
    assert_eq!((canceled.status, offered(&sandbox, &price).await), (200, Value::Null));
    for (wrong, code) in [
        ("type=LIMIT&timeInForce=GTC&quantity=1.1&icebergQty=0.1&price=61000", -1013),
        ("type=LIMIT&timeInForce=GTC&quantity=1&icebergQty=0.1000001&price=61000", -1013),
        ("type=LIMIT&timeInForce=IOC&quantity=1&icebergQty=0.5&price=61000", -1115),
        ("type=MARKET&quantity=1&icebergQty=0.5", -1106),
    ] {
        let refusal = sandbox.order(&format!("symbol=BTCUSDT&side=SELL&{wrong}")).await.refusal();
        assert_eq!(refusal, (400, code), "{wrong}");
    }
    sandbox.state().await;
}
