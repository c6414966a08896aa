//! The messages of market streams.

use crate::{
    exchange::{
        Interval, Market, Trade,
        figures::text,
        tape::{Aggregate, Bar},
    },
    rest::{Day, best, day_of, levels},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Orders of the house have no number that anybody could ask for.
const NOBODY: u64 = 0;

pub(super) fn trade(market: &Market, it: &Trade, now: i64) -> Value {
    let (buyer, seller) = if it.is_buyer_maker { (NOBODY, it.taker) } else { (it.taker, NOBODY) };
    json!({
        "e": "trade", "E": now, "s": market.rules.name, "t": it.id, "p": text(it.price), "q": text(it.quantity),
        "b": buyer, "a": seller, "T": it.time, "m": it.is_buyer_maker, "M": true,
    })
}

pub(super) fn aggregate(market: &Market, it: &Aggregate, now: i64) -> Value {
    json!({
        "e": "aggTrade", "E": now, "s": market.rules.name, "a": it.id, "p": text(it.trade.price),
        "q": text(it.trade.quantity), "f": it.first_id, "l": it.trade.id, "T": it.trade.time,
        "m": it.trade.is_buyer_maker, "M": true,
    })
}

pub(super) fn depth(
    market: &Market,
    now: i64,
    (first, last): (u64, u64),
    [bids, asks]: &[BTreeMap<Decimal, Decimal>; 2],
) -> Value {
    let side = |levels: &BTreeMap<Decimal, Decimal>| -> Value {
        levels.iter().map(|(price, quantity)| json!([text(*price), text(*quantity)])).collect()
    };
    json!({
        "e": "depthUpdate", "E": now, "s": market.rules.name, "U": first, "u": last, "b": side(bids), "a": side(asks),
    })
}

pub(super) fn partial(market: &Market, depth: usize) -> Value {
    use crate::exchange::Side::{Buy, Sell};
    let side = |side| levels(&market.book.levels(side, depth));
    json!({ "lastUpdateId": market.book.update_id, "bids": side(Buy), "asks": side(Sell) })
}

pub(super) fn book_ticker(market: &Market) -> Value {
    let ((bid, bids), (ask, asks)) = best(market);
    json!({
        "u": market.book.update_id, "s": market.rules.name, "b": text(bid), "B": text(bids), "a": text(ask),
        "A": text(asks),
    })
}

pub(super) fn kline(market: &Market, bar: &Bar, interval: Interval, now: i64, is_closed: bool) -> Value {
    json!({
        "e": "kline", "E": now, "s": market.rules.name,
        "k": {
            "t": bar.open_time, "T": interval.close_of(bar.open_time),
            "s": market.rules.name, "i": interval.to_string(), "f": bar.first_id, "L": bar.last_id, "o": text(bar.open),
            "c": text(bar.close), "h": text(bar.high), "l": text(bar.low), "v": text(bar.volume), "n": bar.count,
            "x": is_closed, "q": text(bar.value), "V": text(bar.taker_volume), "Q": text(bar.taker_value), "B": "0",
        },
    })
}

pub(super) fn mini_ticker(market: &Market, now: i64) -> Value {
    let Day { bar, .. } = day_of(market, now);
    json!({
        "e": "24hrMiniTicker", "E": now, "s": market.rules.name, "c": text(bar.close), "o": text(bar.open),
        "h": text(bar.high), "l": text(bar.low), "v": text(bar.volume), "q": text(bar.value),
    })
}

pub(super) fn ticker(market: &Market, now: i64) -> Value {
    let Day { bar, change, percent, average, last_quantity, open_time } = day_of(market, now);
    let ((bid, bids), (ask, asks)) = best(market);
    json!({
        "e": "24hrTicker", "E": now, "s": market.rules.name, "p": text(change), "P": percent.round_dp(3).to_string(),
        "w": text(average), "x": text(bar.open), "c": text(bar.close), "Q": text(last_quantity), "b": text(bid),
        "B": text(bids), "a": text(ask), "A": text(asks), "o": text(bar.open), "h": text(bar.high),
        "l": text(bar.low), "v": text(bar.volume), "q": text(bar.value), "O": open_time, "C": now, "F": bar.first_id,
        "L": bar.last_id, "n": bar.count,
    })
}
