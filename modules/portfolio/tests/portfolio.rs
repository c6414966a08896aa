//! What bots hold and earn, as their fills make it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use portfolio::{EquityPoint, Holding};
use testkit::{PgPool, db_test, json};
use trading::{money::Symbol, order::Side};

#[db_test]
async fn positions_and_totals_are_what_the_fills_make(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let (btc, eth): (Symbol, Symbol) = ("BTC/USDT".parse().unwrap(), "ETH/BTC".parse().unwrap());
    let mut tx = begin(&app, &ana).await;
    let (first, second, third) =
        (bot(&mut tx, &btc, "1000").await, bot(&mut tx, &btc, "500").await, bot(&mut tx, &eth, "2").await);
    // buys 4 for 100 and sells 1 for 120: cost 401, of which a quarter leaves with the sale
    let trades = [(Side::Buy, "4", "100"), (Side::Sell, "1", "120")];
    let position = trade(&mut tx, first, &btc, "1000", &trades).await;
    portfolio::save(&mut tx, &[Holding { bot: first, symbol: btc, position, mark: Some("110".parse().unwrap()) }])
        .await
        .unwrap();
    let rebuilt = portfolio::rebuild(&mut tx, first, &[btc], amount("1000")).await.unwrap();
    assert_eq!(rebuilt.positions().collect::<Vec<_>>(), [&(btc, position)]);
    portfolio::check(&mut tx, first, &btc, &position).await.unwrap();
    portfolio::check(&mut tx, second, &btc, &position).await.unwrap_err();
    tx.commit().await.unwrap();

    let open = ana.get("/api/v1/positions?open=true").await.ok();
    let [held] = &open.as_array().unwrap()[..] else { panic!("one position, not {open}") };
    for (key, value) in [
        ("quantity", "3"),
        ("cost", "300.75"),
        ("averageCost", "100.25"),
        ("markPrice", "110"),
        ("value", "330"),
        ("unrealisedPnl", "29.25"),
        ("realisedPnl", "18.75"),
        ("fees", "2"),
    ] {
        assert_eq!(held[key], value, "{key}");
    }
    let portfolio = ana.get("/api/v1/portfolio").await.ok();
    let totals = portfolio["totals"].as_array().unwrap();
    assert_eq!((&totals[0]["currency"], &totals[0]["equity"]), (&json!("BTC"), &json!("2")));
    for (key, value) in [
        ("currency", "USDT"),
        ("initialCash", "1500"),
        ("cash", "1218"),
        ("positionValue", "330"),
        ("equity", "1548"),
        ("pnl", "48"),
        ("return", "0.032"),
    ] {
        assert_eq!(totals[1][key], value, "{key}");
    }
    let bots: Vec<_> = portfolio["bots"].as_array().unwrap().iter().map(|bot| bot["botId"].as_str().unwrap()).collect();
    assert_eq!(bots.len(), 3);
    assert!([first, second, third].iter().all(|id| bots.contains(&id.to_string().as_str())));
}

#[db_test]
async fn a_long_curve_is_thinned_to_the_last_points_of_its_stretches(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["portfolio:read"]).await;
    let btc: Symbol = "BTC/USDT".parse().unwrap();
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &btc, "1000").await;
    let point = |hour: i64| {
        let cash = amount(&(1_000 + hour).to_string());
        EquityPoint { at: at(hour), cash, position_value: amount("1") }
    };
    let points: Vec<_> = (0..100).map(point).collect();
    portfolio::record_equity(&mut tx, &[(bot, &points[..])]).await.unwrap();
    tx.commit().await.unwrap();

    let curve = async |rest: &str| ana.get(&format!("/api/v1/portfolio/equity?botId={bot}{rest}")).await.ok();
    let all = curve("").await;
    assert_eq!(all.as_array().unwrap().len(), 100);
    assert_eq!(
        (&all[0]["at"], &all[0]["equity"], &all[0]["cash"]),
        (&json!("2024-01-01T00:00:00.000Z"), &json!("1001"), &json!("1000"))
    );
    let thin = curve("&points=4").await;
    let cash: Vec<_> = thin.as_array().unwrap().iter().map(|point| point["cash"].as_str().unwrap()).collect();
    assert_eq!(cash, ["1024", "1049", "1074", "1099"]);
    let part = curve("&from=2024-01-01T10:00:00Z&to=2024-01-01T12:00:00Z").await;
    assert_eq!(part.as_array().unwrap().len(), 2);
}

#[db_test]
async fn a_portfolio_is_its_tenants_alone(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(["portfolio:read"]).await, app.member(["portfolio:read"]).await);
    let mut tx = begin(&app, &ana).await;
    let bot = bot(&mut tx, &"BTC/USDT".parse().unwrap(), "1000").await;
    tx.commit().await.unwrap();
    assert_eq!(ana.get("/api/v1/positions").await.ok().as_array().unwrap().len(), 1);
    assert_eq!(bob.get("/api/v1/positions").await.ok(), json!([]));
    assert_eq!(bob.get("/api/v1/portfolio").await.ok(), json!({ "totals": [], "bots": [] }));
    let curve = format!("/api/v1/portfolio/equity?botId={bot}");
    assert_eq!(ana.get(&curve).await.ok(), json!([]));
    bob.get(&curve).await.refused(404, "BOT_NOT_FOUND");
    app.member(["orders:read"]).await.get(&curve).await.refused(403, "FORBIDDEN");
    app.stranger().get("/api/v1/portfolio").await.refused(401, "UNAUTHORIZED");
    ana.get("/api/v1/portfolio/equity?botId=mine").await.refused(422, "VALIDATION_ERROR");
    ana.get(&format!("{curve}&points=0")).await.refused(422, "VALIDATION_ERROR");
}
