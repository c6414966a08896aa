//! Line charts over time as inline SVG: no script, colours by the page's classes.

use super::{
    axis,
    frame::{About, Frame, drawing},
};
use std::fmt::Write;
use trading::time::Timestamp;

/// A line of a chart: one value for each moment of the chart.
pub(super) struct Line<'a> {
    /// The class that colours it.
    pub(super) class: &'static str,
    pub(super) values: &'a [f64],
    /// Whether the area between the line and `base` is filled.
    pub(super) filled: bool,
}

/// A chart over time.
pub(super) struct Chart<'a> {
    pub(super) about: About<'a>,
    pub(super) height: f64,
    pub(super) times: &'a [Timestamp],
    pub(super) lines: &'a [Line<'a>],
    /// A value that is always shown, with a line of its own.
    pub(super) base: f64,
    pub(super) label: Label,
}

/// What a mark of an upright axis says, by its value and the distance to the next.
pub(super) type Label = fn(f64, f64) -> String;

/// The marks of an upright axis between two values, each with what it says.
fn marks(frame: Frame, (least, greatest): (f64, f64), label: Label) -> impl Iterator<Item = (f64, String)> {
    let (marks, step) = axis::values(least, greatest, frame.upright() / 36.0);
    marks.into_iter().map(move |mark| (mark, label(mark, step)))
}

/// A frame with room for the marks of its upright axis.
pub(super) fn roomy(frame: Frame, bounds: (f64, f64), label: Label) -> Frame {
    frame.beside(marks(frame, bounds, label).map(|(_, text)| text))
}

/// Turns moments and values into places.
pub(super) struct Scale {
    frame: Frame,
    from: f64,
    span: f64,
    pub(super) least: f64,
    pub(super) range: f64,
}

impl Scale {
    /// Between two moments that differ, and two values with a little air around them.
    pub(super) fn new(frame: Frame, (from, to): (Timestamp, Timestamp), (least, greatest): (f64, f64)) -> Self {
        let range = (greatest - least).max(1e-9);
        Self { frame, from: millis(from), span: millis(to) - millis(from), least, range }
    }

    pub(super) fn x(&self, at: Timestamp) -> f64 {
        self.frame.left + (millis(at) - self.from) / self.span * self.frame.across()
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.frame.top + (1.0 - (value - self.least) / self.range) * self.frame.upright()
    }

    /// The marks of the upright axis.
    pub(super) fn values(&self, label: Label, svg: &mut String) {
        for (mark, text) in marks(self.frame, (self.least, self.least + self.range), label) {
            self.frame.mark(self.y(mark), &text, svg);
        }
    }

    /// The marks of both axes.
    pub(super) fn marks(&self, (first, last): (Timestamp, Timestamp), label: Label, svg: &mut String) {
        self.values(label, svg);
        let marks = axis::times(first.to_datetime(), last.to_datetime(), |mark| self.frame.fits(mark));
        self.frame.below(marks.into_iter().map(|(at, label)| (self.x(Timestamp::from(at)), label)), svg);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
fn millis(at: Timestamp) -> f64 {
    at.millis() as f64
}

impl Chart<'_> {
    /// The chart; nothing without at least two moments.
    pub(super) fn svg(&self) -> String {
        let (Some(&first), Some(&last)) = (self.times.first(), self.times.last()) else { return String::new() };
        if first == last {
            return String::new();
        }
        drawing(&self.about, self.height, |frame, svg| {
            let frame = roomy(frame, self.bounds(), self.label);
            let scale = Scale::new(frame, (first, last), self.bounds());
            scale.marks((first, last), self.label, svg);
            let y = scale.y(self.base);
            let _ = write!(svg, "<path class=\"base\" d=\"M{} {y:.1}H{}\"/>", frame.left, frame.end());
            for line in self.lines {
                self.line(line, &scale, svg);
            }
        })
    }

    /// The least and the greatest value, with air where the base is not the edge.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let all = self.lines.iter().flat_map(|line| line.values).copied().filter(|value| value.is_finite());
        let (least, greatest) =
            all.fold((self.base, self.base), |(least, greatest), value| (least.min(value), greatest.max(value)));
        let air = ((greatest - least) * 0.04).max(f64::EPSILON * greatest.abs()).max(1e-9);
        let below = if least < self.base { air } else { 0.0 };
        let above = if greatest > self.base { air } else { 0.0 };
        (least - below, greatest + above)
    }

    fn line(&self, line: &Line<'_>, scale: &Scale, svg: &mut String) {
        let path = path(self.times, line.values, scale);
        if let (true, Some(&first), Some(&last)) = (line.filled, self.times.first(), self.times.last()) {
            let base = scale.y(self.base);
            let _ = write!(
                svg,
                "<path class=\"area {}\" d=\"{path}L{:.1} {base:.1}L{:.1} {base:.1}Z\"/>",
                line.class,
                scale.x(last),
                scale.x(first)
            );
        }
        let _ = write!(svg, "<path class=\"line {}\" d=\"{path}\"/>", line.class);
    }
}

/// The values as a path. Of those that fall on one column of the screen the least and the greatest are drawn.
pub(super) fn path(times: &[Timestamp], values: &[f64], scale: &Scale) -> String {
    let mut path = String::new();
    let mut column: Option<(f64, f64, f64)> = None;
    let mut draw = |x: f64, y: f64| {
        let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
    };
    let mut flush = |column: Option<(f64, f64, f64)>| {
        if let Some((x, low, high)) = column {
            draw(x, low);
            if (high - low).abs() > 0.05 {
                draw(x, high);
            }
        }
    };
    for (&at, &value) in times.iter().zip(values).filter(|(_, value)| value.is_finite()) {
        let (x, y) = ((scale.x(at) * 2.0).round() / 2.0, scale.y(value));
        column = match column {
            Some((known, low, high)) if known == x => Some((x, low.min(y), high.max(y))),
            before => {
                flush(before);
                Some((x, y, y))
            }
        };
    }
    flush(column);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart<'a>(times: &'a [Timestamp], lines: &'a [Line<'a>]) -> Chart<'a> {
        let about = About { title: "<t>", description: "d" };
        Chart { about, height: 200.0, times, lines, base: 0.0, label: |value, _| format!("{value}") }
    }

    #[test]
    fn a_chart_stays_within_its_frame_and_escapes_its_title() {
        let times: Vec<_> = (0..5).map(|day| Timestamp::from_millis(day * 86_400_000)).collect();
        let values = [0.0, 10.0, f64::NAN, -4.0, 2.0];
        let svg = chart(&times, &[Line { class: "strategy", values: &values, filled: false }]).svg();
        assert!(svg.contains(">&lt;t&gt;</title>") && !svg.contains("NaN"), "{svg}");
        let path = svg.split("line strategy\" d=\"M").nth(1).unwrap().split('"').next().unwrap();
        let points: Vec<(f64, f64)> = path
            .split('L')
            .map(|point| point.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap())
            .collect();
        assert_eq!(points.len(), 4);
        assert!(points.iter().all(|(x, y)| (30.0..=990.0).contains(x) && (12.0..=174.0).contains(y)), "{points:?}");
        assert!(points[1].1 < points[0].1 && points[0].1 < points[2].1);
    }

    #[test]
    fn a_flat_or_empty_run_makes_no_broken_chart() {
        assert_eq!(chart(&[], &[]).svg(), "");
        let times = [Timestamp::from_millis(0), Timestamp::from_millis(60_000)];
        let svg = chart(&times, &[Line { class: "strategy", values: &[0.0, 0.0], filled: true }]).svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn many_points_make_no_long_path() {
        let times: Vec<_> = (0..100_000).map(|minute| Timestamp::from_millis(minute * 60_000)).collect();
        let values: Vec<f64> = (0..100_000).map(|it| f64::from(it % 7)).collect();
        let svg = chart(&times, &[Line { class: "strategy", values: &values, filled: false }]).svg();
        assert!(svg.len() < 100_000, "{}", svg.len());
    }
}
