//! Whether later candles change what was decided before.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Difference, LookAhead, indicators, named, outputs};
use crate::backtest::lanes::{Watch, live, periods};
use crate::backtest::run::measure;
use crate::backtest::trial::conduct;
use crate::backtest::{BacktestError, Setup};
use crate::candle::{Candle, Candles};
use crate::engine::{Conduct, Effect, Effects, Lanes, Signal, Strategy};
use crate::money::Symbol;
use crate::order::{ClientOrderId, Order};
use crate::position::Position;
use crate::strategy::{Columns, Document, Failure};
use crate::time::Timestamp;

/// The most decisions after which the history is cut.
const MOST_CUTS: usize = 20;
/// The most differences that are told.
const MOST_DIFFERENCES: usize = 100;

/// Something that was decided, at the candle that opened then.
#[derive(Copy, Clone, Debug, PartialEq)]
struct Decision {
    at: Timestamp,
    symbol: Option<Symbol>,
    what: What,
}

#[derive(Copy, Clone, Debug, PartialEq)]
enum What {
    Signal(Signal),
    Order(Order),
    TakenBack(ClientOrderId),
}

type Decisions = Arc<Mutex<Vec<Decision>>>;

fn note(decisions: &Decisions, decision: Decision) {
    decisions.lock().unwrap_or_else(PoisonError::into_inner).push(decision);
}

fn taken(decisions: &Decisions) -> Vec<Decision> {
    std::mem::take(&mut decisions.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A strategy that writes its decisions down.
struct Watched<S> {
    strategy: S,
    symbol: Option<Symbol>,
    decisions: Decisions,
}

impl<S: Strategy> Strategy for Watched<S> {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        let signal = self.strategy.on_candle(candle, position)?;
        let decision = Decision { at: candle.open_time, symbol: self.symbol, what: What::Signal(signal) };
        note(&self.decisions, decision);
        Some(signal)
    }

    fn failure(&self) -> Option<&Failure> {
        self.strategy.failure()
    }
}

/// Writes down which orders go out and are taken back.
struct Orders {
    decisions: Decisions,
}

impl Watch for Orders {
    fn note(&mut self, moment: Timestamp, symbol: Symbol, effects: &Effects) {
        for effect in effects.iter() {
            let what = match effect {
                Effect::Place(order) => What::Order(**order),
                Effect::Cancel(id) => What::TakenBack(*id),
                Effect::Journal(_) => continue,
            };
            note(&self.decisions, Decision { at: moment, symbol: Some(symbol), what });
        }
    }

    fn close<S: Strategy>(&mut self, _: Timestamp, _: &Lanes<S>) {}
}

/// Tries a strategy on the whole history and on histories that end with one of its decisions, and
/// tells each decision that is another where later candles are not known. `make` gives the
/// strategy of a history.
///
/// # Errors
/// As [`run`](crate::backtest::run()).
pub fn look_ahead<S: Strategy>(
    candles: &Candles,
    setup: &Setup,
    make: impl Fn(&Candles) -> S,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<LookAhead, BacktestError> {
    let from = candles.rows(setup.config.from, setup.config.to).start;
    let decisions = |candles: &Candles| -> Result<Vec<Decision>, BacktestError> {
        let decisions = Decisions::default();
        let watched = Watched { strategy: make(candles), symbol: None, decisions: Arc::clone(&decisions) };
        measure(candles, watched, setup, |_| progress())?;
        Ok(taken(&decisions))
    };
    let whole = decisions(candles)?;
    let ready = candles.open_times().get(from).map_or_else(Timestamp::default, |at| Timestamp::from_millis(*at));
    let mut found = compared(&whole, ready, |cut| decisions(&candles.part(known(candles, cut))))?;
    found.differences.truncate(MOST_DIFFERENCES);
    Ok(found)
}

/// The rows of the candles that have opened by then.
fn known(candles: &Candles, at: Timestamp) -> std::ops::Range<usize> {
    0..candles.rows(None, Some(Timestamp::from_millis(at.millis().saturating_add(1)))).end
}

/// Holds what was decided against what is decided again where nothing after a cut is known. There
/// is none before `ready`, when each symbol has a candle that trades.
fn compared(
    whole: &[Decision],
    ready: Timestamp,
    mut again: impl FnMut(Timestamp) -> Result<Vec<Decision>, BacktestError>,
) -> Result<LookAhead, BacktestError> {
    let decisions = counted(whole, ready);
    let mut found = LookAhead { decisions: decisions.len(), ..LookAhead::default() };
    for cut in cuts(&decisions) {
        let seen = again(cut)?;
        found.cuts += 1;
        found.differences.extend(first_difference(cut, whole.iter().filter(|it| it.at <= cut), &seen));
    }
    Ok(found)
}

/// When something was decided in the period: the signals, or the orders of what has none.
fn counted(whole: &[Decision], ready: Timestamp) -> Vec<Timestamp> {
    let is_signal = |decision: &&Decision| matches!(decision.what, What::Signal(_));
    let signals = whole.iter().any(|decision| is_signal(&decision));
    let counts = |decision: &&Decision| decision.at >= ready && (!signals || is_signal(decision));
    whole.iter().filter(counts).map(|decision| decision.at).collect()
}

/// Some decisions, evenly spread, the first and the last among them.
fn cuts(decisions: &[Timestamp]) -> Vec<Timestamp> {
    let (count, last) = (decisions.len().min(MOST_CUTS), decisions.len().saturating_sub(1));
    (0..count).map(|cut| decisions[cut * last / (count - 1).max(1)]).collect()
}

fn first_difference<'a>(
    cut: Timestamp,
    whole: impl Iterator<Item = &'a Decision>,
    part: &[Decision],
) -> Option<Difference> {
    let mut seen = part.iter();
    for known in whole {
        match seen.next() {
            Some(other) if other == known => {}
            other => {
                let first = other.filter(|other| other.at < known.at).unwrap_or(known);
                return Some(difference(cut, first));
            }
        }
    }
    seen.next().map(|other| difference(cut, other))
}

fn difference(cut: Timestamp, decision: &Decision) -> Difference {
    let what = match decision.what {
        What::Signal(Signal::Enter) => "entry",
        What::Signal(Signal::Exit) => "exit",
        What::Order(_) | What::TakenBack(_) => "order",
    };
    Difference { cut, at: decision.at, symbol: decision.symbol, what: what.to_owned() }
}

/// The same for a document of any kind and all of its symbols, whose orders are compared as well;
/// and its indicators at each cut.
///
/// # Errors
/// As [`run`](crate::backtest::run()).
pub fn look_ahead_of(
    document: &Document,
    columns: &[Columns<'_>],
    setup: &Setup,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<LookAhead, BacktestError> {
    let names = named(document);
    let rows = periods(columns, setup)?;
    let opens = columns.iter().zip(&rows).map(|(columns, rows)| columns.candles().open_time(rows.start));
    let ready = opens.max().unwrap_or_default();
    let whole = decisions(document, columns, setup, &progress)?;
    let mut differing = Vec::new();
    let again = |cut: Timestamp| {
        let parts: Vec<Candles> =
            columns.iter().map(|columns| columns.candles().part(known(columns.candles(), cut))).collect();
        let parts: Vec<Columns<'_>> = parts.iter().map(Columns::new).collect();
        for ((whole, part), symbol) in columns.iter().zip(&parts).zip(&names) {
            let differ = differing_indicators(document, whole, part, cut);
            let differ = differ.into_iter().map(|what| Difference { cut, at: cut, symbol: *symbol, what });
            differing.extend(differ);
        }
        decisions(document, &parts, setup, &progress)
    };
    let mut found = compared(&whole, ready, again)?;
    found.differences.extend(differing);
    found.differences.truncate(MOST_DIFFERENCES);
    Ok(found)
}

/// What a document decides on a history.
fn decisions<'a>(
    document: &Document,
    columns: &[Columns<'a>],
    setup: &Setup,
    progress: impl Fn() -> ControlFlow<()>,
) -> Result<Vec<Decision>, BacktestError> {
    let (decisions, several) = (Decisions::default(), columns.len() > 1);
    let make = |symbol: Symbol, columns: &Columns<'a>| match conduct(document, columns) {
        Conduct::RoundTrips(strategy) => {
            let (symbol, decisions) = (several.then_some(symbol), Arc::clone(&decisions));
            Conduct::RoundTrips(Box::new(Watched { strategy, symbol, decisions }) as Box<dyn Strategy + 'a>)
        }
        other => other,
    };
    let mut orders = Orders { decisions: Arc::clone(&decisions) };
    live(document, columns, setup, make, &mut orders, |_| progress())?;
    let mut made = taken(&decisions);
    if !several {
        made.iter_mut().for_each(|decision| decision.symbol = None);
    }
    Ok(made)
}

/// The outputs of indicators that say something else at a cut where no later candle is known.
fn differing_indicators(document: &Document, whole: &Columns<'_>, part: &Columns<'_>, cut: Timestamp) -> Vec<String> {
    let Some(row) = known(whole.candles(), cut).end.checked_sub(1) else { return Vec::new() };
    let differ = indicators(document).flat_map(|(id, declared)| {
        let (known, seen) = (whole.at(declared, row), part.at(declared, row));
        let values = known.into_iter().zip(seen);
        outputs(id, &declared.indicator).zip(values).filter(|(_, (known, seen))| known.to_bits() != seen.to_bits())
    });
    differ.map(|(what, _)| what).collect()
}
