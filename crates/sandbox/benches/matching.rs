//! How many orders a second the exchange takes, beside the plainest book that does the same matching: integers in a
//! sorted map, without accounts, fees, filters or events.

#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rust_decimal::Decimal;
use sandbox::exchange::{Exchange, Kind, NewOrder, Rules, SelfTrade, Side, TimeInForce};
use std::{
    collections::{BTreeMap, VecDeque},
    hint::black_box,
};

const ORDERS: u64 = 10_000;

/// Side, price and quantity; about half of them trade at once. Always the same.
fn orders() -> Vec<(bool, i64, i64)> {
    let mut state = 1_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).unwrap()
    };
    (0..ORDERS).map(|_| (random(2) == 0, 6_000_000 + random(100) - 50, 1 + random(100))).collect()
}

fn exchange() -> (Exchange, Vec<usize>) {
    let mut exchange = Exchange::new();
    let mut rules = Rules::usual("BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 3)).unwrap();
    rules.max_orders = usize::MAX;
    exchange.list(rules).unwrap();
    let accounts = (0..100).map(|_| {
        let account = exchange.open_account(Decimal::new(1, 3)).unwrap();
        for (asset, amount) in [("BTC", 1_000_000), ("USDT", 100_000_000_000_i64)] {
            exchange.deposit(0, account, asset, Decimal::from(amount)).unwrap();
        }
        account
    });
    let accounts = accounts.collect();
    (exchange, accounts)
}

fn new_orders(orders: &[(bool, i64, i64)], accounts: &[usize]) -> Vec<NewOrder> {
    let each = |(index, (buys, price, quantity)): (usize, &(bool, i64, i64))| NewOrder {
        price: Some(Decimal::new(*price, 2)),
        quantity: Some(Decimal::new(*quantity, 3)),
        time_in_force: Some(TimeInForce::Gtc),
        self_trade: SelfTrade::None,
        ..NewOrder::bare(accounts[index % accounts.len()], 0, if *buys { Side::Buy } else { Side::Sell }, Kind::Limit)
    };
    orders.iter().enumerate().map(each).collect()
}

/// The baseline.
#[derive(Default)]
struct Plain([BTreeMap<i64, VecDeque<i64>>; 2]);

impl Plain {
    fn place(&mut self, buys: bool, price: i64, mut left: i64) -> i64 {
        let mut traded = 0;
        while left > 0 {
            let other = &mut self.0[usize::from(buys)];
            let best = if buys { other.first_entry() } else { other.last_entry() };
            let Some(mut level) = best.filter(|it| if buys { *it.key() <= price } else { *it.key() >= price }) else {
                break;
            };
            let queue = level.get_mut();
            while let Some(front) = queue.front_mut().filter(|_| left > 0) {
                let quantity = left.min(*front);
                *front -= quantity;
                left -= quantity;
                traded += quantity;
                if *front == 0 {
                    queue.pop_front();
                }
            }
            if queue.is_empty() {
                level.remove();
            }
        }
        if left > 0 {
            self.0[usize::from(!buys)].entry(price).or_default().push_back(left);
        }
        traded
    }
}

fn matching(c: &mut Criterion) {
    let orders = orders();
    let (_, accounts) = exchange();
    let new_orders = new_orders(&orders, &accounts);
    let mut group = c.benchmark_group("matching");
    group.throughput(Throughput::Elements(ORDERS)).sample_size(20);
    group.bench_function("the exchange", |b| {
        b.iter_batched(
            || (exchange().0, new_orders.clone()),
            |(mut exchange, orders)| {
                for order in orders {
                    exchange.place(1, order).unwrap();
                    black_box(exchange.drain());
                }
                exchange
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("a plain book of integers", |b| {
        b.iter_batched(
            Plain::default,
            |mut book| {
                for (buys, price, quantity) in &orders {
                    black_box(book.place(*buys, *price, *quantity));
                }
                book
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
