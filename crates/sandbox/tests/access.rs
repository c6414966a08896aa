//! Keys, signatures, clocks and limits.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{KEY, SECRET, START, key_pair, start};
use reqwest::Method;
use sandbox::rest::sign;
use serde_json::json;

const ACCOUNT: &str = "/api/v3/account";

#[tokio::test]
async fn a_signature_is_of_the_query_and_the_body_as_they_were_sent() {
    let sandbox = start().await;
    sandbox.signed(Method::GET, ACCOUNT, "recvWindow=10000").await.ok();
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000";
    sandbox.signed_body(Method::POST, "/api/v3/order/test", order).await.ok();
    // half of it in each
    let (query, body) = ("symbol=BTCUSDT&side=BUY&type=MARKET", format!("quantity=0.001&timestamp={START}"));
    let body = format!("{body}&signature={}", sign(SECRET, &format!("{query}{body}")));
    let target = format!("/api/v3/order/test?{query}");
    sandbox.raw(Method::POST, &target, Some(KEY), Some(&body)).await.ok();
}

#[tokio::test]
async fn whoever_is_not_known_is_refused_as_the_protocol_says() {
    let sandbox = start().await;
    let stamp = format!("timestamp={START}");
    let good = sign(SECRET, &stamp);
    for (target, key, expected) in [
        (format!("{ACCOUNT}?{stamp}&signature={good}"), None, (401, -2014)),
        (format!("{ACCOUNT}?{stamp}&signature={good}"), Some("no key!"), (401, -2014)),
        (format!("{ACCOUNT}?{stamp}&signature={good}"), Some("nobodys"), (401, -2015)),
        (format!("{ACCOUNT}?{stamp}&signature={}", sign("guess", &stamp)), Some(KEY), (400, -1022)),
        (format!("{ACCOUNT}?{stamp}&signature=xyz"), Some(KEY), (400, -1022)),
        (format!("{ACCOUNT}?{stamp}&recvWindow=1&signature={good}"), Some(KEY), (400, -1022)),
        (format!("{ACCOUNT}?{stamp}"), Some(KEY), (400, -1102)),
        (format!("{ACCOUNT}?signature={good}"), Some(KEY), (400, -1102)),
    ] {
        assert_eq!(sandbox.raw(Method::GET, &target, key, None).await.refusal(), expected, "{target}");
    }
    assert_eq!(sandbox.get("/api/v3/historicalTrades?symbol=BTCUSDT").await.refusal(), (401, -2014));
}

#[tokio::test]
async fn a_request_is_good_for_its_window_and_never_a_second_ahead() {
    let sandbox = start().await;
    for (params, code) in [
        (format!("timestamp={}", START + 999), None),
        (format!("timestamp={}", START + 1_000), Some(-1021)),
        (format!("timestamp={}", START - 5_000), None),
        (format!("timestamp={}", START - 5_001), Some(-1021)),
        (format!("timestamp={}&recvWindow=60000", START - 60_000), None),
        (format!("timestamp={START}&recvWindow=60001"), Some(-1131)),
        ("timestamp=now".to_owned(), Some(-1102)),
    ] {
        let answer = sandbox.signed(Method::GET, ACCOUNT, &params).await;
        let expected = code.map_or((200, 0), |code| (400, code));
        assert_eq!(answer.refusal(), expected, "{params}");
    }
}

#[tokio::test]
async fn a_key_does_what_it_may() {
    let sandbox = start().await;
    for (may, reads, trades) in [
        (json!({ "reading": true }), 200, 401),
        (json!({ "trading": true }), 401, 200),
        (json!({ "reading": true, "trading": true, "withdrawals": true }), 200, 200),
    ] {
        let made = sandbox.control(Method::POST, "accounts/2/keys", may.clone()).await.ok();
        let (key, secret) = (made["apiKey"].as_str().unwrap(), made["apiSecret"].as_str().unwrap());
        let ask = async |method: Method, path: &str, params: &str| {
            let payload = format!("{params}timestamp={START}");
            let target = format!("{path}?{payload}&signature={}", sign(secret, &payload));
            sandbox.raw(method, &target, Some(key), None).await
        };
        let account = ask(Method::GET, ACCOUNT, "").await;
        assert_eq!(account.status, reads, "{may}");
        let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&";
        assert_eq!(ask(Method::POST, "/api/v3/order", order).await.status, trades, "{may}");
        if reads == 200 {
            assert_eq!(account.body["canWithdraw"], may["withdrawals"] == true);
            let restrictions = ask(Method::GET, "/sapi/v1/account/apiRestrictions", "").await.ok();
            assert_eq!(restrictions["enableWithdrawals"], may["withdrawals"] == true);
            assert_eq!(restrictions["enableSpotAndMarginTrading"], may["trading"] == true);
        }
    }
}

#[tokio::test]
async fn a_key_of_ed25519_signs_the_query_and_the_body() {
    let sandbox = start().await;
    let ana = sandbox.holder(1, json!({ "USDT": "1000" })).await;
    assert_eq!(ana.balance("USDT").await.0, "1000.00000000");
    let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001";
    ana.signed_body(Method::POST, "/api/v3/order", order).await.ok();
    // each text and each key has signatures of its own
    let (key, stamp) = (ana.key(), format!("timestamp={START}"));
    let others = sandbox.holder(2, json!({})).await.signature(&stamp);
    let plain = percent_encoding::percent_decode_str(&ana.signature(&stamp)).decode_utf8().unwrap().into_owned();
    for (payload, signature, expected) in [
        (stamp.clone(), ana.signature(&stamp), (200, 0)),
        (format!("{stamp}&recvWindow=9"), ana.signature(&stamp), (400, -1022)),
        (stamp.clone(), others, (400, -1022)),
        (stamp.clone(), sign(SECRET, &stamp), (400, -1022)),
        (stamp.clone(), plain.trim_end_matches('=').to_owned(), (400, -1022)),
        ("timestamp=1".to_owned(), ana.signature("timestamp=1"), (400, -1021)),
    ] {
        let target = format!("{ACCOUNT}?{payload}&signature={signature}");
        assert_eq!(sandbox.raw(Method::GET, &target, Some(key), None).await.refusal(), expected, "{target}");
    }
    let target = format!("{ACCOUNT}?{stamp}&signature={}", ana.signature(&stamp));
    assert_eq!(sandbox.raw(Method::GET, &target, Some(KEY), None).await.refusal(), (400, -1022));
}

#[tokio::test]
async fn a_public_key_is_added_to_an_account_and_what_is_none_is_refused() {
    let sandbox = start().await;
    let (pair, public) = key_pair(3);
    let may = json!({ "reading": true, "publicKey": public });
    let reader = sandbox.added(2, may, pair).await;
    reader.signed(Method::GET, ACCOUNT, "").await.ok();
    let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001";
    assert_eq!(reader.order(order).await.refusal(), (401, -2015));
    for (path, wrong) in [("accounts", "key"), ("accounts/2/keys", ""), ("accounts/2/keys", &public[1..])] {
        let refused = sandbox.control(Method::POST, path, json!({ "publicKey": wrong })).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.body["msg"].as_str().unwrap().contains("an Ed25519 key is expected"), "{}", refused.body);
    }
    assert_eq!(sandbox.state().await["accounts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn every_answer_tells_what_has_been_used() {
    let sandbox = start().await;
    let used = async |target: &str| {
        let answer = sandbox.get(target).await;
        answer.header("x-mbx-used-weight-1m").unwrap().parse::<u32>().unwrap()
    };
    let mut expected = 0;
    for (target, weight) in [
        ("/api/v3/ping", 1),
        ("/api/v3/exchangeInfo", 20),
        ("/api/v3/depth?symbol=BTCUSDT&limit=100", 5),
        ("/api/v3/depth?symbol=BTCUSDT&limit=5000", 250),
        ("/api/v3/trades?symbol=BTCUSDT", 25),
        ("/api/v3/aggTrades?symbol=BTCUSDT", 4),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m", 2),
        ("/api/v3/ticker/24hr?symbol=BTCUSDT", 2),
    ] {
        expected += weight;
        assert_eq!(used(target).await, expected, "{target}");
    }
    let order = sandbox.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").await;
    assert_eq!(order.header("x-mbx-order-count-10s"), Some("1"));
    assert_eq!(order.header("x-mbx-order-count-1d"), Some("1"));
    let counted = sandbox.signed(Method::GET, "/api/v3/rateLimit/order", "").await.ok();
    assert_eq!(counted[0]["count"], 1);
}

#[tokio::test]
async fn whoever_asks_too_much_waits_and_whoever_does_not_wait_is_banned() {
    let sandbox = start().await;
    let allowance = json!({ "weightPerMinute": 3, "ordersPerTenSeconds": 2, "ordersPerDay": 9 });
    sandbox.control(Method::PUT, "limits", allowance).await.ok();
    for _ in 0..3 {
        sandbox.get("/api/v3/ping").await.ok();
    }
    for _ in 0..20 {
        let answer = sandbox.get("/api/v3/ping").await;
        assert_eq!(answer.refusal(), (429, -1003));
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() <= 61);
    }
    let banned = sandbox.get("/api/v3/ping").await;
    assert_eq!(banned.refusal(), (418, -1003));
    assert_eq!(banned.header("retry-after"), Some("121"));
    sandbox.wall.advance(120_000);
    sandbox.get("/api/v3/ping").await.ok();
}

#[tokio::test]
async fn orders_are_counted_and_refused_over_the_limit() {
    let sandbox = start().await;
    let allowance = json!({ "weightPerMinute": 6000, "ordersPerTenSeconds": 2, "ordersPerDay": 9 });
    sandbox.control(Method::PUT, "limits", allowance).await.ok();
    let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001";
    for _ in 0..2 {
        sandbox.order(order).await.ok();
    }
    let refused = sandbox.order(order).await;
    assert_eq!(refused.refusal(), (429, -1015));
    assert!(refused.header("retry-after").is_some());
    sandbox.wall.advance(10_000);
    sandbox.order(order).await.ok();
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let sandbox = start().await;
    for (target, code) in [
        ("/api/v3/depth", -1102),
        ("/api/v3/depth?symbol=", -1102),
        ("/api/v3/depth?symbol=btcusdt", -1100),
        ("/api/v3/depth?symbol=NOSUCH", -1121),
        ("/api/v3/klines?symbol=BTCUSDT", -1102),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", -1120),
        ("/api/v3/klines?symbol=BTCUSDT&interval=2s", -1120),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=-1", -1100),
        ("/api/v3/ticker/price?symbol=BTCUSDT&symbols=[]", -1100),
        ("/api/v3/ticker/price?symbol=BTCUSDT&symbol=BTCUSDT", -1101),
    ] {
        assert_eq!(sandbox.get(target).await.refusal(), (400, code), "{target}");
    }
    assert_eq!(sandbox.get("/api/v3/nothing").await.status, 404);
    sandbox.state().await;
}
