//! How much may be lost, from what days have brought. The formulas stand in docs/risk.md.

/// The most that is lost with this confidence, by the days that were: the empirical quantile, between two days in
/// proportion, times the square root of the horizon.
pub(crate) fn historic(outcomes: &[f64], confidence: f64, days: f64) -> f64 {
    let mut sorted = outcomes.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "there are at most thousands")]
    let place = (1.0 - confidence) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies among the days")]
    let below = (place.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let quantile = low + (high - low) * (place - place.floor());
    (-quantile).max(0.0) * days.sqrt()
}

/// The same if days were distributed normally, `z` being the quantile of the standard normal distribution.
pub(crate) fn parametric(outcomes: &[f64], z: f64, days: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are at most thousands")]
    let count = outcomes.len() as f64;
    let mean = outcomes.iter().sum::<f64>() / count;
    let variance = outcomes.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (z * variance.sqrt() * days.sqrt() - mean * days).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made, with the figures below, by Python 3:
    ///
    /// ```python
    /// from statistics import NormalDist, mean, quantiles, stdev
    /// days = [((i * 7919 % 211) - 105) * (1 + i % 5) / 10 for i in range(120)]
    /// for c in (0.95, 0.99):
    ///     z, q = NormalDist().inv_cdf(c), quantiles(days, n=100, method="inclusive")[round((1 - c) * 100) - 1]
    ///     for d in (1, 10):
    ///         print(c, d, max(0, -q) * d ** 0.5, max(0, z * stdev(days) * d ** 0.5 - mean(days) * d))
    /// ```
    fn outcomes() -> Vec<f64> {
        (0..120_i32).map(|i| f64::from(((i * 7919 % 211) - 105) * (1 + i % 5)) / 10.0).collect()
    }

    /// Confidence, its quantile, days, and what may be lost by each method.
    const GOLDEN: [(f64, f64, f64, f64, f64); 4] = [
        (0.95, 1.644_853_626_951_471_5, 1.0, 35.11, 34.034_585_145_688_57),
        (0.95, 1.644_853_626_951_471_5, 10.0, 111.027_568_648_511_8, 111.108_348_570_673_8),
        (0.99, 2.326_347_874_040_840_8, 1.0, 46.74, 47.924_805_801_408_42),
        (0.99, 2.326_347_874_040_840_8, 10.0, 147.804_857_836_270_06, 155.033_083_045_066_06),
    ];

    #[test]
    fn the_figures_are_those_of_pythons_statistics() {
        for (confidence, z, days, by_history, by_normality) in GOLDEN {
            let (history, normality) = (historic(&outcomes(), confidence, days), parametric(&outcomes(), z, days));
            assert!((history - by_history).abs() < 1e-9, "{confidence} {days}: {history}");
            assert!((normality - by_normality).abs() < 1e-9, "{confidence} {days}: {normality}");
        }
    }

    #[test]
    fn whoever_only_earns_risks_nothing() {
        let gains = [1.0, 2.0, 3.0, 2.0];
        assert!(historic(&gains, 0.95, 1.0).abs() < f64::EPSILON);
        assert!(parametric(&[5.0, 5.1, 4.9], 1.64, 1.0).abs() < f64::EPSILON);
    }
}
