//! What the tests of back-tests share: the bundled candles and figures, and a strategy.
#![allow(dead_code, reason = "no one test uses all of it")]

use backtests::offline::Files;
use std::{fs, path::PathBuf};
use testkit::{Member, PgPool, TestApp, Value, json};

/// Whoever may do all that a back-test needs.
pub(crate) const ALL: [&str; 9] = [
    "backtests:read",
    "backtests:execute",
    "backtests:delete",
    "strategies:read",
    "strategies:write",
    "strategies:delete",
    "market-data:read",
    "market-data:write",
    "audit:read",
];

/// A year of five minutes.
pub(crate) const YEAR: &str = "binance_BTCUSDT_5m_20230101_20231230.csv.gz";

pub(crate) fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(path)
}

pub(crate) fn candles(name: &str) -> Vec<u8> {
    fs::read(data(&format!("candles/{name}"))).unwrap()
}

/// An hour of minutes of a market, each closing at its number from 1.
pub(crate) fn an_hour() -> String {
    let line = |minute: i64| {
        let (close, open) = (minute + 1, minute.max(1));
        format!("{},{open},{close},{open},{close},1\n", 1_700_000_040_000 + minute * 60_000)
    };
    format!("open_time_ms,open,high,low,close,volume\n{}", (0..60).map(line).collect::<String>())
}

pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [market_data::module(), strategies::module(), backtests::module()]).await
}

pub(crate) async fn import(member: &Member, timeframe: &str, file: impl Into<Vec<u8>>) {
    import_of(member, "BTC/USDT", timeframe, file).await;
}

pub(crate) async fn import_of(member: &Member, symbol: &str, timeframe: &str, file: impl Into<Vec<u8>>) {
    let path = format!("/api/v1/market-data/candles/import?exchange=binance&symbol={symbol}&timeframe={timeframe}");
    let file: Vec<u8> = file.into();
    let answer = member.upload(&path, "application/octet-stream", file).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// The cross of two averages on these candles.
pub(crate) fn cross(timeframe: &str) -> Value {
    json!({
        "name": "Cross",
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": timeframe },
        "indicators": { "fast": { "kind": "sma", "period": 10 }, "slow": { "kind": "sma", "period": 50 } },
        "entry": { "crossesAbove": ["fast", "slow"] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "fixedQuantity", "quantity": "1" }
    })
}

/// A file that buys at once on the candles of [`an_hour`], for less than the exchange would take, and sells once the
/// price is 30.
pub(crate) fn quick() -> Value {
    let mut strategy = cross("1m");
    strategy["indicators"] = json!({});
    strategy["entry"] = json!({ "lt": ["close", 20] });
    strategy["exit"] = json!({ "gte": ["close", 30] });
    json!({ "strategy": strategy, "initialCash": "1000", "filters": "none" })
}

/// Asks for a back-test, runs it and gives its id.
pub(crate) async fn done(app: &TestApp, member: &Member, file: &Value) -> String {
    let asked = member.post("/api/v1/backtests", file).await.accepted();
    assert_eq!(asked["status"], "queued");
    app.run_jobs().await;
    let id = asked["id"].as_str().unwrap().to_owned();
    let backtest = member.get(&format!("/api/v1/backtests/{id}")).await.ok();
    assert_eq!(backtest["status"], "done", "{backtest}");
    id
}

/// The one file of candles of a run.
pub(crate) fn only(candles: &[u8]) -> Files<&[u8]> {
    Files { candles: vec![(None, candles)], finer: vec![] }
}
