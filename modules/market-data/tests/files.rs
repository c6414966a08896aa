//! Candle files in every form that is taken, and as they are given back.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing should end there")]

mod common;

use common::*;
use flate2::read::GzDecoder;
use std::io::{Cursor, Read, Write};
use testkit::{Client, PgPool, Value, db_test, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const EXPORT: &str = "/api/v1/market-data/candles/export";

/// As Binance publishes them: one file in a zip, twelve columns, here without a header and in microseconds.
fn binance_dump(lines: &[String]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("BTCUSDT-5m-2023-01.csv", options).unwrap();
    for line in lines {
        let (time, figures) = line.split_once(',').unwrap();
        let time: i64 = time.parse().unwrap();
        writeln!(archive, "{}000,{figures},{}999,1654177.1,100,1.5,24812.6,0", time, time + 299_999).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

async fn export(client: &Client, query: &str) -> Vec<u8> {
    let answer = client.open(&format!("{EXPORT}?{query}")).await;
    assert_eq!(answer.status(), 200);
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()
}

#[db_test]
async fn a_file_is_taken_in_every_form_and_known_by_its_first_bytes(db: PgPool) {
    let app = app(db).await;
    let lines = lines(2_000);
    let plain = csv(&lines);
    let zstd = zstd::encode_all(plain.as_bytes(), 3).unwrap();
    for (file, content_type) in [
        (plain.into_bytes(), "application/zip"),
        (zstd, "application/octet-stream"),
        (binance_dump(&lines), "text/csv"),
        (format!("\u{feff}{}", csv(&lines).replace('\n', "\r\n")).into_bytes(), "application/zstd"),
    ] {
        let ana = app.member(BOTH).await;
        let imported = ana.upload(&format!("{IMPORT}?{BTC_5M}"), content_type, file).await.ok();
        assert_eq!((&imported["imported"], &imported["gapCount"]), (&json!(2_000), &json!(0)));
        let expected: Vec<_> = lines.iter().map(|line| expected(line)).collect();
        assert_eq!(all_candles(&ana, BTC_5M).await, expected);
    }
}

#[db_test]
async fn a_packed_file_that_is_broken_or_wrong_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut broken = lines(500);
    broken[400] = "1672651200000,1,2,0.5,1,NaN".to_owned();
    let dump = binance_dump(&lines(500));
    let whole = zstd::encode_all(csv(&lines(500)).as_bytes(), 3).unwrap();
    let bomb = zstd::encode_all(Cursor::new(vec![b'7'; 64 << 20]), 3).unwrap();
    assert!(bomb.len() < 10_000);
    let files = [
        binance_dump(&broken),
        dump[..dump.len() / 2].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        bomb,
        b"PK\x03\x04".to_vec(),
    ];
    for (n, file) in files.into_iter().enumerate() {
        let refused = ana.upload(&format!("{IMPORT}?{BTC_5M}"), "application/zip", file).await;
        let refused = refused.refused(422, "VALIDATION_ERROR");
        assert_eq!(refused["errors"][0]["code"], "BAD_CANDLE_FILE", "{n}: {refused}");
        if n == 0 {
            assert_eq!((&refused["context"]["line"], &refused["context"]["column"]), (&json!(401), &json!("volume")));
        }
    }
    assert_eq!(stored(&app).await, 0);
    assert_eq!(ana.get(MARKETS).await.ok(), json!([]));
}

#[db_test]
async fn what_is_exported_can_be_imported_and_is_the_same(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let lines = lines(12_345);
    import(&ana, BTC_5M, csv(&lines)).await;
    let plain = export(&ana, BTC_5M).await;
    let normal = |line: &String| {
        line.split(',').map(|it| it.parse::<trading::money::Quantity>().unwrap().to_string()).collect::<Vec<_>>()
    };
    let expected = |lines: &[String]| lines.iter().map(normal).collect::<Vec<_>>();
    let text = String::from_utf8(plain.clone()).unwrap();
    let exported: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    assert!(exported.len() == lines.len() && expected(&exported) == expected(&lines));

    let mut unpacked = vec![];
    GzDecoder::new(&*export(&ana, &format!("{BTC_5M}&pack=gzip")).await).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain);
    let packed = export(&ana, &format!("{BTC_5M}&pack=zstd")).await;
    assert!(zstd::decode_all(&*packed).unwrap() == plain);

    bob.upload(&format!("{IMPORT}?{BTC_5M}"), "application/zstd", packed).await.ok();
    assert!(export(&bob, BTC_5M).await == plain, "byte for byte");
}

#[db_test]
async fn a_part_a_summed_frame_and_lines_of_json_are_exported_too(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    import(&ana, BTC_5M, csv(&lines(24))).await;
    let hours = BTC_5M.replace("5m", "1h");
    let text = String::from_utf8(export(&ana, &hours).await).unwrap();
    assert_eq!(text.lines().count(), 3);
    let part = format!("{BTC_5M}&from=2023-01-01T00:05:00Z&to=2023-01-01T00:15:00Z");
    let lines = ana.with("Accept", "application/x-ndjson");
    let text = String::from_utf8(export(&lines, &part).await).unwrap();
    let candles: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(candles.len(), 2);
    assert_eq!(
        (&candles[0]["openTime"], &candles[0]["close"]),
        (&json!("2023-01-01T00:05:00.000Z"), &json!("16526.67"))
    );
    bob.get(&format!("{EXPORT}?{BTC_5M}")).await.refused(404, "MARKET_NOT_FOUND");
    ana.get(&format!("{EXPORT}?{BTC_5M}&pack=rar")).await.refused(422, "VALIDATION_ERROR");
}
