//! A sandbox on a free port, and a small client of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "a test may panic, and not every one needs everything"
)]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::{SinkExt, StreamExt};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rand::{SeedableRng, rngs::StdRng};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sandbox::{Engine, Options, Replay, Speed, Wall, World, http, rest::sign};
use serde_json::{Value, json};
use std::{sync::Once, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::sync::{CancellationToken, DropGuard};

/// 2024-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_704_067_200_000;
pub(crate) const KEY: &str = "key";
pub(crate) const SECRET: &str = "secret";

/// A sandbox whose clocks stand still.
pub(crate) struct Sandbox {
    pub(crate) host: String,
    pub(crate) wall: Wall,
    pub(crate) engine: Engine,
    client: Client,
    key: (String, Signer),
    _stop: DropGuard,
}

/// How a client signs.
enum Signer {
    Secret(String),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn sign(&self, payload: &str) -> String {
        match self {
            Self::Secret(secret) => sign(secret, payload),
            Self::Ed25519(pair) => BASE64_STANDARD.encode(pair.sign(payload.as_bytes())),
        }
    }
}

/// An Ed25519 key by a seed, and its public half as it is written.
pub(crate) fn key_pair(seed: u8) -> (Ed25519KeyPair, String) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let written = BASE64_STANDARD.encode(pair.public_key());
    (pair, written)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The status and the protocol's code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, i64) {
        (self.status, self.body["code"].as_i64().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Nothing is encrypted on loopback, but the client wants to know how it would be.
fn provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
}

pub(crate) async fn start() -> Sandbox {
    start_with(None).await
}

pub(crate) async fn start_with(replay: Option<(&str, Replay)>) -> Sandbox {
    provider();
    let wall = Wall::fixed(START);
    let options = Options {
        seed: 7,
        replay: replay.map(|(name, replay)| (name.to_owned(), replay)),
        from_now: true,
        speed: Speed::REAL,
        paused: true,
        key: (KEY.to_owned(), SECRET.to_owned()),
        wall: wall.clone(),
        dice: StdRng::seed_from_u64(1),
    };
    let stop = CancellationToken::new();
    let engine = Engine::start(World::new(options).unwrap(), stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(http::serve(listener, engine.clone(), stop.clone()));
    let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let key = (KEY.to_owned(), Signer::Secret(SECRET.to_owned()));
    Sandbox { host, wall, engine, client, key, _stop: stop.drop_guard() }
}

impl Sandbox {
    /// The same sandbox as somebody else sees it.
    pub(crate) async fn newcomer(&self, deposits: Value) -> Sandbox {
        let made = self.control(Method::POST, "accounts", json!({ "deposits": deposits })).await.ok();
        let secret = Signer::Secret(made["apiSecret"].as_str().unwrap().to_owned());
        self.seen_by(&made, secret)
    }

    /// The same as seen by somebody who signs by Ed25519; the account's key is made by a seed.
    pub(crate) async fn holder(&self, seed: u8, deposits: Value) -> Sandbox {
        let (pair, public) = key_pair(seed);
        let account = json!({ "deposits": deposits, "publicKey": public });
        let made = self.control(Method::POST, "accounts", account).await.ok();
        assert!(made.get("apiSecret").is_none());
        self.seen_by(&made, Signer::Ed25519(pair))
    }

    /// The same as seen by the holder of another key of an account.
    pub(crate) async fn added(&self, account: u32, key: Value, pair: Ed25519KeyPair) -> Sandbox {
        let made = self.control(Method::POST, &format!("accounts/{account}/keys"), key).await.ok();
        self.seen_by(&made, Signer::Ed25519(pair))
    }

    /// The name of the key.
    pub(crate) fn key(&self) -> &str {
        &self.key.0
    }

    fn seen_by(&self, made: &Value, signer: Signer) -> Sandbox {
        let key = (made["apiKey"].as_str().unwrap().to_owned(), signer);
        let (host, wall, engine) = (self.host.clone(), self.wall.clone(), self.engine.clone());
        let stop = CancellationToken::new();
        Sandbox { host, wall, engine, client: self.client.clone(), key, _stop: stop.drop_guard() }
    }

    async fn send(&self, method: Method, target: &str, key: Option<&str>, body: Option<String>) -> Answer {
        let mut request = self.client.request(method, format!("http://{}{target}", self.host));
        if let Some(key) = key {
            request = request.header("X-MBX-APIKEY", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        answer(request).await.unwrap()
    }

    /// Asks what everybody may.
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.send(Method::GET, target, None, None).await
    }

    /// Asks with a signature, the parameters in the query.
    pub(crate) async fn signed(&self, method: Method, path: &str, params: &str) -> Answer {
        let payload = self.stamped(params);
        let target = format!("{path}?{payload}&signature={}", self.signature(&payload));
        self.send(method, &target, Some(&self.key.0), None).await
    }

    /// Asks with a signature, the parameters in the body.
    pub(crate) async fn signed_body(&self, method: Method, path: &str, params: &str) -> Answer {
        let payload = self.stamped(params);
        let body = format!("{payload}&signature={}", self.signature(&payload));
        self.send(method, path, Some(&self.key.0), Some(body)).await
    }

    /// Asks as it is written.
    pub(crate) async fn raw(&self, method: Method, target: &str, key: Option<&str>, body: Option<&str>) -> Answer {
        self.send(method, target, key, body.map(str::to_owned)).await
    }

    /// A signature as it stands in a query or a form.
    pub(crate) fn signature(&self, payload: &str) -> String {
        utf8_percent_encode(&self.key.1.sign(payload), NON_ALPHANUMERIC).to_string()
    }

    fn stamped(&self, params: &str) -> String {
        let stamp =
            if params.contains("timestamp=") { String::new() } else { format!("timestamp={}", self.wall.now()) };
        let pairs: Vec<&str> = [params, &stamp].into_iter().filter(|it| !it.is_empty()).collect();
        pairs.join("&")
    }

    pub(crate) async fn order(&self, params: &str) -> Answer {
        self.signed(Method::POST, "/api/v3/order", params).await
    }

    /// Steers.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.client.request(method, format!("http://{}/sandbox/v1/{path}", self.host)).json(&body);
        answer(request).await.unwrap()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::POST, "faults", fault).await.ok();
    }

    pub(crate) async fn set_price(&self, symbol: &str, price: &str) {
        self.control(Method::PUT, &format!("symbols/{symbol}/price"), json!({ "price": price })).await.ok();
    }

    pub(crate) async fn step(&self, ms: i64) {
        self.control(Method::POST, "clock/step", json!({ "ms": ms })).await.ok();
    }

    /// All that the sandbox knows; money is conserved whenever it is asked.
    pub(crate) async fn state(&self) -> Value {
        let state = self.client.get(format!("http://{}/sandbox/v1/state", self.host));
        let state = answer(state).await.unwrap().ok();
        assert_eq!(state["audit"], Value::Null);
        state
    }

    /// What the account has of an asset: free and locked.
    pub(crate) async fn balance(&self, asset: &str) -> (String, String) {
        let account = self.signed(Method::GET, "/api/v3/account", "").await.ok();
        let found = account["balances"].as_array().unwrap().iter().find(|it| it["asset"] == asset).unwrap().clone();
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        (text(&found["free"]), text(&found["locked"]))
    }

    /// A request that is never answered.
    pub(crate) async fn unanswered(&self, method: Method, path: &str, params: &str) {
        let payload = self.stamped(params);
        let target = format!("http://{}{path}?{payload}&signature={}", self.host, self.signature(&payload));
        let request = self.client.request(method, target).header("X-MBX-APIKEY", &self.key.0);
        let sent = request.timeout(Duration::from_millis(300)).send().await;
        assert!(sent.unwrap_err().is_timeout());
    }

    pub(crate) async fn socket(&self, target: &str) -> Socket {
        Socket(connect_async(format!("ws://{}{target}", self.host)).await.unwrap().0)
    }

    /// A signed request of the WebSocket API.
    pub(crate) fn call(&self, method: &str, params: Value) -> Value {
        let mut params = params;
        params["apiKey"] = self.key.0.clone().into();
        params["timestamp"] = self.wall.now().into();
        let mut pairs: Vec<(String, String)> = params
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        pairs.sort();
        let payload: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        params["signature"] = self.key.1.sign(&payload.join("&")).into();
        json!({ "id": method, "method": method, "params": params })
    }
}

async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    Ok(Answer { status: status.as_u16(), headers, body })
}

/// A WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; none where the connection has ended.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("a message");
            match message? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message that fulfils a condition.
    pub(crate) async fn until(&mut self, condition: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.hear().await.expect("the connection lives");
            if condition(&message) {
                return message;
            }
        }
    }

    pub(crate) async fn ask(&mut self, message: Value) -> Value {
        let id = message["id"].clone();
        self.say(message).await;
        self.until(|it| it.get("id") == Some(&id)).await
    }
}
