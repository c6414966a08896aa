//! One step of the engine of a simple strategy.

use crate::{Figure, Size};
use std::{hint::black_box, sync::Arc, time::Instant};
use testkit::json;
use trading::{
    candle::Candle,
    engine::{Config, Effect, Engine, Input, RejectReason, Rejection},
    money::Instrument,
    risk::Limits,
    strategy::{Body, Document, Program, StreamRules},
    time::{Timeframe, Timestamp},
};

const ROUNDS: usize = 5;

pub(crate) fn measure(size: Size) -> Vec<Figure> {
    let candles: Vec<_> = (0..size.steps).map(candle).collect();
    let best = |entry: &str| (0..ROUNDS).map(|_| run(entry, &candles)).fold(f64::INFINITY, f64::min);
    vec![
        Figure::new("a step of the engine, no order", "µs", best("crossesBelow")).below(1.0),
        Figure::new("a step of the engine, an order placed or refused", "µs", best("gt")).below(1.0),
    ]
}

/// Prices that rise and fall slowly, so that the averages move and never cross.
fn candle(minute: i64) -> Candle {
    let cents = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100).parse().unwrap();
    let close = 1_000_000 + minute;
    Candle {
        open_time: Timestamp::from_millis(minute * 60_000),
        open: cents(close - 1),
        high: cents(close + 5),
        low: cents(close - 5),
        close: cents(close),
        volume: "10.5".parse().unwrap(),
    }
}

/// Microseconds a step. What is placed is refused, by a step of its own, so that the next candle places again.
fn run(entry: &str, candles: &[Candle]) -> f64 {
    let document = Document::parse(&json!({
        "name": "Simple",
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m" },
        "indicators": { "fast": { "kind": "sma", "period": 10 }, "slow": { "kind": "sma", "period": 50 } },
        "entry": { entry: ["fast", "slow"] },
        "exit": { "crossesBelow": ["fast", "slow"] },
        "sizing": { "kind": "fixedQuantity", "quantity": "0.01" }
    }))
    .unwrap();
    let Body::Rules(rules) = document.body() else { panic!("these are rules") };
    let config = Config {
        instrument: Instrument::unfiltered("BTC/USDT".parse().unwrap()),
        plan: document.plan(),
        limits: Limits::default(),
        cash: "1000000".parse().unwrap(),
        prefix: "bench".parse().unwrap(),
        trade_from: None,
    };
    let mut engine = Engine::new(StreamRules::new(Arc::new(Program::compile(rules, Timeframe::M1))), config);
    let mut orders = 0;
    let began = Instant::now();
    for candle in candles {
        let at = Timeframe::M1.close_of(candle.open_time);
        let effects = black_box(engine.step(at, Input::Candle(*candle)));
        for effect in effects.iter() {
            if let Effect::Place(order) = effect {
                orders += 1;
                let client_order_id = order.client_order_id;
                let refusal = Rejection { client_order_id, reason: RejectReason::Other, filter: None };
                black_box(engine.step(at, Input::Rejected(refusal)));
            }
        }
    }
    let took = began.elapsed().as_secs_f64() * 1e6;
    assert_eq!(orders > candles.len() / 2, entry == "gt", "{orders} orders");
    took / (candles.len() + orders) as f64
}
