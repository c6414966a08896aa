//! Market streams and the WebSocket API.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{START, Socket, start};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trading::book::{Book, Diff, Level, Snapshot, State};

/// Has the connection answered, then it is listening.
async fn listening(socket: &mut Socket) {
    socket.ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 0 })).await;
}

fn levels(levels: &Value) -> Vec<Level> {
    let level = |it: &Value| Level {
        price: it[0].as_str().unwrap().parse().unwrap(),
        quantity: it[1].as_str().unwrap().parse().unwrap(),
    };
    levels.as_array().unwrap().iter().map(level).collect()
}

#[tokio::test]
async fn a_book_of_a_snapshot_and_its_changes_is_the_exchanges_own() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws/btcusdt@depth@100ms").await;
    listening(&mut socket).await;
    sandbox.step(1_000).await;
    let mut diffs = vec![socket.hear().await.unwrap()];
    let snapshot = sandbox.get("/api/v3/depth?symbol=BTCUSDT&limit=5000").await.ok();
    let mut book = Book::new(5_000);
    let last_id = snapshot["lastUpdateId"].as_u64().unwrap();
    book.snapshot(&Snapshot { last_id, bids: levels(&snapshot["bids"]), asks: levels(&snapshot["asks"]) }).unwrap();
    for _ in 0..5 {
        sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1").await.ok();
        sandbox.step(1_500).await;
        while diffs.last().unwrap()["u"].as_u64() < sandbox_update_id(&sandbox).await {
            diffs.push(socket.hear().await.unwrap());
        }
    }
    for pair in diffs.windows(2) {
        assert_eq!(pair[1]["U"].as_u64().unwrap(), pair[0]["u"].as_u64().unwrap() + 1);
    }
    for diff in diffs.iter().filter(|it| it["u"].as_u64().unwrap() > last_id) {
        let id = |name: &str| diff[name].as_u64().unwrap();
        let (bids, asks) = (levels(&diff["b"]), levels(&diff["a"]));
        book.update(&Diff { first_id: id("U"), last_id: id("u"), bids, asks }).unwrap();
    }
    assert_ne!(book.state(), State::Waiting);
    let now = sandbox.get("/api/v3/depth?symbol=BTCUSDT&limit=5000").await.ok();
    assert_eq!(book.best_bid(), levels(&now["bids"]).first().copied());
    assert_eq!(book.best_ask(), levels(&now["asks"]).first().copied());
}

async fn sandbox_update_id(sandbox: &common::Sandbox) -> Option<u64> {
    sandbox.state().await["symbols"][0]["updateId"].as_u64()
}

#[tokio::test]
async fn streams_are_subscribed_listed_and_left() {
    let sandbox = start().await;
    sandbox.set_price("BTCUSDT", "60000").await;
    let mut socket = sandbox.socket("/ws").await;
    let subscribe = json!({ "method": "SUBSCRIBE", "params": ["btcusdt@trade", "btcusdt@aggTrade"], "id": 1 });
    assert_eq!(socket.ask(subscribe).await, json!({ "result": null, "id": 1 }));
    sandbox.set_price("BTCUSDT", "60500").await;
    let trade = socket.until(|it| it["e"] == "trade").await;
    assert_eq!((&trade["s"], &trade["p"], &trade["m"]), (&json!("BTCUSDT"), &json!("60500.00000000"), &json!(false)));
    let aggregate = socket.until(|it| it["e"] == "aggTrade").await;
    assert_eq!((&aggregate["f"], &aggregate["q"]), (&trade["t"], &trade["q"]));
    let leave = json!({ "method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": "x" });
    assert_eq!(socket.ask(leave).await, json!({ "result": null, "id": "x" }));
    let list = socket.ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 3 })).await;
    assert_eq!(list["result"], json!(["btcusdt@aggTrade"]));
    let unreadable = socket.ask(json!({ "method": "WHAT", "id": 4 })).await;
    assert_eq!(unreadable["error"]["code"], 2);
}

#[tokio::test]
async fn a_combined_connection_is_told_the_streams_name() {
    let sandbox = start().await;
    let streams = ["bookTicker", "depth5@100ms", "kline_1m", "miniTicker", "ticker"].map(|it| format!("ethusdt@{it}"));
    let mut socket = sandbox.socket(&format!("/stream?streams={}/!ticker@arr", streams.join("/"))).await;
    listening(&mut socket).await;
    sandbox.set_price("ETHUSDT", "3100").await;
    let mut heard = std::collections::BTreeMap::new();
    while heard.len() < 6 {
        let message = socket.hear().await.unwrap();
        heard.insert(message["stream"].as_str().unwrap().to_owned(), message["data"].clone());
    }
    let of = |name: &str| heard[&format!("ethusdt@{name}")].clone();
    assert_eq!(of("bookTicker")["a"], "3100.00000000");
    assert_eq!(of("depth5@100ms")["asks"].as_array().unwrap().len(), 5);
    assert_eq!((&of("kline_1m")["k"]["c"], &of("kline_1m")["k"]["i"]), (&json!("3100.00000000"), &json!("1m")));
    assert_eq!(
        (of("ticker")["e"].as_str(), of("miniTicker")["e"].as_str()),
        (Some("24hrTicker"), Some("24hrMiniTicker"))
    );
    assert_eq!(heard["!ticker@arr"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_candle_that_has_ended_says_so() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws/btcusdt@kline_1m").await;
    listening(&mut socket).await;
    sandbox.step(30_000).await;
    let open = socket.until(|it| it["e"] == "kline").await;
    assert_eq!(open["k"]["x"], false);
    sandbox.step(60_000).await;
    let closed = socket.until(|it| it["k"]["x"] == true).await;
    assert_eq!(closed["k"]["t"], open["k"]["t"]);
    let target = format!("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime={}&limit=1", closed["k"]["t"]);
    let candle = sandbox.get(&target).await.ok();
    let figures = ["o", "h", "l", "c", "v"].map(|it| closed["k"][it].clone());
    assert_eq!(&candle[0].as_array().unwrap()[1..6], &figures);
}

#[tokio::test]
async fn every_second_has_a_candle_also_one_without_a_trade() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws/btcusdt@kline_1s").await;
    listening(&mut socket).await;
    sandbox.step(2_000).await;
    for (status, ms) in [("BREAK", 3_000), ("TRADING", 55_000)] {
        sandbox.control(Method::PUT, "symbols/BTCUSDT/status", json!({ "status": status })).await.ok();
        sandbox.step(ms).await;
    }
    let of = async |interval: &str| {
        let target = format!("/api/v3/klines?symbol=BTCUSDT&interval={interval}&startTime={START}");
        sandbox.get(&target).await.ok().as_array().unwrap().clone()
    };
    let seconds = of("1s").await;
    assert_eq!(seconds.len(), 61);
    for (second, open_time) in seconds.iter().zip((START..).step_by(1_000)) {
        assert_eq!((second[0].as_i64(), second[6].as_i64()), (Some(open_time), Some(open_time + 999)));
    }
    for second in &seconds[3..5] {
        let prices = [1, 2, 3, 4].map(|figure| second[figure].clone());
        assert_eq!(prices, [0; 4].map(|_| seconds[2][4].clone()));
        assert_eq!((&second[5], &second[8]), (&json!("0.00000000"), &json!(0)));
    }

    let number = |it: &Value| it.as_str().unwrap().parse::<Decimal>().unwrap();
    let all = |figure: usize| seconds[..60].iter().map(move |it| number(&it[figure]));
    let minute = &of("1m").await[0];
    let figures = [seconds[0][1].clone(), seconds[59][4].clone()];
    assert_eq!([minute[1].clone(), minute[4].clone()], figures);
    assert_eq!((Some(number(&minute[2])), Some(number(&minute[3]))), (all(2).max(), all(3).min()));
    assert_eq!(number(&minute[5]), all(5).sum());

    for second in &seconds[2..6] {
        let closed = socket.until(|it| it["k"]["x"] == true && it["k"]["t"] == second[0]).await;
        assert_eq!(closed["k"]["i"], "1s");
        let figures = ["o", "h", "l", "c", "v"].map(|it| closed["k"][it].clone());
        assert_eq!(&second.as_array().unwrap()[1..6], &figures);
    }
    let latest = sandbox.get("/api/v3/uiKlines?symbol=BTCUSDT&interval=1s&limit=2").await.ok();
    assert_eq!(latest.as_array().unwrap(), &seconds[59..]);
}

#[tokio::test]
async fn whoever_talks_too_much_is_cut_off() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws").await;
    for id in 0..6 {
        socket.say(json!({ "method": "LIST_SUBSCRIPTIONS", "id": id })).await;
    }
    let mut answers = 0;
    while socket.hear().await.is_some() {
        answers += 1;
    }
    assert_eq!(answers, 5);
}

#[tokio::test]
async fn a_connection_has_at_most_1024_streams() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws").await;
    let names = |count: usize| (0..count).map(|it| format!("s{it}@trade")).collect::<Vec<_>>();
    let refused = socket.ask(json!({ "method": "SUBSCRIBE", "params": names(1_025), "id": 1 })).await;
    assert_eq!(refused["error"]["code"], 2);
    let taken = socket.ask(json!({ "method": "SUBSCRIBE", "params": names(1_024), "id": 2 })).await;
    assert_eq!(taken["result"], Value::Null);
    assert!(taken.get("error").is_none());
}

#[tokio::test]
async fn the_websocket_api_does_what_rest_does() {
    let sandbox = start().await;
    let mut socket = sandbox.socket("/ws-api/v3").await;
    let pong = socket.ask(json!({ "id": 1, "method": "ping" })).await;
    assert_eq!((&pong["status"], &pong["result"]), (&json!(200), &json!({})));
    assert_eq!(pong["rateLimits"][0]["count"], 1);
    let order = json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "50000",
        "newClientOrderId": "mine",
    });
    let placed = socket.ask(sandbox.call("order.place", order.clone())).await;
    assert_eq!((&placed["status"], &placed["result"]["status"]), (&json!(200), &json!("NEW")));
    let again = socket.ask(sandbox.call("order.place", order.clone())).await;
    assert_eq!((&again["status"], &again["error"]["code"]), (&json!(400), &json!(-2010)));
    let which = json!({ "symbol": "BTCUSDT", "origClientOrderId": "mine" });
    let status = socket.ask(sandbox.call("order.status", which.clone())).await;
    assert_eq!(status["result"]["orderId"], placed["result"]["orderId"]);
    let mut replace = order;
    for (name, value) in
        [("cancelReplaceMode", "STOP_ON_FAILURE"), ("cancelOrigClientOrderId", "mine"), ("newClientOrderId", "next")]
    {
        replace[name] = value.into();
    }
    let replaced = socket.ask(sandbox.call("order.cancelReplace", replace)).await;
    assert_eq!(replaced["result"]["newOrderResult"], "SUCCESS");
    let open = socket.ask(sandbox.call("openOrders.status", json!({ "symbol": "BTCUSDT" }))).await;
    assert_eq!(open["result"][0]["clientOrderId"], "next");
    let which = json!({ "symbol": "BTCUSDT", "origClientOrderId": "next" });
    let canceled = socket.ask(sandbox.call("order.cancel", which)).await;
    assert_eq!(canceled["result"]["status"], "CANCELED");
    let account = socket.ask(sandbox.call("account.status", json!({}))).await;
    assert_eq!(account["result"]["accountType"], "SPOT");
    let mut forged = sandbox.call("account.status", json!({}));
    forged["params"]["signature"] = "00".into();
    assert_eq!(socket.ask(forged).await["error"]["code"], -1022);
    let unknown = socket.ask(json!({ "id": 9, "method": "no.such" })).await;
    assert_eq!(unknown["status"], 404);
}

#[tokio::test]
async fn an_account_is_told_of_its_orders_and_its_money() {
    let sandbox = start().await;
    let ana = sandbox.newcomer(json!({ "USDT": "1000" })).await;
    let mut socket = sandbox.socket("/ws-api/v3").await;
    let subscribed = socket.ask(ana.call("userDataStream.subscribe.signature", json!({}))).await;
    assert_eq!(subscribed["result"]["subscriptionId"], 0);
    let again = socket.ask(ana.call("userDataStream.subscribe.signature", json!({}))).await;
    assert_eq!(again["status"], 400);
    // somebody else's orders are nobody's business
    sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").await.ok();
    let placed = ana.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=mine").await.ok();
    let mut events = vec![];
    for _ in 0..3 {
        let message = socket.hear().await.unwrap();
        assert_eq!(message["subscriptionId"], 0);
        events.push(message["event"].clone());
    }
    let told = |index: usize| (events[index]["e"].as_str().unwrap(), events[index]["x"].as_str().unwrap_or_default());
    assert_eq!(
        [told(0), told(1), told(2)],
        [("executionReport", "NEW"), ("executionReport", "TRADE"), ("outboundAccountPosition", "")]
    );
    let trade = &events[1];
    assert_eq!((&trade["c"], &trade["X"], &trade["z"]), (&json!("mine"), &json!("FILLED"), &json!("0.01000000")));
    assert_eq!((&trade["i"], &trade["N"], &trade["n"]), (&placed["orderId"], &json!("BTC"), &json!("0.00001000")));
    let coins = events[2]["B"].as_array().unwrap().iter().find(|it| it["a"] == "BTC").unwrap();
    assert_eq!(coins["f"], "0.00999000");
    let deposit = json!({ "asset": "USDT", "amount": "5" });
    sandbox.control(Method::POST, "accounts/3/deposits", deposit).await.ok();
    let balance = socket.until(|it| it["event"]["e"] == "balanceUpdate").await;
    assert_eq!((&balance["event"]["a"], &balance["event"]["d"]), (&json!("USDT"), &json!("5.00000000")));

    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&newClientOrderId=rests";
    ana.order(limit).await.ok();
    ana.signed(Method::DELETE, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=rests&newClientOrderId=back")
        .await
        .ok();
    let canceled = socket.until(|it| it["event"]["x"] == "CANCELED").await;
    assert_eq!((&canceled["event"]["c"], &canceled["event"]["C"]), (&json!("back"), &json!("rests")));
}
