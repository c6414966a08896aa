//! An exchange that answers as a test says, and who asks it.

use crate::common::all_candles;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use market_data::{CandleNews, CandlePage, Listing, Market, Source, SourceError, Sources, Ticker, TradesFrom};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use testkit::{Member, PgPool, TestApp, Value, json};
use trading::{
    book::Snapshot,
    candle::Candle,
    money::Symbol,
    time::{Timeframe, Timestamp},
    trades::Trade,
};

pub(crate) const BACKFILLS: &str = "/api/v1/market-data/backfills";
pub(crate) const INSTRUMENTS: &str = "/api/v1/market-data/instruments";
pub(crate) const BOOK: &str = "/api/v1/market-data/book";
/// 2026-01-05T00:00:00Z, twelve hours before the tests' clock.
pub(crate) const START: i64 = 1_767_571_200_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const PAGE: usize = 50;

pub(crate) type Page = Result<CandlePage, SourceError>;
pub(crate) type Trades = Result<Vec<Trade>, SourceError>;
pub(crate) type TradeTwist = Box<dyn FnOnce(Vec<Trade>) -> Trades + Send>;
pub(crate) type Twist = Box<dyn FnOnce(CandlePage) -> Page + Send>;

/// An exchange with a candle a minute but for an outage, whose answers a test may twist.
#[derive(Clone, Default)]
pub(crate) struct Fake(pub(crate) Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// The opening minutes that were asked for, from and to.
    asked: Vec<(i64, i64)>,
    twists: VecDeque<Option<Twist>>,
    pub(crate) listings: Option<Result<Vec<Listing>, SourceError>>,
    pub(crate) book: Option<Result<Snapshot, SourceError>>,
    pub(crate) ticker: Option<Result<Ticker, SourceError>>,
    pub(crate) tickers_asked: usize,
    /// What it tells without being asked.
    pub(crate) news: Vec<CandleNews>,
    /// From where trades were asked for.
    pub(crate) trades_asked: Vec<TradesFrom>,
    pub(crate) trade_twists: VecDeque<Option<TradeTwist>>,
}

pub(crate) fn candle(minute: i64) -> Candle {
    let price = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
    let open = 10_000 + minute % 97;
    Candle {
        open_time: Timestamp::from_millis(START + minute * MINUTE),
        open: price(open),
        high: price(open + 9),
        low: price(open - 9),
        close: price(open + 3),
        volume: format!("{}.5", minute.abs()).parse().unwrap(),
    }
}

pub(crate) const TRADES_PAGE: i64 = 30;

/// The trade that happened so many times ten seconds after the start.
pub(crate) fn trade(row: i64) -> Trade {
    Trade {
        id: 1_000 + row,
        time: Timestamp::from_millis(START + row * 10_000),
        price: format!("{}.25", 100 + row.rem_euclid(7)).parse().unwrap(),
        quantity: "0.5".parse().unwrap(),
        quote: None,
        buyer_is_maker: row % 2 == 0,
        parts: Some((2 * row + 5_000, 2 * row + 5_001)),
    }
}

pub(crate) fn minute(at: Timestamp) -> i64 {
    (at.millis() - START) / MINUTE
}

impl Fake {
    pub(crate) fn answer(&self, from: Timestamp, to: Timestamp) -> Page {
        let mut state = self.0.lock().unwrap();
        state.asked.push((minute(from), minute(to)));
        // it was away from minute 200 to 209
        let open = (minute(from)..minute(to)).filter(|minute| !(200..210).contains(minute));
        let candles: Vec<_> = open.take(PAGE).map(candle).collect();
        let full = candles.len() == PAGE;
        let next = candles.last().filter(|_| full).map(|last| Timeframe::M1.next(last.open_time));
        let page = CandlePage { candles, next };
        match state.twists.pop_front().flatten() {
            Some(twist) => twist(page),
            None => Ok(page),
        }
    }

    /// A trade every ten seconds, without end.
    fn trades(&self, from: TradesFrom) -> Trades {
        let mut state = self.0.lock().unwrap();
        state.trades_asked.push(from);
        let first = match from {
            TradesFrom::Time(at) => (at.millis() - START + 9_999).div_euclid(10_000),
            TradesFrom::Number(id) => id - 1_000,
        };
        let page = (first..first + TRADES_PAGE).map(trade).collect();
        match state.trade_twists.pop_front().flatten() {
            Some(twist) => twist(page),
            None => Ok(page),
        }
    }

    pub(crate) fn twist_trades(&self, after: usize, twist: impl FnOnce(Vec<Trade>) -> Trades + Send + 'static) {
        let twists = &mut self.0.lock().unwrap().trade_twists;
        twists.extend((0..after).map(|_| None));
        twists.push_back(Some(Box::new(twist)));
    }

    pub(crate) fn twist(&self, twist: impl FnOnce(CandlePage) -> Page + Send + 'static) {
        self.0.lock().unwrap().twists.push_back(Some(Box::new(twist)));
    }

    pub(crate) fn pass(&self, pages: usize) {
        self.0.lock().unwrap().twists.extend((0..pages).map(|_| None));
    }

    pub(crate) fn asked(&self) -> Vec<(i64, i64)> {
        self.0.lock().unwrap().asked.clone()
    }
}

impl Source for Fake {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn candles<'a>(&'a self, _: &'a Market, from: Timestamp, to: Timestamp) -> BoxFuture<'a, Page> {
        async move { self.answer(from, to) }.boxed()
    }

    fn listings(&self) -> BoxFuture<'_, Result<Vec<Listing>, SourceError>> {
        async { self.0.lock().unwrap().listings.clone().unwrap() }.boxed()
    }

    fn trades<'a>(&'a self, _: &'a Symbol, from: TradesFrom) -> BoxFuture<'a, Trades> {
        async move { self.trades(from) }.boxed()
    }

    fn ticker<'a>(&'a self, _: &'a Symbol) -> BoxFuture<'a, Result<Ticker, SourceError>> {
        async {
            self.0.lock().unwrap().tickers_asked += 1;
            // somebody else may come and ask meanwhile
            tokio::task::yield_now().await;
            self.0.lock().unwrap().ticker.clone().unwrap()
        }
        .boxed()
    }

    fn book<'a>(&'a self, _: &'a Symbol, _: u16) -> BoxFuture<'a, Result<Snapshot, SourceError>> {
        async { self.0.lock().unwrap().book.clone().unwrap() }.boxed()
    }

    fn closes(&self, _: &Market) -> BoxStream<'static, CandleNews> {
        stream::iter(self.0.lock().unwrap().news.clone()).chain(stream::pending()).boxed()
    }
}

pub(crate) async fn with_fake(db: PgPool) -> (TestApp, Fake) {
    let fake = Fake::default();
    let sources = Sources::new(vec![Arc::new(fake.clone())]);
    (TestApp::with(db, [market_data::module()], |parts| parts.provide(sources)).await, fake)
}

pub(crate) fn at(minute: i64) -> String {
    kit::Time::from_millis(START + minute * MINUTE).to_string()
}

pub(crate) fn wish(from: i64, to: i64) -> Value {
    json!({ "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m", "from": at(from), "to": at(to) })
}

pub(crate) const BTC_1M: &str = "exchange=binance&symbol=BTC/USDT&timeframe=1m";

pub(crate) async fn asked_for(member: &Member, wish: &Value) -> String {
    let backfill = member.post(BACKFILLS, wish).await.accepted();
    backfill["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn shown(member: &Member, id: &str) -> Value {
    member.get(&format!("{BACKFILLS}/{id}")).await.ok()
}

/// The opening minutes of all candles that the tenant has.
pub(crate) async fn minutes(member: &Member) -> Vec<i64> {
    let candles = all_candles(member, BTC_1M).await;
    let millis = |text: &str| text.parse::<Timestamp>().unwrap();
    candles.iter().map(|[open_time, ..]| minute(millis(open_time))).collect()
}

pub(crate) fn expected(from: i64, to: i64) -> Vec<i64> {
    (from..to).filter(|minute| !(200..210).contains(minute)).collect()
}
