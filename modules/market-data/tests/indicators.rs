//! The catalogue of indicators, and computing them.

mod common;

use common::*;
use testkit::{PgPool, Value, db_test, json};

const COMPUTE: &str = "/api/v1/indicators/compute";

fn sma(parameters: &Value) -> Value {
    let market = json!({"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m"});
    json!({"market": market, "kind": "sma", "parameters": parameters})
}

#[db_test]
async fn an_indicator_is_computed_on_the_candles_that_are_asked_for(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines: Vec<String> =
        (0..6).map(|row| format!("{},1,9,1,{},5", 1_672_531_200_000_i64 + row * 300_000, row + 1)).collect();
    import(&ana, BTC_5M, csv(&lines)).await;
    let values = ana.post(COMPUTE, &sma(&json!({"period": 3}))).await.ok();
    assert_eq!(values["outputs"], json!({"value": [null, null, 2.0, 3.0, 4.0, 5.0]}));
    assert_eq!(values["openTimes"][2], "2023-01-01T00:10:00.000Z");
    let mut asked = sma(&json!({"period": 2}));
    asked["input"] = json!("high");
    asked["from"] = json!("2023-01-01T00:10:00Z");
    asked["to"] = json!("2023-01-01T00:20:00Z");
    assert_eq!(ana.post(COMPUTE, &asked).await.ok()["outputs"], json!({"value": [null, 9.0]}));
    assert_eq!(
        ana.post(COMPUTE, &sma(&json!({}))).await.ok()["outputs"]["value"],
        json!([null, null, null, null, null, null])
    );
}

#[db_test]
async fn what_no_indicator_takes_is_refused_by_its_path(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, csv(&lines(5))).await;
    let with = |key: &str, value: Value| {
        let mut asked = sma(&json!({}));
        asked[key] = value;
        asked
    };
    for (asked, path) in [
        (sma(&json!({"period": 0})), "parameters.period"),
        (sma(&json!({"period": 2.5})), "parameters.period"),
        (sma(&json!({"period": 1e300})), "parameters.period"),
        (sma(&json!({"length": 5})), "parameters.length"),
        (sma(&json!({"period": "5"})), "parameters.period"),
        (with("kind", json!("smma")), "kind"),
        (with("kind", json!("x".repeat(100))), "kind"),
        (with("input", json!("price")), "input"),
        (with("from", json!("yesterday")), "from"),
    ] {
        ana.post(COMPUTE, &asked).await.invalid(path);
    }
    let unknown = ana.post(COMPUTE, &with("kind", json!("smaa"))).await.invalid("kind");
    assert!(unknown["message"].as_str().is_some_and(|message| message.contains("`sma`")), "{unknown}");
    ana.post(COMPUTE, &with("candles", json!([]))).await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn more_candles_than_are_computed_at_once_are_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, packed("binance_BTCUSDT_5m_20230101_20231230.csv.gz")).await;
    let refused = ana.post(COMPUTE, &sma(&json!({}))).await.invalid("from");
    assert_eq!(refused["errors"][0]["code"], "TOO_MANY_CANDLES");
}

#[db_test]
async fn a_tenant_computes_nothing_on_anothers_candles(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(["market-data:read"]).await);
    import(&ana, BTC_5M, csv(&lines(5))).await;
    bob.post(COMPUTE, &sma(&json!({}))).await.refused(404, "MARKET_NOT_FOUND");
    app.member(["market-data:write"]).await.post(COMPUTE, &sma(&json!({}))).await.refused(403, "FORBIDDEN");
    app.stranger().post(COMPUTE, &sma(&json!({}))).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn the_catalogue_tells_every_indicator_with_its_defaults(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["market-data:read"]).await;
    let kinds = ana.get("/api/v1/indicators").await.ok();
    let named = |name: &str| kinds.as_array().and_then(|kinds| kinds.iter().find(|kind| kind["name"] == name)).cloned();
    assert_eq!(kinds.as_array().map(Vec::len), Some(trading::indicator::CATALOGUE.len()));
    let slow = json!({"name": "slowPeriod", "integer": true, "minimum": 2.0, "maximum": 10000.0, "default": 26.0});
    assert_eq!(named("macd").map(|macd| macd["parameters"][1].clone()), Some(slow));
    assert_eq!(named("macd").map(|macd| macd["outputs"].clone()), Some(json!(["macd", "signal", "hist"])));
    assert_eq!(named("atr").map(|atr| atr["inputs"].clone()), Some(json!(["high", "low", "close"])));
    let told = |name: &str, keys: &[&str]| {
        let kind = named(name).unwrap_or_default();
        keys.iter().map(|key| kind[key].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("rsi", &["group", "warmUp", "recursive"]), [json!("momentum"), json!(14), json!(true)]);
    let percent = json!([{"output": "value", "overlay": false, "minimum": 0.0, "maximum": 100.0}]);
    assert_eq!(told("rsi", &["plots", "nothingWhere"]), [percent, json!(null)]);
    let price = json!([{"output": "value", "overlay": true, "minimum": null, "maximum": null}]);
    assert_eq!(
        told("sma", &["plots", "recursive", "formula"]),
        [price, json!(false), json!("the mean of the last `period` values")]
    );
}
