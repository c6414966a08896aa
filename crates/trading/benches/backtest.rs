//! Complete back-tests of an SMA cross over 525,600 candles, and a plain loop beside them.

mod synthetic;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn backtests(criterion: &mut Criterion) {
    let history = synthetic::history();
    let mut group = criterion.benchmark_group("sma cross");
    group.throughput(Throughput::Elements(synthetic::CANDLES as u64)).sample_size(20);
    let file = synthetic::file(false);
    group.bench_function("engine", |bencher| bencher.iter(|| synthetic::execute(&file, black_box(&history))));
    group.bench_function("plain loop", |bencher| bencher.iter(|| synthetic::plain_loop(black_box(&history), 10, 50)));
    group.finish();
    let sweep = synthetic::file(true);
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(100)).sample_size(10);
    group
        .bench_function("100 combinations", |bencher| bencher.iter(|| synthetic::execute(&sweep, black_box(&history))));
    group.finish();
}

criterion_group!(benches, backtests);
criterion_main!(benches);
