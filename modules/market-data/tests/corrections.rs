//! Which figures a candle has when several sources tell it.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::*;
use market_data::CandleOrigin;
use std::io::Cursor;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};

const TIME: i64 = 1_672_531_200_000;

fn line(figure: u32) -> String {
    format!("{TIME},{figure},{figure},{figure},{figure},1\n")
}

async fn tell(app: &TestApp, member: &Member, origin: CandleOrigin, figure: u32) -> market_data::Imported {
    let candles =
        market_data::parse(&market("5m"), Cursor::new(line(figure).into_bytes()), app.clock().now()).await.unwrap();
    market_data::import(within(app, member).await, &market("5m"), origin, candles).await.unwrap()
}

async fn stored_figure(client: &Client) -> Value {
    let candles = client.get(&format!("{CANDLES}?{BTC_5M}")).await.ok();
    json!([candles[0]["close"], candles[0]["origin"]])
}

#[db_test]
async fn the_order_in_which_sources_of_different_places_tell_does_not_matter(db: PgPool) {
    use CandleOrigin::{Derived, Exchange, File};
    let app = app(db).await;
    for order in [
        [Derived, File, Exchange],
        [Derived, Exchange, File],
        [File, Derived, Exchange],
        [File, Exchange, Derived],
        [Exchange, Derived, File],
        [Exchange, File, Derived],
    ] {
        let ana = app.member(BOTH).await;
        for origin in order {
            tell(&app, &ana, origin, origin as u32).await;
        }
        assert_eq!(stored_figure(&ana).await, json!(["3", "exchange"]), "{order:?}");
    }
}

#[db_test]
async fn the_same_figures_from_a_higher_place_hold_against_a_lower_one(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    tell(&app, &ana, CandleOrigin::File, 5).await;
    let again = tell(&app, &ana, CandleOrigin::Exchange, 5).await;
    assert_eq!((again.imported, again.updated, again.unchanged, again.kept), (0, 0, 1, 0));
    let file = import(&ana, BTC_5M, line(6)).await;
    assert_eq!((&file["updated"], &file["unchanged"], &file["kept"]), (&json!(0), &json!(0), &json!(1)));
    assert_eq!(stored_figure(&ana).await, json!(["5", "exchange"]));
}

#[db_test]
async fn every_correction_is_kept_with_the_figures_before_and_after_and_who_made_it(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let series = import(&ana, BTC_5M, line(5)).await["series"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/market-data/series/{series}/corrections");
    assert_eq!(ana.get(&path).await.ok(), json!([]));
    import(&ana, BTC_5M, line(6)).await;
    import(&ana, BTC_5M, line(6)).await;
    app.clock().advance(chrono::TimeDelta::minutes(1));
    tell(&app, &ana, CandleOrigin::Exchange, 7).await;
    let kept = ana.get(&path).await.ok();
    assert_eq!(kept.as_array().unwrap().len(), 2, "the same file again corrects nothing: {kept}");
    let about = |n: usize| {
        json!([
            kept[n]["before"]["close"],
            kept[n]["before"]["origin"],
            kept[n]["after"]["close"],
            kept[n]["after"]["origin"]
        ])
    };
    assert_eq!(about(0), json!(["6", "file", "7", "exchange"]), "the newest first");
    assert_eq!(about(1), json!(["5", "file", "6", "file"]));
    assert_eq!(kept[1]["correctedBy"], json!(ana.user));
    assert_eq!(kept[1]["openTime"], "2023-01-01T00:00:00.000Z");
    bob.get(&path).await.refused(404, "SERIES_NOT_FOUND");
    ana.delete(&format!("/api/v1/market-data/series/{series}")).await.no_content();
    ana.get(&path).await.refused(404, "SERIES_NOT_FOUND");
}

#[db_test]
async fn nobodys_role_changes_the_log_of_corrections(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, line(5)).await;
    import(&ana, BTC_5M, line(6)).await;
    for statement in ["update candle_corrections set new_open = 1", "delete from candle_corrections"] {
        let of_tenant = sqlx::query(statement).execute(within(&app, &ana).await.conn()).await;
        let of_system = sqlx::query(statement).execute(app.system().await.conn()).await;
        assert!(of_tenant.is_err() && of_system.is_err(), "{statement}");
    }
}
