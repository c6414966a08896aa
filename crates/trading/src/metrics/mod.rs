//! Figures of a run, gathered candle by candle; see the [catalogue](CATALOGUE) for what each is.
//!
//! The loop over candles keeps the equity at the ends of UTC days and the largest drawdown; all
//! else is reckoned from these at the end.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics")]

mod catalogue;
mod curve;
mod daily;
mod document;
mod returns;
mod statistics;
mod tally;

pub use catalogue::{Better, CATALOGUE, Group, Metric, Metrics, Unit};
pub use curve::Curve;
pub use document::document;
pub use returns::{MonthReturn, Returns, YearReturn};
pub(crate) use statistics::{correlation, quantile};
pub use tally::Tally;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::money::Notional;
use crate::time::{DAY, Timestamp};
use daily::Daily;

const MILLIS_OF_A_YEAR: f64 = 365.25 * DAY as f64;
/// Digits after the point of an amount that was a floating number.
const DIGITS: u32 = 8;

/// The floating number of an amount; equal amounts give the same bits, however many noughts end them.
#[must_use]
pub fn approximate(value: Decimal) -> f64 {
    value.normalize().to_f64().unwrap_or(f64::NAN)
}

/// A floating number as an amount, to 8 digits after the point; `None` where it is too large.
pub(crate) fn amount(value: f64) -> Option<Notional> {
    Notional::new(Decimal::from_f64(value)?.round_dp(DIGITS).normalize()).ok()
}

/// A ratio, where it exists.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
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
    /// All funding.
    pub funding: Notional,
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
        let curve = curve.ended();
        let mut metrics = Self::default();
        metrics.take_ending(&curve, end);
        metrics.take_trades(tally, &curve, end);
        let months: Vec<f64> = Returns::months(&curve).into_iter().map(|month| month.gain).collect();
        let (equity, times) = (curve.values(), curve.moments(end.at));
        let returns = daily::returns(&equity);
        Daily { equity: &equity, times: &times, benchmark: &curve.benchmark, returns: &returns, months: &months }
            .fill(&mut metrics);
        metrics
    }

    fn take_ending(&mut self, curve: &Curve, end: Ending) {
        let years = (end.at.millis() - curve.first_time) as f64 / MILLIS_OF_A_YEAR;
        let fall = curve.fall;
        self.final_equity = end.equity;
        self.net_profit = end.equity - end.initial;
        (self.total_fees, self.funding) = (end.fees, end.funding);
        self.open_trades = u64::from(end.in_trade);
        self.total_return = finite(ratio(self.net_profit, end.initial)).unwrap_or(0.0);
        self.cagr = (curve.initial > 0.0 && years > 0.0)
            .then(|| libm::pow((curve.last() / curve.initial).max(0.0), years.recip()) - 1.0)
            .and_then(finite);
        self.exposure = finite(curve.invested as f64 / curve.candles as f64).unwrap_or(0.0);
        self.buy_and_hold = end.prices.and_then(|(first, last)| finite(last / first - 1.0));
        self.max_drawdown = fall.part;
        self.calmar = self.cagr.and_then(|cagr| finite(cagr / fall.part));
        self.max_drawdown_amount = amount(fall.amount);
        self.recovery_factor = finite(approximate(self.net_profit.decimal()) / fall.amount);
        if fall.part > 0.0 {
            let ends = fall.recovered.map_or(end.at, Timestamp::from_millis);
            self.max_drawdown_start = Some(Timestamp::from_millis(fall.peak_at));
            self.max_drawdown_valley = Some(Timestamp::from_millis(fall.valley_at));
            self.max_drawdown_end = fall.recovered.map(Timestamp::from_millis);
            self.max_drawdown_duration = Some(ends.millis().abs_diff(fall.peak_at));
        }
    }

    fn take_trades(&mut self, tally: &Tally, curve: &Curve, end: Ending) {
        let lost = tally.closed - tally.wins;
        let some = |count: u64, value: Notional| (count > 0).then(|| value.shared_by(count));
        self.closed_trades = tally.closed;
        self.wins = tally.wins;
        (self.gross_profit, self.gross_loss) = (tally.profit, tally.loss);
        self.expectancy = some(tally.closed, tally.profit - tally.loss);
        (self.best_trade, self.worst_trade) = (tally.best, tally.worst);
        (self.average_win, self.average_loss) = (some(tally.wins, tally.profit), some(lost, tally.loss));
        self.profit_factor = finite(ratio(tally.profit, tally.loss));
        self.win_rate = finite(tally.wins as f64 / tally.closed as f64);
        let won = ratio(tally.profit, tally.loss) * lost as f64 / tally.wins as f64;
        self.payoff_ratio = finite(won);
        let chances = self.win_rate.zip(self.payoff_ratio);
        self.kelly = chances.and_then(|(rate, payoff)| finite(rate - (1.0 - rate) / payoff));
        self.expectancy_ratio = chances.map(|(rate, payoff)| (1.0 + payoff) * rate - 1.0);
        (self.consecutive_wins, self.consecutive_losses) = (Some(tally.longest.wins), Some(tally.longest.losses));
        (self.average_hold, self.median_hold) = tally.held().unzip();
        let days = (end.at.millis() - curve.first_time) as f64 / DAY as f64;
        self.trades_per_day = finite(tally.closed as f64 / days);
        let spread = statistics::deviation(&tally.results);
        self.sqn = finite((tally.closed as f64).sqrt() * statistics::mean(&tally.results) / spread);
        self.turnover = finite(tally.traded / statistics::mean(&curve.values()[1..]));
        let fees = approximate(end.fees.decimal());
        self.fees_share = finite(fees / (approximate(tally.profit.decimal()) + fees));
    }
}

fn ratio(part: Notional, whole: Notional) -> f64 {
    approximate(part.decimal()) / approximate(whole.decimal())
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
        let end = Ending {
            initial: amount("100"),
            equity: amount("120"),
            fees: amount("1"),
            funding: amount("0"),
            in_trade: true,
            at,
            prices,
        };
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
            funding: amount("0"),
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
