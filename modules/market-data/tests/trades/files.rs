//! Trade files in every form that is taken, and as they are given back.

use crate::{
    common::{BOTH, app},
    dump::*,
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use std::io::{Cursor, Read, Write};
use testkit::{Client, PgPool, Value, db_test, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn zipped(text: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file("BTCUSDT-trades-2025-12-01.csv", options).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut file = GzEncoder::new(vec![], Compression::default());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap()
}

/// As Binance has published them since 2025.
fn in_microseconds(text: &str) -> String {
    text.lines()
        .map(|line| {
            let mut fields: Vec<_> = line.split(',').map(str::to_owned).collect();
            let at = fields.len() - 3;
            fields[at] += "789";
            fields.join(",") + "\n"
        })
        .collect()
}

#[db_test]
async fn a_dump_is_taken_in_every_form_and_known_by_its_first_bytes(db: PgPool) {
    let app = app(db).await;
    let trades = told(0..1_000);
    let (single, aggregate) = (dump(&trades), aggregates(&trades));
    let headed = format!("id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch\n{single}");
    for (file, content_type) in [
        (zipped(&in_microseconds(&single)), "text/csv"),
        (gzipped(&headed), "application/octet-stream"),
        (zstd::encode_all(in_microseconds(&aggregate).as_bytes(), 3).unwrap(), "application/zip"),
        (aggregate.into_bytes(), "application/gzip"),
    ] {
        let ana = app.member(BOTH).await;
        let imported = ana.upload(&format!("{TRADES}/import?{BTC}"), content_type, file).await.ok();
        assert_eq!(counts(&imported), [1_000, 0, 0, 0]);
        let mut read = all(&ana, "").await;
        if imported["series"]["kind"] == "aggregate" {
            read.iter_mut().for_each(|trade| trade.id -= 1_000_000);
        }
        assert_eq!(read, trades);
    }
}

#[db_test]
async fn a_dump_that_is_broken_or_wrong_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let good = dump(&told(0..500));
    let twice = format!("{good}{}", dump(&told(499..501)));
    let late = format!("{good}500,1,1,1,{},true,true\n", START + 400 * 86_400_000);
    let early = format!("0,1,1,1,1000,true,true\n{}", dump(&told(1..9)));
    let of_both = format!("{good}{}", aggregates(&told(500..501)));
    let unsure = dump(&told(1..2)).replace(",True,", ",yes,").replace(",False,", ",yes,");
    let unsure = format!("{}{unsure}", dump(&told(0..1)));
    let whole = zipped(&good);
    let bomb = zstd::encode_all(Cursor::new(vec![b'7'; 64 << 20]), 3).unwrap();
    for (file, line, column) in [
        (twice.into_bytes(), json!(501), json!("id")),
        (late.into_bytes(), json!(501), json!("time")),
        (early.into_bytes(), json!(1), json!("time")),
        (of_both.into_bytes(), json!(501), Value::Null),
        (unsure.into_bytes(), json!(2), json!("isBuyerMaker")),
        (b"open_time_ms,open,high,low,close,volume\n1,1,1,1,1,1\n".to_vec(), json!(1), Value::Null),
        (whole[..whole.len() / 2].to_vec(), Value::Null, Value::Null),
        (b"PK\x03\x04".to_vec(), Value::Null, Value::Null),
        (vec![], Value::Null, Value::Null),
        (bomb, json!(1), Value::Null),
    ] {
        let refused = ana.upload(&format!("{TRADES}/import?{BTC}"), "text/csv", file).await;
        let refused = refused.refused(422, "VALIDATION_ERROR");
        assert_eq!(refused["errors"][0]["code"], "BAD_TRADE_FILE", "{refused}");
        assert_eq!((&refused["context"]["line"], &refused["context"]["column"]), (&line, &column), "{refused}");
    }
    let html = ana.upload(&format!("{TRADES}/import?{BTC}"), "text/html", good).await;
    html.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!((stored(&app).await, ana.get(SERIES).await.ok()), (0, json!([])));
}

#[db_test]
async fn a_wrong_line_at_the_very_end_leaves_all_as_it_was(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..10))).await;
    let mut file = dump(&told(0..30_000));
    file += "30000,1,0,0,1764547200000,true,true\n";
    ana.upload(&format!("{TRADES}/import?{BTC}"), "text/csv", file).await.refused(422, "VALIDATION_ERROR");
    assert_eq!(stored(&app).await, 10);
}

#[db_test]
async fn a_file_that_changes_while_it_is_read_is_refused(db: PgPool) {
    let app = app(db).await;
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let open = move || {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(Cursor::new(dump(&told(0..if turn == 0 { 100 } else { 90 }))))
    };
    let file = market_data::TradeFile::check(open, app.clock().now()).await.unwrap();
    let refused = market_data::import_trades(app.system().await, &market(), file).await.unwrap_err();
    assert!(refused.input_faults()[0].message.contains("it was changed while it was read"), "{refused}");
    assert_eq!(stored(&app).await, 0);
}

async fn export(client: &Client, query: &str) -> Vec<u8> {
    let answer = client.open(&format!("{TRADES}/export?{BTC}{query}")).await;
    assert_eq!(answer.status(), 200);
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()
}

#[db_test]
async fn what_is_exported_can_be_imported_and_is_the_same(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let trades = told(0..12_345);
    import(&ana, dump(&trades)).await;
    import(&ana, aggregates(&trades[..6_000])).await;
    for (kind, rows) in [("", 12_345), ("&kind=aggregate", 6_000)] {
        let plain = export(&ana, kind).await;
        assert_eq!(plain.iter().filter(|byte| **byte == b'\n').count(), rows + 1);
        let mut unpacked = vec![];
        GzDecoder::new(&*export(&ana, &format!("{kind}&pack=gzip")).await).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain);
        let packed = export(&ana, &format!("{kind}&pack=zstd")).await;
        assert!(zstd::decode_all(&*packed).unwrap() == plain);
        assert_eq!(import(&bob, packed).await["imported"], rows);
        assert!(export(&bob, kind).await == plain, "byte for byte");
    }
    assert_eq!(all(&bob, "").await, trades);
}

#[db_test]
async fn a_part_is_exported_as_lines_of_json_too(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..12))).await;
    import(&ana, aggregates(&told(0..12))).await;
    let lines = ana.with("Accept", "application/x-ndjson");
    let part = "&from=2025-12-01T00:00:00.700Z&to=2025-12-01T00:00:01.400Z";
    for kind in ["single", "aggregate"] {
        let text = String::from_utf8(export(&lines, &format!("{part}&kind={kind}")).await).unwrap();
        let exported: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut listed = ana.get(&format!("{TRADES}?{BTC}{part}&kind={kind}")).await.ok();
        listed
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|trade| drop(trade.as_object_mut().unwrap().remove("origin")));
        assert_eq!((Value::from(exported), 3), (listed, text.lines().count()));
    }
    ana.get(&format!("{TRADES}/export?{BTC}&pack=rar")).await.refused(422, "VALIDATION_ERROR");
}
