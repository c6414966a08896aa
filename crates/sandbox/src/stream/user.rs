//! The events of an account.

use crate::exchange::{AccountId, Event, Exchange, Execution, Fill, Kind, Order, OrderList, figures::text};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The message of an event, and whose it is.
pub(super) fn message(exchange: &Exchange, event: Event, now: i64, number: u64) -> Option<(AccountId, Value)> {
    match event {
        Event::Execution { order, what, fill, by } => {
            let told = execution(exchange, &order, what, (fill.as_deref(), by), (now, number));
            Some((order.account, told))
        }
        Event::Positions(account, assets) => {
            let balances: Vec<Value> = assets
                .iter()
                .map(
                    |(asset, it)| json!({ "a": exchange.asset_name(*asset), "f": text(it.free), "l": text(it.locked) }),
                )
                .collect();
            Some((account, json!({ "e": "outboundAccountPosition", "E": now, "u": now, "B": balances })))
        }
        Event::Balance(account, asset, amount) => {
            let name = exchange.asset_name(asset);
            Some((account, json!({ "e": "balanceUpdate", "E": now, "a": name, "d": text(amount), "T": now })))
        }
        Event::List(it) => Some((it.account, list(exchange, &it, now))),
        Event::Trade(_) | Event::Level { .. } => None,
    }
}

fn execution(
    exchange: &Exchange,
    order: &Order,
    what: Execution,
    (fill, by): (Option<&Fill>, Option<String>),
    (now, number): (i64, u64),
) -> Value {
    let name = |id: usize| exchange.market(id).map_or("", |market| &market.rules.name);
    let (client_id, original) = if what == Execution::Canceled {
        (by.unwrap_or_else(|| format!("cancel-{}", order.id)), order.client_id.as_str())
    } else {
        (order.client_id.clone(), "")
    };
    let figure = |of: fn(&Fill) -> Decimal| text(fill.map_or(Decimal::ZERO, of));
    let mut told = json!({
        "e": "executionReport", "E": now, "s": name(order.market), "c": client_id, "S": order.side.as_str(),
        "o": order.kind.as_str(), "f": order.time_in_force.as_str(), "q": text(order.quantity),
        "p": text(order.price), "P": text(order.stop_price), "F": text(order.iceberg),
        "g": order.list.map_or_else(|| json!(-1), |id| json!(id)), "C": original, "x": what.as_str(),
        "X": order.status.as_str(), "r": "NONE", "i": order.id, "l": figure(|it| it.quantity),
        "z": text(order.executed), "L": figure(|it| it.price), "n": figure(|it| it.commission),
        "N": fill.map(|it| exchange.asset_name(it.commission_asset)), "T": order.updated,
        "t": fill.map_or_else(|| json!(-1), |it| json!(it.trade)), "I": number,
        "w": order.status.is_open() && !order.is_waiting() && order.kind != Kind::Market,
        "m": fill.is_some_and(|it| it.is_maker), "M": fill.is_some(), "O": order.created,
        "Z": text(order.executed_value), "Y": figure(|it| it.value), "Q": text(order.quote_quantity),
        "V": order.self_trade.as_str(),
    });
    if let Some(since) = order.working_since {
        told["W"] = since.into();
    }
    if let Some(delta) = order.trailing_delta {
        told["d"] = delta.into();
    }
    if let Some(since) = order.trailing_since {
        told["D"] = since.into();
    }
    told
}

fn list(exchange: &Exchange, list: &OrderList, now: i64) -> Value {
    let name = exchange.market(list.market).map_or("", |market| &market.rules.name);
    let (kind, status) = if list.done { ("ALL_DONE", "ALL_DONE") } else { ("EXEC_STARTED", "EXECUTING") };
    let legs = list.legs.iter().filter_map(|leg| exchange.order(*leg));
    let orders: Vec<Value> = legs.map(|it| json!({ "s": name, "i": it.id, "c": it.client_id })).collect();
    json!({
        "e": "listStatus", "E": now, "s": name, "g": list.id, "c": "OCO", "l": kind, "L": status, "r": "NONE",
        "C": list.client_id, "T": list.time, "O": orders,
    })
}
