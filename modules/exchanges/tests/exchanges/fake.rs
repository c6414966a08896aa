//! An exchange that answers as a test says and records who asked it.

use exchanges::{Abilities, Balance, Credentials, KeyInfo, Trader, Venue, VenueError, Venues};
use futures::{FutureExt, future::BoxFuture};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use testkit::{Client, PgPool, TestApp, Value, json};

pub(crate) const PATH: &str = "/api/v1/exchange-connections";
pub(crate) const KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv";
pub(crate) const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP";
pub(crate) const ALL: [&str; 6] = [
    "exchanges:read",
    "exchange-connections:read",
    "exchange-connections:write",
    "exchange-connections:execute",
    "exchange-connections:delete",
    "audit:read",
];
/// What most keys should be like.
pub(crate) const SOUND: KeyInfo = KeyInfo { read: true, trade: true, withdraw: false, ip_restricted: true };

#[derive(Clone)]
pub(crate) struct Fake(Arc<Mutex<State>>);

struct State {
    /// What it says of every key; `None` never answers.
    info: Option<Result<KeyInfo, VenueError>>,
    balances: Result<Vec<Balance>, VenueError>,
    asked: Vec<(String, String)>,
}

impl Fake {
    pub(crate) fn says(&self, info: Result<KeyInfo, VenueError>) {
        self.0.lock().unwrap().info = Some(info);
    }

    pub(crate) fn falls_silent(&self) {
        self.0.lock().unwrap().info = None;
    }

    pub(crate) fn holds(&self, balances: Result<Vec<Balance>, VenueError>) {
        self.0.lock().unwrap().balances = balances;
    }

    /// The keys and secrets by which it was asked since this was last looked at.
    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn record(&self, credentials: &Credentials) {
        self.0.lock().unwrap().asked.push((credentials.key().to_owned(), credentials.secret().to_owned()));
    }
}

impl Venue for Fake {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn abilities(&self) -> Abilities {
        Abilities { candles: true, order_kinds: &["market"] }
    }

    fn probe<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<KeyInfo, VenueError>> {
        self.record(credentials);
        match self.0.lock().unwrap().info.clone() {
            Some(info) => async move { info }.boxed(),
            None => std::future::pending().boxed(),
        }
    }

    fn balances<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Vec<Balance>, VenueError>> {
        self.record(credentials);
        let balances = self.0.lock().unwrap().balances.clone();
        async move { balances }.boxed()
    }

    fn trader(&self) -> Option<&dyn Trader> {
        None
    }
}

pub(crate) async fn with_fake(db: PgPool) -> (TestApp, Fake) {
    let state = State { info: Some(Ok(SOUND)), balances: Ok(vec![]), asked: vec![] };
    let fake = Fake(Arc::new(Mutex::new(state)));
    let venues = Venues::new(vec![Arc::new(fake.clone())]).patient_for(Duration::from_millis(50));
    (TestApp::with(db, [exchanges::module()], |parts| parts.provide(venues)).await, fake)
}

/// An account to connect by a key that ends so.
pub(crate) fn wish(end: &str) -> Value {
    json!({ "exchange": "binance", "label": "Main", "apiKey": format!("{KEY}{end}"), "apiSecret": SECRET })
}

/// The same with a further field, or another value of it.
pub(crate) fn wish_with(field: &str, value: impl Into<Value>) -> Value {
    let mut wish = wish("");
    wish[field] = value.into();
    wish
}

/// Connects an account; answers its path.
pub(crate) async fn connected(client: &Client, wish: &Value) -> String {
    let connection = client.post(PATH, wish).await.created();
    format!("{PATH}/{}", connection["id"].as_str().unwrap())
}

pub(crate) fn refused(message: &str) -> Result<KeyInfo, VenueError> {
    Err(VenueError::KeyRefused(message.to_owned()))
}

pub(crate) fn unavailable() -> VenueError {
    VenueError::Unavailable { message: "Binance is not available.".to_owned(), until: None }
}
