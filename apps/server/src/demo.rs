//! The demonstration: people, candles, strategies, a back-test and bots, made through the API as a user would.

use crate::assemble::Assembly;
use auth::{NewAccount, SignedUp};
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use kit::{App, Error, Origin, Reason, Result};
use serde_json::{Value, json};
use tenants::Kind;
use tower::ServiceExt;
use users::{Email, NewUser};
use uuid::Uuid;

/// Somebody of the demonstration.
pub struct Person {
    pub email: &'static str,
    name: &'static str,
    pub what: &'static str,
    kind: Kind,
}

/// Everybody; the first is the one who trades.
pub const PEOPLE: &[Person] = &[
    Person { email: "trader@demo.example", name: "Tara Trader", what: "a trader with two bots", kind: Kind::Trader },
    Person { email: "ceo@demo.example", name: "Carla CEO", what: "who runs a company", kind: Kind::Company },
    Person { email: "influencer@demo.example", name: "Ines Influencer", what: "an influencer", kind: Kind::Influencer },
];

/// The password of everybody in the demonstration.
pub const PASSWORD: &str = "demo-demo-demo";

/// Key and secret of the account at the sandbox exchange, which listens on this machine only.
pub const EXCHANGE_KEY: (&str, &str) = ("the-key-of-the-demonstration", "the-secret-of-the-demonstration");

/// Real candles: BTCUSDT, five minutes, the year 2023 (see NOTICE).
static CANDLES: &[u8] = include_bytes!("../../../samples/candles/binance_BTCUSDT_5m_20230101_20231230.csv.gz");

/// What there is to look at.
pub struct Seeded {
    pub backtest: String,
    /// A bot that trades on paper, …
    pub paper: String,
    /// … and one that trades at the exchange.
    pub live: String,
}

/// Makes what is not there yet.
///
/// # Errors
/// What the platform refuses.
pub async fn seed(assembly: &Assembly) -> Result<Seeded> {
    let app = &assembly.app;
    let mut trader = None;
    for person in PEOPLE {
        let user = person.settle(app).await?;
        trader = trader.or(Some(user));
    }
    let trader = trader.ok_or_else(|| Error::internal("the demonstration has nobody"))?;
    let client = Client::of(assembly, trader).await?;
    if let Some(live) = client.first("/api/v1/bots?q=exchange").await? {
        let backtest = client.first("/api/v1/backtests").await?.unwrap_or_default();
        let paper = client.first("/api/v1/bots?q=paper").await?.unwrap_or_default();
        return Ok(Seeded { backtest, paper, live });
    }
    client.import().await?;
    let strategy = client.post("/api/v1/strategies", sma_cross()).await?;
    let backtest = json!({
        "strategyId": strategy, "initialCash": "10000", "fill": "nextOpen",
        "fees": { "maker": "0.001", "taker": "0.001", "paidIn": "quote" },
    });
    let backtest = client.post("/api/v1/backtests", backtest).await?;
    assembly.worker.drain().await?;
    let paper = client
        .bot(json!({
            "name": "BTC trend, on paper", "strategyId": strategy, "mode": "paper", "initialCash": "10000",
            "fees": { "maker": "0.001", "taker": "0.001", "paidIn": "quote" },
            "feed": { "kind": "replay", "speed": 200 },
        }))
        .await?;
    let live = client.live().await?;
    Ok(Seeded { backtest, paper, live })
}

fn sma_cross() -> Value {
    json!({
        "name": "BTC trend",
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
        "indicators": {
            "fast": { "kind": "sma", "period": 10, "timeframe": "4h" },
            "slow": { "kind": "sma", "period": 40, "timeframe": "4h" },
        },
        "entry": { "crossesAbove": ["fast", "slow"] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "percentEquity", "percent": "95" },
        "protect": { "stopLoss": { "percent": "8" } },
    })
}

/// What trades often enough to look on.
fn candle_by_candle() -> Value {
    json!({
        "name": "Candle by candle",
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" },
        "entry": { "gt": ["close", "open"] },
        "exit": { "lt": ["close", "open"] },
        "sizing": { "kind": "percentEquity", "percent": "50" },
        "protect": { "stopLoss": { "percent": "2" } },
    })
}

impl Person {
    /// The user, who is made if not there.
    async fn settle(&self, app: &App) -> Result<Uuid> {
        let address = Email::parse(self.email).ok_or_else(|| Error::internal("an address of the demonstration"))?;
        let mut tx = app.db().system(Reason::Demo, Origin::internal("demo")).await?;
        if let Some(user) = users::find_by_email(&mut tx, &address).await? {
            return Ok(user.id);
        }
        let hash = auth::hash_new_password(app, PASSWORD).await?;
        let user = NewUser { email: &address, name: self.name, image: None, email_verified: true };
        let new = NewAccount { user, password_hash: Some(&hash), kind: self.kind, tenant_name: self.name };
        let SignedUp { tx, user, .. } = auth::sign_up(tx, &new).await?;
        tx.commit().await?;
        Ok(user.id)
    }
}

/// Calls the platform as one of its users.
struct Client {
    router: Router,
    token: String,
}

impl Client {
    async fn of(assembly: &Assembly, user: Uuid) -> Result<Self> {
        let app = &assembly.app;
        let mut tx = app.db().system(Reason::Demo, Origin::internal("demo")).await?;
        let token = auth::open_session(app, &mut tx, user, false).await?.token;
        tx.commit().await?;
        Ok(Self { router: assembly.router.clone(), token })
    }

    /// Connects the account at the exchange, and has a bot trade on it.
    async fn live(&self) -> Result<String> {
        let (key, secret) = EXCHANGE_KEY;
        let account = json!({ "exchange": "binance", "label": "Sandbox", "apiKey": key, "apiSecret": secret });
        let connection = self.post("/api/v1/exchange-connections", account).await?;
        let strategy = self.post("/api/v1/strategies", candle_by_candle()).await?;
        self.bot(json!({
            "name": "Candle by candle, at the exchange", "strategyId": strategy, "mode": "live", "connectionId": connection,
            "initialCash": "1000", "limits": { "maxDailyLoss": "100" }, "feed": { "kind": "live" },
        }))
        .await
    }

    /// Makes a bot and starts it.
    async fn bot(&self, bot: Value) -> Result<String> {
        let name = bot["name"].as_str().unwrap_or_default().replace(' ', "%20");
        let id = self.post("/api/v1/bots", bot).await?;
        self.post(&format!("/api/v1/bots/{id}/start?confirm={name}"), json!({})).await?;
        Ok(id)
    }

    /// The id of what was made.
    async fn post(&self, path: &str, body: Value) -> Result<String> {
        let made = self.call("POST", path, "application/json", Body::from(body.to_string())).await?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn import(&self) -> Result<Value> {
        let path = "/api/v1/market-data/candles/import?exchange=binance&symbol=BTC/USDT&timeframe=5m";
        self.call("POST", path, "application/gzip", Body::from(CANDLES)).await
    }

    /// The id of the first of a list.
    async fn first(&self, path: &str) -> Result<Option<String>> {
        let list = self.call("GET", path, "application/json", Body::empty()).await?;
        Ok(list[0]["id"].as_str().map(str::to_owned))
    }

    async fn call(&self, method: &str, path: &str, content_type: &str, body: Body) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(Error::internal)?;
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map_err(Error::internal)?.to_bytes();
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(Error::internal)?;
        if !status.is_success() {
            return Err(Error::internal(format!("{method} {path}: {answer}")));
        }
        Ok(answer["data"].take())
    }
}
