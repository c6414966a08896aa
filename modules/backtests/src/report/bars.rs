//! Bars: of years, and of how values are spread.

use super::{
    axis,
    format::{escape, number},
    frame::{About, Frame, half},
};
use std::fmt::Write;

/// A bar from nothing to its value.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// What it says when one rests on it.
    pub(super) note: String,
    /// The class that colours it.
    pub(super) class: &'static str,
}

/// Bars side by side; nothing without any. `label` says what a mark of the upright axis does.
pub(super) fn svg(about: &About<'_>, bars: &[Bar], label: fn(f64, f64) -> String) -> String {
    if bars.is_empty() {
        return String::new();
    }
    half(about, 240.0, |frame, svg| draw(frame, bars, label, svg))
}

fn draw(frame: Frame, bars: &[Bar], label: fn(f64, f64) -> String, svg: &mut String) {
    let least = bars.iter().map(|bar| bar.value).fold(0.0, f64::min);
    let greatest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let range = ((greatest - least) * 1.08).max(1e-9);
    let bottom = if least < 0.0 { least - (greatest - least) * 0.04 } else { 0.0 };
    let y = |value: f64| frame.top + (1.0 - (value - bottom) / range) * frame.upright();
    let (marks, step) = axis::values(bottom, bottom + range, frame.upright() / 40.0);
    let frame = frame.beside(marks.iter().map(|mark| label(*mark, step)));
    for mark in marks {
        frame.mark(y(mark), &label(mark, step), svg);
    }
    let slot = frame.across() / number(bars.len());
    let air = (slot * 0.18).min(14.0);
    for (index, bar) in bars.iter().enumerate() {
        let x = frame.left + slot * number(index);
        let (top, floor) = (y(bar.value.max(0.0)), y(bar.value.min(0.0)));
        // writing to a String cannot fail
        let _ = write!(
            svg,
            "<rect class=\"bar {}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"><title>{}</title></rect>",
            bar.class,
            x + air / 2.0,
            (slot - air).max(0.5),
            floor - top,
            escape(&bar.note)
        );
    }
    let middle = |index: usize| frame.left + slot * (number(index) + 0.5);
    let labelled = bars.iter().enumerate().step_by(spacing(frame, bars));
    frame.below(labelled.map(|(index, bar)| (middle(index), bar.label.clone())), svg);
    let _ = write!(svg, "<path class=\"axis\" d=\"M{} {:.1}H{}\"/>", frame.left, y(0.0), frame.end());
}

/// Every so many bars have a label, so that labels do not meet.
fn spacing(frame: Frame, bars: &[Bar]) -> usize {
    let widest =
        bars.iter().map(|bar| bar.label.as_str()).max_by(|one, other| frame.wide(one).total_cmp(&frame.wide(other)));
    bars.len().div_ceil(frame.fits(widest.unwrap_or_default())).max(1)
}

/// How many values are in each of at most so many spans of equal, round width; values far outside are in the first and
/// the last. Gives the lower edges, the width and the counts.
pub(super) fn spread(values: &[f64], spans: f64) -> (Vec<f64>, f64, Vec<usize>) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else { return (vec![], 1.0, vec![]) };
    // one value in fifty is left to the ends, so that a single giant does not press all others into one bar
    let (low, high) = (sorted[sorted.len() / 100], sorted[sorted.len() - 1 - sorted.len() / 100]);
    let (low, high) = if low < high { (low, high) } else { (first, last) };
    let (_, width) = axis::values(low, high.max(low + 1e-9), spans);
    let start = (low / width).floor() * width;
    let edges: Vec<f64> =
        (0..64).map(|index| start + width * f64::from(index)).take_while(|edge| *edge <= high).collect();
    let mut counts = vec![0; edges.len()];
    for value in sorted {
        let place = edges.partition_point(|edge| *edge <= value).saturating_sub(1);
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    (edges, width, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_span() {
        let values: Vec<f64> = (-50..150).map(|it| f64::from(it) / 10.0).chain([1e9, -1e9]).collect();
        let (edges, width, counts) = spread(&values, 20.0);
        assert_eq!(counts.iter().sum::<usize>(), values.len());
        assert!(edges.len() <= 42 && edges.windows(2).all(|pair| (pair[1] - pair[0] - width).abs() < 1e-9));
        assert_eq!(spread(&[], 20.0).2, Vec::<usize>::new());
        assert_eq!(spread(&[0.5], 20.0).2.iter().sum::<usize>(), 1);
        assert_eq!(spread(&[0.0; 9], 20.0).2.iter().sum::<usize>(), 9);
    }
}
