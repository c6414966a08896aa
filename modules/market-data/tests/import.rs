//! Importing candles.

mod common;

use common::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use testkit::{PgPool, db_test, json};

/// From noon of 2026-01-05, when tests begin, to noon of 2100-01-01.
const THE_YEAR_2100: chrono::TimeDelta = chrono::TimeDelta::days(27_024);

#[db_test]
async fn a_file_reads_back_exactly_as_it_was_imported(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = lines(1_500);
    let imported = import(&ana, BTC_5M, csv(&lines)).await;
    assert_eq!(
        (&imported["imported"], &imported["updated"], &imported["unchanged"]),
        (&json!(1_500), &json!(0), &json!(0))
    );
    assert_eq!(
        (&imported["from"], &imported["to"]),
        (&json!("2023-01-01T00:00:00.000Z"), &json!("2023-01-06T04:55:00.000Z"))
    );
    assert_eq!((&imported["gaps"], &imported["gapCount"], &imported["missing"]), (&json!([]), &json!(0), &json!(0)));
    let series = &imported["series"];
    assert_eq!(
        (&series["symbol"], &series["timeframe"], &series["shared"]),
        (&json!("BTC/USDT"), &json!("5m"), &json!(false))
    );
    assert_eq!(series["candleCount"], 1_500);
    let expected: Vec<_> = lines.iter().map(|line| expected(line)).collect();
    assert_eq!(all_candles(&ana, BTC_5M).await, expected);
}

#[db_test]
async fn tiny_and_huge_figures_survive_to_the_last_digit(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = [
        "1672531200000,0.000000012345,0.00000002,0.00000001,0.0000000123,999999999999.5",
        "1672531500000,1,1,1,1,0",
        "1672531800000,10000.5,10000.5,0.000000000001,123.456,0.000001",
    ]
    .map(str::to_owned);
    import(&ana, BTC_5M, csv(&lines)).await;
    assert_eq!(all_candles(&ana, BTC_5M).await, lines.each_ref().map(|line| expected(line)));
}

#[db_test]
async fn the_outages_of_real_files_are_reported(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    for (file, market, counts, gap) in [
        (
            "binance_BTCUSDT_1h_20170817_20211231.csv.gz",
            "exchange=binance&symbol=BTC/USDT&timeframe=1h",
            [38_221, 27, 127],
            None,
        ),
        (
            "binance_BTCUSDT_5m_20230101_20231230.csv.gz",
            BTC_5M,
            [104_816, 1, 16],
            Some(json!([{"from": "2023-03-24T12:40:00.000Z", "to": "2023-03-24T14:00:00.000Z", "missing": 16}])),
        ),
    ] {
        let imported = ana.upload(&format!("{IMPORT}?{market}"), "application/gzip", packed(file)).await.ok();
        let counted = ["imported", "gapCount", "missing"].map(|name| imported[name].as_u64().unwrap());
        assert_eq!(counted, counts, "{file}");
        if let Some(gap) = gap {
            assert_eq!(imported["gaps"], gap);
        }
        let told = ana.get(&format!("{GAPS}?{market}")).await.ok();
        let mut gaps = imported["gaps"].clone();
        gaps.as_array_mut().unwrap().iter_mut().for_each(|gap| gap["cause"] = json!("unknown"));
        assert_eq!(told["gaps"], gaps, "no other series tells why");
        assert_eq!((&told["gapCount"], &told["missing"]), (&json!(counts[1]), &json!(counts[2])));
    }
}

#[db_test]
async fn importing_the_same_file_again_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = csv(&lines(300));
    let first = import(&ana, BTC_5M, file.clone()).await;
    app.clock().advance(chrono::TimeDelta::minutes(1));
    let again = import(&ana, BTC_5M, file).await;
    assert_eq!((&again["imported"], &again["updated"], &again["unchanged"]), (&json!(0), &json!(0), &json!(300)));
    assert_eq!(again["series"], first["series"], "not even the time of the last change");
}

#[db_test]
async fn a_correction_takes_the_place_of_what_was_there(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut lines = lines(300);
    import(&ana, BTC_5M, csv(&lines)).await;
    for row in [0, 7, 8, 299] {
        let time = lines[row].split(',').next().unwrap().to_owned();
        lines[row] = format!("{time},5,6,4,5.5,{row}");
    }
    let corrected = import(&ana, BTC_5M, csv(&lines)).await;
    assert_eq!(
        (&corrected["imported"], &corrected["updated"], &corrected["unchanged"]),
        (&json!(0), &json!(4), &json!(296))
    );
    assert_eq!(corrected["series"]["candleCount"], 300);
    assert_eq!(all_candles(&ana, BTC_5M).await, lines.iter().map(|line| expected(line)).collect::<Vec<_>>());
}

#[db_test]
async fn overlapping_files_grow_together(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = lines(600);
    import(&ana, BTC_5M, csv(&lines[200..400])).await;
    let around = import(&ana, BTC_5M, csv(&lines)).await;
    assert_eq!((&around["imported"], &around["updated"], &around["unchanged"]), (&json!(400), &json!(0), &json!(200)));
    assert_eq!(around["series"]["candleCount"], 600);
    assert_eq!(around["series"]["firstOpenTime"], "2023-01-01T00:00:00.000Z");
    assert_eq!(all_candles(&ana, BTC_5M).await, lines.iter().map(|line| expected(line)).collect::<Vec<_>>());
}

#[db_test]
async fn a_file_fills_the_holes_of_another(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let lines = lines(100);
    let every = |from: usize| lines.iter().skip(from).step_by(2).cloned().collect::<Vec<_>>();
    let first = import(&ana, BTC_5M, csv(&every(0))).await;
    assert_eq!((&first["gapCount"], &first["missing"]), (&json!(49), &json!(49)));
    let second = import(&ana, BTC_5M, csv(&every(1))).await;
    assert_eq!((&second["imported"], &second["unchanged"]), (&json!(50), &json!(0)));
    assert_eq!(all_candles(&ana, BTC_5M).await.len(), 100);
    assert_eq!(ana.get(&format!("{GAPS}?{BTC_5M}")).await.ok()["gapCount"], 0);
}

#[db_test]
async fn two_imports_of_one_market_at_once_are_one_after_the_other(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = csv(&lines(2_000));
    let (one, other) = tokio::join!(import(&ana, BTC_5M, file.clone()), import(&ana, BTC_5M, file));
    let sum = |name: &str| one[name].as_u64().unwrap() + other[name].as_u64().unwrap();
    assert_eq!((sum("imported"), sum("unchanged")), (2_000, 2_000));
    assert_eq!(stored(&app).await, 2_000);
}

#[db_test]
async fn an_import_that_nobody_waits_for_any_more_still_ends(db: PgPool) {
    let app = app(db).await;
    let file = csv(&lines(5_000)).into_bytes();
    let market = market("5m");
    for _ in 0..10 {
        let file = std::io::Cursor::new(file.clone());
        let candles = market_data::parse(&market, file, app.clock().now()).await.unwrap();
        let mut import =
            Box::pin(market_data::import(app.system().await, &market, market_data::CandleOrigin::File, candles));
        assert!(futures::poll!(&mut import).is_pending());
    }
    // it waits for those before it, on a connection of which the last answer has been read
    let last = import_for_all(&app, &market, file).await;
    assert_eq!((last.imported + last.unchanged, last.series.candle_count()), (5_000, 5_000));
    assert_eq!(stored(&app).await, 5_000);
}

#[db_test]
async fn months_and_years_find_their_partitions(db: PgPool) {
    let app = app(db).await;
    app.clock().advance(THE_YEAR_2100);
    let ana = app.member(BOTH).await;
    let market = "exchange=nyse&symbol=SPX/USD&timeframe=1M";
    let months = ["1990-01-01", "1999-12-01", "2000-01-01", "2000-03-01", "2099-12-01"];
    let line = |month: &&str| format!("{},1,1,1,1,1", month.parse::<trading::time::Timestamp>().unwrap().millis());
    let lines: Vec<String> = months.iter().map(line).collect();
    let imported = import(&ana, market, csv(&lines)).await;
    assert_eq!((&imported["imported"], &imported["gapCount"]), (&json!(5), &json!(3)));
    assert_eq!(imported["gaps"][1]["missing"], 1);
    let told: Vec<_> = all_candles(&ana, market).await.into_iter().map(|[time, ..]| time).collect();
    assert_eq!(told, months.map(|month| format!("{month}T00:00:00.000Z")));
}

#[db_test]
async fn a_broken_file_names_the_line_and_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let good = lines(50);
    import(&ana, BTC_5M, csv(&good)).await;
    let before = all_candles(&ana, BTC_5M).await;
    let with = |row: usize, line: &str| {
        let mut lines = good.clone();
        line.clone_into(&mut lines[row]);
        lines[0] = lines[0].replacen(",16541.77,", ",16541.78,", 1); // a correction that must not be made
        csv(&lines).into_bytes()
    };
    let broken = [
        (with(9, "1672533900000,1,2,0.5,1"), 11),
        (with(9, "1672533900000,1,2,0.5,1,7,8"), 11),
        (with(9, "1672533900000,one,2,0.5,1,7"), 11),
        (with(9, "1672533900000,-1,2,0.5,1,7"), 11),
        (with(9, "1672533900000,1e3,2,0.5,1,7"), 11),
        (with(9, "1672533900000,NaN,2,0.5,1,7"), 11),
        (with(9, "1672533900000,0,2,0,1,7"), 11),
        (with(9, "1672533900000,1,0.9,0.5,1,7"), 11),
        (with(9, "1672533900000,1,2,1.5,1,7"), 11),
        (with(9, "1672533900000,1,2,0.5,1,-7"), 11),
        (with(9, "1672533900000,1,2,0.5,1,"), 11),
        (with(9, "1672533900001,1,2,0.5,1,7"), 11),
        (with(9, "1672531200000,1,2,0.5,1,7"), 11),
        (with(9, "2023-01-01,1,2,0.5,1,7"), 11),
        (with(9, "99999999999999999999,1,2,0.5,1,7"), 11),
        (with(9, ""), 11),
        (with(9, &"9".repeat(2_000)), 11),
        (with(49, "1672545900000,1,2,0.5,1,0.1234567890123456789"), 51),
        (b"time;open\n1;2\n".to_vec(), 1),
        (b"\xff\xfe\0\x01\n".to_vec(), 1),
        (b"{\"not\": \"csv\"}".to_vec(), 1),
    ];
    for (file, line) in broken {
        let shown = String::from_utf8_lossy(&file[..file.len().min(20)]).into_owned();
        let refused =
            ana.upload(&format!("{IMPORT}?{BTC_5M}"), "text/csv", file).await.refused(422, "VALIDATION_ERROR");
        assert_eq!(refused["context"]["line"], line, "{shown}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(&format!("line {line}:")), "{refused}");
    }
    let mut cut = packed("binance_BTCUSDT_5m_20230101_20231230.csv.gz");
    cut.truncate(cut.len() / 2);
    for file in [cut, vec![], b"open_time_ms,open,high,low,close,volume\n".to_vec(), vec![0x1f, 0x8b, 1, 2, 3]] {
        ana.upload(&format!("{IMPORT}?{BTC_5M}"), "application/gzip", file).await.refused(422, "VALIDATION_ERROR");
    }
    assert_eq!(all_candles(&ana, BTC_5M).await, before);
    assert_eq!(stored(&app).await, 50);
}

#[db_test]
async fn candles_of_another_time_frame_are_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let market = BTC_5M.replace("5m", "1h");
    let path = format!("{IMPORT}?{market}");
    let refused = ana.upload(&path, "text/csv", csv(&lines(10))).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(refused["context"]["line"], 3);
    ana.get(&format!("{CANDLES}?{market}")).await.refused(404, "MARKET_NOT_FOUND");
}

#[db_test]
async fn candles_before_1990_and_after_2099_are_refused(db: PgPool) {
    let app = app(db).await;
    app.clock().advance(THE_YEAR_2100);
    let ana = app.member(BOTH).await;
    for time in ["631151700000", "4102444800000", "0"] {
        let file = format!("{time},1,1,1,1,1\n");
        let refused =
            ana.upload(&format!("{IMPORT}?{BTC_5M}"), "text/csv", file).await.refused(422, "VALIDATION_ERROR");
        assert_eq!(refused["errors"][0]["code"], "TIME_OUT_OF_RANGE", "{time}");
    }
    assert_eq!(ana.get(MARKETS).await.ok(), json!([]));
}

#[db_test]
async fn a_candle_that_opens_more_than_a_day_from_now_is_refused_by_its_line(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let noon = app.clock().now().millis();
    let at = |time: i64| format!("{time},1,1,1,1,1");
    let tomorrow = [at(noon), at(noon + 86_400_000)];
    let late = [at(noon), at(noon + 86_400_000), at(noon + 86_700_000)];
    let path = format!("{IMPORT}?{BTC_5M}");
    let refused = ana.upload(&path, "text/csv", csv(&late)).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(refused["errors"][0]["code"], "BAD_CANDLE_FILE");
    assert_eq!((&refused["context"]["line"], &refused["context"]["column"]), (&json!(4), &json!("open_time_ms")));
    assert!(refused["message"].as_str().unwrap().contains("2026-01-06T12:00:00"), "{refused}");
    assert_eq!(stored(&app).await, 0);
    assert_eq!(import(&ana, BTC_5M, csv(&tomorrow)).await["imported"], 2);
    app.clock().advance(chrono::TimeDelta::minutes(5));
    assert_eq!(import(&ana, BTC_5M, csv(&late)).await["imported"], 1);
}

#[db_test]
async fn a_file_beyond_the_limit_is_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = vec![b'1'; (64 << 20) + 1];
    ana.upload(&format!("{IMPORT}?{BTC_5M}"), "text/csv", file).await.refused(413, "BODY_TOO_LARGE");
}

#[db_test]
async fn a_packed_file_that_unpacks_to_nonsense_without_end_is_refused_at_its_first_line(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut bomb = GzEncoder::new(vec![], Compression::fast());
    (0..64).for_each(|_| bomb.write_all(&[b'7'; 1 << 20]).unwrap());
    let path = format!("{IMPORT}?{BTC_5M}");
    let refused = ana.upload(&path, "application/gzip", bomb.finish().unwrap()).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(refused["context"]["line"], 1);
}

#[db_test]
async fn a_tenant_may_not_make_series_without_end(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut tx = app.system().await;
    sqlx::query(
        "insert into candle_series (id, tenant_id, exchange, symbol, timeframe, created_at, updated_at)
         select gen_random_uuid(), $1, 'binance', 'C' || n || '/USDT', '5m', now(), now() from generate_series(1, 1000) n",
    )
    .bind(ana.tenant)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let file = csv(&lines(5));
    ana.upload(&format!("{IMPORT}?{BTC_5M}"), "text/csv", file.clone()).await.refused(409, "TOO_MANY_SERIES");
    import(&ana, "exchange=binance&symbol=C7/USDT&timeframe=5m", file).await;
}

#[db_test]
async fn a_tenant_may_not_keep_candles_without_end(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, BTC_5M, csv(&lines(5))).await;
    let mut tx = app.system().await;
    sqlx::query("update candle_series set candle_count = 49999995").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("{IMPORT}?{BTC_5M}");
    ana.upload(&path, "text/csv", csv(&lines(11))).await.refused(409, "TOO_MANY_CANDLES");
    assert_eq!(stored(&app).await, 5);
    assert_eq!(import(&ana, BTC_5M, csv(&lines(10))).await["imported"], 5);
    assert_eq!(import(&ana, BTC_5M, csv(&lines(10))).await["unchanged"], 10);
    import_for_all(&app, &market("5m"), csv(&lines(11))).await;
}

#[db_test]
async fn what_is_no_file_is_refused_with_a_hint(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let path = format!("{IMPORT}?{BTC_5M}");
    for content_type in
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "?"]
    {
        let refused = ana.upload(&path, content_type, csv(&lines(5))).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        assert!(refused["message"].as_str().unwrap().contains("--data-binary"));
    }
    for content_type in ["text/csv; charset=utf-8", "APPLICATION/GZIP", "application/octet-stream"] {
        ana.upload(&path, content_type, csv(&lines(5))).await.ok();
    }
}

#[db_test]
async fn an_import_is_in_the_audit_trail(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["market-data:read", "market-data:write", "audit:read"]).await;
    let series = import(&ana, BTC_5M, csv(&lines(5))).await["series"].clone();
    ana.delete(&format!("/api/v1/market-data/series/{}", series["id"].as_str().unwrap())).await.no_content();
    let entries = ana.get("/api/v1/audit?resource=candle_series").await.ok();
    let actions: Vec<_> = entries.as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["candle_series.deleted", "candle_series.imported"]);
    assert!(entries.as_array().unwrap().iter().all(|entry| entry["resourceId"] == series["id"]));
    assert_eq!(entries[1]["after"]["imported"], 5);
    assert_eq!(entries[1]["after"]["symbol"], "BTC/USDT");
}
