//! Keys that log on by a connection of the WebSocket API.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{START, Sandbox, Socket, start};
use reqwest::Method;
use serde_json::{Value, json};

const HEARS: &str = "userDataStream.subscribe";

/// A request without a key and without a signature.
fn bare(method: &str, params: &Value) -> Value {
    json!({ "id": method, "method": method, "params": params })
}

fn stamped() -> Value {
    json!({ "timestamp": START })
}

/// The status and the protocol's code of an answer.
fn refusal(answer: &Value) -> (i64, i64) {
    (answer["status"].as_i64().unwrap(), answer["error"]["code"].as_i64().unwrap_or_default())
}

async fn logged_on(sandbox: &Sandbox, by: &Sandbox) -> Socket {
    let mut socket = sandbox.socket("/ws-api/v3").await;
    let session = socket.ask(by.call("session.logon", json!({}))).await;
    assert_eq!(refusal(&session), (200, 0), "{session}");
    socket
}

#[tokio::test]
async fn whoever_has_logged_on_signs_nothing_until_they_log_out() {
    let sandbox = start().await;
    let ana = sandbox.holder(1, json!({ "USDT": "1000" })).await;
    let mut socket = sandbox.socket("/ws-api/v3").await;
    let nobody = json!({
        "apiKey": null, "authorizedSince": null, "connectedSince": START, "returnRateLimits": true,
        "serverTime": START, "userDataStream": false,
    });
    let status = socket.ask(bare("session.status", &json!({}))).await;
    assert_eq!((&status["result"], &status["rateLimits"][0]["count"]), (&nobody, &json!(2)));
    assert_eq!(refusal(&socket.ask(bare("account.status", &stamped())).await), (401, -2014));

    sandbox.wall.advance(500);
    let session = socket.ask(ana.call("session.logon", json!({}))).await["result"].clone();
    let mut expected = nobody.clone();
    for (name, value) in
        [("apiKey", json!(ana.key())), ("authorizedSince", json!(START + 500)), ("serverTime", json!(START + 500))]
    {
        expected[name] = value;
    }
    assert_eq!(session, expected);
    assert_eq!(socket.ask(bare("session.status", &json!({}))).await["result"], expected);

    let mut order = json!({ "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001" });
    assert_eq!(refusal(&socket.ask(bare("order.place", &order)).await), (400, -1102));
    order["timestamp"] = (START - 6_000).into();
    assert_eq!(refusal(&socket.ask(bare("order.place", &order)).await), (400, -1021));
    order["timestamp"] = START.into();
    let placed = socket.ask(bare("order.place", &order)).await;
    assert_eq!(placed["result"]["status"], "FILLED");
    assert_eq!(ana.signed(Method::GET, "/api/v3/myTrades", "symbol=BTCUSDT").await.ok().as_array().unwrap().len(), 1);
    let mut beside = sandbox.socket("/ws-api/v3").await;
    assert_eq!(refusal(&beside.ask(bare("order.place", &order)).await), (401, -2014));

    let left = socket.ask(bare("session.logout", &json!({}))).await["result"].clone();
    assert_eq!((&left["apiKey"], &left["authorizedSince"]), (&Value::Null, &Value::Null));
    assert_eq!(refusal(&socket.ask(bare("order.place", &order)).await), (401, -2014));
}

#[tokio::test]
async fn only_a_key_of_ed25519_logs_on_and_only_by_its_signature() {
    let sandbox = start().await;
    let (ana, ben) = (sandbox.holder(1, json!({})).await, sandbox.holder(2, json!({})).await);
    let mut socket = sandbox.socket("/ws-api/v3").await;
    assert_eq!(refusal(&socket.ask(sandbox.call("session.logon", json!({}))).await), (400, -4056));
    let mut forged = ana.call("session.logon", json!({}));
    forged["params"]["signature"] = ben.call("session.logon", json!({}))["params"]["signature"].clone();
    assert_eq!(refusal(&socket.ask(forged).await), (400, -1022));
    let mut unknown = ana.call("session.logon", json!({}));
    unknown["params"]["apiKey"] = "nobodys".into();
    assert_eq!(refusal(&socket.ask(unknown).await), (401, -2015));
    assert_eq!(socket.ask(bare("session.status", &json!({}))).await["result"]["apiKey"], Value::Null);

    let mut socket = logged_on(&sandbox, &ana).await;
    // a session does not log itself on
    assert_eq!(refusal(&socket.ask(bare("session.logon", &stamped())).await), (400, -1102));
    let key = json!({ "timestamp": START, "apiKey": ana.key() });
    assert_eq!(refusal(&socket.ask(bare("account.status", &key)).await), (400, -1102));
    let whose = socket.ask(bare("account.status", &stamped())).await["result"]["uid"].clone();
    let others = socket.ask(ben.call("account.status", json!({}))).await["result"]["uid"].clone();
    assert_eq!((whose, others), (json!(3), json!(4)));
    let session = socket.ask(ben.call("session.logon", json!({}))).await;
    assert_eq!(session["result"]["apiKey"], ben.key());
    assert_eq!(socket.ask(bare("account.status", &stamped())).await["result"]["uid"], 4);
    assert_eq!(sandbox.get("/api/v3/session/status").await.refusal(), (404, -1020));
}

#[tokio::test]
async fn a_session_hears_of_its_account_until_it_ends() {
    let sandbox = start().await;
    let ana = sandbox.holder(1, json!({ "USDT": "1000" })).await;
    let mut stranger = sandbox.socket("/ws-api/v3").await;
    assert_eq!(refusal(&stranger.ask(bare(HEARS, &json!({}))).await), (401, -2015));
    let key = json!({ "apiKey": ana.key() });
    assert_eq!(refusal(&stranger.ask(bare(HEARS, &key)).await), (401, -2015));

    let mut socket = logged_on(&sandbox, &ana).await;
    assert_eq!(socket.ask(bare(HEARS, &json!({}))).await["result"]["subscriptionId"], 0);
    assert_eq!(socket.ask(bare("session.status", &json!({}))).await["result"]["userDataStream"], true);
    ana.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&newClientOrderId=mine").await.ok();
    let told = socket.until(|it| it["event"]["X"] == "FILLED").await;
    assert_eq!((&told["subscriptionId"], &told["event"]["c"]), (&json!(0), &json!("mine")));

    // what was signed for by itself goes on
    let signed = socket.ask(sandbox.call("userDataStream.subscribe.signature", json!({}))).await;
    assert_eq!(signed["result"]["subscriptionId"], 1);
    socket.ask(bare("session.logout", &json!({}))).await;
    let left = socket.ask(bare("session.subscriptions", &json!({}))).await;
    assert_eq!(left["result"], json!([{ "subscriptionId": 1 }]));
}
