//! What a back-test writes down while it runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AppliedFilters, CheckReport, Contribution, MonteCarloReport, WalkForwardReport};
use crate::candle::{Candles, Field};
use crate::engine::{Driver, Effect, Effects, Engine, Note, Strategy};
use crate::metrics::{Curve, Ending, Metrics, Returns, Tally, approximate};
use crate::money::{Notional, Symbol};
use crate::position::Trade;
use crate::risk::Refusal;
use crate::time::Timestamp;

/// The most points of an equity curve in a report.
pub const MAX_POINTS: usize = 2_000;
/// Digits after the point of an equity point.
pub(super) const POINT_DIGITS: u32 = 8;

/// The answer of a back-test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The figures.
    pub metrics: Metrics,
    /// Every closed trade, in order.
    pub trades: Vec<Trade>,
    /// Closing times and equity, at most [`MAX_POINTS`] evenly spread, the first and the last
    /// candle among them.
    pub equity: Vec<(Timestamp, Notional)>,
    /// What should be known about the figures.
    pub warnings: Vec<String>,
    /// Everything else.
    #[serde(flatten)]
    pub sections: Sections,
}

/// What a report holds beside figures, trades and equity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Sections {
    /// The returns of days, months and years.
    pub returns: Returns,
    /// The filters that were applied to orders; absent where none were to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<AppliedFilters>,
    /// What each symbol contributed, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<Contribution>,
    /// What was chosen and traded in turn, where a walk-forward was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walk_forward: Option<WalkForwardReport>,
    /// What might have come of the same trades, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monte_carlo: Option<MonteCarloReport>,
    /// Whether the figures can be trusted, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<CheckReport>,
}

/// Things that happened to orders and are worth a warning: how often, and the first of them.
#[derive(Debug, Default)]
struct Count {
    times: u64,
    first: Option<String>,
}

impl Count {
    fn add(&mut self, what: impl FnOnce() -> String) {
        self.times += 1;
        self.first.get_or_insert_with(what);
    }

    fn warning(self, what: &str) -> Option<String> {
        self.first.map(|first| format!("{} {what}; the first: {first}", self.times))
    }
}

/// The same by symbol, where there are several.
#[derive(Debug, Default)]
struct Counts(BTreeMap<Option<Symbol>, Count>);

impl Counts {
    fn add(&mut self, symbol: Option<Symbol>, what: impl FnOnce() -> String) {
        self.0.entry(symbol).or_default().add(what);
    }

    fn warn(self, what: &str, warnings: &mut Vec<String>) {
        let warning = |(symbol, count): (Option<Symbol>, Count)| Some(about(symbol, count.warning(what)?));
        warnings.extend(self.0.into_iter().filter_map(warning));
    }
}

/// A warning about a symbol, which is named where there are several.
pub(super) fn about(symbol: Option<Symbol>, warning: String) -> String {
    match symbol {
        Some(symbol) => format!("{symbol}: {warning}"),
        None => warning,
    }
}

/// What became of orders, and with `detail` each trade.
#[derive(Default)]
pub(super) struct Log {
    pub(super) detail: bool,
    pub(super) tally: Tally,
    pub(super) trades: Vec<Trade>,
    filtered: Counts,
    refused: Counts,
    rejected: Counts,
    halted: bool,
}

/// Gathers the figures, and with `detail` trades and equity too.
pub(super) struct Recorder<'a> {
    candles: &'a Candles,
    closes: &'a [f64],
    log: Log,
    curve: Curve,
    equity: Vec<(Timestamp, Notional)>,
    stride: usize,
    next_point: usize,
    /// Cash and coins after so many fills, to be valued at each close.
    fills: u64,
    cash: f64,
    coins: f64,
    /// What engines before the present one paid.
    fees: Notional,
    funding: Notional,
}

impl Log {
    pub(super) fn new(detail: bool) -> Self {
        Self { detail, ..Self::default() }
    }

    /// Takes in what an engine had to say; of a symbol, where there are several.
    #[inline]
    pub(super) fn note(&mut self, effects: &Effects, symbol: Option<Symbol>) {
        if !effects.is_empty() {
            self.write_down(effects, symbol);
        }
    }

    fn write_down(&mut self, effects: &Effects, symbol: Option<Symbol>) {
        for effect in effects.iter() {
            match effect {
                Effect::Journal(Note::Closed(trade)) => {
                    self.tally.add(trade);
                    if self.detail {
                        self.trades.push(Trade { symbol, ..*trade });
                    }
                }
                Effect::Journal(Note::Refused(Refusal::Instrument { filter })) => {
                    self.filtered.add(symbol, || filter.to_string());
                }
                Effect::Journal(Note::Refused(refusal)) => self.refused.add(symbol, || refusal.to_string()),
                Effect::Journal(Note::Rejected(rejection)) => match rejection.filter {
                    Some(filter) => self.filtered.add(symbol, || filter.to_string()),
                    None => {
                        self.rejected.add(symbol, || format!("{} ({:?})", rejection.client_order_id, rejection.reason));
                    }
                },
                Effect::Journal(Note::Halted) => self.halted = true,
                _ => {}
            }
        }
    }

    /// What should be known about the figures.
    pub(super) fn warnings(&mut self, metrics: &Metrics, equity: Notional) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.detail && metrics.closed_trades + metrics.open_trades == 0 {
            warnings.push("nothing was bought, so that most figures have no value".to_owned());
        }
        std::mem::take(&mut self.filtered).warn("orders broke a filter of the market and were refused", &mut warnings);
        std::mem::take(&mut self.refused).warn("orders were refused by the engine's own checks", &mut warnings);
        std::mem::take(&mut self.rejected).warn("orders were rejected by the venue", &mut warnings);
        if self.halted {
            warnings.push("the largest drawdown allowed was reached, and trading ended there".to_owned());
        }
        if equity.decimal().abs() >= Notional::MAX.decimal() {
            warnings.push("amounts reached the largest number that is counted; the figures are not right".to_owned());
        }
        warnings
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(candles: &'a Candles, rows: &std::ops::Range<usize>, cash: Notional, detail: bool) -> Self {
        Self {
            candles,
            closes: candles.column(Field::Close),
            log: Log::new(detail),
            curve: Curve::new(cash),
            equity: Vec::new(),
            stride: rows.len().div_ceil(MAX_POINTS - 1).max(1),
            next_point: if detail { rows.start } else { usize::MAX },
            fills: 0,
            cash: approximate(cash.decimal()),
            coins: 0.0,
            fees: Notional::ZERO,
            funding: Notional::ZERO,
        }
    }

    /// Another engine follows, which begins with what this one ended with.
    pub(super) fn begin_again<S: Strategy>(&mut self, engine: &Engine<S>) {
        self.fees += engine.position().fees();
        self.funding += engine.position().funding();
        (self.fills, self.cash, self.coins) = (0, approximate(engine.equity().decimal()), 0.0);
    }

    /// Takes in what the engine had to say.
    #[inline]
    pub(super) fn note(&mut self, effects: &Effects) {
        self.log.note(effects, None);
    }

    /// Values the position at the close of candle `row`.
    #[inline]
    pub(super) fn close<S: Strategy>(&mut self, row: usize, engine: &Engine<S>) {
        self.rest(row..row + 1, engine);
    }

    /// Values the position, which stays the same, at the closes of these candles.
    #[inline]
    #[expect(clippy::float_arithmetic, reason = "an input of statistics; the report's amounts are exact")]
    pub(super) fn rest<S: Strategy>(&mut self, rows: std::ops::Range<usize>, engine: &Engine<S>) {
        if engine.fills() != self.fills {
            self.fills = engine.fills();
            self.cash = approximate((engine.position().cash() - engine.position().owed()).decimal());
            self.coins = approximate(engine.position().quantity().decimal());
        }
        for row in rows.clone() {
            let equity = self.cash + self.coins * self.closes[row];
            self.curve.observe(self.candles.open_time(row), equity, self.coins > 0.0);
        }
        while rows.contains(&self.next_point) {
            self.point(self.next_point, engine);
        }
    }

    fn point<S: Strategy>(&mut self, row: usize, engine: &Engine<S>) {
        self.next_point = row + self.stride;
        let candle = self.candles.get(row);
        let at = self.candles.timeframe().close_of(candle.open_time);
        self.equity.push((at, engine.position().equity(candle.close).rounded(POINT_DIGITS)));
    }

    pub(super) fn finish<S: Strategy>(
        mut self,
        rows: &std::ops::Range<usize>,
        driver: &Driver<S>,
        cash: Notional,
    ) -> Report {
        let (engine, last) = (driver.engine(), rows.end - 1);
        let at = self.candles.timeframe().close_of(self.candles.open_time(last));
        if self.log.detail && self.equity.last().is_some_and(|point| point.0 < at) {
            self.point(last, engine);
        }
        let end = Ending {
            initial: cash,
            equity: engine.equity(),
            fees: self.fees + engine.position().fees(),
            funding: self.funding + engine.position().funding(),
            in_trade: engine.in_trade(),
            at,
            prices: Some((self.candles.column(Field::Open)[rows.start], self.closes[last])),
        };
        let (candles, closes) = (self.candles, self.closes);
        let close = |at| closes[candles.rows(None, Some(at)).end.saturating_sub(1)];
        let curve = self.curve.beside(candles.column(Field::Open)[rows.start], |at| {
            close(at.min(candles.timeframe().next(candles.open_time(last))))
        });
        let returns = if self.log.detail { Returns::of(&curve) } else { Returns::default() };
        let metrics = Metrics::new(curve, &self.log.tally, end);
        let warnings = self.log.warnings(&metrics, end.equity);
        let sections = Sections { returns, ..Sections::default() };
        Report { metrics, trades: self.log.trades, equity: self.equity, warnings, sections }
    }
}
