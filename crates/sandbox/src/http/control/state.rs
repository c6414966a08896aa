//! All that the sandbox knows, for tests.

use super::told;
use crate::{
    exchange::{Account, Exchange, Market, Side, figures::text},
    world::World,
};
use serde_json::{Map, Value, json};

/// Levels that are shown a side.
const LEVELS: usize = 20;
/// Orders that are shown of an account, the latest of them.
const ORDERS: usize = 1_000;

pub(super) fn of(world: &World) -> Value {
    let exchange = &world.exchange;
    let accounts: Vec<Value> =
        exchange.accounts().iter().enumerate().map(|(id, account)| account_of(exchange, id, account)).collect();
    json!({
        "clock": told(world),
        "audit": exchange.audit().err(),
        "symbols": exchange.markets().iter().map(symbol_of).collect::<Vec<_>>(),
        "accounts": accounts,
        "faults": world.faults.list(),
        "allowance": world.limits.allowance,
    })
}

fn symbol_of(market: &Market) -> Value {
    let side = |side| -> Value {
        market
            .book
            .levels(side, LEVELS)
            .iter()
            .map(|(price, quantity)| json!([text(*price), text(*quantity)]))
            .collect()
    };
    json!({
        "symbol": market.rules.name, "status": market.status.as_str(), "price": market.tape.last_price().map(text),
        "updateId": market.book.update_id, "bids": side(Side::Buy), "asks": side(Side::Sell),
    })
}

fn account_of(exchange: &Exchange, id: usize, account: &Account) -> Value {
    let balances: Map<String, Value> = exchange
        .assets()
        .iter()
        .enumerate()
        .map(|(asset, name)| (name.clone(), account.balance(asset)))
        .filter(|(_, it)| !it.free.is_zero() || !it.locked.is_zero())
        .map(|(name, it)| (name, json!({ "free": text(it.free), "locked": text(it.locked) })))
        .collect();
    let orders: Vec<Value> = exchange.orders_of(id).rev().take(ORDERS).map(|order| {
        json!({
            "orderId": order.id, "clientOrderId": order.client_id, "status": order.status.as_str(),
            "side": order.side.as_str(), "type": order.kind.as_str(), "executedQty": text(order.executed), "reserved": text(order.reserved),
        })
    }).collect();
    json!({ "account": id, "balances": balances, "orders": orders })
}
