//! What holds after any sequence of commands.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::{collection::vec, prelude::*};
use rust_decimal::Decimal;
use sandbox::exchange::{
    Event, Exchange, Execution, FEES, Kind, NewOrder, NewPair, Rules, SelfTrade, Side, Status, TimeInForce, Which,
    order::ForbiddenTurn, words::TURNS,
};
use std::collections::BTreeMap;

const MARKET: usize = 0;

/// A symbol with whole prices and tenths of coins, two customers who have some of both, and one who pays in BNB.
fn exchange() -> (Exchange, [usize; 3]) {
    let mut exchange = Exchange::new();
    exchange.list(Rules::usual("BTC", "USDT", Decimal::ONE, Decimal::new(1, 1)).unwrap()).unwrap();
    let bnb = exchange.list(Rules::usual("BNB", "USDT", Decimal::ONE, Decimal::new(1, 1)).unwrap()).unwrap();
    exchange.print(0, bnb, Side::Buy, Decimal::from(300), Decimal::ONE);
    let accounts = [(); 3].map(|()| {
        let account = exchange.open_account(Decimal::new(1, 3)).unwrap();
        for asset in ["BTC", "USDT", "BNB"] {
            exchange.deposit(0, account, asset, Decimal::from(2_000)).unwrap();
        }
        account
    });
    exchange.set_fees(accounts[2], Decimal::new(75, 5), Decimal::new(1, 3), true);
    (exchange, accounts)
}

#[derive(Clone, Debug)]
enum Command {
    Place(NewOrder),
    Pair(NewOrder, NewOrder),
    Cancel(usize, u64),
    Replace(u64, NewOrder, bool),
    CancelAll(usize),
    Make(i64, i64),
    Level(Side, i64, i64),
    Print(Side, i64, i64),
    Thin(Side, i64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(|index| all[index])
}

fn tenths(range: std::ops::Range<i64>) -> impl Strategy<Value = Decimal> {
    range.prop_map(|it| Decimal::new(it, 1))
}

fn price() -> impl Strategy<Value = Decimal> {
    (85..115_i64).prop_map(Decimal::from)
}

/// Orders that may make sense or not.
fn order() -> impl Strategy<Value = NewOrder> {
    let figures = (
        proptest::option::weighted(0.9, tenths(1..200)),
        proptest::option::weighted(0.1, (10..3_000_i64).prop_map(Decimal::from)),
        proptest::option::weighted(0.8, price()),
        proptest::option::weighted(0.5, price()),
        proptest::option::weighted(0.1, 10..500_u32),
        proptest::option::weighted(0.3, tenths(1..60)),
    );
    let words = (2..5_usize, side(), of(Kind::ALL), proptest::option::of(of(TimeInForce::ALL)), of(SelfTrade::ALL));
    let name = proptest::option::weighted(0.2, 0..4_u8);
    (words, figures, name, any::<bool>()).prop_map(|(words, figures, name, is_sound)| {
        let (account, side, kind, time_in_force, self_trade) = words;
        let (quantity, quote_quantity, price, stop_price, trailing_delta, iceberg) = figures;
        let client_id = name.map(|it| format!("name-{it}"));
        let order = NewOrder { client_id, self_trade, ..NewOrder::bare(account, MARKET, side, kind) };
        if !is_sound {
            let order = NewOrder { quantity, quote_quantity, price, stop_price, trailing_delta, ..order };
            return NewOrder { time_in_force, iceberg, ..order };
        }
        let by_value = kind == Kind::Market && quote_quantity.is_some();
        let timed = kind.has_price() && kind != Kind::LimitMaker;
        let contingent = kind.is_contingent();
        NewOrder {
            quantity: if by_value { None } else { quantity.or(Some(Decimal::ONE)) },
            quote_quantity: quote_quantity.filter(|_| by_value),
            price: price.or(Some(Decimal::ONE_HUNDRED)).filter(|_| kind.has_price()),
            stop_price: stop_price.or(Some(Decimal::ONE_HUNDRED)).filter(|_| contingent),
            trailing_delta: trailing_delta.filter(|_| contingent),
            time_in_force: if timed { time_in_force.or(Some(TimeInForce::Gtc)) } else { None },
            iceberg: iceberg.filter(|_| kind.has_price() && time_in_force.is_none_or(|it| it == TimeInForce::Gtc)),
            ..order
        }
    })
}

fn pair() -> impl Strategy<Value = (NewOrder, NewOrder)> {
    let legs = (2..5_usize, side(), tenths(1..200), 1..12_i64, 1..12_i64, any::<bool>());
    legs.prop_map(|(account, side, quantity, up, down, is_limit)| {
        let bare = |kind| NewOrder { quantity: Some(quantity), ..NewOrder::bare(account, MARKET, side, kind) };
        let (high, low) = (Some(Decimal::from(100 + up)), Some(Decimal::from(100 - down)));
        let maker = |price| NewOrder { price, ..bare(Kind::LimitMaker) };
        let stop = |at: Option<Decimal>| match is_limit {
            true => NewOrder {
                price: at,
                stop_price: at,
                time_in_force: Some(TimeInForce::Gtc),
                ..bare(Kind::StopLossLimit)
            },
            false => NewOrder { stop_price: at, ..bare(Kind::StopLoss) },
        };
        if side == Side::Sell { (maker(high), stop(low)) } else { (stop(high), maker(low)) }
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => order().prop_map(Command::Place),
        2 => pair().prop_map(|(above, below)| Command::Pair(above, below)),
        3 => (2..5_usize, 1..120_u64).prop_map(|(account, id)| Command::Cancel(account, id)),
        1 => (1..120_u64, order(), any::<bool>()).prop_map(|(id, new, regardless)| Command::Replace(id, new, regardless)),
        1 => (2..5_usize).prop_map(Command::CancelAll),
        3 => (90..110_i64, 1..50_i64).prop_map(|(price, size)| Command::Make(price, size)),
        2 => (side(), 88..112_i64, 0..60_i64).prop_map(|(side, price, size)| Command::Level(side, price, size)),
        4 => (side(), 88..112_i64, 1..60_i64).prop_map(|(side, price, size)| Command::Print(side, price, size)),
        1 => (side(), 0..20_i64).prop_map(|(side, most)| Command::Thin(side, most)),
    ]
}

fn run(exchange: &mut Exchange, now: i64, command: Command) {
    match command {
        Command::Place(new) => drop(exchange.place(now, new)),
        Command::Pair(above, below) => drop(exchange.place_pair(now, NewPair { client_id: None, above, below })),
        Command::Cancel(account, id) => drop(exchange.cancel(now, account, MARKET, &Which::Id(id), None)),
        Command::Replace(id, new, regardless) => {
            drop(exchange.cancel_replace(now, &Which::Id(id), None, new, regardless));
        }
        Command::CancelAll(account) => drop(exchange.cancel_all(now, account, MARKET)),
        Command::Make(price, size) => {
            let levels =
                |sign: i64| (0..5).map(move |it| (Decimal::from(price + sign * (it + 1)), Decimal::new(size, 1)));
            exchange.make_market(now, MARKET, &levels(-1).collect(), &levels(1).collect());
        }
        Command::Level(side, price, size) => {
            exchange.set_level(now, MARKET, side, Decimal::from(price), Decimal::new(size, 1));
        }
        Command::Print(side, price, size) => {
            exchange.print(now, MARKET, side, Decimal::from(price), Decimal::new(size, 1));
        }
        Command::Thin(side, most) => exchange.thin(now, MARKET, side, None, Decimal::new(most, 1)),
    }
}

/// What one history of commands does to the states of orders.
fn follow(states: &mut BTreeMap<u64, Status>, events: &[Event]) -> Result<(), TestCaseError> {
    for event in events {
        let Event::Execution { order, .. } = event else { continue };
        let before = states.insert(order.id, order.status);
        // an order that begins to work says so once more
        let is_sound = match before {
            None => order.status == Status::New,
            Some(before) => before == order.status || before.may_become(order.status),
        };
        prop_assert!(is_sound, "{before:?} became {:?}", order.status);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commands_keeps_money_locks_books_and_states(commands in vec(command(), 1..60)) {
        let (mut exchange, _) = exchange();
        exchange.print(1, MARKET, Side::Buy, Decimal::ONE_HUNDRED, Decimal::ONE);
        let mut states = BTreeMap::new();
        for (now, command) in (2..).zip(commands) {
            let told = format!("{command:?}");
            run(&mut exchange, now, command);
            if let Err(why) = exchange.audit() {
                prop_assert!(false, "after {told}: {why}");
            }
            follow(&mut states, &exchange.drain())?;
        }
    }

    #[test]
    fn a_refused_order_changes_nothing(orders in vec(order(), 1..30)) {
        let (mut exchange, accounts) = exchange();
        exchange.make_market(1, MARKET, &[(Decimal::from(99), Decimal::TEN)].into(), &[(Decimal::from(101), Decimal::TEN)].into());
        exchange.print(1, MARKET, Side::Buy, Decimal::from(101), Decimal::ONE);
        for new in orders {
            exchange.drain();
            let balances = |exchange: &Exchange| accounts.map(|id| format!("{:?}", exchange.account(id).unwrap()));
            let before = balances(&exchange);
            if exchange.place(2, new).is_err() {
                prop_assert!(exchange.drain().is_empty());
                prop_assert_eq!(balances(&exchange), before);
            }
        }
    }

    #[test]
    fn a_cancel_gives_back_exactly_what_was_locked(new in order()) {
        let (mut exchange, [account, ..]) = exchange();
        let new = NewOrder { account, ..new };
        let money = |exchange: &Exchange| [0, 1].map(|asset| exchange.account(account).unwrap().balance(asset));
        let before = money(&exchange);
        let Ok(placed) = exchange.place(1, new) else { return Ok(()) };
        if placed.order.status == Status::New {
            exchange.cancel(2, account, MARKET, &Which::Id(placed.order.id), None).unwrap();
        }
        prop_assert_eq!(money(&exchange), before);
    }

    /// Against a list that is searched from end to end.
    #[test]
    fn the_best_price_trades_first_and_at_a_price_whoever_came_first(
        orders in vec((2..5_usize, side(), 95..105_i64, 1..50_i64), 1..80)
    ) {
        let (mut exchange, _) = exchange();
        let mut model = Naive::default();
        for (account, side, price, size) in orders {
            let (price, quantity) = (Decimal::from(price), Decimal::new(size, 1));
            let new = NewOrder {
                price: Some(price),
                quantity: Some(quantity),
                time_in_force: Some(TimeInForce::Gtc),
                self_trade: SelfTrade::None,
                ..NewOrder::bare(account, MARKET, side, Kind::Limit)
            };
            exchange.drain();
            let Ok(placed) = exchange.place(1, new) else { continue };
            let makers: Vec<(u64, Decimal, Decimal)> = exchange.drain().into_iter().filter_map(|event| match event {
                Event::Execution { what: Execution::Trade, fill: Some(fill), .. } if fill.is_maker => {
                    Some((fill.order, fill.price, fill.quantity))
                }
                _ => None,
            }).collect();
            prop_assert_eq!(makers, model.place(placed.order.id, side, price, quantity));
        }
    }
}

#[derive(Default)]
struct Naive(Vec<(u64, Side, Decimal, Decimal)>);

impl Naive {
    fn place(&mut self, id: u64, side: Side, limit: Decimal, mut left: Decimal) -> Vec<(u64, Decimal, Decimal)> {
        let mut trades = vec![];
        while left > Decimal::ZERO {
            let candidates = self.0.iter_mut().filter(|it| it.1 != side && it.3 > Decimal::ZERO);
            let crossing = candidates.filter(|it| if side == Side::Buy { it.2 <= limit } else { it.2 >= limit });
            let sign = if side == Side::Buy { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
            let Some(best) = crossing.min_by_key(|it| (it.2 * sign, it.0)) else { break };
            let quantity = left.min(best.3);
            trades.push((best.0, best.2, quantity));
            best.3 -= quantity;
            left -= quantity;
        }
        self.0.push((id, side, limit, left));
        trades
    }
}

#[test]
fn an_order_takes_the_steps_that_are_listed_and_no_others() {
    let (mut exchange, [account, ..]) = exchange();
    let new = NewOrder {
        price: Some(Decimal::ONE_HUNDRED),
        quantity: Some(Decimal::ONE),
        time_in_force: Some(TimeInForce::Gtc),
        ..NewOrder::bare(account, MARKET, Side::Buy, Kind::Limit)
    };
    let order = exchange.place(1, new).unwrap().order;
    for from in Status::ALL {
        for to in Status::ALL {
            let mut order = order.clone();
            order.status = *from;
            let expected = if TURNS.contains(&(*from, *to)) { Ok(()) } else { Err(ForbiddenTurn(*from, *to)) };
            assert_eq!(order.turn(*to), expected);
            assert_eq!(order.status, if expected.is_ok() { *to } else { *from });
        }
    }
    assert!(TURNS.iter().all(|(from, _)| from.is_open()), "whatever is over stays over");
}

#[test]
fn fees_are_taken_of_what_is_received_or_in_bnb() {
    let (mut exchange, [ana, _, bob]) = exchange();
    let order = |account, side, kind| NewOrder {
        price: Some(Decimal::ONE_HUNDRED).filter(|_| kind == Kind::Limit),
        quantity: Some(Decimal::TWO),
        time_in_force: Some(TimeInForce::Gtc).filter(|_| kind == Kind::Limit),
        ..NewOrder::bare(account, MARKET, side, kind)
    };
    exchange.place(1, order(ana, Side::Sell, Kind::Limit)).unwrap();
    exchange.place(2, order(bob, Side::Buy, Kind::Market)).unwrap();
    let fee = |account: usize| exchange.account(account).unwrap().fills()[0].clone();
    // 200 USDT at a thousandth, and 200 · 0.001 · 0.75 / 300 BNB
    assert_eq!((exchange.asset_name(fee(ana).commission_asset), fee(ana).commission), ("USDT", Decimal::new(2, 1)));
    assert_eq!((exchange.asset_name(fee(bob).commission_asset), fee(bob).commission), ("BNB", Decimal::new(5, 4)));
    let kept = exchange.account(FEES).unwrap();
    let name = |asset: &str| exchange.assets().iter().position(|it| it == asset).unwrap();
    assert_eq!(kept.balance(name("USDT")).free, Decimal::new(2, 1));
    assert_eq!(kept.balance(name("BNB")).free, Decimal::new(5, 4));
}
