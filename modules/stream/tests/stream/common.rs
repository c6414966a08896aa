//! A server with a topic of its own, and those who listen there.

use futures::{SinkExt, StreamExt};
use kit::{AppParts, Module, Topic, permission};
use std::{net::SocketAddr, ops::Deref, time::Duration};
use stream::Limits;
use testkit::{Client, Member, PgPool, TestApp, Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};
use tokio_util::sync::DropGuard;
use uuid::Uuid;

permission!(ReadNews = "news:read");
permission!(ReadGossip = "gossip:read");

pub(crate) static NEWS: Topic = Topic::of::<ReadNews>("news");
pub(crate) static GOSSIP: Topic = Topic::of::<ReadGossip>("gossip");

const TOLD: Module = Module { name: "told", topics: &[&NEWS, &GOSSIP], ..Module::EMPTY };

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that listens on a port.
pub(crate) struct Server {
    app: TestApp,
    pub(crate) at: SocketAddr,
    running: Option<DropGuard>,
    _remembers: DropGuard,
}

impl Deref for Server {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl Server {
    pub(crate) async fn new(db: PgPool) -> Self {
        Self::with(db, |parts| parts).await
    }

    pub(crate) async fn limited(db: PgPool, limits: Limits) -> Self {
        Self::with(db, |parts| parts.provide(limits)).await
    }

    pub(crate) async fn with(db: PgPool, change: impl FnOnce(AppParts) -> AppParts) -> Self {
        Self::around(TestApp::with(db, [stream::module(), TOLD], change).await).await
    }

    /// Another server of the same platform.
    pub(crate) async fn beside(&self, db: PgPool) -> Self {
        Self::around(self.app.beside(db, [stream::module(), TOLD]).await).await
    }

    pub(crate) async fn around(app: TestApp) -> Self {
        let remembers = app.remembers().await;
        Self { running: Some(app.runs(&stream::module())), at: app.serves().await, app, _remembers: remembers }
    }

    pub(crate) fn stops(&mut self) {
        self.running = None;
    }

    /// Tells this member's tenant these news, in one transaction.
    pub(crate) async fn tell(&self, member: &Member, news: &[Value]) {
        let mut tx = self.tenant(member.tenant).await;
        let events: Vec<_> = news.iter().map(|it| (SUBJECT, it)).collect();
        stream::publish(&mut tx, &NEWS, &events).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// What the news are about.
pub(crate) const SUBJECT: Uuid = Uuid::from_u128(0x5);

/// A conversation from the client's side.
pub(crate) struct Talk(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Connects, or answers with which status that was refused.
pub(crate) async fn connect(at: SocketAddr, client: &Client) -> Result<Talk, u16> {
    let mut request = format!("ws://{at}/api/v1/stream").into_client_request().unwrap();
    for (name, value) in client.headers() {
        let name: tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Talk(socket)),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(failure) => panic!("{failure}"),
    }
}

impl Talk {
    pub(crate) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message that is not of the protocol beneath; `None` once the conversation is over.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let said = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).expect("JSON")),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return None,
                }
            }
        };
        // pings alone are not what is waited for
        timeout(PATIENCE, said).await.expect("something comes")
    }

    pub(crate) async fn hear(&mut self) -> Value {
        self.next().await.expect("the conversation goes on")
    }

    /// Subscribes, and answers the cursor of the answer.
    pub(crate) async fn subscribe(&mut self, topics: &[&str], cursor: Option<&str>) -> String {
        let mut wish = json!({ "op": "subscribe", "topics": topics });
        if let Some(cursor) = cursor {
            wish["cursor"] = cursor.into();
        }
        self.say(&wish).await;
        let answer = self.hear().await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        let mut sorted = topics.to_vec();
        sorted.sort_unstable();
        assert_eq!(answer["topics"], json!(sorted));
        answer["cursor"].as_str().unwrap_or_default().to_owned()
    }

    /// The data of the next event, and its cursor.
    pub(crate) async fn event(&mut self) -> (Value, String) {
        let mut event = self.hear().await;
        assert_eq!(event["type"], "event", "{event}");
        (event["data"].take(), event["cursor"].as_str().unwrap_or_default().to_owned())
    }

    /// The code of the error that comes next.
    pub(crate) async fn refused(&mut self) -> String {
        let error = self.hear().await;
        assert_eq!(error["type"], "error", "{error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        error["code"].as_str().unwrap().to_owned()
    }

    /// Why the server has ended it; what comes before is passed over.
    pub(crate) async fn bye(&mut self) -> String {
        loop {
            let message = self.next().await.expect("the server says why");
            if message["type"] == "bye" {
                assert!(self.next().await.is_none());
                return message["reason"].as_str().unwrap().to_owned();
            }
        }
    }
}
