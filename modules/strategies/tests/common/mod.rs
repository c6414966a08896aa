//! What the tests of strategies share: who may do everything, and a document.

use testkit::{Client, Member, PgPool, TestApp, Value, json};

pub(crate) const ALL: [&str; 4] = ["strategies:read", "strategies:write", "strategies:delete", "audit:read"];
pub(crate) const PATH: &str = "/api/v1/strategies";

pub(crate) fn cross(name: &str, fast: u32) -> Value {
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
        "indicators": { "fast": { "kind": "sma", "period": fast }, "slow": { "kind": "sma", "period": 50 } },
        "entry": { "crossesAbove": ["fast", "slow"] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "allIn" }
    })
}

pub(crate) async fn start(db: PgPool) -> (TestApp, Member) {
    let app = TestApp::new(db, [strategies::module()]).await;
    let ana = app.member(ALL).await;
    (app, ana)
}

/// Stores a strategy and gives its path.
pub(crate) async fn stored(client: &Client, document: &Value) -> String {
    let strategy = client.post(PATH, document).await.created();
    format!("{PATH}/{}", strategy["id"].as_str().unwrap())
}
