//! How fast an import is, beside PostgreSQL's own `copy` of the same candles as prepared text.
//!
//! `bench_import [rows]` measures in a database of its own, on the server of `DATABASE_URL` or on a
//! private one, removes it and prints one line of JSON. Ours unpacks, parses, checks, looks for
//! gaps and writes; the rounds take turns, and the best of each counts.

use flate2::{Compression, write::GzEncoder};
use kit::{Clock, Db, DbSettings, Ids, Origin, Reason, Scope, Vault};
use market_data::{CandleOrigin, Market};
use private_postgres::{Options, PrivatePostgres};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};
use std::{
    error::Error,
    fmt::Write as _,
    io::{Cursor, Write as _},
    str::FromStr,
    time::{Duration, Instant},
};
use trading::time::Timestamp;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 3;
const MINUTE: i64 = 60_000;
/// Minutes of a year.
const YEAR: i64 = 525_600;
/// 2020-01-01.
const START: i64 = 1_577_836_800_000;
const SERIES: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::main]
async fn main() -> Outcome<()> {
    let rows = std::env::args().skip(1).find(|word| !word.starts_with("--"));
    let rows: i64 = rows.map_or(Ok(1_000_000), |text| text.parse())?;
    let measured = match std::env::var("DATABASE_URL") {
        Ok(url) => measure_on(&PgConnectOptions::from_str(&url)?, rows).await?,
        Err(_) => {
            let data = tempfile::tempdir()?;
            let postgres = PrivatePostgres::start(Options::new(data.path())).await?;
            let measured = measure_on(&PgConnectOptions::from_str(&postgres.connection().url())?, rows).await;
            postgres.stop().await?;
            measured?
        }
    };
    writeln!(std::io::stdout(), "{measured}")?;
    Ok(())
}

async fn measure_on(server: &PgConnectOptions, rows: i64) -> Outcome<serde_json::Value> {
    let database = format!("bench_import_{}", std::process::id());
    let mut admin = server.connect().await?;
    run(&mut admin, format!("create database {database}")).await?;
    let measured = measure(&server.clone().database(&database), rows).await;
    run(&mut admin, format!("drop database {database} with (force)")).await?;
    measured
}

async fn measure(options: &PgConnectOptions, rows: i64) -> Outcome<serde_json::Value> {
    schema::migrate(options).await?;
    let db = Db::new(
        DbSettings { options: options.clone(), max_connections: 2 },
        Clock::System,
        Ids::Random,
        Vault::new([0; 32]),
    );
    let mut owner = options.connect().await?;
    let market = |timeframe: &str| {
        serde_json::from_value::<Market>(json!({"exchange": "bench", "symbol": "BTC/USDT", "timeframe": timeframe}))
    };
    let (minutes, quarters, hours) = (market("1m")?, market("15m")?, market("1h")?);
    let (file, text) = candles(rows)?;
    run(&mut owner, identical_table()).await?;
    let [mut ours, mut raw, mut read, mut summed, mut rolled] = [Duration::MAX; 5];
    for _ in 0..ROUNDS {
        run(&mut owner, "truncate candles, candle_rollups, candle_corrections, raw_candles, candle_series".to_owned())
            .await?;
        raw = raw.min(copy(&mut owner, &text).await?);
        run(&mut owner, "truncate raw_candles".to_owned()).await?;
        ours = ours.min(import(&db, &minutes, &file).await?);
        let year = rows.min(YEAR);
        read = read.min(load(&db, &minutes, year).await?);
        summed = summed.min(load(&db, &quarters, year / 15).await?);
        rolled = rolled.min(load(&db, &hours, year / 60).await?);
    }
    db.close().await;
    let millis = |took: Duration| (took.as_secs_f64() * 1000.0).round();
    let per_second = |took: Duration| (rows as f64 / took.as_secs_f64()).round();
    Ok(json!({
        "rows": rows,
        "ours_rows_per_s": per_second(ours),
        "raw_copy_rows_per_s": per_second(raw),
        "ratio": (raw.as_secs_f64() / ours.as_secs_f64() * 1000.0).round() / 1000.0,
        "year_of_minutes_ms": millis(read),
        "year_summed_to_15m_ms": millis(summed),
        "year_summed_to_1h_ms": millis(rolled),
    }))
}

async fn import(db: &Db, market: &Market, file: &[u8]) -> Outcome<Duration> {
    let start = Instant::now();
    let candles = market_data::parse(market, Cursor::new(file.to_vec()), Clock::System.now()).await?;
    let tx = db.system(Reason::Operator, Origin::internal("bench")).await?;
    market_data::import(tx, market, CandleOrigin::File, candles).await?;
    Ok(start.elapsed())
}

async fn load(db: &Db, market: &Market, rows: i64) -> Outcome<Duration> {
    #[expect(clippy::disallowed_methods, reason = "a tenant of nobody's, to read what is the platform's")]
    let scope = Scope::new(SERIES.parse()?, None);
    let mut tx = db.system(Reason::Operator, Origin::internal("bench")).await?.enter(scope).await?;
    let series = market_data::series(&mut tx, market).await?;
    let start = Instant::now();
    let to = Timestamp::from_millis(START + YEAR * MINUTE);
    let candles = market_data::load(&mut tx, &series, None, Some(to)).await?;
    assert_eq!(candles.len() as i64, rows);
    Ok(start.elapsed())
}

async fn copy(owner: &mut PgConnection, text: &str) -> Outcome<Duration> {
    let start = Instant::now();
    run(owner, "begin".to_owned()).await?;
    let mut copy = owner
        .copy_in_raw("copy raw_candles (series_id, open_time, open, high, low, close, volume) from stdin (format csv)")
        .await?;
    for chunk in text.as_bytes().chunks(256 * 1024) {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    run(owner, "commit".to_owned()).await?;
    Ok(start.elapsed())
}

/// `raw_candles`, as `candles` is defined.
fn identical_table() -> String {
    let mut sql = "create table raw_candles (like candles including all) partition by range (open_time);".to_owned();
    for year in 2020..2060 {
        let _ = write!(
            sql,
            "create table raw_candles_{year} partition of raw_candles for values from ('{year}-01-01T00:00Z') to ('{}-01-01T00:00Z');",
            year + 1
        );
    }
    sql
}

/// A walk of prices: as a packed file, and as text that `copy` takes.
fn candles(rows: i64) -> Outcome<(Vec<u8>, String)> {
    let (mut file, mut text) = (GzEncoder::new(vec![], Compression::default()), String::new());
    let (mut state, mut price) = (1_u64, 1_654_177_u64);
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for row in 0..rows {
        let (open, close) = (price, (price + random(1_001)).saturating_sub(500).max(1_000));
        let (high, low) = (open.max(close) + random(300), open.min(close) - random(300));
        let volume = random(100_000_000);
        let cents = |value: u64| format!("{}.{:02}", value / 100, value % 100);
        let [o, h, l, c] = [open, high, low, close].map(cents);
        let figures = format!("{o},{h},{l},{c},{}.{:05}", volume / 100_000, volume % 100_000);
        let at = START + row * MINUTE;
        writeln!(file, "{at},{figures}")?;
        let _ = writeln!(text, "{SERIES},{},{figures}", kit::Time::from_millis(at));
        price = close;
    }
    Ok((file.finish()?, text))
}

async fn run(connection: &mut PgConnection, sql: String) -> Outcome<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}
