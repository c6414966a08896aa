//! Who sees which trades, and in which parts.

use crate::{
    common::{BOTH, app},
    dump::*,
};
use testkit::{Client, PgPool, db_test, json};

const NOBODYS: &str = "/api/v1/market-data/trade-series/01890000-0000-7000-8000-000000000000";

#[db_test]
async fn a_tenant_never_sees_anothers_trades(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let id = import(&ana, dump(&told(0..500))).await["series"]["id"].as_str().unwrap().to_owned();
    let derivation = json!({ "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" } });
    for path in [TRADES.to_owned(), format!("{TRADES}/export"), format!("{TRADES}/candles")] {
        bob.get(&format!("{path}?{BTC}&resolution=1s")).await.refused(404, "MARKET_NOT_FOUND");
    }
    bob.post("/api/v1/market-data/candles/derive", &derivation).await.refused(404, "MARKET_NOT_FOUND");
    bob.get(&format!("/api/v1/market-data/ticker?{BTC}")).await.refused(404, "MARKET_NOT_FOUND");
    assert_eq!(bob.get(SERIES).await.ok(), json!([]));
    bob.delete(&format!("{SERIES}/{id}")).await.refused(404, "SERIES_NOT_FOUND");
    bob.delete(NOBODYS).await.refused(404, "SERIES_NOT_FOUND");
    assert_eq!(all(&ana, "").await.len(), 500);
    // his own have the same numbers, and neither touches the other
    assert_eq!(counts(&import(&bob, dump(&told(0..20))).await), [20, 0, 0, 0]);
    assert_eq!((all(&ana, "").await.len(), all(&bob, "").await.len()), (500, 20));
}

#[db_test]
async fn the_platforms_trades_are_everybodys_to_read_and_nobodys_to_change(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let shared = import_for_all(&app, dump(&told(0..30))).await;
    let again = import_for_all(&app, dump(&told(20..40))).await;
    assert_eq!((shared.imported, again.imported, again.unchanged), (30, 10, 10));
    for client in [&ana, &bob] {
        assert_eq!(all(client, "").await, told(0..40));
    }
    let series = ana.get(SERIES).await.ok();
    assert_eq!((&series[0]["shared"], &series[1]), (&json!(true), &json!(null)));
    ana.delete(&format!("{SERIES}/{}", series[0]["id"].as_str().unwrap())).await.refused(404, "SERIES_NOT_FOUND");
    // a tenant's own stand before the platform's
    import(&ana, dump(&told(0..7))).await;
    assert_eq!((all(&ana, "").await.len(), all(&bob, "").await.len()), (7, 40));
}

#[db_test]
async fn a_deleted_series_and_a_deleted_tenant_take_their_trades_along(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let id = import(&ana, dump(&told(0..20))).await["series"]["id"].as_str().unwrap().to_owned();
    import(&bob, dump(&told(0..30))).await;
    ana.delete(&format!("{SERIES}/{id}")).await.no_content();
    assert_eq!(stored(&app).await, 30);
    let mut tx = app.system().await;
    sqlx::query("delete from tenants where id = $1").bind(bob.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored(&app).await, 0);
}

#[db_test]
async fn nobodys_role_changes_a_trade_or_reaches_a_partition(db: PgPool) {
    let app = app(db).await;
    import_for_all(&app, dump(&told(0..5))).await;
    let ana = app.member(BOTH).await;
    for statement in ["select from trades_2025", "update trades set price = 1", "truncate trades"] {
        let of_tenant = sqlx::query(statement).execute(transaction(&app, &ana).await.conn()).await;
        let of_system = sqlx::query(statement).execute(app.system().await.conn()).await;
        for refused in [of_tenant, of_system] {
            let code = refused.unwrap_err().into_database_error().and_then(|error| error.code().map(String::from));
            assert_eq!(code.as_deref(), Some("42501"), "{statement}");
        }
    }
}

async fn ids(client: &Client, query: &str) -> (Vec<i64>, Option<String>) {
    let body = client.get(&format!("{TRADES}?{BTC}&{query}")).await.body();
    let ids = body["data"].as_array().unwrap().iter().map(|trade| trade["id"].as_i64().unwrap()).collect();
    (ids, body["meta"]["next"].as_str().map(str::to_owned))
}

#[db_test]
async fn trades_are_read_forwards_and_backwards_in_parts_also_within_a_moment(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..12))).await;
    // three trades each happen at once
    let (first, next) = ids(&ana, "limit=4").await;
    assert_eq!((first, next.as_deref()), (vec![0, 1, 2, 3], Some("1764547200700-3")));
    assert_eq!(ids(&ana, "limit=4&after=1764547200700-3").await.0, [4, 5, 6, 7]);
    assert_eq!(ids(&ana, "limit=2&before=1764547200700-5").await, (vec![4, 3], Some("1764547200700-3".to_owned())));
    assert_eq!(ids(&ana, "before=1764547200700-3").await, (vec![2, 1, 0], None));
    let second = "2025-12-01T00:00:0";
    assert_eq!(ids(&ana, &format!("from={second}0.700Z&to={second}1.400Z")).await.0, [3, 4, 5]);
    assert_eq!(ids(&ana, &format!("from={second}1.400Z&after=1764547200000-0&limit=1")).await.0, [6]);
    assert_eq!(ids(&ana, &format!("to={second}0.700Z&before=1764547202100-11")).await.0, [2, 1, 0]);
    assert_eq!(ids(&ana, &format!("from={second}2.000Z&to={second}1.000Z")).await, (vec![], None));
    assert_eq!(ids(&ana, "from=1200-01-01T00:00:00Z&to=9000-01-01T00:00:00Z&limit=99999").await.0.len(), 12);
    assert_eq!(ids(&ana, "limit=0").await.0, [0], "a limit out of range is clamped");
}

#[db_test]
async fn bad_queries_are_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..5))).await;
    for bad in ["from=yesterday", "limit=many", "kind=double", "to=1764547200000", &format!("after={}", "7".repeat(41))]
    {
        ana.get(&format!("{TRADES}?{BTC}&{bad}")).await.refused(422, "VALIDATION_ERROR");
    }
    for place in ["1", "x-1", "1764547200000-", "99999999999999999-1", "1764547200000-1-1", "-1--1"] {
        for end in ["before", "after"] {
            let refused = ana.get(&format!("{TRADES}?{BTC}&{end}={place}")).await.invalid(end);
            assert_eq!(refused["errors"][0]["code"], "BAD_CURSOR", "{place}");
        }
    }
    for market in
        ["symbol=BTC/USDT", "exchange=binance", "exchange=Binance&symbol=BTC/USDT", "exchange=binance&symbol=BTC"]
    {
        ana.get(&format!("{TRADES}?{market}")).await.refused(422, "VALIDATION_ERROR");
        ana.upload(&format!("{TRADES}/import?{market}"), "text/csv", "1").await.refused(422, "VALIDATION_ERROR");
    }
    for resolution in ["7s", "60s", "2m", ""] {
        ana.get(&format!("{TRADES}/candles?{BTC}&resolution={resolution}")).await.refused(422, "VALIDATION_ERROR");
    }
    ana.get(&format!("{TRADES}/candles?{BTC}")).await.refused(422, "VALIDATION_ERROR");
    ana.get(&format!("{SERIES}?sort=secret")).await.invalid("sort");
    ana.delete(&format!("{SERIES}/7")).await.refused(400, "BAD_PATH");
}

#[db_test]
async fn trades_need_their_permissions(db: PgPool) {
    let app = app(db).await;
    let (reader, writer) = (app.member(["market-data:read"]).await, app.member(["market-data:write"]).await);
    let import = format!("{TRADES}/import?{BTC}");
    reader.upload(&import, "text/csv", dump(&told(0..5))).await.refused(403, "FORBIDDEN");
    reader.post("/api/v1/market-data/candles/derive", &json!({})).await.refused(403, "FORBIDDEN");
    reader.delete(NOBODYS).await.refused(403, "FORBIDDEN");
    for path in [TRADES.to_owned(), format!("{TRADES}/export"), format!("{TRADES}/candles"), SERIES.to_owned()] {
        writer.get(&format!("{path}?{BTC}&resolution=1s")).await.refused(403, "FORBIDDEN");
        app.stranger().get(&format!("{path}?{BTC}&resolution=1s")).await.refused(401, "UNAUTHORIZED");
    }
}
