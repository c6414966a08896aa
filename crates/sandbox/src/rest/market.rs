//! Books, trades and candles.

use super::{ask::Refused, params::Params, table::Call};
use crate::{
    exchange::{
        Interval, Market, Refusal, Side, Trade,
        figures::text,
        tape::{Aggregate, Bar},
    },
    world::World,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Levels that are sent at most.
const DEEPEST: usize = 5_000;

fn market<'a>(world: &'a World, call: &Call<'_>) -> Result<&'a Market, Refusal> {
    let id = world.exchange.find(call.params.symbol()?)?;
    world.exchange.market(id).ok_or(Refusal::SYMBOL)
}

pub(super) fn depth_weight(params: &Params) -> u32 {
    match params.limit(100, DEEPEST) {
        Ok(0..=100) | Err(_) => 5,
        Ok(101..=500) => 25,
        Ok(501..=1_000) => 50,
        Ok(_) => 250,
    }
}

pub(super) fn depth(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let limit = call.params.limit(100, DEEPEST)?;
    let market = market(world, call)?;
    let side = |side| levels(&market.book.levels(side, limit));
    Ok(json!({ "lastUpdateId": market.book.update_id, "bids": side(Side::Buy), "asks": side(Side::Sell) }))
}

/// Levels as pairs of texts.
pub(crate) fn levels(levels: &[(Decimal, Decimal)]) -> Value {
    levels.iter().map(|(price, quantity)| json!([text(*price), text(*quantity)])).collect()
}

fn trade(trade: &Trade) -> Value {
    json!({
        "id": trade.id, "price": text(trade.price), "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity), "time": trade.time, "isBuyerMaker": trade.is_buyer_maker,
        "isBestMatch": true,
    })
}

pub(super) fn trades(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let limit = call.params.limit(500, 1_000)?;
    let trades = &market(world, call)?.tape.trades;
    Ok(trades.iter().skip(trades.len().saturating_sub(limit)).map(trade).collect())
}

pub(super) fn historical_trades(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let Some(from) = call.params.id("fromId")? else { return trades(world, call) };
    let limit = call.params.limit(500, 1_000)?;
    let all = &market(world, call)?.tape.trades;
    Ok(all.iter().skip_while(|it| it.id < from).take(limit).map(trade).collect())
}

pub(super) fn aggregate_trades(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let (limit, from) = (params.limit(500, 1_000)?, params.id("fromId")?);
    let (start, end) = (params.integer("startTime")?, params.integer("endTime")?);
    let all = &market(world, call)?.tape.aggregates;
    let inside = |it: &&Aggregate| {
        from.is_none_or(|from| it.id >= from)
            && start.is_none_or(|start| it.trade.time >= start)
            && end.is_none_or(|end| it.trade.time <= end)
    };
    if from.is_some() || start.is_some() {
        return Ok(all.iter().filter(inside).take(limit).map(aggregate).collect());
    }
    let mut latest: Vec<Value> = all.iter().rev().filter(inside).take(limit).map(aggregate).collect();
    latest.reverse();
    Ok(latest.into())
}

fn aggregate(it: &Aggregate) -> Value {
    let Trade { price, quantity, time, is_buyer_maker, id, .. } = &it.trade;
    json!({
        "a": it.id, "p": text(*price), "q": text(*quantity), "f": it.first_id, "l": id, "T": time, "m": is_buyer_maker,
        "M": true,
    })
}

pub(super) fn klines(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let interval: Interval = params.required("interval")?.parse().map_err(|_| Refusal::INTERVAL)?;
    let limit = params.limit(500, 1_000)?;
    let (start, end) = (params.integer("startTime")?, params.integer("endTime")?);
    let to = end.unwrap_or(call.now).min(call.now);
    let bars = market(world, call)?.tape.candles(interval, start, to, limit);
    Ok(bars.iter().map(|bar| kline(bar, interval)).collect())
}

fn kline(bar: &Bar, interval: Interval) -> Value {
    json!([
        bar.open_time,
        text(bar.open),
        text(bar.high),
        text(bar.low),
        text(bar.close),
        text(bar.volume),
        interval.close_of(bar.open_time),
        text(bar.value),
        bar.count,
        text(bar.taker_volume),
        text(bar.taker_value),
        "0",
    ])
}

pub(super) fn average_price(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let market = market(world, call)?;
    let minutes = market.rules.average_minutes;
    let price = market.tape.average(call.now, minutes).unwrap_or_default();
    Ok(json!({ "mins": minutes, "price": text(price), "closeTime": call.now }))
}
