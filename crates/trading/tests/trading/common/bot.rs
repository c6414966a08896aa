//! A bot on made-up candles: scripted signals, the simulated venue and a journal.

use serde_json::Value;
use trading::backtest::{BacktestConfig, Setup};
use trading::candle::Candle;
use trading::engine::{Config, Driver, Effect, Effects, Engine, Input, Note, Signal, Strategy};
use trading::money::Instrument;
use trading::position::{Fill, Position, Trade};
use trading::risk::Limits;
use trading::simulator::Simulator;
use trading::time::{Timeframe, Timestamp};

/// Says at each candle what it was told to say.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub signals: Vec<Option<Signal>>,
    pub row: usize,
}

impl Strategy for Script {
    fn on_candle(&mut self, _: &Candle, _: &Position) -> Option<Signal> {
        self.row += 1;
        self.signals.get(self.row - 1).copied().flatten()
    }

    fn silence(&self, _: &Position) -> usize {
        self.signals.iter().skip(self.row).position(Option::is_some).unwrap_or(usize::MAX)
    }

    fn pass(&mut self, candles: usize) {
        self.row += candles;
    }
}

/// The same, which never says how long it will be silent.
#[derive(Clone, Debug)]
pub struct Wakeful(pub Script);

impl Strategy for Wakeful {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        self.0.on_candle(candle, position)
    }
}

/// `e` enters, `x` leaves, anything else is silence.
pub fn script(text: &str) -> Script {
    let signal = |letter| match letter {
        'e' => Some(Signal::Enter),
        'x' => Some(Signal::Exit),
        _ => None,
    };
    Script { signals: text.chars().map(signal).collect(), row: 0 }
}

/// The candle of minute `row` from prices in tenths; volume 100.
pub fn candle(row: usize, [open, high, low, close]: [i64; 4]) -> Candle {
    let price = |tenths: i64| format!("{}.{}", tenths / 10, tenths % 10).parse().unwrap();
    Candle {
        open_time: Timestamp::from_millis(row as i64 * 60_000),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: "100".parse().unwrap(),
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub at: Timestamp,
    pub input: Input,
    pub effects: Effects,
}

/// A driver and all that it did.
#[derive(Debug)]
pub struct Bot {
    pub driver: Driver<Script>,
    pub journal: Vec<Line>,
    row: usize,
}

/// What a test varies.
pub struct Case {
    pub plan: Value,
    pub config: Value,
    pub instrument: Value,
    pub limits: Limits,
}

impl Default for Case {
    /// One coin a trade, 1,000 of cash, no fees, fills at the next open, no filters.
    fn default() -> Self {
        let config = serde_json::json!({"initialCash": "1000", "fees": {"maker": "0", "taker": "0"}});
        let plan = serde_json::json!({"sizing": {"kind": "fixedQuantity", "quantity": "1"}});
        Self { plan, config, instrument: serde_json::json!({"symbol": "BTC/USDT"}), limits: Limits::default() }
    }
}

impl Case {
    /// The setup of a back-test.
    pub fn setup(&self) -> Setup {
        let config: BacktestConfig = serde_json::from_value(self.config.clone()).unwrap();
        let instrument: Instrument = serde_json::from_value(self.instrument.clone()).unwrap();
        Setup { instrument, plan: serde_json::from_value(self.plan.clone()).unwrap(), limits: self.limits, config }
    }

    /// A bot that follows the script.
    pub fn bot(&self, signals: &str) -> Bot {
        self.bot_with(script(signals))
    }

    pub fn bot_with(&self, script: Script) -> Bot {
        let setup = self.setup();
        setup.plan.check().unwrap();
        let simulator = Simulator::new(setup.config.rules(), setup.instrument.clone());
        let driver = Driver::new(Engine::new(script, engine_config(&setup)), simulator, Timeframe::M1);
        Bot { driver, journal: Vec::new(), row: 0 }
    }
}

/// The engine's configuration in a setup.
pub fn engine_config(setup: &Setup) -> Config {
    Config {
        instrument: setup.instrument.clone(),
        plan: setup.plan.clone(),
        limits: setup.limits,
        cash: setup.config.initial_cash,
        prefix: "test".parse().unwrap(),
        trade_from: None,
    }
}

impl Bot {
    /// Feeds candles of prices in tenths.
    pub fn feed(&mut self, candles: &[[i64; 4]]) -> &mut Self {
        for prices in candles {
            self.take(&candle(self.row, *prices));
        }
        self
    }

    pub fn take(&mut self, candle: &Candle) {
        self.row += 1;
        let journal = &mut self.journal;
        self.driver.on_candle(candle, |at, input, effects| {
            journal.push(Line { at, input: *input, effects: effects.clone() });
        });
    }

    /// Feeds something that is no candle.
    pub fn tell(&mut self, input: Input) -> &mut Self {
        let at = Timestamp::from_millis(self.row as i64 * 60_000 - 1);
        let journal = &mut self.journal;
        self.driver.on_input(at, input, |at, input, effects| {
            journal.push(Line { at, input: *input, effects: effects.clone() });
        });
        self
    }

    pub fn position(&self) -> &Position {
        self.driver.engine().position()
    }

    pub fn fills(&self) -> Vec<Fill> {
        let fill = |line: &Line| if let Input::Filled(fill) = line.input { Some(fill) } else { None };
        self.journal.iter().filter_map(fill).collect()
    }

    /// `price x quantity` of each fill, sales with a minus.
    pub fn filled(&self) -> Vec<String> {
        let text = |fill: &Fill| {
            let sign = if fill.side == trading::order::Side::Sell { "-" } else { "" };
            format!("{} x {sign}{}", fill.price, fill.quantity)
        };
        self.fills().iter().map(text).collect()
    }

    pub fn notes(&self) -> Vec<Note> {
        let effects = self.journal.iter().flat_map(|line| line.effects.iter());
        effects.filter_map(|effect| if let Effect::Journal(note) = effect { Some(*note) } else { None }).collect()
    }

    pub fn trades(&self) -> Vec<Trade> {
        self.notes()
            .into_iter()
            .filter_map(|note| if let Note::Closed(trade) = note { Some(trade) } else { None })
            .collect()
    }
}
