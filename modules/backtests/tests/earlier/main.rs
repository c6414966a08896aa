//! Results that earlier versions have stored still open, in every view.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

#[path = "../common/mod.rs"]
mod common;

use common::{ALL, an_hour, app, done, import, quick};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

/// What was stored of the quick back-test before results named their filters: compressed JSON.
const PACKED: &[u8] = include_bytes!("before_filters.zst");
const PACKED_TRADES: &[u8] = include_bytes!("before_filters_trades.zst");

/// The same as it came from a time before compression, scenes, returns and funding.
fn plain() -> (Vec<u8>, Vec<u8>) {
    let metrics = json!({
        "finalEquity": "1028.969", "closedTrades": 1, "openTrades": 0, "wins": 1, "totalFees": "0.031",
        "netProfit": "28.969", "grossProfit": "28.969", "grossLoss": "0", "return": 0.028969, "cagr": null,
        "sharpe": null, "sortino": null, "calmar": null, "maxDrawdown": 0.0, "profitFactor": null,
        "expectancy": "28.969", "exposure": 0.48, "winRate": 1.0, "buyAndHold": 59.0
    });
    let point = json!([1_700_003_639_999_i64, "1028.969"]);
    let answer = json!({ "metrics": metrics, "trades": [], "equity": [point], "warnings": ["from long ago"] });
    let content = json!({ "answer": answer, "buyAndHold": [[1_700_003_639_999_i64, "60000"]] });
    let trades = json!([{
        "entryIndex": 1, "entryTime": 1_700_000_100_000_i64, "entryPrice": "1",
        "exitIndex": 30, "exitTime": 1_700_001_840_000_i64, "exitPrice": "30",
        "quantity": "1", "fees": "0.031", "pnl": "28.969", "reason": "exit"
    }]);
    (content.to_string().into_bytes(), trades.to_string().into_bytes())
}

/// Puts a result in the place of that of a back-test, whose file knows of no filters.
async fn store(app: &TestApp, member: &Member, id: &str, (content, trades): (&[u8], &[u8])) {
    let (mut tx, id) = (app.tenant(member.tenant).await, id.parse::<Uuid>().unwrap());
    let result = "update backtest_results set content = $2, made = null, digest = null where backtest_id = $1";
    sqlx::query(result).bind(id).bind(content).execute(tx.conn()).await.unwrap();
    let part = "update backtest_trades set content = $2 where backtest_id = $1";
    sqlx::query(part).bind(id).bind(trades).execute(tx.conn()).await.unwrap();
    let file = "update backtests set file = file - 'filters' where id = $1";
    sqlx::query(file).bind(id).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[db_test]
async fn results_of_earlier_versions_are_shown_compared_and_run_again(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(ALL).await;
    import(&ana, "1m", an_hour()).await;
    let new = done(&app, &ana, &quick()).await;
    let (content, trades) = plain();
    for earlier in [(&content[..], &trades[..]), (PACKED, PACKED_TRADES)] {
        let id = done(&app, &ana, &quick()).await;
        store(&app, &ana, &id, earlier).await;
        let path = format!("/api/v1/backtests/{id}");
        let shown = ana.get(&path).await.ok();
        assert_eq!(
            (&shown["status"], &shown["filters"], &shown["digest"]),
            (&json!("done"), &Value::Null, &Value::Null)
        );
        assert_eq!(ana.get(&format!("{path}/trades")).await.ok()[0]["pnl"], "28.969");
        let equity = ana.get(&format!("{path}/equity")).await.ok();
        assert_eq!(equity["equity"].as_array().unwrap().last().unwrap()[1], "1028.969");
        for view in ["/report", "/report.png", "/file", "/trades/export?format=csv", "/equity/export?format=csv"] {
            let answer = ana.get(&format!("{path}{view}")).await;
            assert!(answer.status.is_success() && !answer.bytes.is_empty(), "{view}");
        }
        let beside = ana.post("/api/v1/backtests/compare", &json!({ "ids": [id, new] })).await.ok();
        let row = beside["metrics"].as_array().unwrap().iter().find(|row| row["key"] == "finalEquity").unwrap();
        assert_eq!(row["values"], json!(["1028.969", "1028.969"]));
        let asked = ana.post(&format!("{path}/rerun"), &json!({})).await.accepted();
        app.run_jobs().await;
        let again = ana.get(&format!("/api/v1/backtests/{}", asked["id"].as_str().unwrap())).await.ok();
        assert_eq!((&again["metrics"]["finalEquity"], &again["reproduction"]), (&json!("1028.969"), &Value::Null));
    }
}
