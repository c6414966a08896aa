//! What the tests share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "tests, each of which uses a part")]

pub mod average;
pub mod bot;
pub mod market;
pub mod venue;

use std::fs::File;
use std::path::PathBuf;

use serde_json::{Value, json};
use trading::backtest::{BacktestFile, History};
use trading::candle::{Candles, csv};
use trading::strategy::{Document, Program};

/// A file of the bundled data.
pub fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(path)
}

/// Bundled candles.
pub fn candles(name: &str) -> Candles {
    csv::read(File::open(data("candles").join(name)).unwrap(), &csv::Options::default()).unwrap()
}

/// An SMA cross as a strategy document.
pub fn sma_cross(symbol: &str, timeframe: &str, fast: u32, slow: u32, sizing: &Value) -> Value {
    json!({
        "name": "SMA cross",
        "market": {"exchange": "binance", "symbol": symbol, "timeframe": timeframe},
        "indicators": {"fast": {"kind": "sma", "period": fast}, "slow": {"kind": "sma", "period": slow}},
        "entry": {"crossesAbove": ["fast", "slow"]},
        "exit": {"crossesBelow": ["fast", "slow"]},
        "sizing": sizing
    })
}

/// A back-test file from its strategy and the rest.
pub fn file(strategy: Value, mut rest: Value) -> BacktestFile {
    rest["strategy"] = strategy;
    BacktestFile::parse(&rest).unwrap()
}

/// Candles as those of the file's first symbol.
pub fn history(file: &BacktestFile, candles: &Candles) -> History {
    History::of(file.strategy.market().symbols()[0], candles.clone())
}

/// The document's rules, compiled.
pub fn program(document: &Document) -> Program {
    Program::compile(document.rules().unwrap(), document.market().timeframe)
}

/// Symbol and time frame of bundled candles, by the file's name.
pub fn market_of(name: &str) -> (&'static str, &'static str) {
    let symbol = if name.contains("BTCUSDT") { "BTC/USDT" } else { "ETH/USDT" };
    (symbol, if name.contains("_1h_") { "1h" } else { "5m" })
}
