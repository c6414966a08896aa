//! Prices over HTTP: as the exchange tells them, and as far as what is stored tells.

use crate::{
    common::{BOTH, app, csv, import, import_for_all, lines, market},
    fake::{Fake, START, with_fake},
};
use chrono::TimeDelta;
use market_data::{SourceError, Ticker};
use testkit::{PgPool, db_test, json};
use trading::{book::Level, money::Price, time::Timestamp};

const TICKER: &str = "/api/v1/market-data/ticker?exchange=binance&symbol=BTC/USDT";

fn level(price: &str) -> Option<Level> {
    Some(Level { price: price.parse().unwrap(), quantity: "1.5".parse().unwrap() })
}

fn ticker() -> Ticker {
    Ticker {
        open: "80".parse().unwrap(),
        high: "110".parse().unwrap(),
        low: "75.5".parse().unwrap(),
        last: "90".parse().unwrap(),
        volume: "1234.5".parse().unwrap(),
        quote_volume: "99999.9".parse().unwrap(),
        bid: level("89.9"),
        ask: level("90.1"),
        at: Timestamp::from_millis(START),
    }
}

fn says(fake: &Fake, ticker: Result<Ticker, SourceError>) {
    fake.0.lock().unwrap().ticker = Some(ticker);
}

fn asked(fake: &Fake) -> usize {
    fake.0.lock().unwrap().tickers_asked
}

#[db_test]
async fn the_exchange_is_asked_where_it_can_be_asked(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    says(&fake, Ok(ticker()));
    import(&ana, "exchange=binance&symbol=BTC/USDT&timeframe=5m", csv(&lines(5))).await;
    let told = ana.get(TICKER).await.ok();
    assert_eq!(
        told,
        json!({
            "exchange": "binance", "symbol": "BTC/USDT", "source": "exchange", "last": "90", "open": "80", "high": "110",
            "low": "75.5", "change": "10", "changePercent": "12.5", "volume": "1234.5", "quoteVolume": "99999.9",
            "bid": { "price": "89.9", "quantity": "1.5" }, "ask": { "price": "90.1", "quantity": "1.5" },
            "time": "2026-01-05T00:00:00.000Z"
        })
    );
}

#[db_test]
async fn what_many_ask_at_once_is_asked_of_the_exchange_once(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    says(&fake, Ok(ticker()));
    let (one, other, third) = tokio::join!(ana.get(TICKER), bob.get(TICKER), ana.get(TICKER));
    let [one, other, third] = [one, other, third].map(|answer| answer.ok());
    assert!(one == other && one == third);
    assert_eq!(asked(&fake), 1);
    app.clock().advance(TimeDelta::milliseconds(1_999));
    ana.get(TICKER).await.ok();
    assert_eq!(asked(&fake), 1, "what was told holds for two seconds");
    ana.get(&TICKER.replace("BTC", "ETH")).await.ok();
    assert_eq!(asked(&fake), 2);
    app.clock().advance(TimeDelta::milliseconds(1));
    says(&fake, Ok(Ticker { last: "95".parse().unwrap(), ..ticker() }));
    assert_eq!(ana.get(TICKER).await.ok()["last"], "95");
    assert_eq!(asked(&fake), 3);
}

#[db_test]
async fn an_exchange_that_does_not_answer_well_is_told_so(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let ana = app.member(BOTH).await;
    let price = |text: &str| text.parse::<Price>().unwrap();
    for (answer, status, code) in [
        (Err(SourceError::UnknownSymbol), 422, "VALIDATION_ERROR"),
        (Err(SourceError::Unavailable { message: "Ill.".into(), until: None }), 503, "EXCHANGE_UNAVAILABLE"),
        (Ok(Ticker { last: price("111"), ..ticker() }), 502, "EXCHANGE_ANSWERS_WRONGLY"),
        (Ok(Ticker { low: price("81"), ..ticker() }), 502, "EXCHANGE_ANSWERS_WRONGLY"),
        (Ok(Ticker { low: Price::default(), open: Price::default(), ..ticker() }), 502, "EXCHANGE_ANSWERS_WRONGLY"),
        (Ok(Ticker { bid: level("90.1"), ..ticker() }), 502, "EXCHANGE_ANSWERS_WRONGLY"),
    ] {
        says(&fake, answer);
        ana.get(TICKER).await.refused(status, code);
        app.clock().advance(TimeDelta::seconds(2));
    }
    says(&fake, Ok(Ticker { bid: None, ask: None, ..ticker() }));
    let told = ana.get(TICKER).await.ok();
    assert_eq!((&told["bid"], &told["ask"]), (&json!(null), &json!(null)));
}

#[db_test]
async fn candles_tell_where_no_exchange_can_be_asked(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    ana.get(TICKER).await.refused(404, "MARKET_NOT_FOUND");
    let hour = |n: i64, prices: &str| format!("{},{prices}", START + n * 3_600_000);
    // the first is older than a day when the last ends
    let hours = [hour(-24, "1,999,1,1,50"), hour(-23, "80,90,70,85,1.5"), hour(0, "85,100,84,99,2")];
    let market = |timeframe: &str| format!("exchange=binance&symbol=BTC/USDT&timeframe={timeframe}");
    let series = import(&ana, &market("1h"), csv(&hours)).await["series"]["id"].clone();
    import(&ana, &market("1d"), format!("{},5,6,4,5,1\n", START - 86_400_000)).await;
    let told = ana.get(TICKER).await.ok();
    assert_eq!(
        told,
        json!({
            "exchange": "binance", "symbol": "BTC/USDT", "source": "stored", "last": "99", "open": "80", "high": "100",
            "low": "70", "change": "19", "changePercent": "23.75", "volume": "3.5", "quoteVolume": null, "bid": null,
            "ask": null, "time": "2026-01-05T01:00:00.000Z",
            "series": { "id": series, "shared": false, "timeframe": "1h" }
        })
    );
}

#[db_test]
async fn trades_tell_where_they_go_on_for_longer_than_candles(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    import_for_all(&app, &market("1h"), format!("{},5,6,4,5,1\n", START - 3_600_000)).await;
    let line = |id: i64, millis: i64, figures: &str| format!("{id},{figures},{},true,true\n", START + millis);
    let file = [
        line(1, -86_400_000 + 59_000, "1,1,1"),
        line(2, -86_400_000 + 60_001, "80,2,160"),
        line(3, 0, "0.5,3,1.51"),
        line(4, 60_000, "100,1,100"),
        line(5, 60_000, "60,0.25,15"),
    ];
    let path = "/api/v1/market-data/trades/import?exchange=binance&symbol=BTC/USDT";
    ana.upload(path, "text/csv", file.concat()).await.ok();
    let told = ana.get(TICKER).await.ok();
    let figures = ["source", "open", "high", "low", "last", "changePercent", "volume", "quoteVolume", "time"];
    assert_eq!(
        figures.map(|name| told[name].as_str().unwrap().to_owned()),
        ["stored", "80", "100", "0.5", "60", "-25", "6.25", "276.51", "2026-01-05T00:01:00.000Z"]
    );
    assert_eq!((&told["series"]["kind"], &told["series"]["shared"]), (&json!("single"), &json!(false)));
    assert_eq!(bob.get(TICKER).await.ok()["series"], {
        let series = bob.get("/api/v1/market-data/markets").await.ok();
        json!({ "id": series[0]["id"], "shared": true, "timeframe": "1h" })
    });
}

#[db_test]
async fn tickers_need_their_permission(db: PgPool) {
    let app = app(db).await;
    let writer = app.member(["market-data:write"]).await;
    writer.get(TICKER).await.refused(403, "FORBIDDEN");
    app.stranger().get(TICKER).await.refused(401, "UNAUTHORIZED");
    let reader = app.member(["market-data:read"]).await;
    reader.get("/api/v1/market-data/ticker?exchange=binance").await.refused(422, "VALIDATION_ERROR");
}
