//! Orders in the place of others, and pairs of them.

use super::{
    answers,
    ask::Refused,
    orders::{delta, detail, new_order, self_trade, time_in_force, which},
    table::Call,
};
use crate::{
    exchange::{Kind, NewOrder, NewPair, OrderList, Refusal, Replaced, Side},
    world::World,
};
use serde_json::{Value, json};

pub(super) fn cancel_replace(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let regardless = match params.required("cancelReplaceMode")? {
        "STOP_ON_FAILURE" => false,
        "ALLOW_FAILURE" => true,
        _ => return Err(Refusal::illegal("cancelReplaceMode", "STOP_ON_FAILURE|ALLOW_FAILURE").into()),
    };
    let which = which(params, "cancelOrderId", "cancelOrigClientOrderId")?;
    let by = params.name("cancelNewClientOrderId")?;
    let new = new_order(world, call)?;
    let detail = detail(params, new.kind)?;
    let Replaced { canceled, placed } = world.exchange.cancel_replace(call.now, &which, by.clone(), new, regardless);
    let refused = |refusal: &Refusal| json!({ "code": refusal.code, "msg": refusal.message });
    let word = |ok: bool| if ok { "SUCCESS" } else { "FAILURE" };
    let failure = match (&canceled, &placed) {
        (Ok(_), Some(Ok(_))) => None,
        (Err(_), None | Some(Err(_))) => Some(Refusal::NOT_REPLACED),
        _ => Some(Refusal::HALF_REPLACED),
    };
    let answer = json!({
        "cancelResult": word(canceled.is_ok()),
        "newOrderResult": placed.as_ref().map_or("NOT_ATTEMPTED", |placed| word(placed.is_ok())),
        "cancelResponse": canceled.as_ref().map_or_else(refused, |it| answers::canceled(&world.exchange, it, by.as_deref())),
        "newOrderResponse": placed.as_ref().map_or(Value::Null, |placed| {
            placed.as_ref().map_or_else(refused, |it| answers::placed(&world.exchange, it, detail))
        }),
    });
    match failure {
        None => Ok(answer),
        Some(refusal) => Err(Refused { refusal, data: Some(answer) }),
    }
}

/// A leg by parameters that begin with a word.
fn leg(world: &World, call: &Call<'_>, word: &str) -> Result<NewOrder, Refusal> {
    let params = call.params;
    let market = world.exchange.find(params.symbol()?)?;
    let side = Side::parse(params.required("side")?).ok_or(Refusal::SIDE)?;
    let kind = Kind::parse(params.required(&format!("{word}Type"))?).ok_or(Refusal::ORDER_TYPE)?;
    Ok(NewOrder {
        time_in_force: time_in_force(params, &format!("{word}TimeInForce"))?,
        quantity: params.decimal("quantity")?,
        price: params.decimal(&format!("{word}Price"))?,
        stop_price: params.decimal(&format!("{word}StopPrice"))?,
        trailing_delta: delta(params, &format!("{word}TrailingDelta"))?,
        client_id: params.name(&format!("{word}ClientOrderId"))?,
        self_trade: self_trade(params)?,
        ..NewOrder::bare(call.account, market, side, kind)
    })
}

pub(super) fn place_pair(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let (above, below) = (leg(world, call, "above")?, leg(world, call, "below")?);
    placed(world, call, above, below)
}

/// A pair in the words of old: a limit and a stop.
pub(super) fn place_pair_of_old(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let params = call.params;
    let market = world.exchange.find(params.symbol()?)?;
    let side = Side::parse(params.required("side")?).ok_or(Refusal::SIDE)?;
    let (quantity, self_trade) = (params.decimal("quantity")?, self_trade(params)?);
    let limit = NewOrder {
        quantity,
        price: params.decimal("price")?,
        client_id: params.name("limitClientOrderId")?,
        self_trade,
        ..NewOrder::bare(call.account, market, side, Kind::LimitMaker)
    };
    let stop_limit = params.decimal("stopLimitPrice")?;
    let kind = if stop_limit.is_some() { Kind::StopLossLimit } else { Kind::StopLoss };
    let stop = NewOrder {
        quantity,
        price: stop_limit,
        stop_price: params.decimal("stopPrice")?,
        trailing_delta: delta(params, "trailingDelta")?,
        time_in_force: time_in_force(params, "stopLimitTimeInForce")?,
        client_id: params.name("stopClientOrderId")?,
        self_trade,
        ..NewOrder::bare(call.account, market, side, kind)
    };
    let (above, below) = if side == Side::Sell { (limit, stop) } else { (stop, limit) };
    placed(world, call, above, below)
}

fn placed(world: &mut World, call: &Call<'_>, above: NewOrder, below: NewOrder) -> Result<Value, Refused> {
    let client_id = call.params.name("listClientOrderId")?;
    let list = world.exchange.place_pair(call.now, NewPair { client_id, above, below })?;
    Ok(with_reports(world, &list))
}

/// A pair with all that is known of its orders.
fn with_reports(world: &World, list: &OrderList) -> Value {
    let mut answer = answers::list(&world.exchange, list);
    let legs = list.legs.iter().filter_map(|leg| world.exchange.order(*leg));
    answer["orderReports"] = legs
        .map(|order| {
            let mut report = answers::order(&world.exchange, order);
            report["transactTime"] = order.updated.into();
            report
        })
        .collect();
    answer
}

fn found<'a>(world: &'a World, call: &Call<'_>, name: &str) -> Result<Option<&'a OrderList>, Refusal> {
    let (id, name) = (call.params.id("orderListId")?, call.params.text(name)?);
    if id.is_none() && name.is_none() {
        return Err(Refusal::mandatory("orderListId"));
    }
    Ok(world.exchange.list_of(call.account, id, name))
}

pub(super) fn cancel_pair(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let market = world.exchange.find(call.params.symbol()?)?;
    let list = found(world, call, "listClientOrderId")?.filter(|list| list.market == market);
    let id = list.ok_or(Refusal::UNKNOWN_ORDER)?.id;
    let list = world.exchange.cancel_list(call.now, call.account, id)?;
    Ok(with_reports(world, &list))
}

pub(super) fn pair(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let list = found(world, call, "origClientOrderId")?.ok_or(Refusal::NO_LIST)?;
    Ok(answers::list(&world.exchange, list))
}

pub(super) fn open_pairs(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let open = world.exchange.lists_of(call.account).filter(|list| !list.done);
    Ok(open.map(|list| answers::list(&world.exchange, list)).collect())
}

pub(super) fn all_pairs(world: &mut World, call: &Call<'_>) -> Result<Value, Refused> {
    let limit = call.params.limit(500, 1_000)?;
    let mut lists: Vec<_> = world.exchange.lists_of(call.account).collect();
    lists.drain(..lists.len().saturating_sub(limit));
    Ok(lists.into_iter().map(|list| answers::list(&world.exchange, list)).collect())
}
