//! What has happened becomes messages.

use super::{messages, user};
use crate::{
    exchange::{Event, Interval, Market, Side, Trade},
    rest::best,
    world::World,
};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every so many flushes, tickers are told: once a second.
const TICKERS: u64 = 10;
/// Candles that end between two flushes and are told.
const MOST_CANDLES: usize = 100;
/// The depths of partial books.
const DEPTHS: [usize; 3] = [5, 10, 20];

/// What of a symbol has not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// The first and the last change of the book.
    changes: Option<(u64, u64)>,
    levels: [BTreeMap<Decimal, Decimal>; 2],
    /// Whether something was traded.
    has_traded: bool,
    /// The best prices that were told last.
    best: Option<((Decimal, Decimal), (Decimal, Decimal))>,
    /// The candles that were told last, by their interval.
    candles: BTreeMap<Interval, i64>,
}

fn stream(market: &Market, kind: &str) -> String {
    format!("{}@{kind}", market.rules.name.to_ascii_lowercase())
}

impl World {
    /// Tells at once what is told at once, and keeps the rest for the next flush.
    pub(crate) fn publish(&mut self) {
        let events = self.exchange.drain();
        if events.is_empty() {
            return;
        }
        let mut traded: BTreeMap<usize, u64> = BTreeMap::new();
        self.pending.resize_with(self.exchange.markets().len(), Pending::default);
        for event in events {
            match event {
                Event::Trade(trade) => {
                    traded.entry(trade.market).or_insert(trade.id);
                    self.tell_trade(&trade);
                }
                Event::Level { market, side, price, quantity, update_id } => {
                    let pending = &mut self.pending[market];
                    pending.changes = Some((pending.changes.map_or(update_id, |(first, _)| first), update_id));
                    pending.levels[usize::from(side == Side::Sell)].insert(price, quantity);
                }
                event => self.tell_account(event),
            }
        }
        for (market, first) in traded {
            self.tell_aggregates(market, first);
        }
        (0..self.pending.len()).for_each(|market| self.tell_best(market));
    }

    fn say(&mut self, name: &str, data: &Value) {
        self.hub.tell(name, data, &mut self.faults);
    }

    fn tell_account(&mut self, event: Event) {
        self.executions += 1;
        if let Some((account, message)) = user::message(&self.exchange, event, self.now(), self.executions) {
            self.hub.tell_account(account, &message, &mut self.faults);
        }
    }

    fn tell_trade(&mut self, trade: &Trade) {
        self.pending[trade.market].has_traded = true;
        let Some(market) = self.exchange.market(trade.market) else { return };
        let name = stream(market, "trade");
        if self.hub.wants(&name) {
            let message = messages::trade(market, trade, self.now());
            self.say(&name, &message);
        }
    }

    fn tell_aggregates(&mut self, market: usize, first: u64) {
        let Some(market) = self.exchange.market(market) else { return };
        let name = stream(market, "aggTrade");
        if !self.hub.wants(&name) {
            return;
        }
        let latest = market.tape.aggregates.iter().rev().take_while(|it| it.trade.id >= first);
        let told: Vec<Value> = latest.map(|it| messages::aggregate(market, it, self.now())).collect();
        for message in told.iter().rev() {
            self.say(&name, message);
        }
    }

    fn tell_best(&mut self, market: usize) {
        let Some(of) = self.exchange.market(market) else { return };
        let now_best = Some(best(of));
        if self.pending[market].best == now_best {
            return;
        }
        self.pending[market].best = now_best;
        for name in [stream(of, "bookTicker"), "!bookTicker".to_owned()] {
            if self.hub.wants(&name)
                && let Some(of) = self.exchange.market(market)
            {
                let message = messages::book_ticker(of);
                self.say(&name, &message);
            }
        }
    }

    /// Tells what is told ten times a second, and once a second.
    pub(crate) fn flush(&mut self) {
        self.publish();
        self.flushes += 1;
        for market in 0..self.pending.len() {
            let has_traded = std::mem::take(&mut self.pending[market].has_traded);
            let changes = self.pending[market].changes.take();
            let levels = std::mem::take(&mut self.pending[market].levels);
            for (name, message) in self.due(market, changes, &levels, has_traded) {
                self.say(&name, &message);
            }
        }
        if self.flushes.is_multiple_of(TICKERS) {
            self.tell_tickers();
        }
    }

    /// The messages about a symbol's book and candles that somebody wants.
    fn due(
        &mut self,
        market: usize,
        changes: Option<(u64, u64)>,
        levels: &[BTreeMap<Decimal, Decimal>; 2],
        has_traded: bool,
    ) -> Vec<(String, Value)> {
        let now = self.now();
        let Some(of) = self.exchange.market(market) else { return vec![] };
        let mut told = vec![];
        if let Some(changes) = changes {
            let names = ["depth", "depth@100ms", "depth@1000ms"].map(|kind| stream(of, kind));
            for name in names.into_iter().filter(|name| self.hub.wants(name)) {
                told.push((name, messages::depth(of, now, changes, levels)));
            }
            for depth in DEPTHS {
                let names = ["", "@100ms", "@1000ms"].map(|pace| stream(of, &format!("depth{depth}{pace}")));
                for name in names.into_iter().filter(|name| self.hub.wants(name)) {
                    told.push((name, messages::partial(of, depth)));
                }
            }
        }
        told.extend(self.candles_due(market, has_traded));
        told
    }

    /// Candles that have changed, and those that have ended.
    fn candles_due(&mut self, market: usize, has_traded: bool) -> Vec<(String, Value)> {
        let (now, mut told) = (self.now(), vec![]);
        let Some(of) = self.exchange.market(market) else { return told };
        let candles = &mut self.pending[market].candles;
        for interval in Interval::all() {
            let name = stream(of, &format!("kline_{interval}"));
            if !self.hub.wants(&name) {
                candles.remove(&interval);
                continue;
            }
            let from = candles.get(&interval).copied();
            let most = if from.is_some() { MOST_CANDLES } else { 1 };
            let bars = of.tape.candles(interval, from, now, most);
            let last = bars.len().saturating_sub(1);
            let is_new = from.is_none() || bars.len() > 1;
            for (index, bar) in bars.iter().enumerate() {
                if index < last || has_traded || is_new {
                    told.push((name.clone(), messages::kline(of, bar, interval, now, index < last)));
                }
                candles.insert(interval, bar.open_time);
            }
        }
        told
    }

    fn tell_tickers(&mut self) {
        let now = self.now();
        let markets = self.exchange.markets();
        let mut told: Vec<(String, Value)> = vec![];
        for market in markets {
            for (kind, message) in
                [("ticker", messages::ticker as fn(&Market, i64) -> Value), ("miniTicker", messages::mini_ticker)]
            {
                let name = stream(market, kind);
                if self.hub.wants(&name) {
                    told.push((name, message(market, now)));
                }
            }
        }
        if self.hub.wants("!ticker@arr") {
            told.push(("!ticker@arr".to_owned(), markets.iter().map(|it| messages::ticker(it, now)).collect()));
        }
        if self.hub.wants("!miniTicker@arr") {
            told.push((
                "!miniTicker@arr".to_owned(),
                markets.iter().map(|it| messages::mini_ticker(it, now)).collect(),
            ));
        }
        for (name, message) in &told {
            self.say(name, message);
        }
    }
}
