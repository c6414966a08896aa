//! Back-tests whose orders are held to the filters of the exchange.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::{ALL, an_hour, app, done, import, import_of, only, quick};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

/// The quick file with an odd quantity, by the filters of the exchange.
fn file() -> Value {
    let mut file = quick();
    file.as_object_mut().unwrap().remove("filters");
    file["strategy"]["sizing"]["quantity"] = json!("20.1234567");
    file
}

async fn shown(member: &Member, id: &str) -> Value {
    member.get(&format!("/api/v1/backtests/{id}")).await.ok()
}

async fn traded(member: &Member, id: &str) -> Value {
    member.get(&format!("/api/v1/backtests/{id}/trades")).await.ok()[0]["quantity"].clone()
}

/// The exchange trades Bitcoin in other steps from now on.
async fn change_the_lot(app: &TestApp, lot: &str) {
    let mut tx = app.system().await;
    sqlx::query("update instruments set lot = $1::numeric where symbol = 'BTC/USDT'")
        .bind(lot)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[db_test]
async fn the_filters_of_the_exchange_are_applied_told_and_kept_for_a_rerun(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let id = done(&app, &ana, &file()).await;
    let first = shown(&ana, &id).await;
    let applied = &first["filters"]["applied"][0];
    assert_eq!((&applied["symbol"], &applied["lot"]), (&json!("BTC/USDT"), &json!("0.000001")));
    assert_eq!((&first["filters"]["notes"], &first["file"]["filters"][0]), (&json!([]), applied));
    assert_eq!(traded(&ana, &id).await, "20.123456");
    let page = ana.get(&format!("/api/v1/backtests/{id}/report")).await.text();
    assert!(page.contains("quantities in steps of 0.000001"));

    change_the_lot(&app, "0.1").await;
    let asked = ana.post(&format!("/api/v1/backtests/{id}/rerun"), &json!({})).await.accepted();
    app.run_jobs().await;
    let again = shown(&ana, asked["id"].as_str().unwrap()).await;
    assert_eq!(again["reproduction"], json!({ "same": true, "changed": [] }));
    let anew = done(&app, &ana, &file()).await;
    assert_eq!(traded(&ana, &anew).await, "20.1");
    // the file has them in it, so that nothing else is needed without a server
    let text = ana.get(&format!("/api/v1/backtests/{id}/file")).await.text();
    let go_on = |_, _| std::ops::ControlFlow::Continue(());
    let offline = backtests::offline::run(&text, only(an_hour().as_bytes()), go_on).unwrap();
    assert_eq!(serde_json::to_value(&offline).unwrap()["filters"], first["filters"]);
    assert_eq!(serde_json::to_value(&offline).unwrap()["metrics"], first["metrics"]);
}

#[db_test]
async fn an_order_that_the_exchange_would_not_take_is_a_warning_with_its_count(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let mut file = file();
    file["strategy"]["sizing"]["quantity"] = json!("1");
    file["strategy"]["entry"] = json!({ "lt": ["close", 4] });
    let id = done(&app, &ana, &file).await;
    let told = "3 orders broke a filter of the market and were refused; the first: the value 1 is below the minimum 10";
    assert!(shown(&ana, &id).await["warnings"].as_array().unwrap().contains(&json!(told)));
    file["filters"] = json!("none");
    let id = done(&app, &ana, &file).await;
    let free = shown(&ana, &id).await;
    assert_eq!((&free["metrics"]["closedTrades"], &free["filters"]), (&json!(1), &Value::Null));
}

#[db_test]
async fn where_no_filters_are_known_none_are_applied_and_the_result_says_so(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import_of(&ana, "XRP/USDT", "1m", an_hour()).await;
    let mut file = file();
    file["strategy"]["market"]["symbol"] = json!("XRP/USDT");
    let id = done(&app, &ana, &file).await;
    let note = "the filters of XRP/USDT at binance are not known, so that none were applied";
    let shown = shown(&ana, &id).await;
    assert_eq!(shown["filters"], json!({ "applied": [], "notes": [note] }));
    assert_eq!((&shown["warnings"], traded(&ana, &id).await), (&json!([]), json!("20.1234567")));
    file["sweep"] = json!({ "sizing.quantity": ["20", "21"] });
    let swept = done(&app, &ana, &file).await;
    let swept = ana.get(&format!("/api/v1/backtests/{swept}")).await.ok();
    assert_eq!(swept["filters"]["notes"], json!([note]));
}
