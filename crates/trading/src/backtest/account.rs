//! The figures of an account of several symbols.

use super::lanes::Watch;
use super::recorder::{Log, MAX_POINTS, POINT_DIGITS, Report, Sections};
use super::{Setup, symbols};
use crate::candle::Field;
use crate::engine::{Effects, Lanes, Seat, Strategy};
use crate::metrics::{Curve, Ending, Metrics, Returns, approximate};
use crate::money::{Notional, Symbol};
use crate::strategy::Columns;
use crate::time::Timestamp;

/// Gathers the figures of the account.
pub(super) struct AccountRecorder {
    log: Log,
    curve: Curve,
    equity: Vec<(Timestamp, Notional)>,
    initial: Notional,
    /// The first moment that counts.
    from: Timestamp,
    last: Timestamp,
    stride: usize,
    seen: usize,
    /// What lanes before the present ones paid.
    fees: Notional,
    funding: Notional,
}

impl Watch for AccountRecorder {
    fn note(&mut self, _: Timestamp, symbol: Symbol, effects: &Effects) {
        self.log.note(effects, Some(symbol));
    }

    /// Values the account.
    fn close<S: Strategy>(&mut self, moment: Timestamp, lanes: &Lanes<S>) {
        let equity = lanes.equity();
        let invested = equity != lanes.cash();
        self.curve.observe(moment, approximate(equity.decimal()), invested);
        self.last = lanes.seats().filter_map(Seat::closed_at).max().unwrap_or(moment);
        if self.log.detail && self.seen.is_multiple_of(self.stride) && self.equity.len() + 1 < MAX_POINTS {
            self.equity.push((self.last, equity.rounded(POINT_DIGITS)));
        }
        self.seen += 1;
    }
}

impl AccountRecorder {
    /// For the period of a setup, in which each symbol has candles.
    pub(super) fn new(columns: &[Columns<'_>], setup: &Setup, detail: bool) -> Self {
        let rows = |columns: &Columns<'_>| columns.candles().rows(setup.config.from, setup.config.to);
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
            fees: Notional::ZERO,
            funding: Notional::ZERO,
        }
    }

    /// Other lanes follow, which begin with what these ended with.
    pub(super) fn begin_again<S: Strategy>(&mut self, lanes: &Lanes<S>) {
        (self.fees, self.funding) = (self.fees(lanes), self.funding(lanes));
    }

    fn fees<S: Strategy>(&self, lanes: &Lanes<S>) -> Notional {
        let present: Notional = lanes.seats().map(|seat| seat.engine().position().fees()).sum();
        self.fees + present
    }

    fn funding<S: Strategy>(&self, lanes: &Lanes<S>) -> Notional {
        let present: Notional = lanes.seats().map(|seat| seat.engine().position().funding()).sum();
        self.funding + present
    }

    pub(super) fn finish<S: Strategy>(mut self, lanes: &Lanes<S>, columns: &[Columns<'_>]) -> Report {
        let equity = lanes.equity();
        if self.log.detail && self.equity.last().is_some_and(|point| point.0 < self.last) {
            self.equity.push((self.last, equity.rounded(POINT_DIGITS)));
        }
        let open = lanes.seats().filter(|seat| seat.engine().in_trade()).count();
        let held = |at| held(columns, self.from, at);
        let end = Ending {
            initial: self.initial,
            equity,
            fees: self.fees(lanes),
            funding: self.funding(lanes),
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
