//! How fast a strategy's signals are computed, and how fast candle files are read.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trading::candle::{Candle, Candles, Field, csv};
use trading::strategy::{Columns, Document, Program, StreamRules};
use trading::time::{Timeframe, Timestamp};

/// The minutes of a year.
const ROWS: usize = 525_600;

fn sma_cross() -> Document {
    Document::parse_text(include_str!("../tests/trading/fixtures/sma_cross.json"))
        .unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// One-minute candles of a price that wanders between bounds, always the same.
fn candles() -> Candles {
    let (mut state, mut price) = (1_u64, 3_000_000_i64);
    let mut next = |at: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = price;
        price = (price + i64::try_from(state >> 56).unwrap_or(0) - 127).max(1_000_000);
        let text = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let number = |cents: i64| text(cents).parse().ok();
        Some(Candle {
            open_time: Timestamp::from_millis(at * 60_000),
            open: number(open)?,
            high: number(open.max(price) + 50)?,
            low: number(open.min(price) - 50)?,
            close: number(price)?,
            volume: text(price % 10_000).parse().ok()?,
        })
    };
    let rows = (28_000_000..).take(ROWS).map_while(&mut next);
    Candles::collect(Timeframe::M1, rows).unwrap_or_else(|error| panic!("{error}"))
}

fn text(candles: &Candles) -> String {
    candles.iter().fold(String::new(), |mut text, candle| {
        let Candle { open, high, low, close, volume, .. } = candle;
        let _ = writeln!(text, "{},{open},{high},{low},{close},{volume}", candle.open_time.millis());
        text
    })
}

fn program(document: &Document) -> Program {
    let rules = document.rules().unwrap_or_else(|| panic!("the fixture has rules"));
    Program::compile(rules, document.market().timeframe)
}

fn strategy(c: &mut Criterion) {
    let candles = candles();
    let _ = candles.column(Field::Close);
    let program = Arc::new(program(&sma_cross()));
    let mut group = c.benchmark_group("strategy");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.bench_function("signals of an SMA cross, indicators included", |b| {
        b.iter(|| black_box(program.signals(&Columns::new(&candles))));
    });
    let columns = Columns::new(&candles);
    group.bench_function("signals of an SMA cross, indicators shared", |b| {
        b.iter(|| black_box(program.signals(&columns)));
    });
    group.bench_function("an SMA cross candle by candle", |b| {
        b.iter(|| {
            let mut stream = StreamRules::new(program.clone());
            candles.iter().filter(|candle| stream.observe(candle).0).count()
        });
    });
    group.finish();
}

fn files(c: &mut Criterion) {
    let text = text(&candles());
    let options = csv::Options { timeframe: Some(Timeframe::M1), ..csv::Options::default() };
    let mut group = c.benchmark_group("files");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.bench_function("a candle file of plain text", |b| {
        b.iter(|| black_box(csv::read(text.as_bytes(), &options).map(|candles| candles.len())));
    });
    group.finish();
}

criterion_group!(benches, strategy, files);
criterion_main!(benches);
