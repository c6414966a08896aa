//! Measures a complete back-test and prints one line of JSON: candles a second, those of a strategy
//! of ten indicators under every protection and guard, those of a script, those of a plain
//! loop over floating numbers in the same run, their ratio, the seconds of a sweep of a hundred
//! combinations, and the most memory that was used until then. With the argument `long`, a sweep of
//! ten thousand combinations over a tenth of the candles follows.
#![allow(clippy::print_stdout, reason = "it prints its result")]

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

use std::hint::black_box;
use std::time::{Duration, Instant};

use trading::backtest::{Answer, History};
use trading::candle::Candles;

const ROUNDS: usize = 15;

/// The fastest of some runs, which is the one least disturbed.
fn fastest<T>(mut run: impl FnMut() -> T) -> Duration {
    (0..ROUNDS).map(|_| timed(&mut run)).min().unwrap_or_default()
}

fn timed<T>(run: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}

/// The most memory this process has held, in MiB; nought where the system does not tell.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn main() {
    let history = synthetic::history();
    let (single, sweep) = (synthetic::file(false), synthetic::file(true));
    let engine = fastest(|| synthetic::execute(&single, black_box(&history)));
    let full = synthetic::full();
    let everything = fastest(|| synthetic::execute(&full, black_box(&history)));
    let script = synthetic::script();
    let scripted = fastest(|| synthetic::execute(&script, black_box(&history)));
    let plain = fastest(|| synthetic::plain_loop(black_box(&history), 10, 50));
    let start = Instant::now();
    let answer = synthetic::execute(&sweep, black_box(&history));
    let sweep_seconds = start.elapsed().as_secs_f64();
    let Answer::Sweep(answer) = answer else { return };
    let per_second = |time: Duration| synthetic::CANDLES as f64 / time.as_secs_f64();
    let figures = serde_json::json!({
        "candlesPerSecond": per_second(engine).round(),
        "everythingCandlesPerSecond": per_second(everything).round(),
        "scriptedCandlesPerSecond": per_second(scripted).round(),
        "plainLoopCandlesPerSecond": per_second(plain).round(),
        "ratio": plain.as_secs_f64() / engine.as_secs_f64(),
        "sweepSeconds": sweep_seconds,
        "sweepCombinations": answer.combinations.len(),
        "peakRssMb": peak_memory(),
    });
    println!("{figures}");
    if std::env::args().any(|argument| argument == "long") {
        println!("{}", long(&history));
    }
}

/// Ten thousand combinations over a tenth of the candles.
fn long(history: &History) -> serde_json::Value {
    let Some((symbol, candles)) = history.markets.iter().next() else { return serde_json::Value::Null };
    let count = synthetic::CANDLES / 10;
    let Ok(part) = Candles::collect(candles.timeframe(), candles.iter().take(count)) else {
        return serde_json::Value::Null;
    };
    let part = History::of(*symbol, part);
    let mut file = synthetic::file(true);
    let (fast, slow) = ((2..102).map(Into::into), (110..210).map(Into::into));
    file.sweep = [("indicators.fast.period", fast.collect()), ("indicators.slow.period", slow.collect())]
        .map(|(path, values): (&str, Vec<serde_json::Value>)| (path.to_owned(), values))
        .into();
    let start = Instant::now();
    let Answer::Sweep(answer) = synthetic::execute(&file, &part) else { return serde_json::Value::Null };
    serde_json::json!({
        "longSweepSeconds": start.elapsed().as_secs_f64(),
        "longSweepCombinations": answer.combinations.len(),
        "longSweepCandles": count,
        "peakRssMb": peak_memory(),
    })
}
