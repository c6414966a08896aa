//! Several symbols on one account, as a back-test lives through them.

use std::ops::{ControlFlow, Range};

use super::BacktestError;
use super::account::AccountRecorder;
use super::history::sorted;
use super::outside::Outside;
use super::recorder::Report;
use super::run::{Setup, driver, finer};
use super::trial::{conduct, rebalance};
use crate::candle::{Candle, Candles, Finer};
use crate::engine::{Conduct, Effects, Input, Lanes, Parts, Seat, Strategy};
use crate::money::Symbol;
use crate::strategy::{Columns, Document};
use crate::time::Timestamp;

/// Progress is told, and a wish to end heard, each time so many moments are done.
const MOMENTS_BETWEEN_PROGRESS: usize = 4_096;

/// The lanes of a document.
pub(super) type Account<'a> = Lanes<Box<dyn Strategy + 'a>>;

/// Hears what happens. A moment is when candles open.
pub(super) trait Watch {
    /// What an engine had to say from the end of the candles before a moment until that of its own.
    fn note(&mut self, moment: Timestamp, symbol: Symbol, effects: &Effects);

    /// All candles of a moment of the period have closed.
    fn close<S: Strategy>(&mut self, moment: Timestamp, lanes: &Lanes<S>);
}

/// Tries a document on the candles of its symbols, which come in their order.
pub(super) fn trial(
    document: &Document,
    columns: &[Columns<'_>],
    setup: &Setup,
    detail: bool,
    progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    periods(columns, setup)?;
    let mut account = AccountRecorder::new(columns, setup, detail);
    let lanes = live(document, columns, setup, |_, columns| conduct(document, columns), &mut account, progress)?;
    Ok(account.finish(&lanes, columns))
}

/// Takes the account of a document through the period; what happens goes to `watch`. `make` says
/// how each symbol conducts itself.
pub(super) fn live<'a>(
    document: &Document,
    columns: &[Columns<'a>],
    setup: &Setup,
    make: impl Fn(Symbol, &Columns<'a>) -> Conduct<Box<dyn Strategy + 'a>>,
    watch: &mut impl Watch,
    mut progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Account<'a>, BacktestError> {
    setup.plan.check()?;
    let symbols = sorted(document.market());
    let rows = periods(columns, setup)?;
    let opens = columns.iter().zip(&rows).map(|(columns, rows)| columns.candles().open_time(rows.start));
    let from = opens.min().unwrap_or_default();
    let mut lanes = lanes(columns, &symbols, &rows, setup, make);
    let mut feed = Feed::new(columns, setup)?;
    let mut rebalancer = rebalance(document);
    let mut signals = Outside::new(&setup.config.signals);
    let (mut done, mut moments) = (0, 0);
    while let Some(at) = feed.next() {
        let mut note = |lane: usize, _: Timestamp, _: &Input, effects: &Effects| {
            if !effects.is_empty() {
                watch.note(at, symbols[lane], effects);
            }
        };
        tell(&mut signals, at, &symbols, &mut lanes, &mut note);
        match &feed.finer {
            Some(_) => lanes.on_candles_of(&feed.candles, &mut feed.parts, &mut note),
            None => lanes.on_candles(&feed.candles, &mut note),
        }
        if let Some(rebalancer) = rebalancer.as_mut().filter(|_| at >= from) {
            rebalancer.on_closes(document.market().timeframe.close_of(at), &mut lanes, &mut note);
        }
        if let Some(failure) = lanes.seats().find_map(|seat| seat.engine().failure()) {
            return Err(BacktestError::Failed(failure.clone()));
        }
        if at >= from {
            watch.close(at, &lanes);
        }
        done += feed.candles.iter().flatten().count();
        moments += 1;
        if moments % MOMENTS_BETWEEN_PROGRESS == 0 && progress(done).is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    if progress(done).is_break() {
        return Err(BacktestError::Cancelled);
    }
    Ok(lanes)
}

/// The rows of the period of each symbol.
pub(super) fn periods(columns: &[Columns<'_>], setup: &Setup) -> Result<Vec<Range<usize>>, BacktestError> {
    let rows = columns.iter().map(|columns| columns.candles().rows(setup.config.from, setup.config.to));
    let rows: Vec<Range<usize>> = rows.collect();
    if rows.iter().any(Range::is_empty) { Err(BacktestError::NoCandles) } else { Ok(rows) }
}

/// Tells the lanes what came from outside until the candles that open at `at`; nothing came before
/// the close of their last candle.
fn tell(
    signals: &mut Outside<'_>,
    at: Timestamp,
    symbols: &[Symbol],
    lanes: &mut Account<'_>,
    mut note: impl FnMut(usize, Timestamp, &Input, &Effects),
) {
    while let Some(signal) = signals.next(at) {
        let told = |symbol: &Symbol| signal.symbol.as_ref().is_none_or(|named| named == symbol);
        for (lane, _) in symbols.iter().enumerate().filter(|(_, symbol)| told(symbol)) {
            let closed = lanes.seats().nth(lane).and_then(Seat::closed_at);
            let heard = closed.map_or(signal.at, |closed| closed.max(signal.at));
            lanes.on_input(lane, heard, Input::Signal(signal.signal), |at, input, effects| {
                note(lane, at, input, effects);
            });
        }
    }
}

/// One lane for each symbol, in the order of the symbols.
fn lanes<'a>(
    columns: &[Columns<'a>],
    symbols: &[Symbol],
    rows: &[Range<usize>],
    setup: &Setup,
    make: impl Fn(Symbol, &Columns<'a>) -> Conduct<Box<dyn Strategy + 'a>>,
) -> Account<'a> {
    let lane = |((columns, symbol), rows): ((&Columns<'a>, &Symbol), &Range<usize>)| {
        let setup = Setup { instrument: setup.config.filters.of(*symbol), ..setup.clone() };
        driver(columns.candles(), make(*symbol, columns), &setup, rows)
    };
    let drivers = columns.iter().zip(symbols).zip(rows).map(lane);
    Lanes::new(drivers, setup.plan.guards.clone(), setup.config.initial_cash)
}

/// The candles of all symbols in the order of time.
struct Feed<'a> {
    columns: Vec<&'a Candles>,
    /// Where the file asks for finer candles, those of each symbol.
    finer: Option<Vec<&'a Finer>>,
    next: Vec<usize>,
    end: Vec<usize>,
    /// Those of the present moment, by lane.
    candles: Vec<Option<Candle>>,
    /// The finer candles that make these up, where they do.
    parts: Vec<Option<Parts<'a>>>,
}

impl<'a> Feed<'a> {
    fn new(columns: &[Columns<'a>], setup: &Setup) -> Result<Self, BacktestError> {
        let columns: Vec<&Candles> = columns.iter().map(Columns::candles).collect();
        let finer = columns.iter().map(|candles| finer(candles, setup)).collect::<Result<_, _>>()?;
        let end = columns.iter().map(|candles| candles.rows(None, setup.config.to).end).collect();
        let (candles, parts) = (vec![None; columns.len()], vec![None; columns.len()]);
        Ok(Self { finer, next: vec![0; columns.len()], end, candles, parts, columns })
    }

    /// Goes to the next moment at which a candle opens; `None` after the last.
    fn next(&mut self) -> Option<Timestamp> {
        let lanes = || self.columns.iter().zip(&self.next).zip(&self.end);
        let waiting = lanes().filter(|((_, next), end)| next < end);
        let at = waiting.map(|((candles, next), _)| candles.open_time(*next)).min()?;
        for (lane, candles) in self.columns.iter().enumerate() {
            let next = self.next[lane];
            let opens = next < self.end[lane] && candles.open_time(next) == at;
            self.candles[lane] = opens.then(|| candles.get(next));
            if let Some(finer) = &self.finer {
                let rows = finer[lane].parts(next).filter(|_| opens);
                self.parts[lane] = rows.map(|rows| (finer[lane].candles(), rows));
            }
            self.next[lane] += usize::from(opens);
        }
        Some(at)
    }
}
