//! Lots, gains, statements, and the proof of them.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use portfolio::{EquityPoint, Holding};
use testkit::{PgPool, Value, db_test, json};
use trading::{money::Symbol, order::Side};

/// Buys 2 for 100 and 2 for 200, each for a fee of 1, and sells 3 for 300: two lots, one of them in part.
const TRADES: [(Side, &str, &str); 3] = [(Side::Buy, "2", "100"), (Side::Buy, "2", "200"), (Side::Sell, "3", "300")];

#[db_test]
async fn gains_are_told_by_lot_and_in_sum(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let btc: Symbol = "BTC/USDT".parse().unwrap();
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &btc, "1000").await;
    let position = trade(&mut tx, bot, &btc, "1000", &TRADES).await;
    portfolio::save(&mut tx, &[Holding { bot, symbol: btc, position, mark: Some("250".parse().unwrap()) }])
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let told = |list: &Value, keys: [&str; 4]| -> Vec<[String; 4]> {
        let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
        list.as_array().unwrap().iter().map(|it| keys.map(|key| text(it, key))).collect()
    };
    let gains = ana.get("/api/v1/portfolio/gains").await.ok();
    // the sale brings 899, of which two thirds are those of the first lot
    let expected = [
        ["2024-01-01T02:00:00.000Z", "1", "200.5", "99.16666666666666666666666666"],
        ["2024-01-01T01:00:00.000Z", "2", "201", "398.33333333333333333333333334"],
    ];
    assert_eq!(told(&gains, ["acquiredAt", "quantity", "cost", "gain"]), expected.map(|it| it.map(str::to_owned)));
    let totals = ana.get("/api/v1/portfolio/gains/totals").await.ok();
    assert_eq!(
        told(&totals, ["symbol", "cost", "proceeds", "gain"]),
        [["BTC/USDT", "401.5", "899", "497.5"].map(str::to_owned)]
    );
    let average = ana.get("/api/v1/portfolio/gains/totals?method=average").await.ok();
    assert_eq!(
        told(&average, ["symbol", "cost", "proceeds", "gain"]),
        [["BTC/USDT", "451.5", "899", "447.5"].map(str::to_owned)]
    );
    assert_eq!(ana.get("/api/v1/portfolio/gains?to=2024-01-01T03:00:00Z").await.ok(), json!([]));
    assert_eq!(
        ana.get("/api/v1/portfolio/gains?from=2024-01-01T03:00:00Z&limit=1").await.ok().as_array().unwrap().len(),
        1
    );

    let lots = ana.get("/api/v1/portfolio/lots").await.ok();
    assert_eq!(
        told(&lots, ["quantity", "cost", "value", "unrealisedPnl"]),
        [["1", "200.5", "250", "49.5"].map(str::to_owned)]
    );
    let csv = ana.get("/api/v1/portfolio/gains/export").await.text();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "bot,symbol,acquired,disposed,days_held,quantity,cost,proceeds,gain");
    let sold = "BTC/USDT,2024-01-01T02:00:00.000Z,2024-01-01T03:00:00.000Z,0,1,200.5";
    assert!(
        lines.len() == 3 && lines[1].starts_with(&format!("{bot},BTC/USDT,2024-01-01T01")) && lines[2].contains(sold)
    );

    let bob = app.member(["portfolio:read"]).await;
    assert_eq!(bob.get("/api/v1/portfolio/gains").await.ok(), json!([]));
    bob.get(&format!("/api/v1/portfolio/lots?botId={bot}")).await.refused(404, "BOT_NOT_FOUND");
    ana.get("/api/v1/portfolio/gains?method=lifo").await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn a_statement_explains_what_a_period_has_brought(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let btc: Symbol = "BTC/USDT".parse().unwrap();
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &btc, "1000").await;
    let position = trade(&mut tx, bot, &btc, "1000", &TRADES).await;
    portfolio::save(&mut tx, &[Holding { bot, symbol: btc, position, mark: Some("250".parse().unwrap()) }])
        .await
        .unwrap();
    // after the first purchase 799 in cash and coins at 110, after the second 398 and coins at 220, at last 1,297 and a coin
    let points = [(1, "799", "220"), (2, "398", "880"), (3, "1297", "250")];
    let points = points.map(|(hour, cash, value)| EquityPoint {
        at: at(hour),
        cash: amount(cash),
        position_value: amount(value),
    });
    portfolio::record_equity(&mut tx, &[(bot, &points[..])]).await.unwrap();
    tx.commit().await.unwrap();

    let statement = async |from: i64, to: i64| {
        let period = format!("from=2024-01-01T{from:02}:00:00Z&to=2024-01-01T{to:02}:30:00Z");
        ana.get(&format!("/api/v1/portfolio/statement?{period}")).await.ok()[0].clone()
    };
    let all = statement(0, 3).await;
    for (key, value) in [("currency", "USDT"), ("added", "1000"), ("realisedPnl", "447.5"), ("fees", "3")] {
        assert_eq!(all[key], value, "{key}");
    }
    assert_eq!((&all["opening"]["equity"], &all["closing"]["equity"]), (&json!("0"), &json!("1547")));
    assert_eq!((&all["unrealisedChange"], &all["fills"]), (&json!("99.5"), &json!(3)));
    let last = statement(3, 3).await;
    assert_eq!((&last["opening"]["equity"], &last["added"]), (&json!("1278"), &json!("0")));
    assert_eq!((&last["realisedPnl"], &last["unrealisedChange"]), (&json!("447.5"), &json!("-178.5")));
    let backwards = "/api/v1/portfolio/statement?from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z";
    ana.get(backwards).await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn a_position_that_its_fills_do_not_make_is_found(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read", "audit:read"]).await;
    let btc: Symbol = "BTC/USDT".parse().unwrap();
    let mut tx = begin(&app, &ana).await;
    let (good, bad) = (bot(&mut tx, &btc, "1000").await, bot(&mut tx, &btc, "1000").await);
    for bot in [good, bad] {
        let position = trade(&mut tx, bot, &btc, "1000", &TRADES).await;
        portfolio::save(&mut tx, &[Holding { bot, symbol: btc, position, mark: None }]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let sound = ana.get("/api/v1/portfolio/proof").await.ok();
    assert_eq!(sound, json!({ "checked": 2, "differing": [] }));
    portfolio::prove_all(app.app()).await.unwrap();
    assert_eq!(ana.get("/api/v1/audit?action=portfolio.differs").await.ok(), json!([]));

    let mut tx = app.system().await;
    let spoiled = sqlx::query("update positions set cash = cash + 0.00000001 where bot_id = $1").bind(bad);
    spoiled.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let found = ana.get("/api/v1/portfolio/proof").await.ok();
    assert_eq!(found["differing"], json!([{ "botId": bad, "symbol": "BTC/USDT" }]));
    portfolio::prove_all(app.app()).await.unwrap();
    let entries = ana.get("/api/v1/audit?action=portfolio.differs").await.ok();
    assert_eq!((entries.as_array().unwrap().len(), &entries[0]["resourceId"]), (1, &json!(bad)));
}
