//! Instruments and books over HTTP.

use crate::{
    common::{BOTH, app, within},
    fake::{BACKFILLS, BOOK, INSTRUMENTS, wish, with_fake},
};
use chrono::TimeDelta;
use market_data::{Exchange, Listing, SourceError};
use testkit::{Member, PgPool, TestApp, db_test, json};
use trading::book::{Level, Snapshot};

fn listing(symbol: &str, status: &str, tick: &str) -> Listing {
    Listing {
        symbol: symbol.parse().unwrap(),
        status: status.to_owned(),
        tick: tick.parse().ok(),
        lot: "0.001".parse().ok(),
        min_quantity: "0.002".parse().ok(),
        max_quantity: "9".parse().ok(),
        market_lot: None,
        market_min_quantity: None,
        market_max_quantity: "5".parse().ok(),
        min_notional: "5".parse().ok(),
        base_digits: 8,
        quote_digits: 6,
        order_types: vec!["LIMIT".to_owned(), "MARKET".to_owned()],
        permissions: vec!["SPOT".to_owned()],
    }
}

async fn refreshed(app: &TestApp) -> market_data::Refreshed {
    let exchange: Exchange = "binance".parse().unwrap();
    market_data::refresh_instruments(app.app(), &exchange, async || Ok(app.system().await)).await.unwrap()
}

#[db_test]
async fn the_samples_have_filters_where_no_exchange_can_be_asked(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let both = ana.get(INSTRUMENTS).await.ok();
    let symbols: Vec<_> = both.as_array().unwrap().iter().map(|it| it["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["BTC/USDT", "ETH/USDT"]);
    let bitcoin = ana.get(&format!("{INSTRUMENTS}/binance/BTC%2FUSDT")).await.ok();
    assert_eq!(
        (&bitcoin["tick"], &bitcoin["lot"], &bitcoin["minNotional"]),
        (&json!("0.01"), &json!("0.000001"), &json!("10"))
    );
    assert_eq!(bitcoin["updatedAt"], "2018-02-10T02:40:25.348Z");
    ana.get(&format!("{INSTRUMENTS}/binance/DOGE%2FUSDT")).await.refused(404, "INSTRUMENT_NOT_FOUND");
    ana.post(BACKFILLS, &wish(0, 60)).await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn what_an_exchange_lists_takes_the_place_of_what_it_listed(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let listings = vec![listing("BTC/USDT", "TRADING", "0.1"), listing("DOGE/EUR", "BREAK", "0.00001")];
    fake.0.lock().unwrap().listings = Some(Ok(listings));
    let told = refreshed(&app).await;
    assert_eq!((told.listed, told.delisted), (2, 1));
    let rows = ana.get(&format!("{INSTRUMENTS}?sort=-symbol")).await.ok();
    let states: Vec<_> = rows.as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["DELISTED", "BREAK", "TRADING"]);
    assert_eq!(
        (&rows[2]["tick"], &rows[2]["marketMaxQuantity"], &rows[1]["quote"]),
        (&json!("0.1"), &json!("5"), &json!("EUR"))
    );
    for (query, found) in [
        ("q=oge", 1),
        ("quote=usdt", 2),
        ("base=BTC&exchange=binance", 1),
        ("status=trading", 1),
        ("exchange=kraken", 0),
        ("q=%25", 0),
    ] {
        assert_eq!(ana.get(&format!("{INSTRUMENTS}?{query}")).await.ok().as_array().unwrap().len(), found, "{query}");
    }
    let again = refreshed(&app).await;
    assert_eq!((again.listed, again.delisted), (2, 0));
}

/// A member who is an operator of the platform as well.
async fn operator(app: &TestApp) -> Member {
    let member = app.member(["audit:read"]).await;
    let mut tx = app.system().await;
    let promote = sqlx::query("update users set role = 'super_admin' where id = $1").bind(member.user);
    promote.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    member
}

#[db_test]
async fn an_operator_has_an_exchange_asked_by_a_job(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let (ana, root) = (app.member(BOTH).await, operator(&app).await);
    fake.0.lock().unwrap().listings = Some(Ok(vec![listing("SOL/USDT", "TRADING", "0.01")]));
    let refresh = format!("{INSTRUMENTS}/refresh");
    root.post(&refresh, &json!({ "exchange": "kraken" })).await.refused(422, "VALIDATION_ERROR");
    ana.post(&refresh, &json!({ "exchange": "binance" })).await.refused(403, "FORBIDDEN");
    root.post(&refresh, &json!({ "exchange": "binance" })).await.accepted();
    assert_eq!(app.run_jobs().await, 1);
    let found = ana.get(&format!("{INSTRUMENTS}?status=trading")).await.ok();
    assert_eq!((&found[0]["symbol"], &found[1]), (&json!("SOL/USDT"), &json!(null)));
    let trail = root.get("/api/v1/audit/platform?action=instruments.refreshed").await.ok();
    assert_eq!(trail[0]["after"], json!({ "exchange": "binance", "listed": 1, "delisted": 2 }));
}

#[db_test]
async fn an_exchange_that_does_not_answer_leaves_the_instruments_as_they_are(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let before = ana.get(INSTRUMENTS).await.ok();
    let until = app.clock().now() + TimeDelta::seconds(90);
    fake.0.lock().unwrap().listings =
        Some(Err(SourceError::Unavailable { message: "Ill.".into(), until: Some(until) }));
    let exchange: Exchange = "binance".parse().unwrap();
    let refused = market_data::refresh_instruments(app.app(), &exchange, async || Ok(app.system().await)).await;
    assert_eq!(refused.unwrap_err().code(), "EXCHANGE_UNAVAILABLE");
    assert_eq!(ana.get(INSTRUMENTS).await.ok(), before);
}

#[db_test]
async fn a_symbol_without_filters_is_told_to_have_none(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let exchange: Exchange = "binance".parse().unwrap();
    let mut tx = within(&app, &ana).await;
    let known = market_data::instrument(&mut tx, &exchange, &"ETH/USDT".parse().unwrap()).await.unwrap();
    assert_eq!((known.instrument.lot.unwrap().to_string(), known.note), ("0.00001".to_owned(), None));
    let unknown = market_data::instrument(&mut tx, &exchange, &"DOGE/USDT".parse().unwrap()).await.unwrap();
    assert_eq!((unknown.instrument.lot, unknown.instrument.tick), (None, None));
    assert_eq!(unknown.note.unwrap(), "The filters of DOGE/USDT at binance are not known; none were applied.");
}

fn levels(prices: &[&str]) -> Vec<Level> {
    prices.iter().map(|price| Level { price: price.parse().unwrap(), quantity: "1.5".parse().unwrap() }).collect()
}

#[db_test]
async fn a_book_is_shown_from_its_best_prices_on_and_a_crossed_one_is_not(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let path = format!("{BOOK}?exchange=binance&symbol=BTC/USDT&levels=2");
    let tell = |bids: &[&str], asks: &[&str]| {
        let told = Snapshot { last_id: 7, bids: levels(bids), asks: levels(asks) };
        fake.0.lock().unwrap().book = Some(Ok(told));
    };
    tell(&["97", "99", "98"], &["101", "100.5", "103"]);
    let book = ana.get(&path).await.ok();
    assert_eq!(book["bids"], json!([{ "price": "99", "quantity": "1.5" }, { "price": "98", "quantity": "1.5" }]));
    assert_eq!((&book["asks"][0]["price"], &book["lastUpdateId"]), (&json!("100.5"), &json!(7)));
    tell(&["101"], &["101"]);
    ana.get(&path).await.refused(502, "EXCHANGE_ANSWERS_WRONGLY");
    fake.0.lock().unwrap().book = Some(Err(SourceError::UnknownSymbol));
    ana.get(&path).await.refused(422, "VALIDATION_ERROR");
    fake.0.lock().unwrap().book = Some(Err(SourceError::Unavailable { message: "Ill.".into(), until: None }));
    ana.get(&path).await.refused(503, "EXCHANGE_UNAVAILABLE");
}
