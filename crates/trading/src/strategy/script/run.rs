//! Running a script at each closed candle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{Dynamic, Engine, INT, Map, Position as Place, Scope};

use super::code::blank;
use super::failure::Failure;
use super::host::{Handle, Host};
use super::language::{self, MAX_STATE};
use super::words::{POSITION, STATE, Word, Words};
use super::{Script, code::Code};
use crate::candle::{Candle, Candles};
use crate::engine::{Signal, Strategy};
use crate::position::Position;
use crate::strategy::columns::{Columns, Rows, Source};
use crate::strategy::document::Scripted;
use crate::strategy::live::{Live, float};
use crate::strategy::machine::{BLOCK, Machine};
use crate::strategy::program::Program;
use crate::strategy::rules::decide;
use crate::time::Timeframe;

/// A script over a history whose indicators are computed beforehand; the candles must come in the
/// same order.
pub struct ColumnScript<'a> {
    history: History<'a>,
    runner: Runner,
}

/// A script candle by candle, with the same answers as [`ColumnScript`].
pub struct StreamScript {
    live: Live,
    runner: Runner,
}

impl<'a> ColumnScript<'a> {
    /// A script whose first candle is the first of the history.
    #[must_use]
    pub fn new(scripted: &Scripted, columns: &Columns<'a>) -> Self {
        let candles = columns.candles();
        let runner = Runner::new(scripted, candles.timeframe(), BLOCK);
        let sources = columns.sources(&runner.host.lock().program);
        Self { history: History { candles, sources, next: 0, count: 0 }, runner }
    }
}

impl StreamScript {
    /// A script that has seen no candle.
    #[must_use]
    pub fn new(scripted: &Scripted, timeframe: Timeframe) -> Self {
        let runner = Runner::new(scripted, timeframe, 1);
        let live = Live::new(&runner.host.lock().program);
        Self { live, runner }
    }
}

impl Strategy for ColumnScript<'_> {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        self.history.advance(&mut self.runner.host.lock());
        self.runner.on_candle(candle, position)
    }

    fn failure(&self) -> Option<&Failure> {
        self.runner.failure.as_ref()
    }
}

impl Strategy for StreamScript {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        self.live.update(candle);
        let mut host = self.runner.host.lock();
        let Host { program, machine, .. } = &mut *host;
        machine.keep(program, 1);
        machine.fill(program, 1, &self.live);
        drop(host);
        self.runner.on_candle(candle, position)
    }

    fn failure(&self) -> Option<&Failure> {
        self.runner.failure.as_ref()
    }
}

/// The columns of a history, of which a block at a time is filled.
struct History<'a> {
    candles: &'a Candles,
    sources: Vec<Source>,
    /// The candle that comes next.
    next: usize,
    /// How many candles the block has.
    count: usize,
}

impl History<'_> {
    fn advance(&mut self, host: &mut Host) {
        let Host { program, machine, row, .. } = host;
        *row += 1;
        if *row >= self.count {
            machine.keep(program, self.count);
            self.count = BLOCK.min(self.candles.len().saturating_sub(self.next));
            machine.fill(program, self.count, &Rows { candles: self.candles, sources: &self.sources, row: self.next });
            *row = 0;
        }
        self.next += 1;
    }
}

impl Scripted {
    /// How many candles pass until the script runs, if none is missing. A live bot loads as many
    /// before it begins.
    #[must_use]
    pub fn warm_up(&self, timeframe: Timeframe) -> usize {
        let plan = Plan::of(self);
        let program = plan.program(self, timeframe);
        let needed = |(index, ago): &(usize, usize)| program.value_warm_up(*index) + ago;
        plan.needed.iter().map(needed).max().unwrap_or(0)
    }
}

/// What does not depend on where the numbers come from.
struct Runner {
    engine: Engine,
    code: Arc<Code>,
    host: Handle,
    scope: Scope<'static>,
    /// The variables to set at each candle.
    slots: Vec<Slot>,
    /// Values, and how far back each has to exist before the script runs.
    needed: Vec<(usize, usize)>,
    /// Whether the script keeps a state.
    state: bool,
    /// For how many candles the position has been open.
    bars: INT,
    failure: Option<Failure>,
}

enum Slot {
    /// A variable, and the value that it shows.
    Number(String, usize),
    /// A variable with the outputs of an indicator, and the value of the first one.
    Outputs(String, &'static [&'static str], usize),
    Position,
}

impl Runner {
    fn new(scripted: &Scripted, timeframe: Timeframe, block: usize) -> Self {
        let script = &scripted.script;
        let plan = Plan::of(scripted);
        let program = Arc::new(plan.program(scripted, timeframe));
        let names = plan.operands.into_iter().map(|(name, _)| name).collect();
        let machine = Machine::new(&program, block);
        let host = Handle::new(Host { program, machine, names, row: 0, enter: false, exit: false });
        let mut engine = language::engine();
        engine.set_default_tag(host.tag());
        let state = plan.scope.contains(STATE);
        Self {
            engine,
            code: script.code.clone(),
            host,
            scope: plan.scope,
            slots: plan.slots,
            needed: plan.needed,
            state,
            bars: 0,
            failure: None,
        }
    }

    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        if self.failure.is_some() {
            return None;
        }
        self.bars = if position.is_open() { self.bars.saturating_add(1) } else { 0 };
        if !self.begin(candle, position) {
            return None;
        }
        let variables = self.scope.len();
        // The interpreter is not ours: if it should ever panic, this strategy ends and nothing else.
        let run = catch_unwind(AssertUnwindSafe(|| self.engine.run_ast_with_scope(&mut self.scope, &self.code.ast)));
        self.failure = match run {
            Ok(Ok(())) => self.check_state().err().map(|why| Failure::new(Place::NONE, candle.open_time, &why)),
            Ok(Err(error)) => Some(Failure::of(&error, candle.open_time)),
            Err(_) => Some(Failure::new(Place::NONE, candle.open_time, "the interpreter gave up")),
        };
        self.scope.rewind(variables);
        let host = self.host.lock();
        if self.failure.is_some() { None } else { decide(host.enter, host.exit, position) }
    }

    /// Sets the variables; says whether every number that the script reads exists.
    fn begin(&mut self, candle: &Candle, position: &Position) -> bool {
        let mut host = self.host.lock();
        (host.enter, host.exit) = (false, false);
        if self.needed.iter().any(|(index, ago)| host.number(*index, *ago).is_nan()) {
            return false;
        }
        for slot in &self.slots {
            match slot {
                Slot::Number(name, index) => set(&mut self.scope, name, Dynamic::from_float(host.number(*index, 0))),
                Slot::Outputs(name, outputs, first) => with_map(&mut self.scope, name, |map| {
                    for (index, output) in outputs.iter().enumerate() {
                        put(map, output, Dynamic::from_float(host.number(first + index, 0)));
                    }
                }),
                Slot::Position => with_map(&mut self.scope, "position", |map| {
                    for (key, value) in POSITION.iter().zip(seen(candle, position, self.bars)) {
                        put(map, key, value);
                    }
                }),
            }
        }
        true
    }

    fn check_state(&self) -> Result<(), String> {
        if !self.state {
            return Ok(());
        }
        let Some(state) = self.scope.get_value_ref::<Map>(STATE) else {
            return Err("`state` has to stay a map".to_owned());
        };
        if state.values().map(size).sum::<usize>() > MAX_STATE {
            return Err(format!("`state` holds more than {MAX_STATE} values"));
        }
        Ok(())
    }
}

/// What a value counts for in the state.
fn size(value: &Dynamic) -> usize {
    if let Some(list) = value.read_lock::<rhai::Array>() {
        return 1 + list.iter().map(size).sum::<usize>();
    }
    if let Some(map) = value.read_lock::<Map>() {
        return 1 + map.values().map(size).sum::<usize>();
    }
    1 + value.read_lock::<rhai::ImmutableString>().map_or(0, |text| text.len() / 16)
}

fn set(scope: &mut Scope<'_>, name: &str, value: Dynamic) {
    if let Some(slot) = scope.get_mut(name) {
        *slot = value;
    }
}

fn with_map(scope: &mut Scope<'_>, name: &str, change: impl FnOnce(&mut Map)) {
    if let Some(mut map) = scope.get_mut(name).and_then(|slot| slot.write_lock::<Map>()) {
        change(&mut map);
    }
}

fn put(map: &mut Map, key: &str, value: Dynamic) {
    if let Some(slot) = map.get_mut(key) {
        *slot = value;
    }
}

/// The position in the order of [`POSITION`].
#[expect(clippy::float_arithmetic, reason = "a figure for the script's conditions; amounts stay exact")]
fn seen(candle: &Candle, position: &Position, bars: INT) -> [Dynamic; 4] {
    let open = position.is_open();
    let entry = position.average_cost().filter(|_| open).map_or(0.0, |cost| float(cost.decimal()));
    let profit = if entry > 0.0 { (float(candle.close.decimal()) / entry - 1.0) * 100.0 } else { 0.0 };
    [open.into(), entry.into(), bars.into(), profit.into()]
}

/// Gathers what a script needs while its words are gone through.
#[derive(Default)]
struct Plan {
    scope: Scope<'static>,
    slots: Vec<Slot>,
    /// Names, and how far back each is looked at.
    operands: Vec<(String, usize)>,
    needed: Vec<(usize, usize)>,
}

impl Plan {
    fn of(scripted: &Scripted) -> Self {
        let (script, mut plan) = (&scripted.script, Self::default());
        let words = Words::new(&scripted.indicators, script.parameters().keys());
        for name in &script.code.uses.variables {
            if let Some(word) = words.get(name) {
                plan.variable(name, word, script);
            }
        }
        for (name, back) in &script.code.uses.operands {
            let index = plan.operand(name, back.most);
            plan.needed.push((index, back.needed));
        }
        plan
    }

    fn program(&self, scripted: &Scripted, timeframe: Timeframe) -> Program {
        let operands = self.operands.iter().map(|(name, back)| (name.as_str(), *back));
        Program::of_operands(operands, &scripted.indicators, timeframe)
    }

    fn variable(&mut self, name: &str, word: &Word, script: &Script) {
        let value = match word {
            Word::Parameters(_) => script.parameters_map().into(),
            other => blank(other),
        };
        self.scope.push_dynamic(name, value);
        match word {
            Word::Number => {
                let index = self.operand(name, 0);
                self.needed.push((index, 0));
                self.slots.push(Slot::Number(name.to_owned(), index));
            }
            Word::Outputs(outputs) => {
                let first = self.operands.len();
                for (index, output) in outputs.iter().enumerate() {
                    self.operands.push((format!("{name}.{output}"), 0));
                    self.needed.push((first + index, 0));
                }
                self.slots.push(Slot::Outputs(name.to_owned(), outputs, first));
            }
            Word::Position => self.slots.push(Slot::Position),
            Word::Parameters(_) | Word::State => {}
        }
    }

    /// The index of an operand that is looked back at so far.
    fn operand(&mut self, name: &str, back: usize) -> usize {
        if let Some(index) = self.operands.iter().position(|(known, _)| known == name) {
            self.operands[index].1 = self.operands[index].1.max(back);
            return index;
        }
        self.operands.push((name.to_owned(), back));
        self.operands.len() - 1
    }
}
