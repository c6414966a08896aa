//! What may be asked again.

use crate::{
    common::client_of,
    fake::{Fake, NOW, key, reply, told},
};
use axum::{Router, http::StatusCode};
use exchanges::{Trader, VenueError};
use serde_json::{Value, json};
use trading::{
    order::{OrderKind, OrderStatus, Side, Size},
    time::Timestamp,
};

#[tokio::test]
async fn a_cancel_is_repeated_until_it_is_answered() {
    let fake = Fake::start().await;
    let (symbol, id) = ("BTC/USDT".parse().unwrap(), "bot-1".parse().unwrap());
    let unknown = r#"{"code":-2011,"msg":"Unknown order sent."}"#;
    fake.say([reply(StatusCode::BAD_GATEWAY), reply((StatusCode::BAD_REQUEST, unknown))]);
    assert_eq!(fake.client.cancel(&key(), &symbol, id).await, Ok(None));
    let cancels = fake.asked().into_iter().filter(|it| {
        it.starts_with("DELETE /api/v3/order?symbol=BTCUSDT&origClientOrderId=bot-1&recvWindow=5000&timestamp=")
    });
    assert_eq!(cancels.count(), 2);
    // an order that may not be taken back is still there
    let forbidden = r#"{"code":-2011,"msg":"This account may not place or cancel orders."}"#;
    fake.say([reply((StatusCode::BAD_REQUEST, forbidden))]);
    assert!(matches!(fake.client.cancel(&key(), &symbol, id).await, Err(VenueError::Unavailable { .. })));
}

#[tokio::test]
async fn the_executions_of_an_order_are_asked_for_page_by_page() {
    let fake = Fake::start().await;
    let symbol = "BTC/USDT".parse().unwrap();
    let trade = |id: u64| {
        json!({
            "symbol": "BTCUSDT", "id": id, "orderId": 7, "price": "1.5", "qty": "2", "commission": "0.1",
            "commissionAsset": "BNB", "time": NOW, "isMaker": true
        })
    };
    let page = |ids: std::ops::Range<u64>| reply(ids.map(|id| trade(id * 3)).collect::<Value>().to_string());
    fake.say([page(1..1_001), page(1_001..2_001), page(2_001..2_001)]);
    let executions = fake.client.executions(&key(), &symbol, 7).await.unwrap();
    assert_eq!(
        executions.iter().map(|fill| fill.trade).collect::<Vec<_>>(),
        (1..2_001).map(|id| id * 3).collect::<Vec<_>>()
    );
    let asked = fake.asked();
    let from: Vec<_> = asked.iter().filter_map(|it| it.split("fromId=").nth(1)?.split('&').next()).collect();
    assert_eq!(from, ["0", "3001", "6001"]);
    assert!(asked[1].starts_with("GET /api/v3/myTrades?symbol=BTCUSDT&orderId=7&fromId=0&limit=1000&"), "{}", asked[1]);
    // an exchange that tells the same page for ever
    fake.say((0..3).map(|_| page(1..1_001)).chain((0..3).map(|_| page(1..1_001))));
    assert!(matches!(fake.client.executions(&key(), &symbol, 7).await, Err(VenueError::Wrong(_))));
}

#[tokio::test]
async fn answers_to_questions_that_cannot_be_true_are_told_as_that() {
    let (symbol, id) = ("BTC/USDT".parse().unwrap(), "bot-1".parse().unwrap());
    for body in ["{", "{}", "[1]", &told("bot-2"), &told("bot-1").replace("NEW", "ASLEEP")] {
        let fake = Fake::start().await;
        fake.say((0..9).map(|_| reply(body.to_owned())));
        let (trader, key) = (&fake.client as &dyn Trader, key());
        assert!(matches!(trader.order(&key, &symbol, id).await, Err(VenueError::Wrong(_))), "{body}");
        assert!(matches!(trader.cancel(&key, &symbol, id).await, Err(VenueError::Wrong(_))), "{body}");
        assert!(matches!(trader.open_orders(&key, &symbol).await, Err(VenueError::Wrong(_))), "{body}");
    }
    let silent = client_of(Router::new().fallback(std::future::pending::<()>), 1, NOW).await;
    assert!(matches!(silent.order(&key(), &symbol, id).await, Err(VenueError::Unavailable { .. })));
}

#[tokio::test]
async fn orders_are_asked_for_day_by_day_and_from_a_full_page_on_by_their_numbers() {
    const DAY: i64 = 86_400_000;
    let fake = Fake::start().await;
    let symbol = "BTC/USDT".parse().unwrap();
    let order = |id: u64| {
        json!({
            "symbol": "BTCUSDT", "orderId": id, "clientOrderId": format!("bot-{id}"), "price": "1.5", "origQty": "2",
            "executedQty": "0", "origQuoteOrderQty": "0", "status": "CANCELED", "type": "LIMIT", "side": "SELL",
            "stopPrice": "0", "timeInForce": "GTC"
        })
    };
    let page = |ids: std::ops::Range<u64>| reply(ids.map(order).collect::<Value>().to_string());
    fake.say([page(1..1), page(1..1_001), page(1_001..1_003)]);
    let since = Timestamp::from_millis(NOW - 2 * DAY);
    let placed = fake.client.orders_since(&key(), &symbol, since).await.unwrap();
    assert_eq!(placed.len(), 1_002);
    let first = &placed[0];
    assert_eq!((first.order.client_order_id.as_str(), first.order.side), ("bot-1", Side::Sell));
    assert_eq!(first.order.kind, OrderKind::Limit { price: "1.5".parse().unwrap() });
    assert_eq!((first.report.venue_id, first.report.status), (1, OrderStatus::Cancelled));
    let asked = fake.asked();
    let of = |name: &str| -> Vec<&str> {
        asked.iter().filter_map(|it| it.split(&format!("{name}=")).nth(1)?.split('&').next()).collect()
    };
    let start = since.millis();
    assert_eq!(of("startTime"), [start.to_string(), (start + DAY).to_string()]);
    assert_eq!(of("endTime"), [(start + DAY - 1).to_string(), (start + 2 * DAY - 1).to_string()]);
    assert_eq!(of("orderId"), ["1001"]);
}

#[tokio::test]
async fn orders_of_kinds_that_are_not_placed_here_are_left_out_of_a_list() {
    let fake = Fake::start().await;
    let symbol = "BTC/USDT".parse().unwrap();
    let order = |id: u64, kind: &str, more: Value| {
        let mut order = json!({
            "symbol": "BTCUSDT", "orderId": id, "clientOrderId": format!("bot-{id}"), "price": "0", "origQty": "0",
            "executedQty": "0", "origQuoteOrderQty": "0", "status": "CANCELED", "type": kind, "side": "BUY",
            "stopPrice": "0"
        });
        for (key, value) in more.as_object().unwrap() {
            order[key] = value.clone();
        }
        order
    };
    let listed = json!([
        order(1, "MARKET", json!({ "origQuoteOrderQty": "10" })),
        order(2, "SOMETHING_NEW", json!({})),
        order(3, "STOP_LOSS", json!({ "origQty": "1", "trailingDelta": 250 })),
        order(4, "STOP_LOSS_LIMIT", json!({ "origQty": "1", "stopPrice": "9", "price": "8" })),
        order(5, "LIMIT", json!({ "clientOrderId": "a name with blanks", "price": "8" }))
    ]);
    fake.say([reply(listed.to_string())]);
    let since = Timestamp::from_millis(NOW);
    let placed = fake.client.orders_since(&key(), &symbol, since).await.unwrap();
    let kinds: Vec<_> = placed.iter().map(|it| (it.report.venue_id, it.order.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "market"), (3, "trailingStop"), (4, "stopLimit")]);
    assert_eq!(placed[0].order.size, Size::Quote("10".parse().unwrap()));
}
