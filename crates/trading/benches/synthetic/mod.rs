//! A year of one-minute candles made up from a seed, and the SMA cross over them: as the product
//! runs it, and as a plain loop over floating numbers for comparison.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::float_arithmetic, reason = "a measurement")]

use std::ops::ControlFlow;

use serde_json::json;
use trading::backtest::{Answer, BacktestFile, History};
use trading::candle::{Candle, Candles, Field};
use trading::money::{Price, Quantity};
use trading::time::{Timeframe, Timestamp};

/// Minutes of a year.
pub const CANDLES: usize = 525_600;
const START: i64 = 1_672_531_200_000;

/// A random walk of cents, the same each time.
pub fn candles() -> Candles {
    let mut seed = 42_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    let price = |cents: i64| Price::new(rust_decimal::Decimal::new(cents, 2)).unwrap();
    let mut all = Candles::new(Timeframe::M1);
    let mut close = 3_000_000;
    for row in 0..CANDLES {
        let open = close;
        close = (open + random(6_001) - 3_000).clamp(1_000_000, 9_000_000);
        let (high, low) = (open.max(close) + random(1_000), open.min(close) - random(1_000));
        let volume = Quantity::new(rust_decimal::Decimal::new(random(100_000_000), 5)).unwrap();
        let open_time = Timestamp::from_millis(START + i64::try_from(row).unwrap() * 60_000);
        let [open, high, low, close] = [open, high, low, close].map(price);
        all.push(Candle { open_time, open, high, low, close, volume }).unwrap();
    }
    all
}

/// The same as a back-test takes them.
pub fn history() -> History {
    History::of("BTC/USDT".parse().unwrap(), candles())
}

/// The SMA cross as a back-test file, with or without a sweep of a hundred combinations.
pub fn file(sweep: bool) -> BacktestFile {
    let mut file = json!({
        "strategy": {
            "name": "SMA cross",
            "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"},
            "indicators": {"fast": {"kind": "sma", "period": 10}, "slow": {"kind": "sma", "period": 50}},
            "entry": {"crossesAbove": ["fast", "slow"]},
            "exit": {"crossesBelow": ["fast", "slow"]},
            "sizing": {"kind": "fixedQuantity", "quantity": "1"}
        },
        "initialCash": "10000000",
        "fees": {"maker": "0.001", "taker": "0.001", "paidIn": "quote"},
        "fill": "nextOpen",
        "slippageBps": "0"
    });
    if sweep {
        file["sweep"] = json!({
            "indicators.fast.period": [5, 8, 10, 12, 15, 18, 20, 22, 25, 28],
            "indicators.slow.period": [30, 40, 50, 60, 70, 80, 90, 100, 120, 150]
        });
    }
    BacktestFile::parse(&file).unwrap()
}

/// A strategy of ten indicators under every protection and guard, with friction.
pub fn full() -> BacktestFile {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let mut indicators: serde_json::Map<String, serde_json::Value> = (1_u32..)
        .zip(ids)
        .map(|(nth, id)| (id.to_owned(), json!({"kind": if nth % 2 == 0 { "ema" } else { "sma" }, "period": nth * 12})))
        .collect();
    indicators.insert("rsi".to_owned(), json!({"kind": "rsi", "period": 14}));
    indicators.insert("bands".to_owned(), json!({"kind": "bbands", "period": 20}));
    indicators.insert("macd".to_owned(), json!({"kind": "macd"}));
    BacktestFile::parse(&json!({
        "strategy": {
            "name": "Everything",
            "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"},
            "indicators": indicators,
            "entry": {"all": [
                {"crossesAbove": ["a", "b"]}, {"gt": ["macd.hist", 0]}, {"lt": ["rsi", 70]},
                {"any": [{"gt": ["c", "d"]}, {"gt": ["e", "f"]}, {"gt": ["close", "g"]}]}
            ]},
            "exit": {"any": [{"crossesBelow": ["a", "b"]}, {"gt": ["close", "bands.upper"]}]},
            "sizing": {"kind": "percentEquity", "percent": "25"},
            "protect": {
                "stopLoss": {"percent": "3"},
                "takeProfit": [{"percent": "2", "sell": "50"}, {"percent": "5", "sell": "50"}],
                "trailingStop": {"percent": "2", "after": "1"},
                "maxHold": "3d"
            },
            "guards": {
                "cooldown": "30m", "maxTradesPerDay": 1000,
                "pauseAfterLosses": {"losses": 3, "within": "1d", "pause": "4h"},
                "maxDrawdown": {"percent": "99"}
            }
        },
        "initialCash": "10000000",
        "fees": {"maker": "0.0001", "taker": "0.0001", "paidIn": "received"},
        "slippageBps": "1", "volumeShare": "0.5"
    }))
    .unwrap()
}

/// A dozen operations over three indicators, with state, crossings and an earlier value, as a script.
pub fn script() -> BacktestFile {
    const SOURCE: &str = r#"
        state.up = if fast > slow { (state.up ?? 0) + 1 } else { 0 };
        if position.open {
            if crosses_below("fast", "slow") || position.profit > parameters.goal { exit(); }
        } else if crosses_above("fast", "slow") && rsi < 70 && close > prev("close", 3) && state.up == 1 {
            enter();
        }"#;
    let mut script = json!({
        "strategy": {
            "name": "Scripted cross",
            "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"},
            "indicators": {
                "fast": {"kind": "sma", "period": 10},
                "slow": {"kind": "sma", "period": 50},
                "rsi": {"kind": "rsi", "period": 14}
            },
            "script": {"source": SOURCE, "parameters": {"goal": 5}},
            "sizing": {"kind": "fixedQuantity", "quantity": "1"}
        },
        "initialCash": "10000000"
    });
    script["fees"] = json!({"maker": "0.001", "taker": "0.001", "paidIn": "quote"});
    BacktestFile::parse(&script).unwrap()
}

/// Runs a file.
pub fn execute(file: &BacktestFile, history: &History) -> Answer {
    file.execute(history, |_, _| ControlFlow::Continue(())).unwrap()
}

/// The same back-test by hand: running sums, crosses, fills at the next open, fees, equity, its
/// peak and its largest fall, in one loop over floating numbers.
pub fn plain_loop(history: &History, fast: usize, slow: usize) -> (f64, f64) {
    let candles = history.markets.values().next().unwrap();
    let (open, close) = (candles.column(Field::Open), candles.column(Field::Close));
    let (mut cash, mut coins, mut peak, mut fall) = (1e7, 0.0, 1e7_f64, 0.0_f64);
    let (mut fast_sum, mut slow_sum, mut before, mut order) = (0.0, 0.0, f64::NAN, 0);
    for row in 0..close.len() {
        if order != 0 {
            let side = f64::from(order);
            cash -= side * open[row] + 0.001 * open[row];
            coins += side;
            order = 0;
        }
        fast_sum += close[row];
        slow_sum += close[row];
        if row >= fast {
            fast_sum -= close[row - fast];
        }
        if row >= slow {
            slow_sum -= close[row - slow];
        }
        if row + 1 >= slow {
            let above = fast_sum / fast as f64 - slow_sum / slow as f64;
            if above > 0.0 && before <= 0.0 && coins == 0.0 {
                order = 1;
            } else if above < 0.0 && before >= 0.0 && coins > 0.0 {
                order = -1;
            }
            before = above;
        }
        let equity = cash + coins * close[row];
        peak = peak.max(equity);
        fall = fall.max((peak - equity) / peak);
    }
    (cash + coins * close[close.len() - 1], fall)
}
