//! Orders that are refused, lost on the way or late.

use crate::{
    common::{SECRET, START},
    desk::{Desk, ORDER, VALID, btc, client, id, order, price, resting, valid},
};
use exchanges::{Credentials, Trader, VenueError, VenueOrder};
use kit::Time;
use serde_json::json;
use trading::{
    engine::RejectReason,
    order::{OrderKind, OrderStatus, Side, Size},
};

#[tokio::test]
async fn a_refusal_says_why_and_leaves_nothing_behind() {
    use RejectReason::{Filter, InsufficientFunds, Other, WouldTake};
    let desk = Desk::open().await;
    let sized = |order: VenueOrder, coins: &str| VenueOrder { size: Size::Base(coins.parse().unwrap()), ..order };
    let limit = |at| order("bot-1", Side::Buy, OrderKind::Limit { price: price(at) });
    let maker = order("bot-1", Side::Buy, OrderKind::LimitMaker { price: price("70000") });
    let elsewhere = VenueOrder { symbol: "XRP/USDT".parse().unwrap(), ..limit("50000") };
    for (order, reason) in [
        (sized(limit("50000"), "99"), InsufficientFunds),
        (sized(limit("50000"), "0.000001"), Filter),
        (sized(limit("50000"), "0.00001"), Filter),
        (limit("50000.001"), Filter),
        (maker, WouldTake),
        (order("bot-1", Side::Sell, OrderKind::StopMarket { trigger: price("70000") }), Other),
        (limit("50000.0000000001"), Other),
        (elsewhere, Other),
    ] {
        let refused = desk.place(&order).await;
        assert!(matches!(&refused, Err(VenueError::Refused(it)) if it.reason == reason), "{order:?}: {refused:?}");
    }
    let stranger = Credentials::new("nobody".to_owned(), SECRET.to_owned());
    let refused = desk.trader().place(&stranger, &limit("50000"), valid()).await;
    assert!(matches!(refused, Err(VenueError::KeyRefused(_))), "{refused:?}");
    assert_eq!((desk.open_orders().await, desk.order("bot-1").await), (vec![], None));
    // the name is taken: whoever asks for it is told by which order
    desk.place(&limit("50000")).await.unwrap();
    assert!(matches!(desk.place(&limit("51000")).await, Err(VenueError::Unknown(_))));
    assert_eq!(desk.open_orders().await.len(), 1);
}

#[tokio::test]
async fn an_order_whose_fate_is_unknown_is_found_or_was_never_placed() {
    let stop = order("stop", Side::Sell, OrderKind::StopMarket { trigger: price("59000") });
    let limit = order("limit", Side::Sell, OrderKind::Limit { price: price("61000") });
    for (kind, exists) in
        [("timeout-before", false), ("timeout-after", true), ("error-before", false), ("error-after", true)]
    {
        let desk = Desk::open().await;
        desk.fault(kind, ORDER).await;
        let placed = desk.place(&resting("bot-1")).await;
        assert!(matches!(placed, Err(VenueError::Unknown(_))), "{kind}: {placed:?}");
        assert_eq!(desk.status("bot-1").await, exists.then_some(OrderStatus::Accepted), "{kind}");
        desk.fault(kind, "/api/v3/orderList/oco").await;
        let placed = desk.pair(&stop, &limit).await;
        assert!(matches!(placed, Err(VenueError::Unknown(_))), "{kind}: {placed:?}");
        for name in ["stop", "limit"] {
            assert_eq!(desk.status(name).await, exists.then_some(OrderStatus::Accepted), "{kind}");
        }
    }
}

#[tokio::test]
async fn an_exchange_that_lets_nobody_in_has_placed_nothing() {
    for kind in ["too-many-requests", "banned"] {
        let desk = Desk::open().await;
        desk.fault(kind, ORDER).await;
        let Err(VenueError::Unavailable { until, .. }) = desk.place(&resting("bot-1")).await else { panic!("{kind}") };
        assert_eq!(until, Some(Time::from_millis(START + 2_000)));
        let other = client(&desk.sandbox);
        assert_eq!(other.order(&desk.key, &btc(), id("bot-1")).await, Ok(None));
    }
}

#[tokio::test]
async fn an_order_that_comes_after_its_validity_is_refused_by_the_exchange_and_not_placed() {
    let desk = Desk::open().await;
    desk.place(&resting("first")).await.unwrap();
    // held up on the way, to the last millisecond and a moment longer
    desk.sandbox.wall.advance(i64::from(VALID));
    desk.place(&resting("in-time")).await.unwrap();
    desk.sandbox.wall.advance(1);
    let late = desk.place(&resting("late")).await;
    assert!(matches!(late, Err(VenueError::Clock(_))), "{late:?}");
    assert_eq!((desk.order("late").await, desk.open_orders().await.len()), (None, 2));
}

#[tokio::test]
async fn a_clock_that_has_drifted_is_told_and_measured_for_the_next_order() {
    for ms in [-6_000, 6_000] {
        let desk = Desk::open().await;
        desk.place(&resting("first")).await.unwrap();
        desk.sandbox.fault(json!({ "kind": "clock-drift", "ms": ms })).await;
        let refused = desk.place(&resting("bot-1")).await;
        assert!(matches!(refused, Err(VenueError::Clock(_))), "{ms}: {refused:?}");
        assert_eq!(desk.open_orders().await.len(), 1);
        assert_eq!(desk.place(&resting("bot-1")).await.unwrap().status, OrderStatus::Accepted);
    }
}

#[tokio::test]
async fn a_cancel_whose_answer_is_lost_is_sent_again() {
    for (kind, is_told) in [("timeout-before", true), ("timeout-after", false)] {
        let desk = Desk::open().await;
        desk.place(&resting("bot-1")).await.unwrap();
        desk.sandbox.fault(json!({ "kind": kind, "path": ORDER, "method": "DELETE", "count": 1 })).await;
        assert_eq!(desk.cancel("bot-1").await.is_some(), is_told, "{kind}");
        assert_eq!(desk.status("bot-1").await, Some(OrderStatus::Cancelled), "{kind}");
    }
}
