//! What an import makes of what is there.

use crate::{
    common::{BOTH, app},
    dump::*,
};
use rust_decimal::Decimal;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_dump_reads_back_exactly_as_it_was_imported(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    // more than one batch of what is written at once
    let trades = told(5..12_345);
    let imported = import(&ana, dump(&trades)).await;
    assert_eq!(counts(&imported), [12_340, 0, 0, 0]);
    assert_eq!(
        (&imported["firstId"], &imported["lastId"], &imported["missing"]),
        (&json!(5), &json!(12_344), &json!(0))
    );
    let series = &imported["series"];
    assert_eq!(
        (&series["symbol"], &series["kind"], &series["shared"]),
        (&json!("BTC/USDT"), &json!("single"), &json!(false))
    );
    assert_eq!((&series["tradeCount"], &series["lastTradeId"]), (&json!(12_340), &json!(12_344)));
    assert_eq!(series["firstTradeTime"], "2025-12-01T00:00:00.700Z");
    assert_eq!(all(&ana, "").await, trades);
    assert_eq!(ana.get(SERIES).await.ok()[0]["id"], series["id"]);
}

#[db_test]
async fn an_amount_that_the_exchange_rounded_is_kept_as_it_told_it(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = format!(
        "1,0.00012345,0.12345678,0.00001524,{START},true,true\n2,4.00000123,123456.78901234,493827.3079012104851782,{START},true,true\n"
    );
    import(&ana, file).await;
    let trades = ana.get(&format!("{TRADES}?{BTC}")).await.ok();
    let quotes = [0, 1].map(|row: usize| trades[row]["quoteQuantity"].as_str().unwrap().to_owned());
    assert_eq!(quotes, ["0.00001524", "493827.3079012104851782"]);
    let mut tx = transaction(&app, &ana).await;
    let told: Vec<Option<Decimal>> =
        sqlx::query_scalar("select quote from trades order by trade_id").fetch_all(tx.conn()).await.unwrap();
    assert_eq!(told, [Some(Decimal::new(1524, 8)), None], "price times quantity is not written down");
}

#[db_test]
async fn importing_the_same_dump_again_changes_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = dump(&told(0..300));
    let first = import(&ana, file.clone()).await;
    app.clock().advance(chrono::TimeDelta::minutes(1));
    let again = import(&ana, file).await;
    assert_eq!(counts(&again), [0, 0, 300, 0]);
    assert_eq!(again["series"], first["series"], "not even the time of the last change");
}

#[db_test]
async fn overlapping_dumps_grow_together_and_fill_each_others_holes(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let trades = told(0..900);
    let every_third: Vec<_> = trades.iter().step_by(3).cloned().collect();
    let first = import(&ana, dump(&every_third)).await;
    assert_eq!((counts(&first), &first["missing"]), ([300, 0, 0, 0], &json!(598)));
    assert_eq!(counts(&import(&ana, dump(&trades[100..500])).await), [267, 0, 133, 0]);
    assert_eq!(counts(&import(&ana, dump(&trades)).await), [333, 0, 567, 0]);
    assert_eq!(all(&ana, "").await, trades);
    assert_eq!(ana.get(SERIES).await.ok()[0]["tradeCount"], 900);
}

#[db_test]
async fn a_correction_takes_the_place_of_what_was_there_even_at_another_time(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let mut trades = told(0..300);
    import(&ana, dump(&trades)).await;
    trades[0].price += Decimal::ONE;
    trades[0].quote = trades[0].price * trades[0].quantity;
    trades[7].maker = !trades[7].maker;
    trades[150].quote += Decimal::new(1, 8);
    // over the turn of the year, into another partition
    trades[299].time += 35 * 86_400_000;
    let corrected = import(&ana, dump(&trades)).await;
    assert_eq!(counts(&corrected), [0, 4, 296, 0]);
    assert_eq!((&corrected["series"]["tradeCount"], stored(&app).await), (&json!(300), 300));
    assert_eq!(corrected["series"]["lastTradeTime"], "2026-01-05T00:02:09.300Z");
    assert_eq!(all(&ana, "").await, trades);
    // of two files the later one holds, however often they come
    assert_eq!(counts(&import(&ana, dump(&told(0..300))).await), [0, 4, 296, 0]);
    assert_eq!(all(&ana, "").await, told(0..300));
}

#[db_test]
async fn single_and_aggregate_trades_are_series_of_their_own(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let trades = told(0..100);
    import(&ana, aggregates(&trades[..60])).await;
    let aggregate = ana.get(&format!("{TRADES}?{BTC}&limit=1")).await.ok();
    assert_eq!(
        (&aggregate[0]["id"], &aggregate[0]["firstId"], &aggregate[0]["lastId"]),
        (&json!(1_000_000), &json!(0), &json!(0))
    );
    ana.get(&format!("{TRADES}?{BTC}&kind=single")).await.refused(404, "MARKET_NOT_FOUND");
    import(&ana, dump(&trades)).await;
    assert_eq!(all(&ana, "").await, trades, "single trades are answered where there are any");
    assert_eq!(all(&ana, "&kind=aggregate").await.len(), 60);
    let series = ana.get(&format!("{SERIES}?sort=-tradeCount")).await.ok();
    assert_eq!((&series[0]["kind"], &series[1]["kind"]), (&json!("single"), &json!("aggregate")));
}

#[db_test]
async fn two_imports_of_one_market_at_once_are_one_after_the_other(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let file = dump(&told(0..2_000));
    let (one, other) = tokio::join!(import(&ana, file.clone()), import(&ana, file));
    let [one, other] = [one, other].map(|imported| counts(&imported));
    assert_eq!((one[0] + other[0], one[2] + other[2], stored(&app).await), (2_000, 2_000, 2_000));
}

#[db_test]
async fn a_tenant_may_not_keep_trades_or_series_without_end(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..5))).await;
    let mut tx = app.system().await;
    sqlx::query("update trade_series set trade_count = 49999995").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("{TRADES}/import?{BTC}");
    for refused in [told(3..11), told(5..11)] {
        ana.upload(&path, "text/csv", dump(&refused)).await.refused(409, "TOO_MANY_TRADES");
    }
    assert_eq!(stored(&app).await, 5);
    assert_eq!(counts(&import(&ana, dump(&told(0..10))).await), [5, 0, 5, 0]);
    let mut tx = app.system().await;
    sqlx::query(
        "insert into trade_series (id, tenant_id, exchange, symbol, kind, created_at, updated_at)
         select gen_random_uuid(), $1, 'binance', 'C' || n || '/USDT', 'single', now(), now() from generate_series(1, 999) n",
    )
    .bind(ana.tenant)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let another = format!("{TRADES}/import?exchange=binance&symbol=ETH/USDT");
    ana.upload(&another, "text/csv", dump(&told(0..5))).await.refused(409, "TOO_MANY_SERIES");
}

#[db_test]
async fn imports_and_deletions_are_in_the_audit_trail(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["market-data:read", "market-data:write", "audit:read"]).await;
    let id = import(&ana, dump(&told(0..9))).await["series"]["id"].as_str().unwrap().to_owned();
    ana.delete(&format!("{SERIES}/{id}")).await.no_content();
    let trail = ana.get(&format!("/api/v1/audit?resourceId={id}")).await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["trade_series.deleted", "trade_series.imported"]);
    assert_eq!(trail[1]["after"]["imported"], 9);
}
