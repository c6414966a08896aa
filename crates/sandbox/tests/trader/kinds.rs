//! Every kind of order, and what becomes of it.

use crate::desk::{Desk, ORDER, order, price, resting, sum};
use exchanges::{OrderReport, VenueError, VenueOrder};
use trading::{
    money::Quantity,
    order::{OrderKind, OrderStatus, Side, Size},
    position::Liquidity,
};

#[tokio::test]
async fn every_kind_of_order_is_placed_asked_for_and_taken_back() {
    let desk = Desk::open().await;
    let [low, high] = ["59000", "61000"].map(price);
    let percent = "2".parse().unwrap();
    for (side, kind) in [
        (Side::Buy, OrderKind::Limit { price: low }),
        (Side::Sell, OrderKind::LimitMaker { price: high }),
        (Side::Sell, OrderKind::StopMarket { trigger: low }),
        (Side::Buy, OrderKind::StopMarket { trigger: high }),
        (Side::Sell, OrderKind::StopLimit { trigger: low, price: price("58900.5") }),
        (Side::Sell, OrderKind::TakeProfitMarket { trigger: high }),
        (Side::Buy, OrderKind::TakeProfitLimit { trigger: low, price: low }),
        (Side::Sell, OrderKind::TrailingStop { percent, activation: None }),
        (Side::Buy, OrderKind::TrailingStop { percent, activation: Some(low) }),
    ] {
        let placed = desk.place(&order("bot-1", side, kind)).await.unwrap();
        let expected = ("bot-1", OrderStatus::Accepted, Quantity::ZERO, Some(vec![]));
        let OrderReport { client_order_id, status, filled, executions, .. } = placed.clone();
        assert_eq!((client_order_id.as_str(), status, filled, executions), expected, "{kind:?}");
        let told = OrderReport { executions: None, ..placed };
        assert_eq!(desk.order("bot-1").await, Some(told.clone()));
        assert_eq!(desk.open_orders().await, std::slice::from_ref(&told));
        assert_eq!(desk.executions(&told).await, []);
        let cancelled = OrderReport { status: OrderStatus::Cancelled, ..told };
        assert_eq!(desk.cancel("bot-1").await, Some(cancelled.clone()), "{kind:?}");
        assert_eq!((desk.order("bot-1").await, desk.cancel("bot-1").await), (Some(cancelled), None));
    }
    assert_eq!((desk.open_orders().await, desk.order("bot-2").await), (vec![], None));
    desk.sandbox.state().await;
}

#[tokio::test]
async fn an_order_at_the_market_tells_its_executions_and_fees_at_once() {
    let desk = Desk::open().await;
    let market = |name, side, size| VenueOrder { size, ..order(name, side, OrderKind::Market {}) };
    let (coins, budget) = (Size::Base("0.5".parse().unwrap()), Size::Quote("1000.5".parse().unwrap()));
    for (name, side, size, fee_asset) in
        [("bot-1", Side::Buy, coins, "BTC"), ("bot-2", Side::Sell, coins, "USDT"), ("bot-3", Side::Buy, budget, "BTC")]
    {
        let placed = desk.place(&market(name, side, size)).await.unwrap();
        let executions = placed.executions.clone().unwrap();
        assert_eq!((placed.status, sum(&executions)), (OrderStatus::Filled, placed.filled), "{name}");
        assert_eq!(desk.executions(&placed).await, executions);
        assert_eq!(desk.order(name).await, Some(OrderReport { executions: None, ..placed }));
        for fill in executions {
            assert_eq!((fill.fee_asset.as_str(), fill.liquidity), (fee_asset, Liquidity::Taker));
            assert!(!fill.fee.is_zero());
        }
    }
    // more than anybody sells: the rest expires
    let greedy = desk.place(&market("bot-4", Side::Sell, Size::Base("9".parse().unwrap()))).await.unwrap();
    assert_eq!((greedy.status, sum(&greedy.executions.unwrap())), (OrderStatus::Expired, greedy.filled));
}

#[tokio::test]
async fn an_order_that_waits_is_executed_in_parts_and_told_so() {
    let desk = Desk::open().await;
    desk.fault("partial-fill", ORDER).await;
    let sale = desk.place(&order("bot-1", Side::Sell, OrderKind::Limit { price: price("55000") })).await.unwrap();
    assert_eq!((sale.status, sale.filled), (OrderStatus::PartiallyFilled, "0.005".parse().unwrap()));
    assert_eq!(sum(&sale.executions.unwrap()), sale.filled);
    let cancelled = desk.cancel("bot-1").await.unwrap();
    assert_eq!((cancelled.status, cancelled.filled), (OrderStatus::Cancelled, sale.filled));
    desk.place(&resting("bot-2")).await.unwrap();
    desk.sandbox.set_price("BTCUSDT", "49900").await;
    let filled = desk.order("bot-2").await.unwrap();
    let executions = desk.executions(&filled).await;
    assert_eq!((filled.status, sum(&executions)), (OrderStatus::Filled, filled.filled));
    assert!(executions.iter().all(|fill| fill.liquidity == Liquidity::Maker && fill.price == price("50000")));
}

#[tokio::test]
async fn a_trailing_stop_follows_from_its_better_price_on() {
    let desk = Desk::open().await;
    let trailing = |name, side, from| {
        let percent = "2".parse().unwrap();
        order(name, side, OrderKind::TrailingStop { percent, activation: Some(price(from)) })
    };
    desk.place(&trailing("sale", Side::Sell, "61000")).await.unwrap();
    desk.place(&trailing("purchase", Side::Buy, "58000")).await.unwrap();
    let prices = [("58500", false, false), ("62000", false, false), ("60800", false, false), ("60760", true, false)];
    let falls = [("57000", true, false), ("58100", true, false), ("58140", true, true)];
    for (now, sold, bought) in prices.into_iter().chain(falls) {
        desk.sandbox.set_price("BTCUSDT", now).await;
        let is_filled = async |name| desk.status(name).await == Some(OrderStatus::Filled);
        assert_eq!((is_filled("sale").await, is_filled("purchase").await), (sold, bought), "{now}");
    }
}

#[tokio::test]
async fn of_a_pair_one_order_takes_the_other_back() {
    use OrderStatus::{Accepted, Cancelled, Expired, Filled};
    let desk = Desk::open().await;
    let stop = order("stop", Side::Sell, OrderKind::StopMarket { trigger: price("59000") });
    let limited = OrderKind::StopLimit { trigger: price("59000"), price: price("58000") };
    let limit = order("limit", Side::Sell, OrderKind::Limit { price: price("61000") });
    for (stop, goes_to, expected) in [
        (stop, ["61000", "61100"], [Expired, Filled]),
        (stop, ["59000", "58900"], [Filled, Expired]),
        (VenueOrder { kind: limited, ..stop }, ["59000", "58900"], [Filled, Expired]),
    ] {
        desk.sandbox.set_price("BTCUSDT", "60000").await;
        let placed = desk.pair(&stop, &limit).await.unwrap();
        let names = placed.each_ref().map(|order| (order.client_order_id.as_str(), order.status));
        assert_eq!(names, [("stop", Accepted), ("limit", Accepted)]);
        assert_eq!(desk.open_orders().await.len(), 2);
        for price in goes_to {
            desk.sandbox.set_price("BTCUSDT", price).await;
        }
        let ended = [desk.status("stop").await, desk.status("limit").await];
        assert_eq!(ended, expected.map(Some));
    }
    desk.sandbox.set_price("BTCUSDT", "60000").await;
    desk.pair(&stop, &limit).await.unwrap();
    assert_eq!(desk.cancel("limit").await.unwrap().status, Cancelled);
    assert_eq!((desk.status("stop").await, desk.cancel("stop").await), (Some(Cancelled), None));
    let crossed = VenueOrder { kind: OrderKind::Limit { price: price("59500") }, ..limit };
    assert!(matches!(desk.pair(&stop, &crossed).await, Err(VenueError::Refused(_))));
    assert_eq!(desk.open_orders().await, []);
    desk.sandbox.state().await;
}
