//! An exchange on loopback whose end of each connection a test holds.

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::{IntoResponse, Response},
    routing::get,
};
use binance::{Binance, Settings};
use exchanges::{AccountNews, Credentials, Trader};
use futures::{StreamExt, stream::BoxStream};
use kit::{Clock, Ids, Time};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// 2024-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_704_067_200_000;
/// More than anything here takes.
const LONG: Duration = Duration::from_secs(20);
/// Enough for what comes at once.
const SHORT: Duration = Duration::from_millis(100);

pub(crate) struct Fake {
    pub(crate) client: Binance,
    /// By how much its clock is ahead.
    pub(crate) ahead: Arc<AtomicI64>,
    /// What it answers to whoever connects, in the place of a connection.
    refusal: Arc<Mutex<Option<Response>>>,
    connected: UnboundedReceiver<WebSocket>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        Self::with(|settings| settings).await
    }

    pub(crate) async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let (sockets, connected) = unbounded_channel();
        let (ahead, refusal) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::<Option<Response>>::default()));
        let (clock, refuses) = (ahead.clone(), refusal.clone());
        let time = move || async move { format!(r#"{{"serverTime":{}}}"#, NOW + clock.load(SeqCst)) };
        let socket = move |upgrade: WebSocketUpgrade| async move {
            let refusal = refuses.lock().unwrap().take();
            refusal
                .unwrap_or_else(|| upgrade.on_upgrade(async move |socket| drop(sockets.send(socket))).into_response())
        };
        let exchange = Router::new()
            .route("/api/v3/time", get(time))
            .route("/ws-api/v3", get(socket.clone()))
            .route("/stream", get(socket));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, exchange).await });
        let settings = Settings::new(base, Clock::fixed(Time::from_millis(NOW)), Ids::seeded(1));
        let client = Binance::new(change(Settings {
            timeout: Duration::from_secs(5),
            pause: Duration::from_millis(1),
            ..settings
        }));
        Self { client, ahead, refusal, connected }
    }

    pub(crate) fn refuse(&self, answer: impl IntoResponse) {
        *self.refusal.lock().unwrap() = Some(answer.into_response());
    }

    /// The next connection.
    pub(crate) async fn peer(&mut self) -> Peer {
        Peer(timeout(LONG, self.connected.recv()).await.unwrap().unwrap())
    }

    pub(crate) async fn is_left_alone(&mut self) -> bool {
        timeout(SHORT, self.connected.recv()).await.is_err()
    }

    pub(crate) fn news(&self) -> BoxStream<'static, AccountNews> {
        self.client.news(&key("secret"))
    }
}

pub(crate) fn key(secret: &str) -> Credentials {
    Credentials::new("key".to_owned(), secret.to_owned())
}

/// The exchange's end of a connection.
pub(crate) struct Peer(WebSocket);

impl Peer {
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn say(&mut self, message: impl Into<String>) {
        self.send(Message::Text(message.into().into())).await;
    }

    /// The next message, unless the connection is over.
    pub(crate) async fn receive(&mut self) -> Option<Message> {
        timeout(LONG, self.0.recv()).await.unwrap().and_then(Result::ok)
    }

    /// The next request.
    pub(crate) async fn asked(&mut self) -> Value {
        let Some(Message::Text(text)) = self.receive().await else { panic!("no request") };
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn answer(&mut self, asked: &Value, mut answer: Value) {
        answer["id"] = asked["id"].clone();
        self.say(answer.to_string()).await;
    }

    /// Lets the other end listen to its account.
    pub(crate) async fn lets_listen(&mut self) -> Value {
        let asked = self.asked().await;
        self.answer(&asked, json!({ "status": 200, "result": { "subscriptionId": 0 } })).await;
        asked
    }

    /// Tells of an order.
    pub(crate) async fn executed(&mut self, id: &str) {
        let event = json!({ "e": "executionReport", "x": "TRADE", "c": id, "C": "" });
        self.say(json!({ "subscriptionId": 0, "event": event }).to_string()).await;
    }

    pub(crate) async fn is_left(&mut self) {
        assert!(!matches!(self.receive().await, Some(Message::Text(_) | Message::Ping(_))));
    }
}

pub(crate) async fn next<T>(news: &mut BoxStream<'static, T>) -> T {
    timeout(LONG, news.next()).await.unwrap().unwrap()
}
