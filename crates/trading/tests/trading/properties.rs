//! What holds whatever the market, the strategy and the venue's manners are.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::common::bot::{Bot, Case, Wakeful, candle, script};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use trading::backtest::{self, Setup};
use trading::candle::{Candle, Candles};
use trading::engine::{Effect, Note};
use trading::money::{Notional, Quantity};
use trading::order::{ClientOrderId, Order, OrderKind, OrderStatus, Purpose, Side, Size};
use trading::position::Position;
use trading::time::Timeframe;

/// A walk in tenths that stays above 20: gap, body, and both shadows of each candle.
fn market() -> impl Strategy<Value = Vec<Candle>> {
    let step = (-40_i64..40, -60_i64..60, 0_i64..50, 0_i64..50);
    prop::collection::vec(step, 20..120).prop_map(|steps| {
        let mut last = 1_000;
        let mut next = |row: usize, (gap, body, up, down): (i64, i64, i64, i64)| {
            let open = (last + gap).max(100);
            let close = (open + body).max(100);
            last = close;
            candle(row, [open, open.max(close) + up, (open.min(close) - down).max(20), close])
        };
        steps.into_iter().enumerate().map(|(row, step)| next(row, step)).collect()
    })
}

fn sizing() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"kind": "fixedQuantity", "quantity": "1.7"}),
        json!({"kind": "fixedQuote", "quote": "333.33"}),
        json!({"kind": "percentEquity", "percent": "70"}),
        json!({"kind": "allIn"}),
        json!({"kind": "riskPercent", "percent": "3"}),
        json!({"kind": "atrRisk", "percent": "2", "period": 3, "multiple": "1.5"}),
    ])
}

fn protect() -> impl Strategy<Value = Value> {
    let targets = vec![
        json!([]),
        json!([{"percent": "1"}]),
        json!([{"percent": "2", "sell": "33"}, {"percent": "4", "sell": "67"}]),
    ];
    let trailing = vec![Value::Null, json!({"percent": "2"}), json!({"percent": "1.5", "after": "1"})];
    (select(vec!["1", "3", "30"]), select(targets), select(trailing), select(vec![Value::Null, json!("5m")])).prop_map(
        |(stop, targets, trailing, hold)| {
            let mut protect = json!({"stopLoss": {"percent": stop}, "takeProfit": targets});
            if !trailing.is_null() {
                protect["trailingStop"] = trailing;
            }
            if !hold.is_null() {
                protect["maxHold"] = hold;
            }
            protect
        },
    )
}

/// By which kinds of order the plan trades; pairs where there is something to pair.
fn orders_of() -> impl Strategy<Value = Value> {
    let entry = vec![
        json!({"kind": "market"}),
        json!({"kind": "limit", "offset": "0.3", "expires": "3m"}),
        json!({"kind": "limitMaker", "offset": "0.5"}),
        json!({"kind": "stop", "offset": "0.5", "expires": "2m"}),
    ];
    let exit = vec![
        json!({"kind": "market"}),
        json!({"kind": "limit", "offset": "0.4", "expires": "3m"}),
        json!({"kind": "limitMaker", "offset": "1"}),
    ];
    let stop = vec![json!({"kind": "market"}), json!({"kind": "limit", "offset": "1"})];
    (select(entry), select(exit), select(stop), select(vec!["separate", "oco"]))
        .prop_map(|(entry, exit, stop, pair)| json!({"entry": entry, "exit": exit, "stop": stop, "pair": pair}))
}

/// A plan without a stop, which a size by the risk would need.
fn unprotected() -> impl Strategy<Value = Value> {
    let able = sizing().prop_filter("it needs a stop", |sizing| sizing["kind"] != "riskPercent");
    able.prop_map(|sizing| json!({"sizing": sizing}))
}

fn guards() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"maxDrawdown": {"percent": "3"}}),
        json!({"cooldown": "7m", "maxTradesPerDay": 3}),
        json!({"pauseAfterLosses": {"losses": 1, "within": "1h", "pause": "9m"}}),
    ])
}

fn plan() -> impl Strategy<Value = Value> {
    let orders = prop_oneof![Just(json!({})), orders_of()];
    (sizing(), protect(), orders).prop_map(|(sizing, protect, mut orders)| {
        if protect["takeProfit"] == json!([]) {
            orders["pair"] = json!("separate");
        }
        json!({"sizing": sizing, "protect": protect, "orders": orders})
    })
}

/// A venue whose volume is without limit, or where little trades in a candle.
fn config() -> impl Strategy<Value = Value> {
    (boundless(), select(vec![Value::Null, json!("0.01"), json!("0.003")])).prop_map(|(mut config, share)| {
        if !share.is_null() {
            config["volumeShare"] = share;
        }
        config
    })
}

/// One to which orders take a while.
fn slow() -> impl Strategy<Value = Value> {
    (config(), select(vec![1_000, 20_000, 90_000]), select(vec!["touch", "through"])).prop_map(
        |(mut config, latency, fill)| {
            config["fill"] = json!("nextOpen");
            config["latencyMs"] = json!(latency);
            config["limitFill"] = json!(fill);
            config
        },
    )
}

fn boundless() -> impl Strategy<Value = Value> {
    let fill = select(vec!["nextOpen", "close"]);
    let paid_in = select(vec!["quote", "received"]);
    (fill, paid_in, select(vec!["0", "0.001", "0.07"]), select(vec!["0", "3", "50"])).prop_map(
        |(fill, paid_in, fee, slippage)| {
            let fees = json!({"maker": fee, "taker": fee, "paidIn": paid_in});
            json!({"initialCash": "1000", "fees": fees, "fill": fill, "slippageBps": slippage})
        },
    )
}

fn instrument() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"symbol": "BTC/USDT"}),
        json!({"symbol": "BTC/USDT", "tick": "0.01", "lot": "0.001", "minNotional": "5"}),
        json!({"symbol": "BTC/USDT", "tick": "0.5", "lot": "0.25", "minQuantity": "0.5", "maxQuantity": "4"}),
    ])
}

/// A bot that has lived through a market.
fn life() -> impl Strategy<Value = (Bot, Vec<Candle>)> {
    life_at(prop_oneof![config(), slow()])
}

fn life_at(config: impl Strategy<Value = Value>) -> impl Strategy<Value = (Bot, Vec<Candle>)> {
    life_of(config, instrument())
}

fn life_of(
    config: impl Strategy<Value = Value>,
    instrument: impl Strategy<Value = Value>,
) -> impl Strategy<Value = (Bot, Vec<Candle>)> {
    let signals = "[ex.]{120}";
    (market(), signals, plan(), config, instrument).prop_map(|(candles, signals, plan, config, instrument)| {
        let mut bot = Case { plan, config, instrument, ..Case::default() }.bot_with(script(&signals));
        candles.iter().for_each(|candle| bot.take(candle));
        (bot, candles)
    })
}

fn cash() -> Notional {
    "1000".parse().unwrap()
}

fn orders(bot: &Bot) -> BTreeMap<ClientOrderId, Order> {
    let effects = bot.journal.iter().flat_map(|line| line.effects.iter());
    let placed = effects.filter_map(|effect| if let Effect::Place(order) = effect { Some(**order) } else { None });
    let mut orders = BTreeMap::new();
    for order in placed {
        assert!(orders.insert(order.client_order_id, order).is_none(), "an id is used once");
    }
    orders
}

fn close_to(one: Notional, other: Notional) -> bool {
    (one - other).decimal().abs() <= "0.000000000001".parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_position_is_what_its_fills_make_it((bot, _) in life()) {
        let mut position = Position::with_cash(cash());
        for fill in bot.fills() {
            position.apply(&fill).unwrap();
            prop_assert!(!position.cash().is_negative());
        }
        let ours = bot.position();
        prop_assert_eq!(position.cash(), ours.cash());
        prop_assert_eq!(position.quantity(), ours.quantity());
        prop_assert_eq!((position.cost(), position.realised(), position.fees()), (ours.cost(), ours.realised(), ours.fees()));
    }

    #[test]
    fn equity_is_the_cash_at_the_start_and_all_profit((bot, candles) in life()) {
        let close = candles.last().unwrap().close;
        let position = bot.position();
        let equity = position.cash() + close * position.quantity();
        prop_assert_eq!(bot.driver.engine().equity(), equity);
        prop_assert!(close_to(equity, cash() + position.realised() + position.unrealised(close)));
        let flows: Notional = bot.fills().iter().map(trading::position::Fill::cash_flow).sum();
        prop_assert!(close_to(position.cash(), cash() + flows));
    }

    #[test]
    fn every_fill_belongs_to_an_approved_order_and_stays_within_it((bot, _) in life()) {
        let orders = orders(&bot);
        let mut filled: BTreeMap<ClientOrderId, (Quantity, Notional)> = BTreeMap::new();
        for fill in bot.fills() {
            let order = orders[&fill.client_order_id];
            prop_assert_eq!(order.side, fill.side);
            let sum = filled.entry(fill.client_order_id).or_default();
            sum.0 += fill.quantity;
            sum.1 -= fill.cash_flow();
            match order.size {
                Size::Base(coins) => prop_assert!(sum.0 <= coins),
                Size::Quote(budget) => prop_assert!(sum.1 <= budget),
            }
        }
        let odd = |note: &Note| matches!(note, Note::Contradiction(_) | Note::UnknownOrder(_) | Note::StaleCandle);
        prop_assert!(!bot.notes().iter().any(odd), "{:?}", bot.notes());
    }

    #[test]
    fn no_fill_is_better_than_the_market_or_the_order_allows((bot, candles) in life_at(boundless())) {
        let orders = orders(&bot);
        for fill in bot.fills() {
            let row = usize::try_from(fill.at.millis() / 60_000).unwrap();
            let Candle { low, high, .. } = candles[row];
            match (orders[&fill.client_order_id].kind, fill.side) {
                (OrderKind::StopMarket { trigger }, Side::Sell) => prop_assert!(fill.price <= trigger.min(high)),
                (OrderKind::StopMarket { trigger }, Side::Buy) => prop_assert!(fill.price >= trigger.max(low)),
                (OrderKind::StopLimit { trigger, price }, Side::Sell) => {
                    prop_assert!(price <= fill.price && fill.price <= trigger && price <= high);
                }
                (OrderKind::Limit { price } | OrderKind::LimitMaker { price }, Side::Sell) => {
                    prop_assert!(fill.price == price && price <= high);
                }
                (OrderKind::Limit { price } | OrderKind::LimitMaker { price }, Side::Buy) => {
                    prop_assert!(fill.price == price && price >= low);
                }
                (OrderKind::Market {}, Side::Buy) => prop_assert!(fill.price >= low),
                (OrderKind::Market {}, Side::Sell) => prop_assert!(fill.price <= high),
                (kind, side) => prop_assert!(false, "nothing has the side {:?} and the kind {:?}", side, kind),
            }
        }
    }

    #[test]
    fn candles_that_change_nothing_may_be_passed_over(
        candles in market(),
        signals in "[ex.]{12}(\\.{9}[ex]){10}",
        (mut plan, guards) in (prop_oneof![plan(), unprotected()], guards()),
        (config, instrument) in (prop_oneof![config(), slow()], instrument()),
    ) {
        plan["guards"] = guards;
        let case = Case { plan, config, instrument, ..Case::default() };
        let candles = Candles::collect(Timeframe::M1, candles).unwrap();
        let run = |setup: &Setup| {
            let passing = backtest::run(&candles, script(&signals), setup, |_| ControlFlow::Continue(()));
            let living = backtest::run(&candles, Wakeful(script(&signals)), setup, |_| ControlFlow::Continue(()));
            (passing.unwrap(), living.unwrap())
        };
        let (passing, living) = run(&case.setup());
        prop_assert_eq!(passing, living);
    }

    #[test]
    fn trades_earn_what_the_position_has_realised((bot, _) in life_at(config())) {
        let earned: Notional = bot.trades().iter().map(|trade| trade.pnl).sum();
        prop_assert!(bot.driver.engine().in_trade() || close_to(earned, bot.position().realised()));
    }

    #[test]
    fn what_is_held_is_protected_or_on_its_way_out((bot, _) in life_of(config(), Just(json!({"symbol": "BTC/USDT"})))) {
        let sells = |order: &Order| order.side == Side::Sell;
        prop_assert!(!bot.driver.engine().in_trade() || bot.driver.simulator().orders().any(sells));
    }

    #[test]
    fn both_orders_of_a_pair_are_open_unless_an_exit_waits((bot, _) in life_at(config())) {
        let open: Vec<Order> = bot.driver.simulator().orders().copied().collect();
        if open.iter().all(|order| order.purpose != Purpose::Exit) {
            for order in open.iter().filter(|order| order.pair.is_some()) {
                let pair = open.iter().find(|other| Some(other.client_order_id) == order.pair);
                prop_assert_eq!(pair.map(|pair| (pair.size, pair.pair)), Some((order.size, Some(order.client_order_id))));
            }
        }
    }

    #[test]
    fn a_flat_bot_leaves_no_order_behind((bot, _) in life_at(config())) {
        let entry = |order: &Order| order.side == Side::Buy;
        prop_assert!(bot.driver.engine().in_trade() || bot.driver.simulator().orders().all(entry));
    }
}

#[test]
fn the_order_state_machine_refuses_every_step_that_is_not_listed() {
    use OrderStatus::{Accepted, Cancelled, Expired, Filled, PartiallyFilled, Pending, Rejected, Submitted};
    let listed = [
        (Pending, vec![Submitted, Cancelled]),
        (Submitted, vec![Accepted, PartiallyFilled, Filled, Cancelled, Rejected, Expired]),
        (Accepted, vec![PartiallyFilled, Filled, Cancelled, Rejected, Expired]),
        (PartiallyFilled, vec![PartiallyFilled, Filled, Cancelled, Expired]),
    ];
    for from in OrderStatus::ALL {
        let allowed = listed.iter().find(|(state, _)| *state == from).map_or(vec![], |(_, to)| to.clone());
        for to in OrderStatus::ALL {
            let mut status = from;
            let moved = status.advance(to);
            assert_eq!(moved.is_ok(), allowed.contains(&to), "{from} to {to}");
            assert_eq!(status, if moved.is_ok() { to } else { from });
        }
        assert_eq!(from.is_final(), allowed.is_empty());
    }
}
