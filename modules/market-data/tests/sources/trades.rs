//! Backfills of trades over HTTP.

use crate::{
    common::BOTH,
    fake::{BACKFILLS, Fake, asked_for, at, shown, trade, with_fake},
};
use chrono::TimeDelta;
use market_data::{SourceError, TradesFrom};
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};
use trading::{money::Price, time::Timestamp, trades::Trade};

const TRADES: &str = "/api/v1/market-data/trades";
const BTC: &str = "exchange=binance&symbol=BTC/USDT";

fn wish(from: i64, to: i64) -> Value {
    json!({ "kind": "trades", "exchange": "binance", "symbol": "BTC/USDT", "from": at(from), "to": at(to) })
}

/// Number, price and origin of all trades.
async fn all(client: &Client) -> Vec<(i64, String, String)> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let body = client.get(&format!("{TRADES}?{BTC}&limit=1000{after}")).await.body();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let trades = body["data"].as_array().unwrap().iter();
        all.extend(trades.map(|it| (it["id"].as_i64().unwrap(), text(&it["price"]), text(&it["origin"]))));
        match body["meta"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

fn expected(rows: std::ops::Range<i64>) -> Vec<(i64, String, String)> {
    rows.map(trade).map(|Trade { id, price, .. }| (id, price.to_string(), "exchange".to_owned())).collect()
}

async fn prepared(db: PgPool) -> (TestApp, Fake, Member) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    (app, fake, ana)
}

#[db_test]
async fn a_backfill_of_trades_fetches_them_by_their_numbers(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    let queued = ana.post(BACKFILLS, &wish(0, 100)).await.accepted();
    assert_eq!(
        (&queued["kind"], &queued["timeframe"], &queued["percent"]),
        (&json!("trades"), &json!(null), &json!(0))
    );
    app.run_jobs().await;
    assert_eq!(all(&ana).await, expected(0..600));
    let done = shown(&ana, queued["id"].as_str().unwrap()).await;
    assert_eq!((&done["status"], &done["percent"], &done["imported"]), (&json!("done"), &json!(100), &json!(600)));
    assert_eq!(done["reached"], at(100));
    let asked = fake.0.lock().unwrap().trades_asked.clone();
    let first = TradesFrom::Time(at(0).parse::<Timestamp>().unwrap());
    assert_eq!(
        (asked[0], asked[1], asked.len()),
        (first, TradesFrom::Number(1_030), 21),
        "the last page holds nothing of it"
    );
    let series = ana.get("/api/v1/market-data/trade-series").await.ok();
    assert_eq!((&series[0]["kind"], &series[0]["tradeCount"]), (&json!("aggregate"), &json!(600)));
}

#[db_test]
async fn a_backfill_of_trades_that_is_interrupted_goes_on_with_the_next_number(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    let id = asked_for(&ana, &wish(0, 100)).await;
    fake.twist_trades(13, |_| Err(SourceError::Unavailable { message: "It sleeps.".into(), until: None }));
    fake.twist_trades(0, |_| Err(SourceError::Unavailable { message: "It sleeps.".into(), until: None }));
    app.run_jobs().await;
    let waits = shown(&ana, &id).await;
    assert_eq!((&waits["status"], &waits["error"]["message"]), (&json!("queued"), &json!("It sleeps.")));
    assert_eq!((&waits["imported"], &waits["percent"]), (&json!(390), &json!(64)));
    assert_eq!(all(&ana).await, expected(0..390), "what came before is stored");
    app.clock().advance(TimeDelta::minutes(5));
    app.run_jobs().await;
    assert_eq!(fake.0.lock().unwrap().trades_asked[15], TradesFrom::Number(1_390));
    assert_eq!(all(&ana).await, expected(0..600));
    assert_eq!(shown(&ana, &id).await["imported"], 600);
}

#[db_test]
async fn a_market_without_further_trades_ends_a_backfill(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    fake.twist_trades(0, |_| Ok((0..7).map(trade).collect()));
    fake.twist_trades(0, |_| Ok(vec![]));
    let id = asked_for(&ana, &wish(0, 100)).await;
    app.run_jobs().await;
    let done = shown(&ana, &id).await;
    assert_eq!((&done["status"], &done["reached"], &done["imported"]), (&json!("done"), &json!(at(100)), &json!(7)));
}

#[db_test]
async fn no_trade_that_cannot_be_true_is_stored(db: PgPool) {
    let (app, fake, ana) = prepared(db).await;
    type Lie = fn(&mut Vec<Trade>);
    let lies: [(Lie, &str); 7] = [
        (|page| page.swap(3, 4), "trades must ascend"),
        (|page| page[4] = page[3], "trades must ascend"),
        (|page| page[0].price = Price::default(), "a price that is not above 0"),
        (|page| page[2].quantity = "0".parse().unwrap(), "is of no coins"),
        (|page| page[2].parts = Some((9, 8)), "the first comes after the last"),
        (|page| page.insert(0, trade(-1)), "was not asked for"),
        (|page| page.extend((30..6_000).map(trade)), "more than 5000 trades"),
    ];
    for (lie, why) in lies {
        fake.twist_trades(0, move |mut page| {
            lie(&mut page);
            Ok(page)
        });
        let id = asked_for(&ana, &wish(0, 60)).await;
        app.run_jobs().await;
        let failed = shown(&ana, &id).await;
        assert_eq!(failed["status"], "failed", "{why}");
        assert!(failed["error"]["message"].as_str().unwrap().contains(why), "{failed}");
        assert_eq!(ana.get("/api/v1/market-data/trade-series").await.ok(), json!([]), "{why}");
    }
}

#[db_test]
async fn what_the_exchange_told_stands_above_a_file(db: PgPool) {
    let (app, _, ana) = prepared(db).await;
    asked_for(&ana, &wish(0, 1)).await;
    app.run_jobs().await;
    let Trade { id, time, .. } = trade(0);
    let file = format!("{id},7,0.5,5000,5001,{},true,true\n", time.millis());
    let import = format!("{TRADES}/import?{BTC}");
    let kept = ana.upload(&import, "text/csv", file.clone()).await.ok();
    assert_eq!((&kept["kept"], &kept["updated"]), (&json!(1), &json!(0)));
    assert_eq!(all(&ana).await, expected(0..6));

    let bob = app.member(BOTH).await;
    bob.upload(&import, "text/csv", file).await.ok();
    let id = asked_for(&bob, &wish(0, 1)).await;
    app.run_jobs().await;
    assert_eq!((&shown(&bob, &id).await["updated"], &shown(&bob, &id).await["imported"]), (&json!(1), &json!(5)));
    assert_eq!(all(&bob).await, expected(0..6));
}

#[db_test]
async fn what_cannot_be_fetched_of_trades_is_refused_by_its_path(db: PgPool) {
    let (app, _, ana) = prepared(db).await;
    for (field, value, path, code) in [
        ("kind", json!("orders"), "kind", "INVALID_TYPE"),
        ("timeframe", json!("1m"), "timeframe", "NOT_OF_TRADES"),
        ("onlyGaps", json!(true), "onlyGaps", "NOT_OF_TRADES"),
        ("kind", json!("candles"), "timeframe", "REQUIRED"),
        ("from", json!(at(60)), "from", "NOTHING_TO_FETCH"),
        ("from", json!("2008-12-31T00:00:00Z"), "from", "TIME_OUT_OF_RANGE"),
        ("from", json!("2025-12-01T00:00:00Z"), "from", "SPAN_TOO_LONG"),
    ] {
        let mut wish = wish(0, 60);
        wish[field] = value.clone();
        let answer = ana.post(BACKFILLS, &wish).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.text());
        let fault = &answer.body()["errors"][0];
        assert_eq!((&fault["path"], &fault["code"]), (&json!(path), &json!(code)), "{field} {value}");
    }
    assert_eq!((ana.get(BACKFILLS).await.ok(), app.run_jobs().await), (json!([]), 0));
}
