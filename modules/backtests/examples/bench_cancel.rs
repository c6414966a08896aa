//! How soon a sweep that runs has ended after its cancel was answered: the computation, and that it is written down.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that cannot be made has nobody to tell but a person"
)]

use kit::{JobState, follow_job};
use std::time::{Duration, Instant};
use testkit::{Member, PgPool, TestApp, Value, json};

const RUNS: usize = 20;
const MARKET: &str = "exchange=binance&symbol=BTC/USDT&timeframe=5m";
const RIGHTS: [&str; 3] = ["backtests:read", "backtests:execute", "market-data:write"];
/// As a server looks after its jobs.
const PULSE: Duration = Duration::from_millis(250);

fn main() {
    let mut waits = testkit::run("backtests", "bench_cancel", measure);
    waits.sort();
    let at = |percent: usize| waits[(waits.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1_000.0;
    let (middle, slow) = (at(50), at(99));
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", json!({ "runs": RUNS, "p50Ms": middle, "p99Ms": slow }));
    } else {
        let verdict = if slow < 100.0 { "met" } else { "MISSED" };
        println!(
            "from the answer to the end, of {RUNS} runs: p50 {middle:.1} ms, p99 {slow:.1} ms; target < 100 ms: {verdict}"
        );
    }
}

async fn measure(db: PgPool) -> Vec<Duration> {
    let app = TestApp::new(db, [market_data::module(), strategies::module(), backtests::module()]).await;
    let (_memory, _worker) = (app.remembers().await, app.works(2, PULSE));
    let ana = app.member(RIGHTS).await;
    let name = "/../../samples/candles/binance_BTCUSDT_5m_20230101_20231230.csv.gz";
    let year = std::fs::read(format!("{}{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let path = format!("/api/v1/market-data/candles/import?{MARKET}");
    assert!(ana.upload(&path, "application/octet-stream", year).await.status.is_success());
    let mut waits = vec![];
    for _ in 0..RUNS {
        waits.push(cancelled(&app, &ana).await);
    }
    waits
}

/// How long it took one sweep of ten thousand combinations to end.
async fn cancelled(app: &TestApp, ana: &Member) -> Duration {
    let asked = ana.post("/api/v1/backtests", &sweep()).await.accepted();
    let id = asked["id"].as_str().unwrap();
    let mut followed = follow_job(app.app(), id.parse().unwrap()).await.unwrap();
    followed.wait_for(|state| state.done > 0).await.unwrap();
    ana.post(&format!("/api/v1/backtests/{id}/cancel"), &json!({})).await.accepted();
    let answered = Instant::now();
    let ended = followed.wait_for(JobState::has_ended).await.unwrap();
    let wait = answered.elapsed();
    assert_eq!(ended.status, "cancelled");
    wait
}

fn sweep() -> Value {
    let periods = |from: u32| (from..from + 100).collect::<Vec<_>>();
    json!({
        "strategy": {
            "name": "Cross",
            "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
            "indicators": { "fast": { "kind": "sma", "period": 10 }, "slow": { "kind": "sma", "period": 50 } },
            "entry": { "crossesAbove": ["fast", "slow"] },
            "exit": { "crossesBelow": ["fast", "slow"] },
            "sizing": { "kind": "fixedQuantity", "quantity": "1" }
        },
        "initialCash": "10000000",
        "sweep": { "indicators.fast.period": periods(2), "indicators.slow.period": periods(110) }
    })
}
