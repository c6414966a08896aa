//! Why candles are missing, and how they are filled in.

mod common;

use common::*;
use testkit::{PgPool, db_test, json};

const REPAIR: &str = "/api/v1/market-data/candles/repair";
const ETH_5M: &str = "exchange=binance&symbol=ETH/USDT&timeframe=5m";
const ETH_FILE: &str = "binance_ETHUSDT_5m_20230101_20230630.csv.gz";
const BTC_FILE: &str = "binance_BTCUSDT_5m_20230101_20231230.csv.gz";
const HOUR: i64 = 3_600_000;
const START: i64 = 1_672_531_200_000;

fn flat(step: i64, rows: impl IntoIterator<Item = i64>) -> String {
    csv(&rows.into_iter().map(|row| format!("{},5,6,4,5,1", START + row * step)).collect::<Vec<_>>())
}

#[db_test]
async fn a_real_outage_is_told_by_the_other_market(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    ana.upload(&format!("{IMPORT}?{BTC_5M}"), "application/gzip", packed(BTC_FILE)).await.ok();
    let alone = ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok();
    assert_eq!(alone["gaps"][0]["cause"], "unknown");
    ana.upload(&format!("{IMPORT}?{ETH_5M}"), "application/gzip", packed(ETH_FILE)).await.ok();
    let told = ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok();
    let outage = json!([{"from": "2023-03-24T12:40:00.000Z", "to": "2023-03-24T14:00:00.000Z", "missing": 16, "cause": "outage"}]);
    assert_eq!(told["gaps"], outage);
}

#[db_test]
async fn a_market_that_went_on_makes_it_no_outage_and_a_finer_series_tells_whether_there_was_trade(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, flat(300_000, (0..10).chain(15..20).chain(30..40))).await;
    import(&ana, ETH_5M, flat(300_000, 0..60)).await;
    let causes = async || {
        let gaps = ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok();
        [0, 1].map(|n| gaps["gaps"][n]["cause"].as_str().unwrap().to_owned())
    };
    assert_eq!(causes().await, ["unknown", "unknown"]);
    let minutes = BTC_5M.replace("5m", "1m");
    import(&ana, &minutes, flat(60_000, (0..50).chain(75..200))).await;
    assert_eq!(causes().await, ["noTrades", "unknown"], "the second can be filled in");
}

#[db_test]
async fn a_gap_is_filled_from_finer_candles_and_gives_way_to_what_is_told_later(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["market-data:read", "market-data:write", "audit:read"]).await;
    let repair = json!({ "market": market("1h") });
    let hours = BTC_5M.replace("5m", "1h");
    ana.post(REPAIR, &repair).await.refused(404, "SERIES_NOT_FOUND");
    import(&ana, &hours, flat(HOUR, [0, 1, 4, 7])).await;
    ana.post(REPAIR, &repair).await.refused(409, "NOTHING_FOUND");
    import(&ana, BTC_5M, flat(300_000, 0..60)).await;
    let filled = ana.post(REPAIR, &repair).await.ok();
    assert_eq!((&filled["imported"], &filled["updated"]), (&json!(2), &json!(0)));
    let candles = ana.get(&format!("{CANDLES}?{hours}")).await.ok();
    let told: Vec<_> = candles
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["origin"].as_str().unwrap(), it["volume"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("file", "1"), ("file", "1"), ("derived", "12"), ("derived", "12"), ("file", "1"), ("file", "1")]
    );
    let left = ana.get(&format!("{GAPS}?{hours}")).await.ok();
    assert_eq!((&left["gapCount"], &left["missing"]), (&json!(1), &json!(2)), "nothing is invented");
    let corrected = import(&ana, &hours, flat(HOUR, [2, 3])).await;
    assert_eq!(corrected["updated"], 2);
    let entries = ana.get("/api/v1/audit?resource=candle_series").await.ok();
    assert_eq!(entries.as_array().unwrap().len(), 4);
}

#[db_test]
async fn an_own_series_is_filled_from_the_platforms_and_never_the_other_way_round(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    import_for_all(&app, &market("5m"), flat(300_000, (0..10).chain(12..20))).await;
    let repair = json!({ "market": market("5m") });
    ana.post(REPAIR, &repair).await.refused(404, "SERIES_NOT_FOUND");
    import(&ana, BTC_5M, flat(300_000, [0, 5, 10, 12, 19])).await;
    let filled = ana.post(REPAIR, &repair).await.ok();
    assert_eq!(filled["imported"], 14);
    assert_eq!(all_candles(&bob, BTC_5M).await.len(), 18);
    assert_eq!(ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok()["missing"], 1);
}

#[db_test]
async fn what_a_source_found_fills_gaps_and_nothing_else(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, flat(300_000, [0, 3])).await;
    let found = flat(300_000, 0..9).replace(",5,6,4,5,1", ",7,7,7,7,7");
    let found =
        market_data::parse(&market("5m"), std::io::Cursor::new(found.into_bytes()), app.clock().now()).await.unwrap();
    let tx = within(&app, &ana).await;
    let filled = market_data::fill(tx, &market("5m"), market_data::CandleOrigin::Exchange, found.iter()).await.unwrap();
    assert_eq!(filled.imported, 2);
    let told: Vec<_> = all_candles(&ana, BTC_5M).await.into_iter().map(|[_, open, ..]| open).collect();
    assert_eq!(told, ["5", "7", "7", "5"]);
}
