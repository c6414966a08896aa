//! Candle files, and who imports them.

#![allow(dead_code, clippy::unwrap_used, reason = "each test program uses some of it, and may panic")]

use flate2::read::GzDecoder;
use kit::TenantTx;
use market_data::{CandleOrigin, Imported, Market};
use std::io::{Cursor, Read};
use testkit::{Client, Member, PgPool, TestApp, Value, json};

pub(crate) const IMPORT: &str = "/api/v1/market-data/candles/import";
pub(crate) const CANDLES: &str = "/api/v1/market-data/candles";
pub(crate) const MARKETS: &str = "/api/v1/market-data/markets";
pub(crate) const GAPS: &str = "/api/v1/market-data/gaps";
/// The query of the market that most tests import.
pub(crate) const BTC_5M: &str = "exchange=binance&symbol=BTC/USDT&timeframe=5m";
pub(crate) const BOTH: [&str; 2] = ["market-data:read", "market-data:write"];

pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [market_data::module()]).await
}

/// A file of real candles, as it is bundled.
pub(crate) fn packed(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../samples/candles/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The lines of real five-minute candles, without the header.
pub(crate) fn lines(rows: usize) -> Vec<String> {
    let mut text = String::new();
    GzDecoder::new(&*packed("binance_BTCUSDT_5m_20230101_20231230.csv.gz")).read_to_string(&mut text).unwrap();
    text.lines().skip(1).take(rows).map(str::to_owned).collect()
}

pub(crate) fn csv(lines: &[String]) -> String {
    format!("open_time_ms,open,high,low,close,volume\n{}\n", lines.join("\n"))
}

pub(crate) async fn import(client: &Client, market: &str, file: impl Into<Vec<u8>>) -> Value {
    client.upload(&format!("{IMPORT}?{market}"), "text/csv", file.into()).await.ok()
}

/// All candles of a market, as the tenant sees them: time, open, high, low, close, volume.
pub(crate) async fn all_candles(client: &Client, market: &str) -> Vec<[String; 6]> {
    let mut all = vec![];
    let mut after = String::new();
    loop {
        let body = client.get(&format!("{CANDLES}?{market}&limit=1000{after}")).await.body();
        for candle in body["data"].as_array().unwrap() {
            let fields = ["openTime", "open", "high", "low", "close", "volume"];
            all.push(fields.map(|field| candle[field].as_str().unwrap().to_owned()));
        }
        match body["meta"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// How a line of a file reads when it comes back.
pub(crate) fn expected(line: &str) -> [String; 6] {
    let mut fields = line.split(',');
    let time = kit::Time::from_millis(fields.next().unwrap().parse().unwrap()).to_string();
    let mut number = || fields.next().unwrap().parse::<trading::money::Quantity>().unwrap().to_string();
    [time, number(), number(), number(), number(), number()]
}

pub(crate) fn market(timeframe: &str) -> Market {
    serde_json::from_value(json!({"exchange": "binance", "symbol": "BTC/USDT", "timeframe": timeframe})).unwrap()
}

/// Imports for the platform, as the command line does.
pub(crate) async fn import_for_all(app: &TestApp, market: &Market, file: impl Into<Vec<u8>>) -> Imported {
    let candles = market_data::parse(market, Cursor::new(file.into()), app.clock().now()).await.unwrap();
    market_data::import(app.system().await, market, CandleOrigin::File, candles).await.unwrap()
}

/// A transaction of a member's tenant, as other modules have it.
pub(crate) async fn within(app: &TestApp, member: &Member) -> TenantTx {
    #[expect(clippy::disallowed_methods, reason = "a test stands where a caller has been recognised")]
    let scope = kit::Scope::new(member.tenant, Some(member.user));
    app.system().await.enter(scope).await.unwrap()
}

/// How many candles are stored, whosever they are.
pub(crate) async fn stored(app: &TestApp) -> i64 {
    let mut tx = app.system().await;
    sqlx::query_scalar("select count(*) from candles").fetch_one(tx.conn()).await.unwrap()
}
