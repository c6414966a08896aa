//! What the ends of days say: returns, how they are spread, drawdowns, and the benchmark.

use super::statistics::{correlation, covariance, deviation, kurtosis, line, mean, normal, quantile, skew, sum};
use super::{Metrics, finite};
use crate::time::Timestamp;

/// Crypto trades every day.
const DAYS_OF_A_YEAR: f64 = 365.0;

/// The ends of days as columns.
pub(super) struct Daily<'a> {
    /// The equity at the beginning, then at the end of each day.
    pub(super) equity: &'a [f64],
    /// The beginning, then the end of each day.
    pub(super) times: &'a [Timestamp],
    /// The benchmark at the same moments; empty without one.
    pub(super) benchmark: &'a [f64],
    pub(super) returns: &'a [f64],
    /// Of months.
    pub(super) months: &'a [f64],
}

/// What each value is more than the one before, as a fraction of it; 0 where there was nothing.
pub(super) fn returns(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| if pair[0] > 0.0 { pair[1] / pair[0] - 1.0 } else { 0.0 }).collect()
}

fn annual() -> f64 {
    DAYS_OF_A_YEAR.sqrt()
}

impl Daily<'_> {
    /// Fills in everything that days decide; the growth rate is known already.
    pub(super) fn fill(&self, metrics: &mut Metrics) {
        self.ratios(metrics);
        self.spread(metrics);
        self.drawdowns(metrics);
        self.trend(metrics);
        self.compare(metrics);
    }

    fn ratios(&self, metrics: &mut Metrics) {
        let (r, n) = (self.returns, self.returns.len() as f64);
        let (mean, deviation) = (mean(r), deviation(r));
        let downside = (sum(r.iter().map(|r| r.min(0.0) * r.min(0.0))) / n).sqrt();
        let (gains, losses) = (sum(r.iter().map(|r| r.max(0.0))), -sum(r.iter().map(|r| r.min(0.0))));
        metrics.annual_return = finite(mean * DAYS_OF_A_YEAR);
        metrics.volatility = finite(deviation * annual());
        metrics.sharpe = finite(mean / deviation * annual());
        metrics.smart_sharpe = metrics.sharpe.and_then(|sharpe| finite(sharpe / autocorrelation_penalty(r)));
        metrics.probabilistic_sharpe = finite(probabilistic_sharpe(r, mean / deviation));
        metrics.sortino = finite(mean / downside * annual());
        metrics.omega = finite(gains / losses);
        metrics.gain_to_pain = finite((gains - losses) / losses);
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the length")]
    fn spread(&self, metrics: &mut Metrics) {
        let mut sorted = self.returns.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (low, high) = (quantile(&sorted, 0.05), quantile(&sorted, 0.95));
        let worst = (sorted.len().saturating_sub(1) as f64 * 0.05) as usize + 1;
        metrics.var95 = low;
        metrics.cvar95 = sorted.get(..worst).and_then(|worst| finite(mean(worst)));
        metrics.tail_ratio = low.zip(high).and_then(|(low, high)| finite((high / low).abs()));
        metrics.common_sense = metrics.omega.zip(metrics.tail_ratio).and_then(|(a, b)| finite(a * b));
        metrics.skew = finite(skew(self.returns));
        metrics.kurtosis = finite(kurtosis(self.returns));
        (metrics.worst_day, metrics.best_day) = (sorted.first().copied(), sorted.last().copied());
        metrics.best_month = self.months.iter().copied().max_by(f64::total_cmp);
        metrics.worst_month = self.months.iter().copied().min_by(f64::total_cmp);
        let (won, lost) =
            (sorted.iter().filter(|r| **r > 0.0).count() as f64, sorted.iter().filter(|r| **r < 0.0).count() as f64);
        metrics.win_days = finite(won / (won + lost));
    }

    fn drawdowns(&self, metrics: &mut Metrics) {
        let days = (self.equity.len() - 1) as f64;
        let water = Water::of(self.equity, self.times);
        metrics.average_drawdown = (days > 0.0).then(|| finite(water.depths / water.episodes).unwrap_or(0.0));
        metrics.longest_under_water = (days > 0.0).then_some(water.longest);
        metrics.time_under_water = finite(water.below / days);
        metrics.ulcer_index = finite((water.squares / days).sqrt());
        metrics.pain_index = finite(water.sum / days);
        let growth_over = |index: Option<f64>| metrics.cagr.zip(index).and_then(|(cagr, index)| finite(cagr / index));
        (metrics.martin, metrics.pain_ratio) = (growth_over(metrics.ulcer_index), growth_over(metrics.pain_index));
    }

    fn trend(&self, metrics: &mut Metrics) {
        let ends = &self.equity[1..];
        if self.equity.iter().any(|equity| *equity <= 0.0) {
            return;
        }
        let logarithms: Vec<f64> = ends.iter().map(|equity| libm::log(*equity)).collect();
        let line = line(&logarithms);
        metrics.stability = finite(line.r_squared);
        metrics.k_ratio = finite(line.slope / line.standard_error * annual() / ends.len() as f64);
        let growth: Vec<f64> = self.returns.iter().map(|r| libm::log1p(*r)).collect();
        let (mean, deviation) = (mean(&growth), deviation(&growth));
        metrics.risk_of_ruin = match finite(mean / (deviation * deviation)) {
            Some(drift) if mean > 0.0 => finite(libm::pow(0.5, 2.0 * drift)),
            drift => drift.map(|_| 1.0),
        };
    }

    fn compare(&self, metrics: &mut Metrics) {
        let other = returns(self.benchmark);
        if other.len() != self.returns.len() || other.is_empty() {
            return;
        }
        let beta = covariance(self.returns, &other) / covariance(&other, &other);
        let active: Vec<f64> = self.returns.iter().zip(&other).map(|(own, other)| own - other).collect();
        metrics.beta = finite(beta);
        metrics.alpha = finite((mean(self.returns) - beta * mean(&other)) * DAYS_OF_A_YEAR);
        metrics.correlation = finite(correlation(self.returns, &other));
        metrics.information_ratio = finite(mean(&active) / deviation(&active) * annual());
    }
}

/// √(1 + 2 Σ (n − x) / n × ρ^x) for x from 1 to n − 1, where ρ is the amount of the correlation of
/// each return with the one before.
fn autocorrelation_penalty(returns: &[f64]) -> f64 {
    let (Some((_, later)), Some((_, earlier))) = (returns.split_first(), returns.split_last()) else { return 1.0 };
    let rho = finite(correlation(earlier, later)).unwrap_or(0.0).abs();
    let n = returns.len() as f64;
    let (mut power, mut total) = (1.0, 0.0);
    for x in 1..returns.len() {
        power *= rho;
        total += (n - x as f64) / n * power;
    }
    (1.0 + 2.0 * total).sqrt()
}

fn probabilistic_sharpe(returns: &[f64], sharpe: f64) -> f64 {
    let spread = 1.0 - skew(returns) * sharpe + (kurtosis(returns) + 2.0) / 4.0 * sharpe * sharpe;
    normal(sharpe / (spread / (returns.len() as f64 - 1.0)).sqrt())
}

/// Drawdowns of the equity at the ends of days.
#[derive(Default)]
struct Water {
    episodes: f64,
    /// The greatest depths of the episodes, summed.
    depths: f64,
    /// Days below a peak.
    below: f64,
    sum: f64,
    squares: f64,
    longest: u64,
}

impl Water {
    fn of(equity: &[f64], times: &[Timestamp]) -> Self {
        let mut water = Self::default();
        let (mut peak, mut since, mut depth) = (equity[0], times[0], 0.0_f64);
        for (value, at) in equity.iter().zip(times).skip(1) {
            let fall = if peak > 0.0 { ((peak - value) / peak).max(0.0) } else { 0.0 };
            let under = fall > 0.0;
            if under {
                water.below += 1.0;
                water.episodes += if depth > 0.0 { 0.0 } else { 1.0 };
                water.longest = water.longest.max(at.millis().abs_diff(since.millis()));
            } else {
                if depth > 0.0 {
                    water.longest = water.longest.max(at.millis().abs_diff(since.millis()));
                }
                (peak, since) = (peak.max(*value), *at);
            }
            water.depths += if under { (fall - depth).max(0.0) } else { 0.0 };
            depth = if under { depth.max(fall) } else { 0.0 };
            water.sum += fall;
            water.squares += fall * fall;
        }
        water
    }
}
