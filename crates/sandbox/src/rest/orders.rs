//! Orders: placed, taken back, asked for.

use super::{answers, ask::Refused, params::Params, table::Call};
use crate::{
    exchange::{Kind, NewOrder, Refusal, SelfTrade, Side, TimeInForce, Which, words},
    world::World,
};
use serde_json::{Value, json};

/// An order as its parameters describe it.
pub(super) fn new_order(world: &World, call: &Call<'_>) -> Result<NewOrder, Refusal> {
    let params = call.params;
    let market = world.exchange.find(params.symbol()?)?;
    let side = Side::parse(params.required("side")?).ok_or(Refusal::SIDE)?;
    let kind = Kind::parse(params.required("type")?).ok_or(Refusal::ORDER_TYPE)?;
    let order = NewOrder {
        time_in_force: time_in_force(params, "timeInForce")?,
        quantity: params.decimal("quantity")?,
        quote_quantity: params.decimal("quoteOrderQty")?,
        price: params.decimal("price")?,
        stop_price: params.decimal("stopPrice")?,
        trailing_delta: delta(params, "trailingDelta")?,
        iceberg: params.decimal("icebergQty")?.filter(|it| !it.is_zero()),
        client_id: params.name("newClientOrderId")?,
        self_trade: self_trade(params)?,
        ..NewOrder::bare(call.account, market, side, kind)
    };
    Ok(order)
}

pub(super) fn time_in_force(params: &Params, name: &str) -> Result<Option<TimeInForce>, Refusal> {
    params.text(name)?.map(|text| TimeInForce::parse(text).ok_or(Refusal::TIME_IN_FORCE)).transpose()
}

pub(super) fn delta(params: &Params, name: &str) -> Result<Option<u32>, Refusal> {
    Ok(params.integer(name)?.map(|it| u32::try_from(it).unwrap_or(u32::MAX)))
}

pub(super) fn self_trade(params: &Params) -> Result<SelfTrade, Refusal> {
    let text = params.text("selfTradePreventionMode")?;
    let mode = text.map(|text| {
        words::SelfTrade::parse(text).ok_or_else(|| Refusal::illegal("selfTradePreventionMode", "a mode of the symbol"))
    });
    Ok(mode.transpose()?.unwrap_or(SelfTrade::ExpireTaker))
}

/// How much is to be answered: everything of what may trade at once, else little.
pub(super) fn detail(params: &Params, kind: Kind) -> Result<&str, Refusal> {
    let usual = if matches!(kind, Kind::Limit | Kind::Market) { "FULL" } else { "ACK" };
    match params.text("newOrderRespType")? {
        None => Ok(usual),
        Some(text @ ("ACK" | "RESULT" | "FULL")) => Ok(text),
        Some(_) => Err(Refusal::illegal("newOrderRespType", "ACK|RESULT|FULL")),
    }
}

pub(super) fn place(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let (new, detail) = (new_order(world, call)?, call.params);
    let detail = self::detail(detail, new.kind)?;
    world.thin(call.now, &new);
    let placed = world.exchange.place(call.now, new)?;
    Ok(answers::placed(&world.exchange, &placed, detail))
}

pub(super) fn test(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let new = new_order(world, call)?;
    world.exchange.check(call.now, &new)?;
    Ok(json!({}))
}

/// Which order is meant, by two parameters of these names.
pub(super) fn which(params: &Params, id: &str, client: &str) -> Result<Which, Refusal> {
    match (params.id(id)?, params.text(client)?) {
        (Some(id), _) => Ok(Which::Id(id)),
        (None, Some(name)) => Ok(Which::Client(name.to_owned())),
        (None, None) => Err(Refusal::mandatory(id)),
    }
}

pub(super) fn cancel(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let market = world.exchange.find(call.params.symbol()?)?;
    let which = which(call.params, "orderId", "origClientOrderId")?;
    let by = call.params.name("newClientOrderId")?;
    let order = world.exchange.cancel(call.now, call.account, market, &which, by.clone())?;
    Ok(answers::canceled(&world.exchange, &order, by.as_deref()))
}

pub(super) fn cancel_all(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let market = world.exchange.find(call.params.symbol()?)?;
    let orders = world.exchange.cancel_all(call.now, call.account, market)?;
    Ok(orders.iter().map(|order| answers::canceled(&world.exchange, order, None)).collect())
}

pub(super) fn status(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let market = world.exchange.find(call.params.symbol()?)?;
    let which = which(call.params, "orderId", "origClientOrderId")?;
    let order = world.exchange.order_of(call.account, market, &which)?;
    Ok(answers::order(&world.exchange, order))
}

pub(super) fn open_weight(params: &Params) -> u32 {
    if matches!(params.text("symbol"), Ok(Some(_))) { 6 } else { 80 }
}

pub(super) fn open(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let named = call.params.text("symbol")?.is_some();
    let market = if named { Some(world.exchange.find(call.params.symbol()?)?) } else { None };
    let orders = world.exchange.open_orders(call.account, market);
    Ok(orders.map(|order| answers::order(&world.exchange, order)).collect())
}

pub(super) fn all(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let market = world.exchange.find(params.symbol()?)?;
    let (limit, from) = (params.limit(500, 1_000)?, params.id("orderId")?);
    let (start, end) = (params.integer("startTime")?, params.integer("endTime")?);
    let orders = world.exchange.orders_of(call.account).filter(|order| {
        order.market == market
            && from.is_none_or(|from| order.id >= from)
            && start.is_none_or(|start| order.created >= start)
            && end.is_none_or(|end| order.created <= end)
    });
    let mut orders: Vec<_> = orders.collect();
    if from.is_some() || start.is_some() {
        orders.truncate(limit);
    } else {
        orders.drain(..orders.len().saturating_sub(limit));
    }
    Ok(orders.into_iter().map(|order| answers::order(&world.exchange, order)).collect())
}
