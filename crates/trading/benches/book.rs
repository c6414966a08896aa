//! How fast a local order book follows its exchange.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use trading::book::{Book, Diff, Level, Snapshot};

const LEVELS: u64 = 1_000;
const DIFFS: u64 = 1_000;
const CHANGES: u64 = 10;

fn level(cents: u64, quantity: u64) -> Level {
    let decimal = |units: u64| format!("{}.{:08}", units / 100, units % 100 * 1_000_000);
    match (decimal(cents).parse(), decimal(quantity).parse()) {
        (Ok(price), Ok(quantity)) => Level { price, quantity },
        fault => panic!("{fault:?}"),
    }
}

/// Changes that mostly touch the best levels, as those of an exchange do, always the same.
fn diffs() -> Vec<Diff> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut side = move |above: bool| {
        let change = |_| {
            let depth = random() % 30 * (random() % 30) % LEVELS;
            let cents = if above { 6_000_001 + depth } else { 6_000_000 - depth };
            level(cents, random() % 3 * 100)
        };
        (0..CHANGES).map(change).collect()
    };
    (1..=DIFFS).map(|id| Diff { first_id: id, last_id: id, bids: side(false), asks: side(true) }).collect()
}

fn book(c: &mut Criterion) {
    let whole = Snapshot {
        last_id: 0,
        bids: (0..LEVELS).map(|depth| level(6_000_000 - depth, 100)).collect(),
        asks: (0..LEVELS).map(|depth| level(6_000_001 + depth, 100)).collect(),
    };
    let diffs = diffs();
    let fresh = || {
        let mut book = Book::new(5_000);
        book.snapshot(&whole).map(|()| book)
    };
    let mut group = c.benchmark_group("book");
    group.throughput(Throughput::Elements(DIFFS * CHANGES * 2)).sample_size(20);
    group.bench_function("levels updated", |b| {
        b.iter_batched(
            || fresh().unwrap_or_else(|desync| panic!("{desync}")),
            |mut book| {
                for diff in &diffs {
                    let _ = black_box(book.update(diff));
                }
                book
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, book);
criterion_main!(benches);
