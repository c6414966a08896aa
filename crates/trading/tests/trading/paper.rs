//! One engine for back-test and paper: the same candles give the same journal, and a journal
//! gives the same bot again.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::common::bot::engine_config;
use crate::common::{candles, file, program, sma_cross};
use serde_json::json;
use trading::backtest::{BacktestFile, Setup, run};
use trading::candle::Candles;
use trading::engine::{Driver, Effect, Engine, Input, Note, Signal, Stop, Strategy};
use trading::simulator::Simulator;
use trading::strategy::{ColumnRules, Columns, StreamRules};
use trading::time::Timestamp;

/// A line of a journal as it is stored: time, input, effects.
type Line = (Timestamp, String, String);

fn history() -> Candles {
    candles("binance_BTCUSDT_1h_20170817_20211231.csv.gz")
}

/// A cross with every kind of protection, guard and friction.
fn busy() -> BacktestFile {
    let mut strategy = sma_cross("BTC/USDT", "1h", 10, 50, &json!({"kind": "percentEquity", "percent": "50"}));
    strategy["protect"] = json!({
        "stopLoss": {"percent": "3"},
        "takeProfit": [{"percent": "2", "sell": "50"}, {"percent": "9", "sell": "25"}],
        "trailingStop": {"percent": "2", "after": "1"},
        "maxHold": "3d"
    });
    strategy["guards"] = json!({
        "cooldown": "2h", "maxTradesPerDay": 2,
        "pauseAfterLosses": {"losses": 3, "within": "5d", "pause": "1d"}
    });
    let fees = json!({"maker": "0.001", "taker": "0.001", "paidIn": "received"});
    let rest = json!({"initialCash": "100000", "fees": fees, "slippageBps": "2", "volumeShare": "0.05"});
    file(strategy, rest)
}

fn driver<S: Strategy>(strategy: S, setup: &Setup, candles: &Candles) -> Driver<S> {
    let simulator = Simulator::new(setup.config.rules(), setup.instrument.clone());
    Driver::new(Engine::new(strategy, engine_config(setup)), simulator, candles.timeframe())
}

fn line(at: Timestamp, input: &Input, effects: &[Effect]) -> Line {
    (at, serde_json::to_string(input).unwrap(), serde_json::to_string(effects).unwrap())
}

fn journal<S: Strategy>(mut driver: Driver<S>, candles: &Candles) -> Vec<Line> {
    let mut journal = Vec::new();
    for candle in candles.iter() {
        driver.on_candle(&candle, |at, input, effects| journal.push(line(at, input, effects)));
    }
    journal
}

#[test]
fn a_live_feed_gives_the_journal_of_the_back_test() {
    let (file, candles) = (busy(), history());
    let setup = Setup::of(&file.strategy, file.config.clone());
    let program = Arc::new(program(&file.strategy));
    let signals = Arc::new(program.signals(&Columns::new(&candles)));
    let columns = journal(driver(ColumnRules::new(signals.clone(), 0), &setup, &candles), &candles);
    let stream = journal(driver(StreamRules::new(program), &setup, &candles), &candles);
    assert!(columns.len() > candles.len() + 1_000);
    let differing = columns.iter().zip(&stream).position(|(one, other)| one != other);
    assert_eq!((differing, columns.len()), (None, stream.len()));

    let report = run(&candles, ColumnRules::new(signals, 0), &setup, |_| ControlFlow::Continue(())).unwrap();
    let closed = columns.iter().filter(|line| line.2.contains("\"closed\"")).count();
    assert!(closed > 200);
    assert_eq!(report.trades.len(), closed);
}

#[test]
fn the_journals_inputs_give_the_same_effects_to_an_engine_that_starts_anew() {
    let (file, candles) = (busy(), history());
    let setup = Setup::of(&file.strategy, file.config.clone());
    let program = Arc::new(program(&file.strategy));
    let recorded = journal(driver(StreamRules::new(program.clone()), &setup, &candles), &candles);
    let mut engine = Engine::new(StreamRules::new(program), engine_config(&setup));
    for (at, input, effects) in recorded {
        let again = engine.step(at, serde_json::from_str(&input).unwrap());
        assert_eq!(serde_json::to_string(&again).unwrap(), effects, "at {at}");
    }
}

#[test]
fn a_bot_that_is_rebuilt_from_its_journal_goes_on_as_if_nothing_had_happened() {
    let (file, candles) = (busy(), history());
    let setup = Setup::of(&file.strategy, file.config.clone());
    let program = Arc::new(program(&file.strategy));
    let start = || driver(StreamRules::new(program.clone()), &setup, &candles);
    let outside = [(5_000, Input::Pause), (5_100, Input::Resume), (6_000, Input::Signal(Signal::Enter))];
    let (mut bot, mut lines) = (start(), Vec::<Line>::new());
    // The crash comes while a position is open and stops and targets rest.
    let mut crash = 0;
    for (row, candle) in candles.iter().enumerate().take(12_000) {
        bot.on_candle(&candle, |at, input, effects| lines.push(line(at, input, effects)));
        if let Some((_, input)) = outside.iter().find(|(when, _)| *when == row) {
            bot.on_input(candle.open_time, *input, |at, input, effects| lines.push(line(at, input, effects)));
        }
        if row > 6_000 && crash == 0 && bot.simulator().orders().count() == 3 {
            crash = lines.len();
        }
    }
    assert!(crash > 0);

    let mut rebuilt = start();
    let mut again = Vec::new();
    for (at, input, _) in &lines[..crash] {
        let input = serde_json::from_str(input).unwrap();
        rebuilt.replay(*at, input, |at, input, effects| again.push(line(at, input, effects)));
    }
    assert!(again == lines[..crash]);
    let next = candles.rows(rebuilt.engine().last_candle(), None).start + 1;
    for candle in (next..12_000).map(|row| candles.get(row)) {
        rebuilt.on_candle(&candle, |at, input, effects| again.push(line(at, input, effects)));
    }
    assert!(again == lines);
    assert_eq!(rebuilt.engine().position(), bot.engine().position());

    let mut notes = Vec::new();
    rebuilt
        .on_input(candles.open_time(12_000), Input::Stop(Stop::Sell), |_, _, effects| notes.extend(effects.to_vec()));
    assert!(!notes.iter().any(|effect| matches!(effect, Effect::Journal(Note::UnknownOrder(_)))));
}
