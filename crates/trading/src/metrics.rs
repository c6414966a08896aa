//! Figures of a back-test, gathered candle by candle in constant memory.
//!
//! Amounts of money are exact decimals. Ratios are floating numbers and fractions, not percent
//! (`0.25` is a quarter); one that has no value, such as a Sharpe ratio of a flat line, is null.
//!
//! - Daily returns: equity at the last close of each UTC day over that of the day before.
//! - `cagr`: `(final / initial)^(1 / years) − 1` with years of 365.25 days.
//! - `volatility`: standard deviation (n − 1) of the daily returns times `√365`; crypto trades daily.
//! - `sharpe`: mean over standard deviation of the daily returns times `√365`, no risk-free rate.
//! - `sortino`: the same with the downside deviation `√(Σ min(r, 0)² / n)`.
//! - `maxDrawdown`: the largest `(peak − equity) / peak` over all closes; `calmar`: `cagr / maxDrawdown`.
//! - `exposure`: the part of the candles at whose close coins were held.
//! - `buyAndHold`: the last close over the first open, minus one, without fees.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics")]

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::Notional;
use crate::position::Trade;
use crate::time::{DAY, Timestamp};

const DAYS_OF_A_YEAR: f64 = 365.0;
const MILLIS_OF_A_YEAR: f64 = 365.25 * DAY as f64;

/// The figures. See the module for the formulas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Cash, and an open position at the last close.
    pub final_equity: Notional,
    /// Round trips that ended.
    pub closed_trades: u64,
    /// Round trips under way at the end: 0 or 1.
    pub open_trades: u64,
    /// Closed trades that earned more than nothing.
    pub wins: u64,
    /// All fees in quote currency.
    pub total_fees: Notional,
    /// Final equity minus the cash at the start.
    pub net_profit: Notional,
    /// What the winning trades earned.
    pub gross_profit: Notional,
    /// What the other trades lost, as a positive amount.
    pub gross_loss: Notional,
    /// What a closed trade earned on average.
    pub expectancy: Option<Notional>,
    /// The best closed trade.
    pub best_trade: Option<Notional>,
    /// The worst closed trade.
    pub worst_trade: Option<Notional>,
    /// Net profit over the cash at the start.
    #[serde(rename = "return")]
    pub total_return: f64,
    /// Compound annual growth rate.
    pub cagr: Option<f64>,
    /// Annualised.
    pub volatility: Option<f64>,
    /// Annualised.
    pub sharpe: Option<f64>,
    /// Annualised.
    pub sortino: Option<f64>,
    /// Growth rate over the largest drawdown.
    pub calmar: Option<f64>,
    /// The largest fall from a peak.
    pub max_drawdown: f64,
    /// Gross profit over gross loss.
    pub profit_factor: Option<f64>,
    /// Wins over closed trades.
    pub win_rate: Option<f64>,
    /// The part of the time in the market.
    pub exposure: f64,
    /// The return of buying at the start and holding.
    pub buy_and_hold: Option<f64>,
}

/// The nearest floating number.
#[must_use]
pub fn approximate(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

/// A ratio, where it exists.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The equity curve, observed at each close.
#[derive(Clone, Debug)]
pub struct Curve {
    initial: f64,
    last: f64,
    peak: f64,
    drawdown: f64,
    candles: u64,
    invested: u64,
    days: Days,
    first_time: i64,
    day_ends: i64,
    day_start: f64,
}

/// Mean and deviations of daily returns, by Welford's method.
#[derive(Clone, Debug, Default)]
struct Days {
    count: f64,
    mean: f64,
    squares: f64,
    downside: f64,
}

impl Days {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
        self.downside += value.min(0.0).powi(2);
    }

    fn deviation(&self) -> f64 {
        (self.squares / (self.count - 1.0)).sqrt()
    }

    fn downside_deviation(&self) -> f64 {
        (self.downside / self.count).sqrt()
    }
}

impl Curve {
    /// A curve that starts with `cash`.
    #[must_use]
    pub fn new(cash: Notional) -> Self {
        let initial = approximate(cash.decimal());
        Self {
            initial,
            last: initial,
            peak: initial,
            drawdown: 0.0,
            candles: 0,
            invested: 0,
            days: Days::default(),
            first_time: 0,
            day_ends: i64::MIN,
            day_start: initial,
        }
    }

    /// Takes in the equity at the close of the candle that opened at `open_time`, and whether
    /// coins were held then. Equal calls in equal order give equal figures.
    #[inline]
    pub fn observe(&mut self, open_time: Timestamp, equity: f64, invested: bool) {
        if open_time.millis() >= self.day_ends {
            self.next_day(open_time);
        }
        self.candles += 1;
        self.invested += u64::from(invested);
        self.last = equity;
        self.peak = self.peak.max(equity);
        let fall = self.peak - equity;
        if fall > self.drawdown * self.peak {
            self.drawdown = fall / self.peak;
        }
    }

    #[cold]
    fn next_day(&mut self, open_time: Timestamp) {
        if self.candles == 0 {
            self.first_time = open_time.millis();
        } else {
            self.end_day();
        }
        self.day_ends = open_time.day().saturating_add(1).saturating_mul(DAY);
    }

    fn end_day(&mut self) {
        if self.day_start > 0.0 {
            self.days.add(self.last / self.day_start - 1.0);
        }
        self.day_start = self.last;
    }

    /// The figures of the curve up to `end`, the moment of the last close.
    fn finish(mut self, end: Timestamp) -> Figures {
        if self.candles > 0 {
            self.end_day();
        }
        let annual = DAYS_OF_A_YEAR.sqrt();
        let years = (end.millis() - self.first_time) as f64 / MILLIS_OF_A_YEAR;
        let cagr = if self.initial > 0.0 && years > 0.0 {
            finite((self.last / self.initial).max(0.0).powf(years.recip()) - 1.0)
        } else {
            None
        };
        Figures {
            cagr,
            volatility: finite(self.days.deviation() * annual),
            sharpe: finite(self.days.mean / self.days.deviation() * annual),
            sortino: finite(self.days.mean / self.days.downside_deviation() * annual),
            calmar: cagr.and_then(|cagr| finite(cagr / self.drawdown)),
            drawdown: self.drawdown,
            exposure: finite(self.invested as f64 / self.candles as f64).unwrap_or(0.0),
        }
    }
}

struct Figures {
    cagr: Option<f64>,
    volatility: Option<f64>,
    sharpe: Option<f64>,
    sortino: Option<f64>,
    calmar: Option<f64>,
    drawdown: f64,
    exposure: f64,
}

/// Counts and sums of closed trades.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    closed: u64,
    wins: u64,
    profit: Notional,
    loss: Notional,
    best: Option<Notional>,
    worst: Option<Notional>,
}

impl Tally {
    /// Takes in a trade that ended.
    pub fn add(&mut self, trade: &Trade) {
        self.closed += 1;
        if trade.pnl.is_positive() {
            self.wins += 1;
            self.profit += trade.pnl;
        } else {
            self.loss -= trade.pnl;
        }
        self.best = self.best.max(Some(trade.pnl));
        self.worst = Some(self.worst.map_or(trade.pnl, |worst| worst.min(trade.pnl)));
    }
}

/// What the end of a run adds to curve and tally.
#[derive(Copy, Clone, Debug)]
pub struct Ending {
    /// Cash at the start.
    pub initial: Notional,
    /// Cash, and an open position at the last close.
    pub equity: Notional,
    /// All fees.
    pub fees: Notional,
    /// Whether a round trip is under way.
    pub in_trade: bool,
    /// The moment of the last close.
    pub at: Timestamp,
    /// The first open and the last close.
    pub prices: Option<(f64, f64)>,
}

impl Metrics {
    /// Puts the figures together.
    #[must_use]
    pub fn new(curve: Curve, tally: &Tally, end: Ending) -> Self {
        let figures = curve.finish(end.at);
        let net = end.equity - end.initial;
        let ratio = |part: Notional, whole: Notional| approximate(part.decimal()) / approximate(whole.decimal());
        Self {
            final_equity: end.equity,
            closed_trades: tally.closed,
            open_trades: u64::from(end.in_trade),
            wins: tally.wins,
            total_fees: end.fees,
            net_profit: net,
            gross_profit: tally.profit,
            gross_loss: tally.loss,
            expectancy: (tally.closed > 0).then(|| (tally.profit - tally.loss).shared_by(tally.closed)),
            best_trade: tally.best,
            worst_trade: tally.worst,
            total_return: finite(ratio(net, end.initial)).unwrap_or(0.0),
            cagr: figures.cagr,
            volatility: figures.volatility,
            sharpe: figures.sharpe,
            sortino: figures.sortino,
            calmar: figures.calmar,
            max_drawdown: figures.drawdown,
            profit_factor: finite(ratio(tally.profit, tally.loss)),
            win_rate: finite(tally.wins as f64 / tally.closed as f64),
            exposure: figures.exposure,
            buy_and_hold: end.prices.and_then(|(first, last)| finite(last / first - 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Notional {
        text.parse().unwrap()
    }

    fn close(a: Option<f64>, b: f64) {
        assert!(a.is_some_and(|a| (a - b).abs() <= 1e-12 * b.abs()), "{a:?} is not {b}");
    }

    #[test]
    fn the_figures_follow_their_formulas_on_a_curve_worked_by_hand() {
        let mut curve = Curve::new(amount("100"));
        // Two candles a day; the daily closes are 110, 99, 99 and 120.
        let equity = [105.0, 110.0, 88.0, 99.0, 99.0, 99.0, 130.0, 120.0];
        for (row, equity) in (0_i64..).zip(equity) {
            curve.observe(Timestamp::from_millis(row * DAY / 2), equity, row < 2);
        }
        let at = Timestamp::from_millis(4 * DAY);
        let prices = Some((50.0, 75.0));
        let end =
            Ending { initial: amount("100"), equity: amount("120"), fees: amount("1"), in_trade: true, at, prices };
        let metrics = Metrics::new(curve, &Tally::default(), end);
        let returns = [0.1, -0.1, 0.0, 120.0 / 99.0 - 1.0];
        let mean = returns.iter().sum::<f64>() / 4.0;
        let deviation = (returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / 3.0).sqrt();
        close(metrics.sharpe, mean / deviation * 365_f64.sqrt());
        close(metrics.sortino, mean / (0.01_f64 / 4.0).sqrt() * 365_f64.sqrt());
        close(metrics.volatility, deviation * 365_f64.sqrt());
        close(metrics.cagr, 1.2_f64.powf(365.25 / 4.0) - 1.0);
        close(Some(metrics.max_drawdown), 0.2);
        close(Some(metrics.exposure), 0.25);
        close(metrics.buy_and_hold, 0.5);
        close(Some(metrics.total_return), 0.2);
        assert_eq!((metrics.open_trades, metrics.win_rate, metrics.expectancy), (1, None, None));
    }

    #[test]
    fn ratios_without_a_value_are_null_and_never_infinite() {
        let mut curve = Curve::new(amount("100"));
        curve.observe(Timestamp::default(), 100.0, false);
        let at = Timestamp::from_millis(1);
        let end = Ending {
            initial: amount("100"),
            equity: amount("100"),
            fees: amount("0"),
            in_trade: false,
            at,
            prices: None,
        };
        let metrics = Metrics::new(curve, &Tally::default(), end);
        let json = serde_json::to_value(&metrics).unwrap();
        for ratio in ["sharpe", "sortino", "calmar", "profitFactor", "winRate", "buyAndHold", "expectancy"] {
            assert!(json[ratio].is_null(), "{ratio}");
        }
        assert_eq!(json["finalEquity"], "100");
        assert_eq!(json["return"], 0.0);
    }
}
