//! How long candles are kept.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use chrono::TimeDelta;
use common::*;
use flate2::read::GzDecoder;
use std::io::Read;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};

const SETTING: &str = "/api/v1/configurations/market-data.retention-days";
/// From 2023-01-03 to the day on which tests begin.
const SINCE_2023_01_03: i64 = 1_098;
/// From 2021-01-01.
const SINCE_2021: i64 = 1_830;

async fn app_with_settings(db: PgPool) -> TestApp {
    TestApp::new(db, [configurations::module(), market_data::module()]).await
}

async fn member(app: &TestApp) -> Member {
    let may = ["market-data:read", "market-data:write", "configurations:write", "audit:read"];
    let member = app.member(may).await;
    app.keep_sessions().await;
    member
}

async fn keep_for(client: &Client, days: i64) {
    client.put(SETTING, &json!({ "value": days })).await.ok();
}

/// The tenant's own series: time frame, first and last candle, and how many there are.
async fn own(client: &Client) -> Vec<[Value; 4]> {
    let series = client.get(MARKETS).await.ok();
    let own = series.as_array().unwrap().iter().filter(|it| it["shared"] == false);
    own.map(|it| ["timeframe", "firstOpenTime", "lastOpenTime", "candleCount"].map(|name| it[name].clone())).collect()
}

async fn prunings(client: &Client) -> Vec<Value> {
    let entries = client.get("/api/v1/audit?action=candle_series.pruned&limit=100").await.ok();
    entries.as_array().unwrap().iter().map(|it| it["after"].clone()).collect()
}

#[db_test]
async fn candles_are_kept_for_ever_unless_somebody_says_otherwise(db: PgPool) {
    let app = app_with_settings(db).await;
    let ana = member(&app).await;
    import(&ana, BTC_5M, csv(&lines(1_500))).await;
    app.clock().advance(TimeDelta::days(10_000));
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 1_500);
    for days in [-1, 40_001] {
        ana.put(SETTING, &json!({ "value": days })).await.invalid("value");
    }
}

#[db_test]
async fn what_a_tenant_keeps_no_longer_is_removed_with_its_hours_and_days(db: PgPool) {
    let app = app_with_settings(db).await;
    let (ana, bob) = (member(&app).await, member(&app).await);
    let lines = lines(1_500);
    for client in [&ana, &bob] {
        import(client, BTC_5M, csv(&lines)).await;
    }
    import_for_all(&app, &market("1h"), "1672531200000,1,1,1,1,1\n").await;
    keep_for(&ana, SINCE_2023_01_03).await;
    market_data::keep(app.app()).await.unwrap();

    let (first, last) = ("2023-01-03T00:00:00.000Z", "2023-01-06T04:55:00.000Z");
    assert_eq!(own(&ana).await, [[json!("5m"), json!(first), json!(last), json!(924)]]);
    let left: Vec<_> = lines[576..].iter().map(|line| expected(line)).collect();
    assert_eq!(all_candles(&ana, BTC_5M).await, left);
    let days = BTC_5M.replace("5m", "1d");
    assert_eq!(all_candles(&ana, &days).await[0][0], "2023-01-03T00:00:00.000Z");
    assert_eq!(all_candles(&ana, &days).await[0], all_candles(&bob, &days).await[2], "a day that stays is whole");
    assert_eq!(all_candles(&bob, BTC_5M).await.len(), 1_500, "another tenant has said nothing");
    assert_eq!(stored(&app).await, 924 + 1_500 + 1, "nor has the platform");
    let told = prunings(&ana).await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["removed"], &told[0]["retentionDays"]), (&json!(576), &json!(SINCE_2023_01_03)));
    assert_eq!((&told[0]["before"], &told[0]["symbol"]), (&json!("2023-01-03T00:00:00.000Z"), &json!("BTC/USDT")));

    // what is done is not done again, and the next day takes the next
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(prunings(&ana).await.len(), 1);
    app.clock().advance(TimeDelta::days(1));
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(own(&ana).await[0][3], 924 - 288);
    assert_eq!((prunings(&ana).await.len(), prunings(&bob).await.len()), (2, 0));
}

#[db_test]
async fn years_of_candles_are_removed_in_several_steps_that_each_leave_a_right_series(db: PgPool) {
    let app = app_with_settings(db).await;
    let ana = member(&app).await;
    let file = packed("binance_BTCUSDT_1h_20170817_20211231.csv.gz");
    let mut text = String::new();
    GzDecoder::new(&*file).read_to_string(&mut text).unwrap();
    let opens = text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse::<i64>().unwrap());
    let left = opens.filter(|open| *open >= 1_609_459_200_000).count();
    let hours = "exchange=binance&symbol=BTC/USDT&timeframe=1h";
    ana.upload(&format!("{IMPORT}?{hours}"), "application/gzip", file).await.ok();
    keep_for(&ana, SINCE_2021).await;
    market_data::keep(app.app()).await.unwrap();
    let told = prunings(&ana).await;
    assert!(told.len() > 10, "{}", told.len());
    let removed: i64 = told.iter().map(|it| it["removed"].as_i64().unwrap()).sum();
    assert_eq!(removed, 38_221 - i64::try_from(left).unwrap());
    let series = &own(&ana).await[0];
    assert_eq!((&series[1], &series[3]), (&json!("2021-01-01T00:00:00.000Z"), &json!(left)));
    assert_eq!(stored(&app).await, i64::try_from(left).unwrap());
    let mut tx = app.system().await;
    let rollups = sqlx::query_scalar("select count(*) from candle_rollups where open_time < '2021-01-01T00:00:00Z'");
    let rollups: i64 = rollups.fetch_one(tx.conn()).await.unwrap();
    assert_eq!(rollups, 0);
}

#[db_test]
async fn a_long_candle_stays_until_all_of_it_is_old(db: PgPool) {
    let app = app_with_settings(db).await;
    let ana = member(&app).await;
    let months = "exchange=binance&symbol=BTC/USDT&timeframe=1M";
    let opens = ["2025-11-01", "2025-12-01", "2026-01-01"];
    let line = |day: &&str| format!("{},1,1,1,1,1", day.parse::<trading::time::Timestamp>().unwrap().millis());
    import(&ana, months, csv(&opens.iter().map(line).collect::<Vec<_>>())).await;
    keep_for(&ana, 20).await; // since 2025-12-16
    market_data::keep(app.app()).await.unwrap();
    let told: Vec<_> = all_candles(&ana, months).await.into_iter().map(|[open, ..]| open).collect();
    assert_eq!(told, ["2025-12-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"]);
}

#[db_test]
async fn a_series_of_which_nothing_is_left_goes_and_the_platforms_answers_again(db: PgPool) {
    let app = app_with_settings(db).await;
    let ana = member(&app).await;
    import(&ana, BTC_5M, csv(&lines(10))).await;
    import_for_all(&app, &market("5m"), csv(&lines(20))).await;
    keep_for(&ana, 1).await;
    market_data::keep(app.app()).await.unwrap();
    assert!(own(&ana).await.is_empty());
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 20);
    let entries = ana.get("/api/v1/audit?resource=candle_series").await.ok();
    let actions: Vec<_> = entries.as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["candle_series.deleted", "candle_series.pruned", "candle_series.imported"]);
}
