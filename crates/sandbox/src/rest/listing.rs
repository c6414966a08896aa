//! What is traded.

use super::{answers::filters_of, ask::Refused, table::Call};
use crate::{
    exchange::{Kind, Market, Refusal, SelfTrade, SymbolStatus},
    world::World,
};
use serde_json::{Value, json};

pub(super) fn ping(_: &mut World, _: &Call<'_>) -> Result<Value, Refused> {
    Ok(json!({}))
}

pub(super) fn time(world: &mut World, _: &Call<'_>) -> Result<Value, Refused> {
    Ok(json!({ "serverTime": world.server_time() }))
}

pub(super) fn nothing(_: &mut World, _: &Call<'_>) -> Result<Value, Refused> {
    Ok(json!([]))
}

pub(super) fn exchange_info(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let allowance = world.limits.allowance;
    let wanted = asked(world, call)?;
    let markets = world.exchange.markets();
    let symbols: Vec<Value> = match wanted {
        Some(wanted) => wanted.into_iter().filter_map(|id| markets.get(id)).map(symbol).collect(),
        None => markets.iter().map(symbol).collect(),
    };
    Ok(json!({
        "timezone": "UTC",
        "serverTime": world.server_time(),
        "rateLimits": [
            { "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": allowance.weight_per_minute },
            { "rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": allowance.orders_per_ten_seconds },
            { "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": allowance.orders_per_day },
        ],
        "exchangeFilters": [],
        "symbols": symbols,
    }))
}

/// The symbols that a request is about; none where it names none.
pub(super) fn asked(world: &World, call: &Call<'_>) -> Result<Option<Vec<usize>>, Refusal> {
    match (call.params.text("symbol")?, call.params.list("symbols")?) {
        (Some(_), Some(_)) => Err(Refusal::COMBINATION),
        (Some(_), None) => Ok(Some(vec![world.exchange.find(call.params.symbol()?)?])),
        (None, Some(names)) => names.iter().map(|name| world.exchange.find(name)).collect::<Result<_, _>>().map(Some),
        (None, None) => Ok(None),
    }
}

fn symbol(market: &Market) -> Value {
    let rules = &market.rules;
    let kinds: Vec<&str> = Kind::ALL.iter().map(|it| it.as_str()).collect();
    let modes: Vec<&str> = SelfTrade::ALL.iter().map(|it| it.as_str()).collect();
    json!({
        "symbol": rules.name,
        "status": market.status.as_str(),
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": kinds,
        "icebergAllowed": true,
        "ocoAllowed": true,
        "otoAllowed": false,
        "quoteOrderQtyMarketAllowed": true,
        "allowTrailingStop": true,
        "cancelReplaceAllowed": true,
        "amendAllowed": false,
        "isSpotTradingAllowed": market.status != SymbolStatus::Halt,
        "isMarginTradingAllowed": false,
        "filters": filters_of(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": SelfTrade::ExpireTaker.as_str(),
        "allowedSelfTradePreventionModes": modes,
    })
}
