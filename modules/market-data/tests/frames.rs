//! Candles of time frames that are not stored.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::*;
use std::collections::BTreeMap;
use testkit::{PgPool, db_test, json};
use trading::{
    candle::{Candles, csv as files},
    time::{Timeframe, Timestamp},
};

const BTC_FILE: &str = "binance_BTCUSDT_5m_20230101_20231230.csv.gz";

fn of(timeframe: &str) -> String {
    format!("exchange=binance&symbol=BTC/USDT&timeframe={timeframe}")
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rows(candles: &Candles) -> Vec<[String; 6]> {
    let row = |it: trading::candle::Candle| {
        let [open, high, low, close] = [it.open, it.high, it.low, it.close].map(|price| price.to_string());
        [it.open_time.to_string(), open, high, low, close, it.volume.to_string()]
    };
    candles.iter().map(row).collect()
}

/// Five-minute candles from a moment on, whose figures tell where they come from.
fn five_minutes(from: &str, count: usize) -> Vec<String> {
    let first = at(from).millis();
    (0..count)
        .map(|n| format!("{},{p},{h},{l},{p},1.5", first + n as i64 * 300_000, p = 100 + n, h = 200 + n, l = 50 + n))
        .collect()
}

#[db_test]
async fn every_longer_frame_of_a_real_year_is_the_exact_sum_of_what_is_stored(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    ana.upload(&format!("{IMPORT}?{BTC_5M}"), "application/gzip", packed(BTC_FILE)).await.ok();
    let options = files::Options { timeframe: Some(Timeframe::M5), ..files::Options::default() };
    let stored = files::read(&*packed(BTC_FILE), &options).unwrap();
    for frame in ["15m", "1h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"] {
        let summed = stored.aggregate(frame.parse().unwrap()).unwrap();
        let mut tx = within(&app, &ana).await;
        let series = market_data::series(&mut tx, &market(frame)).await.unwrap();
        let loaded = market_data::load(&mut tx, &series, None, None).await.unwrap();
        assert!(rows(&loaded) == rows(&summed), "{frame}: {} and {}", loaded.len(), summed.len());
        let (first, last) = (summed.open_time(0), summed.open_time(summed.len() - 1));
        assert_eq!(series.first_open_time().unwrap().millis(), first.millis(), "{frame}");
        assert_eq!(series.last_open_time().unwrap().millis(), last.millis(), "{frame}");
        assert!(series.candle_count() >= summed.len() as i64, "{frame}");
    }
}

#[db_test]
async fn pages_of_a_summed_frame_are_the_same_in_both_directions(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, csv(&five_minutes("2024-01-01T10:25:00Z", 700))).await;
    for frame in ["10m", "2m"] {
        ana.get(&format!("{CANDLES}?{}", of(frame))).await.refused(422, "VALIDATION_ERROR");
    }
    for (frame, first, last, count) in [
        ("15m", "2024-01-01T10:30:00.000Z", "2024-01-03T20:30:00.000Z", 233),
        ("1h", "2024-01-01T11:00:00.000Z", "2024-01-03T19:00:00.000Z", 57),
        ("6h", "2024-01-01T12:00:00.000Z", "2024-01-03T12:00:00.000Z", 9),
        ("1d", "2024-01-02T00:00:00.000Z", "2024-01-02T00:00:00.000Z", 1),
    ] {
        let all = all_candles(&ana, &of(frame)).await;
        assert_eq!((all.len(), all[0][0].as_str(), all[all.len() - 1][0].as_str()), (count, first, last), "{frame}");
        let mut backwards = vec![];
        let mut before = "2100-01-01T00:00:00Z".to_owned();
        loop {
            let body = ana.get(&format!("{CANDLES}?{}&limit=7&before={before}", of(frame))).await.body();
            let page = body["data"].as_array().unwrap().clone();
            backwards.extend(page.iter().map(|candle| candle["openTime"].as_str().unwrap().to_owned()));
            assert!(page.iter().all(|candle| candle["origin"] == "derived"), "{body}");
            match body["meta"]["next"].as_str() {
                Some(next) => before = next.to_owned(),
                None => break,
            }
        }
        backwards.reverse();
        assert_eq!(backwards, all.into_iter().map(|[time, ..]| time).collect::<Vec<_>>(), "{frame}");
    }
}

#[db_test]
async fn the_longest_frame_that_divides_answers_and_the_own_one_before_the_platforms(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let hour = |open: u32| format!("{},{open},{open},{open},{open},1", at("2024-01-01").millis());
    let four = |open: u32| {
        let hours =
            (0..4).map(|n| format!("{},{open},{open},{open},{open},1", at("2024-01-01").millis() + n * 3_600_000));
        csv(&hours.collect::<Vec<_>>())
    };
    import_for_all(&app, &market("5m"), csv(&five_minutes("2024-01-01", 48))).await;
    assert_eq!(all_candles(&bob, &of("4h")).await[0][1], "100");
    import_for_all(&app, &market("1h"), four(7)).await;
    assert_eq!(all_candles(&bob, &of("4h")).await[0][1], "7", "an hour is longer than five minutes");
    import(&ana, &of("1h"), csv(&[hour(9)])).await;
    assert_eq!(all_candles(&ana, &of("4h")).await, Vec::<[String; 6]>::new(), "her own hour fills no four");
    import(&ana, &of("1h"), four(9)).await;
    assert_eq!(all_candles(&ana, &of("4h")).await[0][1], "9");
    assert_eq!(all_candles(&bob, &of("4h")).await[0][1], "7");
    import_for_all(&app, &market("4h"), csv(&[hour(3)])).await;
    for member in [&ana, &bob] {
        assert_eq!(all_candles(member, &of("4h")).await[0][1], "3", "one that is stored is not summed");
    }
}

#[db_test]
async fn hours_and_days_follow_whatever_changes_the_candles_below(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = five_minutes("2024-01-01", 12 * 72);
    // the halves of hours come in any order, with a hole that is filled later and figures that are corrected
    for part in [600..864, 0..100, 300..605, 90..200, 200..310] {
        import(&ana, BTC_5M, csv(&lines[part])).await;
    }
    let mut corrected = lines.clone();
    corrected[450] = corrected[450].replace(",1.5", ",2.25");
    import(&ana, BTC_5M, csv(&corrected[450..451])).await;
    let text = csv(&corrected);
    let stored = files::read(text.as_bytes(), &files::Options::default()).unwrap();
    for frame in ["1h", "2h", "1d"] {
        let expected = rows(&stored.aggregate(frame.parse().unwrap()).unwrap());
        assert_eq!(all_candles(&ana, &of(frame)).await, expected, "{frame}");
    }
    let series = ana.get(MARKETS).await.ok()[0]["id"].as_str().unwrap().to_owned();
    ana.delete(&format!("/api/v1/market-data/series/{series}")).await.no_content();
    let mut tx = app.system().await;
    let left: i64 = sqlx::query_scalar("select count(*) from candle_rollups").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(left, 0);
}

#[db_test]
async fn gaps_and_indicators_know_summed_frames(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut lines = five_minutes("2024-01-01", 12 * 10);
    lines.drain(30..51);
    import(&ana, BTC_5M, csv(&lines)).await;
    let gaps = ana.get(&format!("{GAPS}?{}", of("1h"))).await.ok();
    assert_eq!((&gaps["gapCount"], &gaps["missing"]), (&json!(1), &json!(1)));
    assert_eq!(gaps["gaps"][0]["from"], "2024-01-01T03:00:00.000Z");
    let computation = json!({ "market": market("1h"), "kind": "sma", "parameters": { "period": 2 } });
    let values = ana.post("/api/v1/indicators/compute", &computation).await.ok();
    assert_eq!(values["openTimes"].as_array().unwrap().len(), 9);
    assert_eq!(values["outputs"]["value"][1], 117.0, "of the closes 111 and 123");
}

#[db_test]
async fn bots_read_a_summed_frame_on_from_where_they_stood(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, csv(&five_minutes("2024-01-01", 12 * 5 + 6))).await;
    let mut tx = within(&app, &ana).await;
    let series = market_data::series(&mut tx, &market("1h")).await.unwrap();
    let mut seen = BTreeMap::new();
    let mut last = None;
    loop {
        let next = market_data::after(&mut tx, &series, last, 2).await.unwrap();
        let Some(candle) = next.last() else { break };
        last = Some(candle.open_time);
        seen.extend(next.iter().map(|candle| (candle.open_time, candle.volume.to_string())));
    }
    assert_eq!(seen.len(), 5, "the half hour at the end is not closed");
    assert!(seen.values().all(|volume| volume == "18"));
}
