//! A back-test of several symbols on one account.

use std::ops::ControlFlow;

use super::outside::Outside;
use super::recorder::{Log, MAX_POINTS, POINT_DIGITS, Report, Sections};
use super::run::{Setup, driver};
use super::trial::{conduct, rebalance};
use super::{BacktestError, symbols};
use crate::candle::{Candle, Candles, Field};
use crate::engine::{Input, Lanes, Strategy};
use crate::metrics::{Curve, Ending, Metrics, Returns, approximate};
use crate::money::{Notional, Symbol};
use crate::strategy::{Columns, Document};
use crate::time::Timestamp;

/// Progress is told, and a wish to end heard, each time so many moments are done.
const MOMENTS_BETWEEN_PROGRESS: usize = 4_096;

/// Tries a document on the candles of its symbols, which come in their order.
pub(super) fn trial(
    document: &Document,
    columns: &[Columns<'_>],
    setup: &Setup,
    detail: bool,
    mut progress: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Report, BacktestError> {
    setup.plan.check()?;
    if setup.config.intrabar.is_some() {
        return Err(BacktestError::OneSymbol("`intrabar`"));
    }
    let mut symbols: Vec<Symbol> = document.market().symbols().to_vec();
    symbols.sort_unstable();
    let mut lanes = lanes(document, columns, &symbols, setup)?;
    let mut feed = Feed::new(columns, setup);
    let mut account = AccountRecorder::new(columns, setup, detail);
    let mut rebalancer = rebalance(document);
    let mut signals = Outside::new(&setup.config.signals);
    let (mut done, mut moments) = (0, 0);
    while let Some(at) = feed.next() {
        while let Some(signal) = signals.next(at) {
            let told = |symbol: &Symbol| signal.symbol.as_ref().is_none_or(|named| named == symbol);
            for (lane, _) in symbols.iter().enumerate().filter(|(_, symbol)| told(symbol)) {
                let closed = lanes.drivers().nth(lane).and_then(crate::engine::Driver::closed_at);
                let heard = closed.map_or(signal.at, |closed| closed.max(signal.at));
                let log = &mut account.log;
                lanes.on_input(lane, heard, Input::Signal(signal.signal), |_, _, effects| {
                    log.note(effects, Some(symbols[lane]));
                });
            }
        }
        let log = &mut account.log;
        lanes.on_candles(&feed.candles, |lane, _, _, effects| log.note(effects, Some(symbols[lane])));
        if let Some(rebalancer) = &mut rebalancer
            && account.counts(at)
        {
            let closed = document.market().timeframe.close_of(at);
            let log = &mut account.log;
            rebalancer.on_closes(closed, &mut lanes, |lane, _, _, effects| log.note(effects, Some(symbols[lane])));
        }
        if let Some(failure) = lanes.drivers().find_map(|driver| driver.engine().failure()) {
            return Err(BacktestError::Failed(failure.clone()));
        }
        account.close(at, &lanes);
        done += feed.candles.iter().flatten().count();
        moments += 1;
        if moments % MOMENTS_BETWEEN_PROGRESS == 0 && progress(done).is_break() {
            return Err(BacktestError::Cancelled);
        }
    }
    if progress(done).is_break() {
        return Err(BacktestError::Cancelled);
    }
    Ok(account.finish(&lanes, columns))
}

/// One lane for each symbol, in the order of the symbols.
fn lanes<'a>(
    document: &Document,
    columns: &[Columns<'a>],
    symbols: &[Symbol],
    setup: &Setup,
) -> Result<Lanes<Box<dyn Strategy + 'a>>, BacktestError> {
    let mut drivers = Vec::with_capacity(columns.len());
    for (columns, symbol) in columns.iter().zip(symbols) {
        let candles = columns.candles();
        let rows = candles.rows(setup.config.from, setup.config.to);
        if rows.is_empty() {
            return Err(BacktestError::NoCandles);
        }
        let setup = Setup { instrument: setup.config.filters.of(*symbol), ..setup.clone() };
        drivers.push(driver(candles, conduct(document, columns), &setup, &rows));
    }
    Ok(Lanes::new(drivers, setup.plan.guards.clone(), setup.config.initial_cash))
}

/// The candles of all symbols in the order of time.
struct Feed<'a> {
    columns: Vec<&'a Candles>,
    next: Vec<usize>,
    end: Vec<usize>,
    /// Those of the present moment, by lane.
    candles: Vec<Option<Candle>>,
}

impl<'a> Feed<'a> {
    fn new(columns: &[Columns<'a>], setup: &Setup) -> Self {
        let columns: Vec<&Candles> = columns.iter().map(Columns::candles).collect();
        let end = columns.iter().map(|candles| candles.rows(None, setup.config.to).end).collect();
        Self { next: vec![0; columns.len()], end, candles: vec![None; columns.len()], columns }
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
            self.next[lane] += usize::from(opens);
        }
        Some(at)
    }
}

/// Gathers the figures of the account.
struct AccountRecorder {
    log: Log,
    curve: Curve,
    equity: Vec<(Timestamp, Notional)>,
    initial: Notional,
    /// The first moment that counts.
    from: Timestamp,
    last: Timestamp,
    stride: usize,
    seen: usize,
}

impl AccountRecorder {
    fn new(columns: &[Columns<'_>], setup: &Setup, detail: bool) -> Self {
        let (from, to) = (setup.config.from, setup.config.to);
        let rows = |columns: &Columns<'_>| columns.candles().rows(from, to);
        let opens = columns.iter().map(|columns| columns.candles().open_time(rows(columns).start));
        let longest = columns.iter().map(|columns| rows(columns).len()).max().unwrap_or_default();
        Self {
            log: Log::new(detail),
            curve: Curve::new(setup.config.initial_cash),
            equity: Vec::new(),
            initial: setup.config.initial_cash,
            from: opens.min().unwrap_or_default(),
            last: Timestamp::default(),
            stride: longest.div_ceil(MAX_POINTS / 2).max(1),
            seen: 0,
        }
    }

    /// Whether candles that open at `at` do more than to warm up.
    fn counts(&self, at: Timestamp) -> bool {
        at >= self.from
    }

    /// Values the account at the closes of the candles that opened at `at`.
    fn close<S: Strategy>(&mut self, at: Timestamp, lanes: &Lanes<S>) {
        if !self.counts(at) {
            return;
        }
        let equity = lanes.equity();
        let invested = equity != lanes.cash();
        self.curve.observe(at, approximate(equity.decimal()), invested);
        self.last = lanes.drivers().filter_map(crate::engine::Driver::closed_at).max().unwrap_or(at);
        if self.log.detail && self.seen.is_multiple_of(self.stride) && self.equity.len() + 1 < MAX_POINTS {
            self.equity.push((self.last, equity.rounded(POINT_DIGITS)));
        }
        self.seen += 1;
    }

    fn finish<S: Strategy>(mut self, lanes: &Lanes<S>, columns: &[Columns<'_>]) -> Report {
        let equity = lanes.equity();
        if self.log.detail && self.equity.last().is_some_and(|point| point.0 < self.last) {
            self.equity.push((self.last, equity.rounded(POINT_DIGITS)));
        }
        let open = lanes.drivers().filter(|driver| driver.engine().in_trade()).count();
        let held = |at| held(columns, self.from, at);
        let end = Ending {
            initial: self.initial,
            equity,
            fees: lanes.drivers().map(|driver| driver.engine().position().fees()).sum(),
            funding: lanes.drivers().map(|driver| driver.engine().position().funding()).sum(),
            in_trade: open > 0,
            at: self.last,
            prices: Some((1.0, held(self.last))),
        };
        let curve = self.curve.beside(1.0, held);
        let returns = if self.log.detail { Returns::of(&curve) } else { Returns::default() };
        let mut metrics = Metrics::new(curve, &self.log.tally, end);
        metrics.open_trades = open as u64;
        let warnings = self.log.warnings(&metrics, equity);
        let sections = Sections { returns, symbols: symbols::contributions(&self.log.trades), ..Sections::default() };
        Report { metrics, trades: self.log.trades, equity: self.equity, warnings, sections }
    }
}

/// What one unit of cash, spread evenly over the symbols at their first opens, was worth at the
/// last closes before `at`.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics")]
fn held(columns: &[Columns<'_>], from: Timestamp, at: Timestamp) -> f64 {
    let growth = |columns: &Columns<'_>| {
        let candles = columns.candles();
        let first = candles.rows(Some(from), None).start;
        let last = candles.rows(None, Some(at)).end.saturating_sub(1).max(first);
        let (opens, closes) = (candles.column(Field::Open), candles.column(Field::Close));
        if candles.open_time(first) < at { closes[last] / opens[first] } else { 1.0 }
    };
    columns.iter().map(growth).sum::<f64>() / columns.len() as f64
}
