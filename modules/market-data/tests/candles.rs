//! Reading candles, and whose they are.

mod common;

use common::*;
use kit::Time;
use testkit::{PgPool, db_test, json};
use trading::time::Timestamp;

#[db_test]
async fn a_tenant_never_sees_anothers_candles(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let id = import(&ana, BTC_5M, csv(&lines(20))).await["series"]["id"].as_str().unwrap().to_owned();
    assert_eq!(bob.get(MARKETS).await.ok(), json!([]));
    for path in [CANDLES, GAPS] {
        let refused = bob.get(&format!("{path}?{BTC_5M}")).await.refused(404, "MARKET_NOT_FOUND");
        assert!(refused["message"].as_str().unwrap().contains("candles/import?exchange=binance"), "{refused}");
    }
    bob.delete(&format!("/api/v1/market-data/series/{id}")).await.refused(404, "SERIES_NOT_FOUND");
    let theirs = import(&bob, BTC_5M, "1672531200000,7,7,7,7,7\n").await;
    assert_eq!((&theirs["imported"], &theirs["series"]["candleCount"]), (&json!(1), &json!(1)));
    assert_eq!(all_candles(&bob, BTC_5M).await.len(), 1);
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 20);
}

#[db_test]
async fn every_tenant_reads_the_platforms_series_and_none_changes_it(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let lines = lines(20);
    let imported = import_for_all(&app, &market("5m"), csv(&lines)).await;
    assert!(imported.series.is_shared());
    for member in [&ana, &bob] {
        let markets = member.get(MARKETS).await.ok();
        assert_eq!((&markets[0]["shared"], &markets[0]["candleCount"]), (&json!(true), &json!(20)));
        assert_eq!(all_candles(member, BTC_5M).await.len(), 20);
    }
    let shared = format!("/api/v1/market-data/series/{}", imported.series.id());
    ana.delete(&shared).await.refused(404, "SERIES_NOT_FOUND");

    let own = import(&ana, BTC_5M, "1672531200000,7,7,7,7,7\n").await;
    assert_eq!((&own["imported"], &own["series"]["shared"]), (&json!(1), &json!(false)));
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 1, "her own series stands before the platform's");
    assert_eq!(ana.get(MARKETS).await.ok().as_array().unwrap().len(), 2);
    assert_eq!(all_candles(&bob, BTC_5M).await, lines.iter().map(|line| expected(line)).collect::<Vec<_>>());

    let own = format!("/api/v1/market-data/series/{}", own["series"]["id"].as_str().unwrap());
    ana.delete(&own).await.no_content();
    ana.delete(&own).await.refused(404, "SERIES_NOT_FOUND");
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 20);
}

#[db_test]
async fn the_platforms_own_series_is_one(db: PgPool) {
    let app = app(db).await;
    let lines = lines(30);
    let first = import_for_all(&app, &market("5m"), csv(&lines[..20])).await;
    let second = import_for_all(&app, &market("5m"), csv(&lines[10..])).await;
    assert_eq!(first.series.id(), second.series.id());
    assert_eq!((second.imported, second.unchanged, second.series.candle_count()), (10, 10, 30));
}

#[db_test]
async fn a_deleted_series_and_a_deleted_tenant_take_their_candles_along(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let id = import(&ana, BTC_5M, csv(&lines(20))).await["series"]["id"].as_str().unwrap().to_owned();
    import(&bob, BTC_5M, csv(&lines(30))).await;
    assert_eq!(stored(&app).await, 50);
    ana.delete(&format!("/api/v1/market-data/series/{id}")).await.no_content();
    assert_eq!(stored(&app).await, 30);
    let mut tx = app.system().await;
    sqlx::query("delete from tenants where id = $1").bind(bob.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stored(&app).await, 0);
}

#[db_test]
async fn nobodys_role_changes_a_candle_or_reaches_a_partition(db: PgPool) {
    let app = app(db).await;
    import_for_all(&app, &market("5m"), csv(&lines(5))).await;
    let ana = app.member(BOTH).await;
    for statement in ["select from candles_2023", "update candles set open = 1", "truncate candles"] {
        let of_tenant = sqlx::query(statement).execute(within(&app, &ana).await.conn()).await;
        let of_system = sqlx::query(statement).execute(app.system().await.conn()).await;
        for refused in [of_tenant, of_system] {
            let code = refused.unwrap_err().into_database_error().and_then(|error| error.code().map(String::from));
            assert_eq!(code.as_deref(), Some("42501"), "{statement}");
        }
    }
}

#[db_test]
async fn candles_are_read_forwards_and_backwards_in_parts(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, csv(&lines(10))).await;
    let times = async |query: &str| {
        let body = ana.get(&format!("{CANDLES}?{BTC_5M}&{query}")).await.body();
        let minutes = body["data"].as_array().unwrap().iter().map(|candle| {
            let time: Timestamp = candle["openTime"].as_str().unwrap().parse().unwrap();
            time.millis() % 3_600_000 / 60_000
        });
        (minutes.collect::<Vec<_>>(), body["meta"]["next"].as_str().map(|next| next[14..16].to_owned()))
    };
    let hour = "2023-01-01T00:";
    assert_eq!(times("limit=3").await, (vec![0, 5, 10], Some("10".to_owned())));
    assert_eq!(times(&format!("limit=3&after={hour}10:00Z")).await, (vec![15, 20, 25], Some("25".to_owned())));
    assert_eq!(times(&format!("limit=3&before={hour}10:00Z")).await, (vec![5, 0], None));
    assert_eq!(times(&format!("limit=2&before={hour}40:00Z")).await, (vec![35, 30], Some("30".to_owned())));
    assert_eq!(times(&format!("from={hour}20:00Z&to={hour}30:00Z")).await, (vec![20, 25], None));
    assert_eq!(times(&format!("from={hour}20:00Z&after={hour}00:00Z&limit=1")).await.0, [20]);
    assert_eq!(times(&format!("from={hour}30:00Z&to={hour}10:00Z")).await, (vec![], None));
    assert_eq!(times("limit=0").await.0, [0], "a limit out of range is clamped");
    assert_eq!(times("limit=9999999").await.0.len(), 10);
    assert_eq!(times("from=1200-01-01T00:00:00Z&to=9000-01-01T00:00:00Z").await.0.len(), 10);
    assert_eq!(times("from=2024-01-01T02:00:00%2B02:00").await.0.len(), 0);
}

#[db_test]
async fn gaps_are_told_of_the_range_that_is_asked_for(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut lines = lines(20);
    lines.drain(12..15);
    lines.drain(3..5);
    import(&ana, BTC_5M, csv(&lines)).await;
    let told = ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok();
    assert_eq!((&told["gapCount"], &told["missing"]), (&json!(2), &json!(5)));
    let told = ana.get(&format!("{GAPS}?{BTC_5M}&from=2023-01-01T00:30:00Z")).await.ok();
    let gap =
        json!({"from": "2023-01-01T01:00:00.000Z", "to": "2023-01-01T01:15:00.000Z", "missing": 3, "cause": "unknown"});
    assert_eq!(told, json!({"gaps": [gap], "gapCount": 1, "missing": 3}));
}

#[db_test]
async fn markets_are_listed_in_pages_filtered_and_sorted(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    for (symbol, rows) in [("BTC/USDT", 3), ("ETH/USDT", 9), ("ADA/USDT", 6)] {
        import(&ana, &format!("exchange=binance&symbol={symbol}&timeframe=5m"), csv(&lines(rows))).await;
    }
    let symbols = async |query: &str| {
        let body = ana.get(&format!("{MARKETS}?{query}")).await.body();
        let symbols = body["data"].as_array().unwrap().iter().map(|it| it["symbol"].as_str().unwrap()[..3].to_owned());
        (symbols.collect::<Vec<_>>(), body["meta"]["total"].as_i64().unwrap())
    };
    assert_eq!(symbols("").await, (["ADA", "BTC", "ETH"].map(str::to_owned).into(), 3));
    assert_eq!(symbols("sort=-candleCount&limit=2").await, (["ETH", "ADA"].map(str::to_owned).into(), 3));
    assert_eq!(symbols("limit=2&page=2").await, (vec!["ETH".to_owned()], 3));
    assert_eq!(symbols("symbol=BTC/USDT&exchange=binance&timeframe=5m").await, (vec!["BTC".to_owned()], 1));
    assert_eq!(symbols("timeframe=1h").await, (vec![], 0));
    ana.get(&format!("{MARKETS}?sort=secret")).await.invalid("sort");
}

#[db_test]
async fn bad_queries_are_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let markets = [
        "symbol=BTC/USDT&timeframe=5m",
        "exchange=binance&timeframe=5m",
        "exchange=binance&symbol=BTC/USDT",
        "exchange=Binance&symbol=BTC/USDT&timeframe=5m",
        "exchange=&symbol=BTC/USDT&timeframe=5m",
        "exchange=..%2F..&symbol=BTC/USDT&timeframe=5m",
        "exchange=a%00b&symbol=BTC/USDT&timeframe=5m",
        "exchange=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&symbol=BTC/USDT&timeframe=5m",
        "exchange=binance&symbol=BTCUSDT&timeframe=5m",
        "exchange=binance&symbol=btc/usdt&timeframe=5m",
        "exchange=binance&symbol=';drop table candles;--/USDT&timeframe=5m",
        "exchange=binance&symbol=BTC/USDT&timeframe=7m",
        "exchange=binance&symbol=BTC/USDT&timeframe=5",
    ];
    for market in markets {
        let market = market.replace([' ', ';', '\''], "%27");
        ana.get(&format!("{CANDLES}?{market}")).await.refused(422, "VALIDATION_ERROR");
        ana.get(&format!("{GAPS}?{market}")).await.refused(422, "VALIDATION_ERROR");
        ana.upload(&format!("{IMPORT}?{market}"), "text/csv", csv(&lines(5))).await.refused(422, "VALIDATION_ERROR");
    }
    for bad in
        ["from=yesterday", "to=1672531200000", "limit=many", "limit=1.5", "before=now", "after=2023-13-01T00:00:00Z"]
    {
        ana.get(&format!("{CANDLES}?{BTC_5M}&{bad}")).await.refused(422, "VALIDATION_ERROR");
    }
    ana.delete("/api/v1/market-data/series/7").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn candles_need_their_permissions(db: PgPool) {
    let app = app(db).await;
    let (reader, writer) = (app.member(["market-data:read"]).await, app.member(["market-data:write"]).await);
    let import = format!("{IMPORT}?{BTC_5M}");
    let series = "/api/v1/market-data/series/01890000-0000-7000-8000-000000000000";
    reader.upload(&import, "text/csv", csv(&lines(5))).await.refused(403, "FORBIDDEN");
    reader.delete(series).await.refused(403, "FORBIDDEN");
    for path in [MARKETS, CANDLES, GAPS, "/api/v1/indicators"] {
        writer.get(&format!("{path}?{BTC_5M}")).await.refused(403, "FORBIDDEN");
        app.stranger().get(&format!("{path}?{BTC_5M}")).await.refused(401, "UNAUTHORIZED");
    }
    app.stranger().upload(&import, "text/csv", csv(&lines(5))).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn modules_load_columns_and_follow_a_series(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = lines(50);
    import(&ana, BTC_5M, csv(&lines)).await;
    let mut tx = within(&app, &ana).await;
    let series = market_data::series(&mut tx, &market("5m")).await.unwrap();
    assert_eq!((series.candle_count(), series.first_open_time()), (50, Some(Time::from_millis(1_672_531_200_000))));

    let all = market_data::load(&mut tx, &series, None, None).await.unwrap();
    let told = |candle: trading::candle::Candle| {
        let figures = [candle.open, candle.high, candle.low, candle.close].map(|price| price.to_string());
        let [open, high, low, close] = figures;
        [candle.open_time.to_string(), open, high, low, close, candle.volume.to_string()]
    };
    assert_eq!(all.iter().map(told).collect::<Vec<_>>(), lines.iter().map(|line| expected(line)).collect::<Vec<_>>());
    let part = market_data::load(&mut tx, &series, Some(all.open_time(7)), Some(all.open_time(9))).await.unwrap();
    assert_eq!(part.open_times(), &all.open_times()[7..9]);

    let first = market_data::after(&mut tx, &series, None, 3).await.unwrap();
    assert_eq!(first.iter().map(|candle| candle.open_time.millis()).collect::<Vec<_>>(), all.open_times()[..3]);
    let more = market_data::after(&mut tx, &series, Some(all.open_time(47)), 10).await.unwrap();
    assert_eq!(more.into_iter().map(told).collect::<Vec<_>>(), [48, 49].map(|row| expected(&lines[row])));
    let error = market_data::series(&mut tx, &market("1m")).await.unwrap_err();
    assert_eq!(error.code(), "MARKET_NOT_FOUND");
}
