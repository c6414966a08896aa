//! What may be lost, and what would be.

use crate::support::{LIMITS, app, bot, hold, manager};
use testkit::{Member, PgPool, TestApp, db_test, json};

const DAY: i64 = 86_400_000;

/// Daily candles of so many days up to yesterday, each with a close of its own.
async fn import(app: &TestApp, by: &Member, days: i64) {
    let today = app.clock().now().millis() / DAY;
    let candle = |day: i64| {
        let close = 100 + day * 37 % 23;
        format!("{},100,130,90,{close},1\n", (today - days + day) * DAY)
    };
    let file = format!("open_time_ms,open,high,low,close,volume\n{}", (0..days).map(candle).collect::<String>());
    let path = "/api/v1/market-data/candles/import?exchange=binance&symbol=BTC/USDT&timeframe=1d";
    by.upload(path, "text/csv", file).await.ok();
}

async fn holding(app: &TestApp, of: &Member) {
    let mut tx = app.tenant(of.tenant).await;
    let (live, paper) = (bot(&mut tx, "live", "1000").await, bot(&mut tx, "paper", "500").await);
    hold(&mut tx, live, "1000", "10").await;
    hold(&mut tx, paper, "500", "4").await;
    tx.commit().await.unwrap();
}

/// The figures are of Python 3:
///
/// ```python
/// from statistics import NormalDist, mean, quantiles, stdev
/// closes = [100 + i * 37 % 23 for i in range(120)]
/// days = [1000 * (b / a - 1) for a, b in zip(closes, closes[1:])]
/// print(-quantiles(days, n=100, method="inclusive")[4])
/// print(NormalDist().inv_cdf(0.99) * stdev(days) * 10 ** 0.5 - mean(days) * 10)
/// ```
#[db_test]
async fn the_value_at_risk_is_reckoned_from_the_stored_days_live_and_paper_apart(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    import(&app, &ana, 120).await;
    assert_eq!(ana.get("/api/v1/risk/value-at-risk").await.ok(), json!([]), "nothing is held");
    holding(&app, &ana).await;
    let told = ana.get("/api/v1/risk/value-at-risk").await.ok();
    assert_eq!(told.as_array().unwrap().len(), 2);
    let (paper, live) = (&told[0], &told[1]);
    assert_eq!((&live["mode"], &live["currency"], &live["value"]), (&json!("live"), &json!("USDT"), &json!("1000")));
    assert_eq!((&live["observations"], &live["days"], &live["method"]), (&json!(119), &json!(1), &json!("historic")));
    assert_eq!(live["valueAtRisk"], "81.81818182");
    assert_eq!((&paper["mode"], &paper["value"]), (&json!("paper"), &json!("400")));
    let question = "/api/v1/risk/value-at-risk?method=parametric&confidence=0.99&days=10";
    assert_eq!(ana.get(question).await.ok()[1]["valueAtRisk"], "708.32810219");
    let short = ana.get("/api/v1/risk/value-at-risk?window=40").await.ok();
    assert_eq!(short[0]["observations"], 40);
    let bob = manager(&app).await;
    assert_eq!(bob.get("/api/v1/risk/value-at-risk").await.ok(), json!([]));
}

#[db_test]
async fn missing_days_are_said(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    holding(&app, &ana).await;
    let refusal = ana.get("/api/v1/risk/value-at-risk").await.refused(409, "HISTORY_MISSING");
    assert_eq!((&refusal["context"]["observations"], &refusal["context"]["needed"]), (&json!(0), &json!(30)));
    import(&app, &ana, 30).await;
    let refusal = ana.get("/api/v1/risk/value-at-risk").await.refused(409, "HISTORY_MISSING");
    assert_eq!(refusal["context"]["observations"], 29);
    assert!(refusal["message"].as_str().unwrap().contains("BTC/USDT of binance: 30"), "{refusal}");
}

#[db_test]
async fn a_stress_tells_each_bots_loss_and_the_limits_that_it_breaks(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxDailyLoss": "300", "maxDrawdownPercent": "50", "maxExposure": "1200" })).await.ok();
    holding(&app, &ana).await;
    let usual = ana.post("/api/v1/risk/stress", &json!({})).await.ok();
    let names: Vec<_> = usual.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["-10 %", "-30 %", "-50 %"]);
    let live = |outcome: usize| usual[outcome]["totals"][1].clone();
    assert_eq!((live(0)["loss"].clone(), live(0)["breaks"].clone()), (json!("100"), json!([])));
    assert_eq!((live(1)["loss"].clone(), live(1)["breaks"].clone()), (json!("300"), json!(["maxDailyLoss"])));
    assert_eq!(live(2)["breaks"], json!(["maxDailyLoss", "maxDrawdownPercent"]));
    let paper = &usual[2]["totals"][0];
    assert_eq!((&paper["mode"], &paper["loss"], &paper["breaks"]), (&json!("paper"), &json!("200"), &json!([])));
    let bots: Vec<_> = usual[1]["bots"].as_array().unwrap().iter().map(|it| it["loss"].clone()).collect();
    assert_eq!(bots.len(), 2);
    assert!(bots.contains(&json!("300")) && bots.contains(&json!("120")), "{bots:?}");

    let own = json!({ "scenarios": [
        { "name": "Rally", "shock": "-90", "shocks": { "BTC": "30" } },
        { "name": "Elsewhere", "shocks": { "ETH": "-50" } }
    ] });
    let own = ana.post("/api/v1/risk/stress", &own).await.ok();
    assert_eq!(
        (&own[0]["totals"][1]["loss"], &own[0]["totals"][1]["breaks"]),
        (&json!("-300"), &json!(["maxExposure"]))
    );
    assert_eq!(own[1]["totals"][1]["loss"], "0");
}
