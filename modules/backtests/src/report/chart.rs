//! Line charts as inline SVG: no script, colours by the page's classes.

use super::{axis, format::escape};
use std::fmt::Write;
use trading::time::Timestamp;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;

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
    /// What it shows, for those who cannot see it.
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) height: f64,
    pub(super) times: &'a [Timestamp],
    pub(super) lines: &'a [Line<'a>],
    /// A value that is always shown, with a line of its own.
    pub(super) base: f64,
    /// What a mark of the upright axis says, by its value and the distance to the next.
    pub(super) label: fn(f64, f64) -> String,
}

/// Turns moments and values into places.
struct Scale {
    from: f64,
    span: f64,
    least: f64,
    range: f64,
    height: f64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        LEFT + (millis(at) - self.from) / self.span * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - (value - self.least) / self.range) * (self.height - TOP - BOTTOM)
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
        let scale = self.scale(first, last);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            self.height,
            escape(self.title),
            escape(self.description)
        );
        self.marks_of_values(&scale, &mut svg);
        self.marks_of_time(&scale, first, last, &mut svg);
        for line in self.lines {
            self.line(line, &scale, &mut svg);
        }
        svg.push_str("</svg>");
        svg
    }

    fn scale(&self, first: Timestamp, last: Timestamp) -> Scale {
        let all = self.lines.iter().flat_map(|line| line.values).copied().filter(|value| value.is_finite());
        let (least, greatest) =
            all.fold((self.base, self.base), |(least, greatest), value| (least.min(value), greatest.max(value)));
        let air = ((greatest - least) * 0.04).max(f64::EPSILON * greatest.abs()).max(1e-9);
        let below = if least < self.base { air } else { 0.0 };
        let above = if greatest > self.base { air } else { 0.0 };
        Scale {
            from: millis(first),
            span: millis(last) - millis(first),
            least: least - below,
            range: (greatest - least + below + above).max(1e-9),
            height: self.height,
        }
    }

    fn marks_of_values(&self, scale: &Scale, svg: &mut String) {
        let (marks, step) = axis::values(scale.least, scale.least + scale.range, (self.height - TOP - BOTTOM) / 32.0);
        for mark in marks {
            let y = scale.y(mark);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"mark\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
                escape(&(self.label)(mark, step))
            );
        }
        let y = scale.y(self.base);
        let _ =
            write!(svg, "<line class=\"base\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", WIDTH - RIGHT);
    }

    fn marks_of_time(&self, scale: &Scale, first: Timestamp, last: Timestamp, svg: &mut String) {
        for (at, label) in axis::times(first.to_datetime(), last.to_datetime(), 9) {
            let x = scale.x(Timestamp::from(at));
            // a label at the very edge would be cut
            let anchor = if x < LEFT + 24.0 {
                "start"
            } else if x > WIDTH - RIGHT - 24.0 {
                "end"
            } else {
                "middle"
            };
            let (floor, text) = (self.height - BOTTOM, self.height - 8.0);
            let _ = write!(
                svg,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{floor:.1}\" y2=\"{:.1}\"/>\
                 <text class=\"mark\" x=\"{x:.1}\" y=\"{text:.1}\" text-anchor=\"{anchor}\">{label}</text>",
                floor + 4.0
            );
        }
    }

    fn line(&self, line: &Line<'_>, scale: &Scale, svg: &mut String) {
        let points = self.times.iter().zip(line.values).filter(|(_, value)| value.is_finite());
        let mut path = String::new();
        for (&at, &value) in points {
            let _ = write!(path, "{}{:.1} {:.1}", if path.is_empty() { "M" } else { "L" }, scale.x(at), scale.y(value));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chart<'a>(times: &'a [Timestamp], lines: &'a [Line<'a>]) -> Chart<'a> {
        let label = |value, _| format!("{value}");
        Chart { title: "<t>", description: "d", height: 200.0, times, lines, base: 0.0, label }
    }

    #[test]
    fn a_chart_stays_within_its_frame_and_escapes_its_title() {
        let times: Vec<_> = (0..5).map(|day| Timestamp::from_millis(day * 86_400_000)).collect();
        let values = [0.0, 10.0, f64::NAN, -4.0, 2.0];
        let svg = chart(&times, &[Line { class: "strategy", values: &values, filled: false }]).svg();
        assert!(svg.contains("<title>&lt;t&gt;</title>") && !svg.contains("NaN"), "{svg}");
        let path = svg.split(" d=\"M").nth(1).unwrap().split('"').next().unwrap();
        let points: Vec<(f64, f64)> = path
            .split('L')
            .map(|point| point.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap())
            .collect();
        assert_eq!(points.len(), 4);
        assert!(points.iter().all(|(x, y)| (LEFT..=WIDTH - RIGHT).contains(x) && (TOP..=200.0 - BOTTOM).contains(y)));
        assert!(points[1].1 < points[0].1 && points[0].1 < points[2].1);
    }

    #[test]
    fn a_flat_or_empty_run_makes_no_broken_chart() {
        assert_eq!(chart(&[], &[]).svg(), "");
        let times = [Timestamp::from_millis(0), Timestamp::from_millis(60_000)];
        let svg = chart(&times, &[Line { class: "strategy", values: &[0.0, 0.0], filled: true }]).svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
