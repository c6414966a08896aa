//! Statistics of a list of numbers. Sums run from first to last, and what is not in the processor
//! comes from `libm`, so that the same numbers give the same bits on every machine.

/// Sum over count; NaN of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    sum(values.iter().copied()) / values.len() as f64
}

/// From first to last, beginning with positive nought.
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

/// The sum of the products of the deviations from the means; the means are given.
fn products(a: &[f64], b: &[f64], means: (f64, f64)) -> f64 {
    sum(a.iter().zip(b).map(|(a, b)| (a - means.0) * (b - means.1)))
}

/// With n − 1.
pub(super) fn covariance(a: &[f64], b: &[f64]) -> f64 {
    products(a, b, (mean(a), mean(b))) / (a.len() as f64 - 1.0)
}

/// With n − 1.
pub(super) fn deviation(values: &[f64]) -> f64 {
    covariance(values, values).sqrt()
}

/// Pearson's.
pub(crate) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    covariance(a, b) / (deviation(a) * deviation(b))
}

/// Σ ((value − mean) / deviation)^power.
fn moment(values: &[f64], power: u32) -> f64 {
    let (mean, deviation) = (mean(values), deviation(values));
    sum(values.iter().map(|value| {
        let standard = (value - mean) / deviation;
        (1..power).fold(standard, |product, _| product * standard)
    }))
}

/// Without bias.
pub(super) fn skew(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    n / ((n - 1.0) * (n - 2.0)) * moment(values, 3)
}

/// The excess, without bias.
pub(super) fn kurtosis(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let scale = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
    scale * moment(values, 4) - 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
}

/// The value below which a part lies, between neighbours linearly; `sorted` is ascending.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the list")]
pub(crate) fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * (sorted.len().checked_sub(1)? as f64);
    let below = place.floor();
    let low = *sorted.get(below as usize)?;
    let high = sorted.get(below as usize + 1).copied().unwrap_or(low);
    Some(low + (high - low) * (place - below))
}

/// A straight line through values at 0, 1, 2 …
pub(super) struct Line {
    pub(super) slope: f64,
    /// Of the slope.
    pub(super) standard_error: f64,
    pub(super) r_squared: f64,
}

/// By least squares.
pub(super) fn line(values: &[f64]) -> Line {
    let n = values.len() as f64;
    let places: Vec<f64> = (0..values.len()).map(|place| place as f64).collect();
    let means = (mean(&places), mean(values));
    let (xx, xy, yy) = (
        products(&places, &places, (means.0, means.0)),
        products(&places, values, means),
        products(values, values, (means.1, means.1)),
    );
    let (slope, r_squared) = (xy / xx, xy * xy / (xx * yy));
    Line { slope, standard_error: ((1.0 - r_squared) * yy / xx / (n - 2.0)).sqrt(), r_squared }
}

/// The distribution function of the standard normal distribution.
pub(super) fn normal(value: f64) -> f64 {
    0.5 * libm::erfc(-value / 2_f64.sqrt())
}
