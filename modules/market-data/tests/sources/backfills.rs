//! Backfills over HTTP.

use crate::{
    common::{BOTH, CANDLES, all_candles, csv, import, import_for_all, market, stored},
    fake::{
        BACKFILLS, BOOK, BTC_1M, INSTRUMENTS, START, asked_for, at, candle, expected, minutes, shown, wish, with_fake,
    },
};
use chrono::TimeDelta;
use market_data::{CandlePage, SourceError};
use testkit::{PgPool, db_test, json};
use trading::{candle::Candle, time::Timestamp};

#[db_test]
async fn a_backfill_fetches_page_after_page_and_stores_them_exactly(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let queued = ana.post(BACKFILLS, &wish(0, 300)).await.accepted();
    assert_eq!((&queued["status"], &queued["percent"]), (&json!("queued"), &json!(0)));
    app.run_jobs().await;
    assert_eq!(minutes(&ana).await, expected(0, 300));
    assert_eq!(fake.asked(), [0, 50, 100, 150, 200, 260].map(|from| (from, 300)));
    let done = shown(&ana, queued["id"].as_str().unwrap()).await;
    assert_eq!((&done["status"], &done["percent"], &done["imported"]), (&json!("done"), &json!(100), &json!(290)));
    assert_eq!(done["reached"], at(300));
    let first = &all_candles(&ana, BTC_1M).await[0];
    assert_eq!(first[1..], ["100", "100.09", "99.91", "100.03", "0.5"]);
}

#[db_test]
async fn a_backfill_that_is_interrupted_goes_on_where_it_stopped(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let id = asked_for(&ana, &wish(0, 200)).await;
    fake.pass(2);
    fake.twist(|_| Err(SourceError::Unavailable { message: "It sleeps.".into(), until: None }));
    app.run_jobs().await;
    let waits = shown(&ana, &id).await;
    assert_eq!(
        (&waits["status"], &waits["reached"], &waits["error"]["message"]),
        (&json!("queued"), &json!(at(100)), &json!("It sleeps."))
    );
    assert_eq!(minutes(&ana).await, expected(0, 100));
    app.clock().advance(TimeDelta::minutes(5));
    app.run_jobs().await;
    assert_eq!(minutes(&ana).await, expected(0, 200));
    assert_eq!(fake.asked(), [0, 50, 100, 100, 150].map(|from| (from, 200)));
    assert_eq!(shown(&ana, &id).await["imported"], 200);
}

#[db_test]
async fn a_worker_that_dies_in_the_middle_of_a_backfill_leaves_it_to_the_next_one(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let id = asked_for(&ana, &wish(0, 150)).await;
    fake.pass(1);
    fake.twist(|_| panic!("the worker dies"));
    app.run_jobs().await;
    // as a worker leaves it that could not even say that it died
    let mut tx = app.system().await;
    sqlx::query("update jobs set status = 'running', lease_until = $1")
        .bind(app.clock().now().utc())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    app.clock().advance(TimeDelta::minutes(1));
    // the lock is the fake's own, which the panic has broken
    fake.0.clear_poison();
    app.run_jobs().await;
    assert_eq!(minutes(&ana).await, expected(0, 150));
    let done = shown(&ana, &id).await;
    assert_eq!((&done["status"], &done["imported"]), (&json!("done"), &json!(150)));
    assert_eq!(fake.asked(), [0, 50, 50, 100].map(|from| (from, 150)));
}

#[db_test]
async fn nothing_that_cannot_be_true_is_stored(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    type Lie = fn(&mut CandlePage);
    let lies: [(Lie, &str); 9] = [
        (|page| page.candles.swap(3, 4), "candles must ascend"),
        (|page| page.candles[4] = page.candles[3], "candles must ascend"),
        (|page| page.candles[0].open = trading::money::Price::default(), "a price that is not above 0"),
        (|page| page.candles[0].high = page.candles[0].low, "its high"),
        (|page| page.candles[0].open_time = Timestamp::from_millis(START + 30_000), "does not open on the 1m grid"),
        (|page| page.candles.push(candle(60)), "were not asked for"),
        (|page| page.candles.insert(0, candle(-1)), "were not asked for"),
        (|page| page.next = Some(Timestamp::from_millis(START)), "it goes on before the last candle"),
        (|page| *page = CandlePage { candles: vec![], next: Some(Timestamp::from_millis(START)) }, "where it began"),
    ];
    for (lie, why) in lies {
        fake.twist(move |mut page| {
            lie(&mut page);
            Ok(page)
        });
        let id = asked_for(&ana, &wish(0, 60)).await;
        app.run_jobs().await;
        let failed = shown(&ana, &id).await;
        assert_eq!(failed["status"], "failed", "{why}");
        assert!(failed["error"]["message"].as_str().unwrap().contains(why), "{failed}");
        assert_eq!(stored(&app).await, 0, "{why}");
    }
}

#[db_test]
async fn a_candle_that_may_still_be_open_is_refused(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    fake.pass(14);
    fake.twist(|mut page| {
        page.candles.push(candle(719));
        Ok(page)
    });
    let id = asked_for(&ana, &wish(0, 9_999)).await;
    assert_eq!(shown(&ana, &id).await["to"], at(719), "minute 719 has only just ended");
    app.run_jobs().await;
    let failed = shown(&ana, &id).await;
    assert!(failed["error"]["message"].as_str().unwrap().contains("were not asked for"), "{failed}");
    assert_eq!(failed["reached"], at(710));
}

#[db_test]
async fn what_the_exchange_refuses_ends_a_backfill_with_its_words(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    for (failure, says) in [
        (SourceError::UnknownSymbol, "does not know the symbol"),
        (SourceError::Refused("It may not.".into()), "It may not."),
        (SourceError::Wrong("It raves".into()), "It raves"),
    ] {
        fake.twist(move |_| Err(failure));
        let id = asked_for(&ana, &wish(0, 60)).await;
        assert_eq!(app.run_jobs().await, 1);
        let failed = shown(&ana, &id).await;
        assert_eq!(failed["status"], "failed");
        assert!(failed["error"]["message"].as_str().unwrap().contains(says), "{failed}");
    }
}

#[db_test]
async fn only_the_gaps_between_candles_are_fetched_when_that_is_asked_for(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let line = |minute: i64| {
        let Candle { open_time, open, high, low, close, volume } = candle(minute);
        format!("{},{open},{high},{low},{close},{volume}", open_time.millis())
    };
    let there = (0..20).chain(25..30).chain(190..200).chain(210..230).chain(300..301);
    import(&ana, BTC_1M, csv(&there.map(line).collect::<Vec<_>>())).await;
    let mut wish = wish(10, 280);
    wish["onlyGaps"] = true.into();
    let id = asked_for(&ana, &wish).await;
    app.run_jobs().await;
    let done = shown(&ana, &id).await;
    assert_eq!(
        (&done["status"], &done["percent"], &done["imported"]),
        (&json!("done"), &json!(100), &json!(5 + 160 + 50))
    );
    let gaps = [(20, 25), (30, 190), (80, 190), (130, 190), (180, 190), (200, 210), (230, 280)];
    assert_eq!(fake.asked(), gaps);
    let mut all = expected(0, 280);
    all.push(300);
    assert_eq!(minutes(&ana).await, all);
}

#[db_test]
async fn the_gaps_of_the_platforms_candles_are_not_a_tenants_to_fill(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let there = "1767571200000,1,1,1,1,1\n1767571320000,1,1,1,1,1".to_owned();
    import_for_all(&app, &market("1m"), csv(&[there])).await;
    let mut gaps = wish(0, 60);
    gaps["onlyGaps"] = true.into();
    ana.post(BACKFILLS, &gaps).await.refused(409, "SHARED_SERIES");
}

#[db_test]
async fn a_gap_repair_of_nothing_is_refused_and_of_no_gaps_asks_nobody(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let mut gaps = wish(0, 60);
    gaps["onlyGaps"] = true.into();
    ana.post(BACKFILLS, &gaps).await.refused(404, "MARKET_NOT_FOUND");
    asked_for(&ana, &wish(0, 60)).await;
    app.run_jobs().await;
    let id = asked_for(&ana, &gaps).await;
    app.run_jobs().await;
    assert_eq!(shown(&ana, &id).await["status"], "done");
    assert_eq!(fake.asked(), [(0, 60), (50, 60)]);
}

#[db_test]
async fn what_cannot_be_fetched_is_refused_by_its_path(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    for (field, value, path, code) in [
        ("exchange", json!("kraken"), "exchange", "UNKNOWN_SOURCE"),
        ("exchange", json!("Binance!"), "exchange", "INVALID_TYPE"),
        ("symbol", json!("DOGE/USDT"), "symbol", "UNKNOWN_SYMBOL"),
        ("symbol", json!("BTCUSDT"), "symbol", "INVALID_TYPE"),
        ("timeframe", json!("7m"), "timeframe", "INVALID_TYPE"),
        ("from", json!(at(60)), "from", "NOTHING_TO_FETCH"),
        ("from", json!("2030-01-01T00:00:00Z"), "from", "NOTHING_TO_FETCH"),
        ("from", json!("1970-01-01T00:00:00Z"), "from", "TIME_OUT_OF_RANGE"),
        ("from", json!("1995-01-01T00:00:00Z"), "from", "TOO_MANY_CANDLES"),
        ("further", json!(1), "further", "INVALID_TYPE"),
    ] {
        let mut wish = wish(0, 60);
        wish[field] = value.clone();
        let answer = ana.post(BACKFILLS, &wish).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.text());
        let fault = &answer.body()["errors"][0];
        assert_eq!((&fault["path"], &fault["code"]), (&json!(path), &json!(code)), "{field} {value}");
    }
    assert_eq!(ana.get(BACKFILLS).await.ok(), json!([]));
    assert_eq!(app.run_jobs().await, 0);
}

#[db_test]
async fn a_tenant_has_so_many_unfinished_backfills_and_no_more(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let mut hers = vec![];
    for _ in 0..3 {
        hers.push(asked_for(&ana, &wish(0, 60)).await);
    }
    ana.post(BACKFILLS, &wish(0, 60)).await.refused(409, "TOO_MANY_BACKFILLS");
    let his = asked_for(&bob, &wish(0, 60)).await;
    ana.post(&format!("{BACKFILLS}/{}/cancel", hers.remove(0)), &json!({})).await.accepted();
    hers.push(asked_for(&ana, &wish(0, 60)).await);
    ana.post(BACKFILLS, &wish(0, 60)).await.refused(409, "TOO_MANY_BACKFILLS");
    bob.post(&format!("{BACKFILLS}/{his}/cancel"), &json!({})).await.accepted();
    for id in hers {
        ana.post(&format!("{BACKFILLS}/{id}/cancel"), &json!({})).await.accepted();
    }
}

#[db_test]
async fn a_backfill_is_cancelled_before_it_begins_and_keeps_what_it_has(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let id = asked_for(&ana, &wish(0, 200)).await;
    fake.pass(1);
    fake.twist(|_| Err(SourceError::Unavailable { message: "It sleeps.".into(), until: None }));
    app.run_jobs().await;
    let cancelled = ana.post(&format!("{BACKFILLS}/{id}/cancel"), &json!({})).await.accepted();
    assert_eq!(cancelled["status"], "cancelled");
    ana.post(&format!("{BACKFILLS}/{id}/cancel"), &json!({})).await.refused(409, "BACKFILL_ENDED");
    app.clock().advance(TimeDelta::minutes(5));
    assert_eq!(app.run_jobs().await, 0);
    assert_eq!(minutes(&ana).await, expected(0, 50));
    assert_eq!(ana.get(&format!("{BACKFILLS}?status=cancelled")).await.ok()[0]["id"], id.as_str());
    assert_eq!(ana.get(&format!("{BACKFILLS}?status=done")).await.ok(), json!([]));
}

#[db_test]
async fn a_tenant_never_sees_anothers_backfills_or_candles(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let id = asked_for(&ana, &wish(0, 60)).await;
    app.run_jobs().await;
    assert_eq!(bob.get(BACKFILLS).await.ok(), json!([]));
    bob.get(&format!("{BACKFILLS}/{id}")).await.refused(404, "BACKFILL_NOT_FOUND");
    bob.post(&format!("{BACKFILLS}/{id}/cancel"), &json!({})).await.refused(404, "BACKFILL_NOT_FOUND");
    bob.get(&format!("{CANDLES}?{BTC_1M}")).await.refused(404, "MARKET_NOT_FOUND");
}

#[db_test]
async fn what_is_asked_for_and_cancelled_is_in_the_audit_trail(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let ana = app.member(["market-data:read", "market-data:write", "audit:read"]).await;
    let id = asked_for(&ana, &wish(0, 60)).await;
    ana.post(&format!("{BACKFILLS}/{id}/cancel"), &json!({})).await.accepted();
    let trail = ana.get(&format!("/api/v1/audit?resourceId={id}")).await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["backfill.cancelled", "backfill.created"]);
}

#[db_test]
async fn backfills_need_their_permissions(db: PgPool) {
    let (app, _) = with_fake(db).await;
    let reader = app.member(["market-data:read"]).await;
    reader.post(BACKFILLS, &wish(0, 60)).await.refused(403, "FORBIDDEN");
    reader.get(BACKFILLS).await.ok();
    let refresh = format!("{INSTRUMENTS}/refresh");
    // what somebody holds in their tenant is not held on the platform
    let manager = app.member(["market-data:manage"]).await;
    manager.post(&refresh, &json!({ "exchange": "binance" })).await.refused(403, "FORBIDDEN");
    app.stranger().get(&format!("{BOOK}?exchange=binance&symbol=BTC/USDT")).await.refused(401, "UNAUTHORIZED");
}
