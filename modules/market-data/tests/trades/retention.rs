//! How long trades are kept.

use crate::{
    common::{BTC_5M, all_candles},
    dump::*,
};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

const DAY: i64 = 86_400_000;

async fn prepared(db: PgPool) -> (TestApp, Member) {
    let app = TestApp::new(db, [configurations::module(), market_data::module()]).await;
    let may = ["market-data:read", "market-data:write", "configurations:write", "audit:read"];
    let ana = app.member(may).await;
    app.keep_sessions().await;
    (app, ana)
}

async fn keep_for(client: &Member, days: i64) {
    let setting = "/api/v1/configurations/market-data.raw-retention-days";
    client.put(setting, &json!({ "value": days })).await.ok();
}

/// A trade at noon of each of the first days of December 2025.
fn noons(days: i64) -> String {
    (0..days).map(|day| format!("{},5,1,5,{},true,true\n", day + 100, START + day * DAY + DAY / 2)).collect()
}

async fn prunings(client: &Member) -> Vec<Value> {
    let entries = client.get("/api/v1/audit?action=trade_series.pruned&limit=100").await.ok();
    entries.as_array().unwrap().iter().map(|it| it["after"].clone()).collect()
}

#[db_test]
async fn trades_are_kept_for_ever_unless_somebody_says_otherwise(db: PgPool) {
    let (app, ana) = prepared(db).await;
    import(&ana, noons(3)).await;
    app.clock().advance(chrono::TimeDelta::days(10_000));
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(stored(&app).await, 3);
}

#[db_test]
async fn what_a_tenant_keeps_no_longer_is_removed_day_by_day(db: PgPool) {
    let (app, ana) = prepared(db).await;
    import(&ana, noons(10)).await;
    import_for_all(&app, noons(2)).await;
    let candle = crate::common::lines(1)[0].clone();
    crate::common::import(&ana, BTC_5M, candle).await;
    // since 2025-12-05, of 2026-01-05
    keep_for(&ana, 31).await;
    market_data::keep(app.app()).await.unwrap();
    let series = ana.get(SERIES).await.ok();
    let own = &series.as_array().unwrap().iter().find(|it| it["shared"] == false).unwrap();
    assert_eq!(
        (&own["tradeCount"], &own["firstTradeId"], &own["firstTradeTime"]),
        (&json!(6), &json!(104), &json!("2025-12-05T12:00:00.000Z"))
    );
    assert_eq!(
        (stored(&app).await, all_candles(&ana, BTC_5M).await.len()),
        (6 + 2, 1),
        "candles have a setting of their own"
    );
    let told = prunings(&ana).await;
    assert_eq!((told.len(), &told[0]["removed"], &told[0]["retentionDays"]), (4, &json!(1), &json!(31)));
    assert_eq!((&told[0]["before"], &told[0]["kind"]), (&json!("2025-12-05T00:00:00.000Z"), &json!("single")));
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(prunings(&ana).await.len(), 4, "what is done is not done again");
}

#[db_test]
async fn a_series_of_which_nothing_is_left_goes_and_the_platforms_answers_again(db: PgPool) {
    let (app, ana) = prepared(db).await;
    import(&ana, noons(2)).await;
    import_for_all(&app, noons(5)).await;
    keep_for(&ana, 1).await;
    market_data::keep(app.app()).await.unwrap();
    assert_eq!(all(&ana, "").await.len(), 5);
    let entries = ana.get("/api/v1/audit?resource=trade_series").await.ok();
    let actions: Vec<_> = entries.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["deleted", "pruned", "pruned", "imported"].map(|what| format!("trade_series.{what}")));
}
