//! What Binance is told.

use crate::fake::{AHEAD, Fake, NOW, accepted, key, limit, order, reply, stop, told, valid};
use exchanges::{OrderRefusal, Trader, Venue, VenueError, VenueOrder};
use trading::{
    engine::RejectReason,
    order::{OrderKind, Side, Size, TimeInForce},
};

#[tokio::test]
async fn every_kind_of_order_is_told_in_binances_words() {
    let [price, trigger] = ["50000.10", "49000"].map(|it| it.parse().unwrap());
    let percent = "1.250".parse().unwrap();
    let limit = "timeInForce=IOC";
    let kinds = [
        (OrderKind::Market {}, "type=MARKET".to_owned()),
        (OrderKind::Limit { price }, format!("type=LIMIT&price=50000.1&{limit}")),
        (OrderKind::LimitMaker { price }, "type=LIMIT_MAKER&price=50000.1".to_owned()),
        (OrderKind::StopMarket { trigger }, "type=STOP_LOSS&stopPrice=49000".to_owned()),
        (
            OrderKind::StopLimit { trigger, price },
            format!("type=STOP_LOSS_LIMIT&price=50000.1&stopPrice=49000&{limit}"),
        ),
        (OrderKind::TakeProfitMarket { trigger }, "type=TAKE_PROFIT&stopPrice=49000".to_owned()),
        (
            OrderKind::TakeProfitLimit { trigger, price },
            format!("type=TAKE_PROFIT_LIMIT&price=50000.1&stopPrice=49000&{limit}"),
        ),
        (OrderKind::TrailingStop { percent, activation: None }, "type=STOP_LOSS&trailingDelta=125".to_owned()),
        (
            OrderKind::TrailingStop { percent, activation: Some(price) },
            "type=TAKE_PROFIT&stopPrice=50000.1&trailingDelta=125".to_owned(),
        ),
    ];
    let fake = Fake::start().await;
    let mut names: Vec<_> = kinds.iter().map(|(kind, _)| kind.as_str()).collect();
    names.dedup();
    assert_eq!(fake.client.abilities().order_kinds, names);
    for (kind, words) in kinds {
        fake.say([reply(told("bot-1"))]);
        let time_in_force = if words.contains("IOC") { TimeInForce::Ioc } else { TimeInForce::Gtc };
        let order = VenueOrder { time_in_force, ..order(Side::Sell, kind) };
        assert_eq!(fake.place(&order).await, Ok(accepted(true)), "{words}");
        let asked = fake.asked().pop().unwrap();
        // by the exchange's clock at the moment from which on it is valid
        let stamp = format!("recvWindow=4000&timestamp={}", NOW - 1_000 + AHEAD);
        let order = "symbol=BTCUSDT&side=SELL&quantity=0.5&newOrderRespType=FULL&newClientOrderId=bot-1";
        assert_eq!(asked, format!("POST /api/v3/order?{order}&{words}&{stamp}"));
    }
    let budget = VenueOrder { size: Size::Quote("25.50".parse().unwrap()), ..order(Side::Buy, OrderKind::Market {}) };
    fake.say([reply(told("bot-1"))]);
    fake.place(&budget).await.unwrap();
    assert!(fake.asked().pop().unwrap().contains("side=BUY&quoteOrderQty=25.5&"));
}

#[tokio::test]
async fn a_pair_is_told_as_a_stop_below_and_a_limit_above() {
    let fake = Fake::start().await;
    let [price, trigger] = ["51000", "49000"].map(|it| it.parse().unwrap());
    let stop = order(Side::Sell, OrderKind::StopLimit { trigger, price: "48900".parse().unwrap() });
    let limit = order(Side::Sell, OrderKind::Limit { price });
    let limit = VenueOrder { client_order_id: "bot-2".parse().unwrap(), ..limit };
    fake.say([reply(format!(r#"{{"orderReports":[{},{}]}}"#, told("bot-2"), told("bot-1")))]);
    let placed = fake.client.place_pair(&key(), [&stop, &limit], valid()).await.unwrap();
    assert_eq!(placed[0], accepted(false));
    assert_eq!(placed[1].client_order_id, "bot-2");
    let both = "symbol=BTCUSDT&side=SELL&quantity=0.5&newOrderRespType=RESULT";
    let above = "aboveClientOrderId=bot-2&aboveType=LIMIT_MAKER&abovePrice=51000";
    let below = "belowClientOrderId=bot-1&belowType=STOP_LOSS_LIMIT&belowPrice=48900&belowStopPrice=49000";
    let asked = fake.asked().pop().unwrap();
    assert!(
        asked.starts_with(&format!("POST /api/v3/orderList/oco?{both}&{above}&{below}&belowTimeInForce=GTC&")),
        "{asked}"
    );
    fake.say([reply(format!(r#"{{"orderReports":[{}]}}"#, told("bot-1")))]);
    let halved = fake.client.place_pair(&key(), [&stop, &limit], valid()).await;
    assert!(matches!(halved, Err(VenueError::Unknown(_))), "{halved:?}");
}

#[tokio::test]
async fn what_binance_has_no_words_for_is_refused_before_it_is_sent() {
    let fake = Fake::start().await;
    let trailing = |percent: &str| OrderKind::TrailingStop { percent: percent.parse().unwrap(), activation: None };
    let quoted = Size::Quote("100".parse().unwrap());
    let maker = order(Side::Sell, OrderKind::LimitMaker { price: "51000".parse().unwrap() });
    for order in [
        VenueOrder { size: quoted, ..limit() },
        VenueOrder { size: quoted, ..stop() },
        order(Side::Sell, trailing("0.005")),
        order(Side::Sell, trailing("0")),
        VenueOrder { time_in_force: TimeInForce::Fok, ..stop() },
        VenueOrder { time_in_force: TimeInForce::Ioc, ..maker },
    ] {
        let refused = fake.place(&order).await;
        let Err(VenueError::Refused(OrderRefusal { reason: RejectReason::Other, message })) = refused else {
            panic!("{refused:?}")
        };
        assert!(!message.is_empty());
    }
    let other = |order: VenueOrder| VenueOrder { symbol: "ETH/USDT".parse().unwrap(), ..order };
    let more = VenueOrder { size: Size::Base("0.6".parse().unwrap()), ..maker };
    let following = order(
        Side::Sell,
        OrderKind::TrailingStop { percent: "1".parse().unwrap(), activation: Some("51000".parse().unwrap()) },
    );
    let unlike = [
        [stop(), limit()],
        [stop(), other(maker)],
        [stop(), more],
        [stop(), stop()],
        [maker, maker],
        [following, maker],
        [VenueOrder { size: quoted, ..stop() }, VenueOrder { size: quoted, ..maker }],
    ];
    for [below, above] in unlike {
        let refused = fake.client.place_pair(&key(), [&below, &above], valid()).await;
        assert!(matches!(refused, Err(VenueError::Refused(_))), "{below:?} {above:?}: {refused:?}");
    }
    assert_eq!(fake.asked(), [""; 0]);
}
