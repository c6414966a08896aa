//! Measures every indicator with its defaults over a year of minutes: a line each with
//! nanoseconds a candle over columns (into memory that is there, as TA-Lib's C library takes it) and candle by candle, and with `--peers` those of TA-Lib's C
//! library (its package for Python, where that is installed) on the same columns in the same run.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::float_arithmetic, reason = "it prints its result")]

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trading::candle::{Candles, Field};
use trading::indicator::{CATALOGUE, Indicator, Kind};

const ROUNDS: usize = 7;

/// The columns that the peer reads, in its order.
const COLUMNS: [Field; 6] = [Field::OpenTime, Field::Open, Field::High, Field::Low, Field::Close, Field::Volume];

struct Row {
    kind: &'static Kind,
    batch: f64,
    stream: f64,
    talib: Option<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| given.iter().any(|argument| argument == name);
    let candles = synthetic::candles();
    let peers = if flag("--peers") { talib(&candles)? } else { BTreeMap::new() };
    let each = CATALOGUE.iter().map(|kind| measure(kind, &candles, peers.get(kind.name).copied()));
    let rows: Vec<Row> = each.collect();
    if flag("--json") {
        print_json(&rows);
    } else {
        print_table(&rows);
    }
    Ok(())
}

fn measure(kind: &'static Kind, candles: &Candles, talib: Option<f64>) -> Row {
    let (mut batch, mut stream) = (f64::NAN, f64::NAN);
    if let Ok(indicator) = Indicator::new(kind, &[], None) {
        let inputs: Vec<&[f64]> = indicator.inputs().iter().map(|field| candles.column(*field)).collect();
        let mut columns = indicator.compute(&inputs);
        batch = per_candle(fastest(ROUNDS, || indicator.compute_into(black_box(&inputs), &mut columns)));
        stream = per_candle(fastest(1, || candle_by_candle(&indicator, black_box(&inputs))));
    }
    Row { kind, batch, stream, talib: talib.map(|seconds| per_candle(Duration::from_secs_f64(seconds))) }
}

fn candle_by_candle(indicator: &Indicator, inputs: &[&[f64]]) -> f64 {
    let mut stream = indicator.stream();
    let mut candle = vec![0.0; inputs.len()];
    let mut last = f64::NAN;
    for row in 0..inputs[0].len() {
        candle.iter_mut().zip(inputs).for_each(|(slot, column)| *slot = column[row]);
        last = stream.update(&candle)[0];
    }
    last
}

/// The fastest of some runs, which is the one least disturbed.
fn fastest<T>(rounds: usize, mut run: impl FnMut() -> T) -> Duration {
    let mut timed = || {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..rounds).map(|_| timed()).min().unwrap_or_default()
}

fn per_candle(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9 / synthetic::CANDLES as f64
}

/// Seconds by kind, of those that TA-Lib has; none where its package is not installed.
fn talib(candles: &Candles) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let bytes = COLUMNS.iter().flat_map(|field| candles.column(*field)).flat_map(|value| value.to_le_bytes());
    let columns = std::env::temp_dir().join(format!("botcriptofy-columns-{}", std::process::id()));
    std::fs::write(&columns, bytes.collect::<Vec<u8>>())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/peers/talib_peer.py");
    let mut python = Command::new("python3");
    let child = python.arg(script).arg("times").arg(&columns).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let answer = child.and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            input.write_all(serde_json::to_string(CATALOGUE)?.as_bytes())?;
        }
        child.wait_with_output()
    });
    std::fs::remove_file(&columns)?;
    let answer = answer?;
    if !answer.status.success() {
        eprintln!("TA-Lib is not measured: `pip install TA-Lib` for python3");
        return Ok(BTreeMap::new());
    }
    Ok(serde_json::from_slice(&answer.stdout)?)
}

fn print_json(rows: &[Row]) {
    let figures = rows.iter().map(|row| {
        let figures = serde_json::json!({
            "nanosecondsPerCandle": row.batch, "streamed": row.stream, "talib": row.talib,
            "ratio": row.talib.map(|talib| row.batch / talib),
        });
        (row.kind.name.to_owned(), figures)
    });
    println!("{}", serde_json::Value::Object(figures.collect()));
}

fn print_table(rows: &[Row]) {
    println!("nanoseconds a candle        ours  streamed    TA-Lib  ours / TA-Lib");
    for row in rows {
        let (talib, ratio) = match row.talib {
            Some(talib) => (format!("{talib:.2}"), format!("{:.2}", row.batch / talib)),
            None => (String::new(), String::new()),
        };
        println!("{:<24} {:>7.2} {:>9.2} {talib:>9} {ratio:>14}", row.kind.name, row.batch, row.stream);
    }
    let mut ratios: Vec<f64> = rows.iter().filter_map(|row| Some(row.batch / row.talib?)).collect();
    ratios.sort_by(f64::total_cmp);
    if let (Some(median), Some(worst)) = (ratios.get(ratios.len() / 2), ratios.last()) {
        let slower = ratios.iter().filter(|ratio| **ratio > 1.0).count();
        println!("{} compared: median {median:.2}, worst {worst:.2}, {slower} slower than TA-Lib", ratios.len());
    }
}
