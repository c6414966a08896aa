//! What goes wrong when it is ordered.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{START, start};
use reqwest::Method;
use serde_json::{Value, json};

const ORDER: &str = "/api/v3/order";
const LIMIT: &str =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&newClientOrderId=mine";
const MINE: &str = "symbol=BTCUSDT&origClientOrderId=mine";

#[tokio::test]
async fn an_order_whose_answer_never_comes_has_happened_or_not() {
    for (kind, exists) in [("timeout-before", false), ("timeout-after", true)] {
        let sandbox = start().await;
        sandbox.fault(json!({ "kind": kind, "path": ORDER, "method": "POST", "count": 1 })).await;
        sandbox.unanswered(Method::POST, ORDER, LIMIT).await;
        let asked = sandbox.signed(Method::GET, ORDER, MINE).await;
        assert_eq!(asked.status == 200, exists, "{kind}: {}", asked.body);
        // whoever asks before sending again is safe: the name is taken exactly if it has happened
        assert_eq!(sandbox.order(LIMIT).await.status == 200, !exists, "{kind}");
    }
}

#[tokio::test]
async fn errors_of_the_server_say_nothing_of_what_has_happened() {
    for (kind, code, exists) in [("error-before", -1001, false), ("error-after", -1006, true)] {
        let sandbox = start().await;
        sandbox.fault(json!({ "kind": kind, "path": ORDER, "method": "POST", "count": 1, "status": 502 })).await;
        assert_eq!(sandbox.order(LIMIT).await.refusal(), (502, code));
        assert_eq!(sandbox.signed(Method::GET, ORDER, MINE).await.status == 200, exists, "{kind}");
    }
}

#[tokio::test]
async fn limits_strike_when_they_are_told_to() {
    let sandbox = start().await;
    for (kind, status) in [("too-many-requests", 429), ("banned", 418)] {
        sandbox.fault(json!({ "kind": kind, "path": "/api/v3/time", "count": 1, "retryAfter": 7 })).await;
        let answer = sandbox.get("/api/v3/time").await;
        assert_eq!((answer.refusal(), answer.header("retry-after")), ((status, -1003), Some("8")));
        sandbox.get("/api/v3/time").await.ok();
    }
}

#[tokio::test]
async fn who_is_told_to_wait_over_the_api_is_told_until_when() {
    let sandbox = start().await;
    sandbox.fault(json!({ "kind": "banned", "count": 1, "retryAfter": 7 })).await;
    let mut socket = sandbox.socket("/ws-api/v3").await;
    let answer = socket.ask(json!({ "id": 1, "method": "ping" })).await;
    let data = &answer["error"]["data"];
    let wait = data["retryAfter"].as_i64().unwrap() - data["serverTime"].as_i64().unwrap();
    assert_eq!((&answer["status"], wait), (&json!(418), 8_000), "{answer}");
    assert_eq!(socket.ask(json!({ "id": 2, "method": "ping" })).await["status"], 200);
}

#[tokio::test]
async fn maintenance_closes_everything_until_it_is_over() {
    let sandbox = start().await;
    sandbox.fault(json!({ "kind": "maintenance" })).await;
    for target in ["/api/v3/ping", "/api/v3/time", "/nothing"] {
        assert_eq!(sandbox.get(target).await.status, 503);
    }
    let faults = sandbox.control(Method::GET, "faults", Value::Null).await.ok();
    assert_eq!((&faults[0]["kind"], &faults[0]["hits"]), (&json!("maintenance"), &json!(3)));
    let id = &faults[0]["id"];
    sandbox.control(Method::DELETE, &format!("faults/{id}"), Value::Null).await.ok();
    sandbox.get("/api/v3/ping").await.ok();
    assert_eq!(sandbox.control(Method::DELETE, &format!("faults/{id}"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_clock_that_drifts_refuses_those_whose_clock_is_right() {
    let sandbox = start().await;
    sandbox.fault(json!({ "kind": "clock-drift", "ms": 6_000 })).await;
    let right = format!("timestamp={START}");
    assert_eq!(sandbox.signed(Method::GET, "/api/v3/account", &right).await.refusal(), (400, -1021));
    let told = sandbox.get("/api/v3/time").await.ok()["serverTime"].as_i64().unwrap();
    assert_eq!(told, START + 6_000);
    sandbox.signed(Method::GET, "/api/v3/account", &format!("timestamp={told}")).await.ok();
    sandbox.control(Method::DELETE, "faults", Value::Null).await.ok();
    sandbox.signed(Method::GET, "/api/v3/account", &right).await.ok();
}

#[tokio::test]
async fn an_order_is_filled_in_part_when_that_is_ordered() {
    let sandbox = start().await;
    sandbox
        .fault(json!({ "kind": "partial-fill", "path": ORDER, "method": "POST", "count": 2, "fraction": "0.25" }))
        .await;
    let market = sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.04").await.ok();
    assert_eq!((&market["status"], &market["executedQty"]), (&json!("EXPIRED"), &json!("0.01000000")));
    let limit = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.04&price=50000";
    let limit = sandbox.order(limit).await.ok();
    assert_eq!((&limit["status"], &limit["executedQty"]), (&json!("PARTIALLY_FILLED"), &json!("0.01000000")));
    sandbox.state().await;
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused() {
    let sandbox = start().await;
    for fault in [
        json!({ "kind": "earthquake" }),
        json!({ "kind": "slow", "ms": -5 }),
        json!({ "kind": "slow", "ms": 5, "colour": "red" }),
        json!({ "kind": "error-after", "status": 200 }),
        json!({ "kind": "slow", "probability": "2" }),
    ] {
        let refused = sandbox.control(Method::POST, "faults", fault.clone()).await;
        assert!(matches!(refused.status, 400 | 422), "{fault}: {}", refused.status);
        assert!(!refused.body["msg"].as_str().unwrap().is_empty());
    }
    assert_eq!(sandbox.control(Method::GET, "faults", Value::Null).await.ok(), json!([]));
    for (path, body) in [
        ("clock/step", json!({ "ms": 0 })),
        ("clock/step", json!({ "ms": 3_600_001 })),
        ("accounts", json!({ "deposits": { "usdt": "1" } })),
        ("accounts", json!({ "deposits": { "BTC": "1", "USDT": "-1" } })),
        ("accounts", json!({ "taker": "1" })),
        ("accounts/1/deposits", json!({ "asset": "USDT", "amount": "1" })),
        ("accounts/2/deposits", json!({ "asset": "USDT", "amount": "-2000000" })),
        ("symbols", json!({ "base": "BTC", "quote": "USDT", "tick": "0.01", "lot": "0.001", "price": "1" })),
        ("symbols", json!({ "base": "XRP", "quote": "USDT", "tick": "0.00001", "lot": "0.0001", "price": "1" })),
    ] {
        let refused = sandbox.control(Method::POST, path, body.clone()).await;
        assert!(matches!(refused.status, 400 | 404), "{path} {body}: {}", refused.status);
    }
    sandbox.state().await;
}

#[tokio::test]
async fn symbols_accounts_and_money_are_made_as_one_likes() {
    let sandbox = start().await;
    let symbol = json!({ "base": "XRP", "quote": "USDT", "tick": "0.0001", "lot": "0.1", "price": "0.5" });
    sandbox.control(Method::POST, "symbols", symbol).await.ok();
    let ana = sandbox.newcomer(json!({ "USDT": "100", "XRP": "7.5" })).await;
    assert_eq!(ana.balance("XRP").await.0, "7.50000000");
    let order = ana.order("symbol=XRPUSDT&side=BUY&type=MARKET&quantity=20").await.ok();
    assert_eq!(order["status"], "FILLED");
    let candles = sandbox.get("/api/v3/klines?symbol=XRPUSDT&interval=1h&limit=24").await.ok();
    assert_eq!(candles.as_array().unwrap().len(), 24);
    sandbox.state().await;
}

#[tokio::test]
async fn streams_lose_double_and_turn_messages_around() {
    for (kind, expected) in
        [("drop-messages", vec![3, 4]), ("duplicate-messages", vec![2, 2, 3, 4]), ("reorder-messages", vec![3, 2, 4])]
    {
        let sandbox = start().await;
        let mut socket = sandbox.socket("/ws/btcusdt@trade").await;
        socket.ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 1 })).await;
        sandbox.set_price("BTCUSDT", "60001").await;
        let first = socket.hear().await.unwrap()["t"].as_i64().unwrap();
        sandbox.fault(json!({ "kind": kind, "path": "btcusdt@trade", "count": 1 })).await;
        for price in ["60002", "60003", "60004"] {
            sandbox.set_price("BTCUSDT", price).await;
        }
        let mut heard = vec![];
        for _ in &expected {
            heard.push(socket.hear().await.unwrap()["t"].as_i64().unwrap() - first + 1);
        }
        assert_eq!(heard, expected, "{kind}");
    }
}

#[tokio::test]
async fn a_connection_is_cut_by_a_fault_or_at_once() {
    let sandbox = start().await;
    for by_fault in [true, false] {
        let mut socket = sandbox.socket("/ws/btcusdt@trade").await;
        socket.ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 1 })).await;
        if by_fault {
            sandbox.fault(json!({ "kind": "cut-connection", "path": "btcusdt@trade", "count": 1 })).await;
            sandbox.set_price("BTCUSDT", "60001").await;
        } else {
            let cut = sandbox.control(Method::DELETE, "connections", Value::Null).await.ok();
            assert_eq!(cut["cut"], 1);
        }
        assert_eq!(socket.hear().await, None);
    }
}
