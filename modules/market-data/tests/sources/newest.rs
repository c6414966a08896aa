//! The newest candles, asked for and told.

use crate::fake::{MINUTE, START, candle, minute, with_fake};
use chrono::TimeDelta;
use futures::StreamExt;
use market_data::{CandleNews, Market, follow, newest};
use testkit::{PgPool, TestApp, db_test};
use trading::{candle::Candle, time::Timestamp};

fn market() -> Market {
    Market {
        exchange: "binance".parse().unwrap(),
        symbol: "BTC/USDT".parse().unwrap(),
        timeframe: "1m".parse().unwrap(),
    }
}

/// The opening minutes of the newest candles from one on.
async fn from(app: &TestApp, first: i64) -> Vec<i64> {
    let open = Timestamp::from_millis(START + first * MINUTE);
    newest(app.app(), &market(), open).await.unwrap().iter().map(|candle| minute(candle.open_time)).collect()
}

#[db_test]
async fn a_candle_that_was_told_is_the_answer_to_the_question_for_it_and_to_no_other(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let last = (app.clock().now().millis() - START) / MINUTE - 1;
    let off_the_grid = Candle { open_time: Timestamp::from_millis(START + 30_000), ..candle(0) };
    let told = [candle(last), candle(last + 9), off_the_grid].map(CandleNews::Closed);
    fake.0.lock().unwrap().news = told.to_vec();
    let mut news = follow(app.app(), &market());
    for expected in told {
        assert_eq!(news.next().await, Some(expected));
    }
    assert_eq!((from(&app, last).await, fake.asked()), (vec![last], vec![]));
    // one is missing before it
    assert_eq!(from(&app, last - 1).await, [last - 1, last]);
    assert_eq!(fake.asked().len(), 1);
    // what has not come by this clock is not believed
    assert_eq!(from(&app, last + 9).await, [0_i64; 0]);
    assert_eq!(fake.asked().len(), 2);
    app.clock().advance(TimeDelta::seconds(3));
    assert_eq!(from(&app, last).await, [last]);
    assert_eq!(fake.asked().len(), 3, "it is not kept for long");
}
