//! Orders in Binance's words: the parameters that describe them.

use crate::client::code;
use exchanges::{OrderRefusal, VenueError, VenueOrder};
use trading::{
    engine::RejectReason,
    money::Percent,
    order::{OrderKind, Side, Size, TimeInForce},
};

pub(crate) type Query = Vec<(&'static str, String)>;

/// How the parameters of an order are called, alone or in a pair.
struct Names {
    id: &'static str,
    kind: &'static str,
    price: &'static str,
    stop: &'static str,
    trailing: &'static str,
    force: &'static str,
}

const ALONE: Names = Names {
    id: "newClientOrderId",
    kind: "type",
    price: "price",
    stop: "stopPrice",
    trailing: "trailingDelta",
    force: "timeInForce",
};

const ABOVE: Names = Names {
    id: "aboveClientOrderId",
    kind: "aboveType",
    price: "abovePrice",
    stop: "aboveStopPrice",
    trailing: "aboveTrailingDelta",
    force: "aboveTimeInForce",
};

const BELOW: Names = Names {
    id: "belowClientOrderId",
    kind: "belowType",
    price: "belowPrice",
    stop: "belowStopPrice",
    trailing: "belowTrailingDelta",
    force: "belowTimeInForce",
};

const LIMIT_MAKER: &str = "LIMIT_MAKER";

/// The parameters of an order.
pub(crate) fn alone(order: &VenueOrder) -> Result<Query, VenueError> {
    let mut query = vec![
        ("symbol", code(&order.symbol)),
        ("side", side(order.side).to_owned()),
        size(order)?,
        ("newOrderRespType", "FULL".to_owned()),
    ];
    query.extend(parameters(order, &ALONE, kind(order.kind))?);
    Ok(query)
}

/// The parameters of two sales of the same coins: a stop below the price, a limit above it.
pub(crate) fn pair([stop, limit]: [&VenueOrder; 2]) -> Result<Query, VenueError> {
    let is_sale = stop.side == Side::Sell && limit.side == Side::Sell;
    let (Size::Base(coins), Size::Base(others)) = (stop.size, limit.size) else { return Err(unlike()) };
    if !is_sale || coins != others || stop.symbol != limit.symbol {
        return Err(unlike());
    }
    let above = match limit.kind {
        // one that waits above the price is all that a limit can be in a pair
        OrderKind::Limit { .. } => LIMIT_MAKER,
        other => kind(other),
    };
    let below = kind(stop.kind);
    if !matches!(below, "STOP_LOSS" | "STOP_LOSS_LIMIT")
        || !matches!(above, LIMIT_MAKER | "TAKE_PROFIT" | "TAKE_PROFIT_LIMIT")
    {
        let kinds = (stop.kind.as_str(), limit.kind.as_str());
        return Err(refused(format!("{} and {} make no pair of a stop and a limit", kinds.0, kinds.1)));
    }
    let mut query = vec![
        ("symbol", code(&stop.symbol)),
        ("side", side(Side::Sell).to_owned()),
        ("quantity", coins.to_string()),
        ("newOrderRespType", "RESULT".to_owned()),
    ];
    query.extend(parameters(limit, &ABOVE, above)?);
    query.extend(parameters(stop, &BELOW, below)?);
    Ok(query)
}

fn parameters(order: &VenueOrder, names: &Names, kind: &'static str) -> Result<Query, VenueError> {
    let mut query = vec![(names.id, order.client_order_id.to_string()), (names.kind, kind.to_owned())];
    query.extend(order.kind.limit().map(|price| (names.price, price.to_string())));
    query.extend(order.kind.trigger().map(|price| (names.stop, price.to_string())));
    if let OrderKind::TrailingStop { percent, .. } = order.kind {
        query.push((names.trailing, basis_points(percent)?));
    }
    query.extend(force(order, kind)?.map(|force| (names.force, force.to_owned())));
    Ok(query)
}

const fn kind(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market {} => "MARKET",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::LimitMaker { .. } => LIMIT_MAKER,
        OrderKind::StopMarket { .. } | OrderKind::TrailingStop { activation: None, .. } => "STOP_LOSS",
        OrderKind::StopLimit { .. } => "STOP_LOSS_LIMIT",
        // it follows once the price has become better, which is what a profit waits for
        OrderKind::TakeProfitMarket { .. } | OrderKind::TrailingStop { activation: Some(_), .. } => "TAKE_PROFIT",
        OrderKind::TakeProfitLimit { .. } => "TAKE_PROFIT_LIMIT",
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

fn size(order: &VenueOrder) -> Result<(&'static str, String), VenueError> {
    match (order.size, order.kind) {
        (Size::Base(coins), _) => Ok(("quantity", coins.to_string())),
        (Size::Quote(budget), OrderKind::Market {}) => Ok(("quoteOrderQty", budget.to_string())),
        (Size::Quote(_), kind) => {
            Err(refused(format!("an order of the kind {} is for coins, not for an amount", kind.as_str())))
        }
    }
}

/// How long it may execute, where Binance lets one choose; a choice that it would not keep is refused.
fn force(order: &VenueOrder, kind: &str) -> Result<Option<&'static str>, VenueError> {
    let force = match order.time_in_force {
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
    };
    if kind != LIMIT_MAKER && order.kind.limit().is_some() {
        return Ok(Some(force));
    }
    // at the market the rest expires anyway
    let is_kept = match order.time_in_force {
        TimeInForce::Gtc => true,
        TimeInForce::Ioc => kind != LIMIT_MAKER,
        TimeInForce::Fok => false,
    };
    if is_kept {
        return Ok(None);
    }
    Err(refused(format!("an order of the kind {} takes no time in force {force}", order.kind.as_str())))
}

fn basis_points(percent: Percent) -> Result<String, VenueError> {
    let points = (percent.decimal() * Percent::HUNDRED.decimal()).normalize();
    if points.is_zero() || points.scale() > 0 {
        let what = "a trailing stop follows at a distance of whole hundredths of a per cent above nought";
        return Err(refused(format!("{what}, not of {percent} %")));
    }
    Ok(points.to_string())
}

fn unlike() -> VenueError {
    refused("a pair is two sales of the same coins on one market".to_owned())
}

fn refused(message: String) -> VenueError {
    VenueError::Refused(OrderRefusal { reason: RejectReason::Other, message })
}
