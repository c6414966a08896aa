//! The book of the exchange, which fills the orders of a paper bot that take from it as they come.

use super::{machine::Machine, news::News, session::timestamp};
use crate::event::Event;
use chrono::TimeDelta;
use kit::{App, Time};
use market_data::Market;
use std::{collections::HashSet, time::Duration};
use trading::{
    book::{Book, Level},
    engine::Input,
    order::{ClientOrderId, Order, Side},
    time::Timestamp,
};

/// So many levels a side are asked for; what takes more waits for the candle with its rest.
const LEVELS: u16 = 100;
/// How long the exchange is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// What came to the venue longer ago is filled by its candle: the book is another one by now.
const NEWS: TimeDelta = TimeDelta::seconds(30);

/// Has orders meet the book.
pub(super) struct Depth {
    market: Market,
    /// The orders for which the exchange was asked.
    asked: HashSet<ClientOrderId>,
    /// The book could not be had when it was last asked for.
    missing: bool,
}

impl Depth {
    pub(super) fn new(market: Market) -> Self {
        Self { market, asked: HashSet::new(), missing: false }
    }

    /// The orders that have just reached the venue, for which the exchange is asked once.
    pub(super) fn come(&mut self, newcomers: Vec<(Order, Timestamp)>, now: Time) -> Vec<Order> {
        let is_new = |arrives: Time| arrives <= now && now - arrives <= NEWS;
        let there = newcomers.into_iter().filter(|it| is_new(Time::from_millis(it.1.millis())));
        let (orders, asked): (Vec<_>, Vec<_>) =
            there.map(|(order, _)| order).partition(|order| !self.asked.contains(&order.client_order_id));
        self.asked = orders.iter().chain(&asked).map(|order| order.client_order_id).collect();
        orders
    }

    /// The book, or what people are to know where it cannot be had. **No transaction is open meanwhile.**
    pub(super) async fn book(&mut self, app: &App) -> Result<Book, Option<Event>> {
        let asked = market_data::depth(app, &self.market.exchange, &self.market.symbol, LEVELS);
        let why = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(book)) => {
                self.missing = false;
                return Ok(book);
            }
            Ok(Err(failure)) => failure.message().to_owned(),
            Err(_) => "It takes too long to answer.".to_owned(),
        };
        let is_told = std::mem::replace(&mut self.missing, true);
        let message = format!("The book of the exchange cannot be had, and candles fill the orders: {why}");
        Err((!is_told).then(|| Event::of_bot("book.missing", message)))
    }
}

/// When the next order comes that has still to come.
pub(super) fn next(newcomers: &[(Order, Timestamp)], now: Time) -> Option<Time> {
    let comes = newcomers.iter().map(|(_, arrives)| Time::from_millis(arrives.millis()));
    comes.filter(|arrives| *arrives > now).min()
}

/// What the orders of a lane find, one after the other: what one takes is gone for the next.
pub(super) fn meet(machine: &Machine, lane: usize, orders: &[Order], book: &Book, now: Time) -> Vec<News> {
    let (mut bids, mut asks): (Vec<Level>, Vec<Level>) = (book.bids().collect(), book.asks().collect());
    let found = orders.iter().filter_map(|order| {
        let levels = if order.side == Side::Buy { &mut asks } else { &mut bids };
        machine.quote(lane, order.client_order_id, levels)
    });
    found.map(|quote| News::Input(timestamp(now), Input::Quoted(quote))).collect()
}
