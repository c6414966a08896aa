//! Orders and trades as the protocol writes them.

use crate::exchange::{Exchange, Fill, Order, OrderList, Placed, Rules, figures::text};
use serde_json::{Value, json};

fn symbol(exchange: &Exchange, market: usize) -> &str {
    exchange.market(market).map_or("", |market| &market.rules.name)
}

/// What all answers about an order share.
fn core(exchange: &Exchange, order: &Order) -> Value {
    let mut answer = json!({
        "symbol": symbol(exchange, order.market),
        "orderId": order.id,
        "orderListId": list_id(order.list),
        "clientOrderId": order.client_id,
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.executed),
        "origQuoteOrderQty": text(order.quote_quantity),
        "cummulativeQuoteQty": text(order.executed_value),
        "status": order.status.as_str(),
        "timeInForce": order.time_in_force.as_str(),
        "type": order.kind.as_str(),
        "side": order.side.as_str(),
        "selfTradePreventionMode": order.self_trade.as_str(),
    });
    if !order.stop_price.is_zero() {
        answer["stopPrice"] = text(order.stop_price).into();
    }
    if !order.iceberg.is_zero() {
        answer["icebergQty"] = text(order.iceberg).into();
    }
    if let Some(delta) = order.trailing_delta {
        answer["trailingDelta"] = delta.into();
        answer["trailingTime"] = order.trailing_since.unwrap_or(-1).into();
    }
    answer
}

pub(super) fn list_id(list: Option<u64>) -> Value {
    list.map_or_else(|| json!(-1), |id| json!(id))
}

/// An order as it is asked for.
pub(super) fn order(exchange: &Exchange, order: &Order) -> Value {
    let mut answer = core(exchange, order);
    answer["stopPrice"] = text(order.stop_price).into();
    answer["icebergQty"] = text(order.iceberg).into();
    answer["time"] = order.created.into();
    answer["updateTime"] = order.updated.into();
    answer["isWorking"] = (!order.is_waiting()).into();
    answer["workingTime"] = order.working_since.unwrap_or(-1).into();
    answer
}

/// An order that has been placed, in as many words as were asked for.
pub(super) fn placed(exchange: &Exchange, placed: &Placed, detail: &str) -> Value {
    let order = &placed.order;
    if detail == "ACK" {
        return json!({
            "symbol": symbol(exchange, order.market), "orderId": order.id, "orderListId": list_id(order.list),
            "clientOrderId": order.client_id, "transactTime": order.updated,
        });
    }
    let mut answer = core(exchange, order);
    answer["transactTime"] = order.updated.into();
    answer["workingTime"] = order.working_since.unwrap_or(-1).into();
    if detail == "FULL" {
        answer["fills"] = placed.fills.iter().map(|it| fill_of_order(exchange, it)).collect();
    }
    answer
}

fn fill_of_order(exchange: &Exchange, fill: &Fill) -> Value {
    json!({
        "price": text(fill.price), "qty": text(fill.quantity), "commission": text(fill.commission),
        "commissionAsset": exchange.asset_name(fill.commission_asset), "tradeId": fill.trade,
    })
}

/// An order that has been taken back, under the name of the request that did it.
pub(super) fn canceled(exchange: &Exchange, order: &Order, by: Option<&str>) -> Value {
    let mut answer = core(exchange, order);
    answer["origClientOrderId"] = order.client_id.clone().into();
    answer["clientOrderId"] = by.map_or_else(|| format!("cancel-{}", order.id), str::to_owned).into();
    answer["transactTime"] = order.updated.into();
    answer
}

/// A pair of orders.
pub(super) fn list(exchange: &Exchange, list: &OrderList) -> Value {
    let (kind, status) = if list.done { ("ALL_DONE", "ALL_DONE") } else { ("EXEC_STARTED", "EXECUTING") };
    let name = symbol(exchange, list.market);
    let legs = list.legs.iter().filter_map(|leg| exchange.order(*leg));
    let orders: Vec<Value> =
        legs.map(|it| json!({ "symbol": name, "orderId": it.id, "clientOrderId": it.client_id })).collect();
    json!({
        "orderListId": list.id, "contingencyType": "OCO", "listStatusType": kind, "listOrderStatus": status,
        "listClientOrderId": list.client_id, "transactionTime": list.time, "symbol": name, "orders": orders,
    })
}

/// A trade of an account.
pub(super) fn fill(exchange: &Exchange, fill: &Fill) -> Value {
    json!({
        "symbol": symbol(exchange, fill.market), "id": fill.trade, "orderId": fill.order,
        "orderListId": list_id(fill.list), "price": text(fill.price), "qty": text(fill.quantity),
        "quoteQty": text(fill.value), "commission": text(fill.commission),
        "commissionAsset": exchange.asset_name(fill.commission_asset), "time": fill.time, "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker, "isBestMatch": true,
    })
}

/// A symbol's filters.
pub(super) fn filters_of(rules: &Rules) -> Value {
    let (up, down) = rules.percent_price;
    let (least, most) = rules.trailing;
    json!([
        { "filterType": "PRICE_FILTER", "minPrice": text(rules.tick), "maxPrice": text(rules.max_price), "tickSize": text(rules.tick) },
        { "filterType": "LOT_SIZE", "minQty": text(rules.lot), "maxQty": text(rules.max_quantity), "stepSize": text(rules.lot) },
        { "filterType": "ICEBERG_PARTS", "limit": rules.iceberg_parts },
        { "filterType": "MARKET_LOT_SIZE", "minQty": text(rules.lot), "maxQty": text(rules.max_market_quantity), "stepSize": text(rules.lot) },
        { "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": least, "maxTrailingAboveDelta": most, "minTrailingBelowDelta": least, "maxTrailingBelowDelta": most },
        { "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": up.to_string(), "bidMultiplierDown": down.to_string(), "askMultiplierUp": up.to_string(), "askMultiplierDown": down.to_string(), "avgPriceMins": rules.average_minutes },
        { "filterType": "NOTIONAL", "minNotional": text(rules.min_notional), "applyMinToMarket": true, "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": rules.average_minutes },
        { "filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders },
        { "filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_algo_orders },
    ])
}
