//! What has happened to prices, and the best of them.

use super::{ask::Refused, listing::asked, params::Params, table::Call};
use crate::{
    exchange::{Market, Side, figures::text, tape::Bar},
    world::World,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;

fn is_about_all(params: &Params) -> bool {
    matches!((params.text("symbol"), params.text("symbols")), (Ok(None), Ok(None)))
}

pub(super) fn weight(params: &Params) -> u32 {
    if matches!(params.text("symbol"), Ok(Some(_))) { 2 } else { 4 }
}

pub(super) fn day_weight(params: &Params) -> u32 {
    if is_about_all(params) { 80 } else { 2 }
}

/// One answer for one symbol that was named, else a list.
fn each(world: &World, call: &Call<'_>, of: impl Fn(&Market) -> Value) -> Result<Value, Refused> {
    let markets = world.exchange.markets();
    let wanted = asked(world, call)?;
    if let (Some([id]), true) = (wanted.as_deref(), matches!(call.params.text("symbol"), Ok(Some(_)))) {
        return Ok(markets.get(*id).map_or(Value::Null, of));
    }
    Ok(match wanted {
        Some(ids) => ids.into_iter().filter_map(|id| markets.get(id)).map(of).collect(),
        None => markets.iter().map(of).collect(),
    })
}

pub(super) fn price(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    each(
        world,
        call,
        |market| json!({ "symbol": market.rules.name, "price": text(market.tape.last_price().unwrap_or_default()) }),
    )
}

pub(super) fn book(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    each(world, call, |market| {
        let ((bid, bids), (ask, asks)) = best(market);
        json!({
            "symbol": market.rules.name, "bidPrice": text(bid), "bidQty": text(bids), "askPrice": text(ask),
            "askQty": text(asks),
        })
    })
}

/// The best bid and ask with their quantities; nought for none.
pub(crate) fn best(market: &Market) -> ((Decimal, Decimal), (Decimal, Decimal)) {
    let of = |side| market.book.best(side).map(|(price, level)| (price, level.total)).unwrap_or_default();
    (of(Side::Buy), of(Side::Sell))
}

/// What 24 hours have done to a price.
pub(crate) struct Day {
    pub(crate) bar: Bar,
    pub(crate) change: Decimal,
    pub(crate) percent: Decimal,
    pub(crate) average: Decimal,
    pub(crate) last_quantity: Decimal,
    pub(crate) open_time: i64,
}

pub(crate) fn day_of(market: &Market, now: i64) -> Day {
    let bar = market.tape.day(now).unwrap_or_else(|| Bar::flat(now, Decimal::ZERO));
    let change = bar.close - bar.open;
    let percent = (change * Decimal::ONE_HUNDRED).checked_div(bar.open).unwrap_or_default();
    let average = bar.value.checked_div(bar.volume).unwrap_or(bar.close);
    let last_quantity = market.tape.trades.back().map_or(Decimal::ZERO, |trade| trade.quantity);
    Day { bar, change, percent, average, last_quantity, open_time: now - DAY }
}

pub(super) fn day(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let now = call.now;
    let is_short = call.params.text("type")? == Some("MINI");
    each(world, call, |market| {
        let Day { bar, change, percent, average, last_quantity, open_time } = day_of(market, now);
        let mut answer = json!({
            "symbol": market.rules.name, "lastPrice": text(bar.close), "openPrice": text(bar.open),
            "highPrice": text(bar.high), "lowPrice": text(bar.low), "volume": text(bar.volume),
            "quoteVolume": text(bar.value), "openTime": open_time, "closeTime": now, "firstId": bar.first_id,
            "lastId": bar.last_id, "count": bar.count,
        });
        if is_short {
            return answer;
        }
        let ((bid, bids), (ask, asks)) = best(market);
        for (name, value) in [
            ("priceChange", change),
            ("weightedAvgPrice", average),
            ("prevClosePrice", bar.open),
            ("lastQty", last_quantity),
            ("bidPrice", bid),
            ("bidQty", bids),
            ("askPrice", ask),
            ("askQty", asks),
        ] {
            answer[name] = text(value).into();
        }
        answer["priceChangePercent"] = percent.round_dp(3).to_string().into();
        answer
    })
}
