//! What may be asked again.

use crate::{
    common::client_of,
    fake::{Fake, NOW, key, reply, told},
};
use axum::{Router, http::StatusCode};
use exchanges::{Trader, VenueError};
use serde_json::{Value, json};

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
