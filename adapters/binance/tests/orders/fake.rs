//! An exchange that answers as it was told.

use crate::common::client_by;
use axum::{
    Router,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use binance::Binance;
use exchanges::{Credentials, OrderReport, Trader, Validity, VenueError, VenueOrder};
use kit::{Clock, Time};
use serde_json::json;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use trading::order::{OrderKind, OrderStatus, Side, Size, TimeInForce};

/// 2024-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_704_067_200_000;
/// By how much the exchange's clock is ahead.
pub(crate) const AHEAD: i64 = 7_000;

/// What it answers to signed requests, one after the other; then it never answers.
pub(crate) type Replies = VecDeque<Response>;

/// An exchange on loopback that answers as it was told, and records what it was asked.
pub(crate) struct Fake {
    pub(crate) client: Binance,
    pub(crate) clock: Clock,
    replies: Arc<Mutex<Replies>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let (replies, asked) = (Arc::new(Mutex::new(Replies::new())), Arc::new(Mutex::new(vec![])));
        let (next, recorded) = (replies.clone(), asked.clone());
        let answer = move |method: Method, uri: Uri, body: String| {
            let is_time = uri.path() == "/api/v3/time";
            let sent = if method == Method::POST { body.as_str() } else { uri.query().unwrap_or_default() };
            recorded.lock().unwrap().push(format!("{method} {}?{sent}", uri.path()));
            let time = || format!(r#"{{"serverTime":{}}}"#, NOW + AHEAD).into_response();
            let reply = if is_time { Some(time()) } else { next.lock().unwrap().pop_front() };
            async move {
                match reply {
                    Some(reply) => reply,
                    None => std::future::pending().await,
                }
            }
        };
        let clock = Clock::fixed(Time::from_millis(NOW));
        let client = client_by(Router::new().fallback(answer), 3, clock.clone()).await;
        Self { client, clock, replies, asked }
    }

    pub(crate) fn say(&self, replies: impl IntoIterator<Item = Response>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// What was asked since, without the signatures.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().map(|it| it.split("&signature=").next().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) async fn place(&self, order: &VenueOrder) -> Result<OrderReport, VenueError> {
        self.client.place(&key(), order, valid()).await
    }
}

pub(crate) fn key() -> Credentials {
    Credentials::new("key".to_owned(), "secret".to_owned())
}

pub(crate) fn valid() -> Validity {
    Validity { from: Time::from_millis(NOW - 1_000), millis: 4_000 }
}

pub(crate) fn order(side: Side, kind: OrderKind) -> VenueOrder {
    VenueOrder {
        client_order_id: "bot-1".parse().unwrap(),
        symbol: "BTC/USDT".parse().unwrap(),
        side,
        kind,
        size: Size::Base("0.50".parse().unwrap()),
        time_in_force: TimeInForce::Gtc,
    }
}

pub(crate) fn limit() -> VenueOrder {
    order(Side::Buy, OrderKind::Limit { price: "50000.10".parse().unwrap() })
}

pub(crate) fn stop() -> VenueOrder {
    order(Side::Sell, OrderKind::StopMarket { trigger: "49000".parse().unwrap() })
}

pub(crate) fn reply(reply: impl IntoResponse) -> Response {
    reply.into_response()
}

pub(crate) fn refusal(status: u16, code: i64) -> Response {
    let body = json!({ "code": code, "msg": "Some words." }).to_string();
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

pub(crate) fn told(id: &str) -> String {
    json!({
        "symbol": "BTCUSDT", "orderId": 7, "clientOrderId": id, "status": "NEW", "origQty": "0.5",
        "executedQty": "0", "transactTime": NOW, "fills": []
    })
    .to_string()
}

pub(crate) fn accepted(executions: bool) -> OrderReport {
    OrderReport {
        client_order_id: "bot-1".to_owned(),
        venue_id: 7,
        status: OrderStatus::Accepted,
        filled: "0".parse().unwrap(),
        executions: executions.then(Vec::new),
    }
}

/// In a word, what is known of an order after an answer.
pub(crate) fn known(answer: &Result<OrderReport, VenueError>) -> &'static str {
    match answer {
        Ok(_) => "taken",
        Err(VenueError::Unknown(_)) => "unknown",
        Err(VenueError::Refused(_)) => "refused",
        Err(VenueError::KeyRefused(_)) => "key",
        Err(VenueError::Clock(_)) => "clock",
        Err(VenueError::Unavailable { .. }) => "not taken",
        Err(VenueError::Wrong(_)) => "wrong",
    }
}
