//! Where things are drawn: a picture with room for its marks, wide for a desk and narrow for a phone.

use super::format::escape;
use std::fmt::Write;

/// The room of a drawing within its margins.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

const WIDE: f64 = 1000.0;
const HALF: f64 = 560.0;
const NARROW: f64 = 400.0;

impl Frame {
    fn new(width: f64, height: f64) -> Self {
        let left = if width < HALF { 50.0 } else { 60.0 };
        Self { width, height, left, right: 10.0, top: 12.0, bottom: 26.0 }
    }

    pub(super) fn end(&self) -> f64 {
        self.width - self.right
    }

    pub(super) fn floor(&self) -> f64 {
        self.height - self.bottom
    }

    pub(super) fn across(&self) -> f64 {
        self.end() - self.left
    }

    pub(super) fn upright(&self) -> f64 {
        self.floor() - self.top
    }

    /// A line across with its mark at the left.
    pub(super) fn mark(&self, y: f64, label: &str, svg: &mut String) {
        let (left, end, text) = (self.left, self.end(), escape(label));
        // writing to a String cannot fail
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{left} {y:.1}H{end}\"/>\
             <text class=\"mark\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            left - 7.0,
            y + 4.0
        );
    }

    /// A mark below the floor. One at the very edge does not reach beyond it.
    pub(super) fn below(&self, x: f64, label: &str, svg: &mut String) {
        let anchor = if x < self.left + 24.0 {
            "start"
        } else if x > self.end() - 24.0 {
            "end"
        } else {
            "middle"
        };
        let y = self.height - 7.0;
        let _ = write!(
            svg,
            "<text class=\"mark\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(label)
        );
    }
}

/// What a drawing shows, for those who cannot see it.
pub(super) struct About<'a> {
    pub(super) title: &'a str,
    pub(super) description: &'a str,
}

/// A drawing over the whole page: one for a desk and one for a phone, of which a reader meets one.
pub(super) fn drawing(about: &About<'_>, height: f64, draw: impl Fn(Frame, &mut String)) -> String {
    pair(about, [WIDE, NARROW], height, draw)
}

/// The same over half of the page.
pub(super) fn half(about: &About<'_>, height: f64, draw: impl Fn(Frame, &mut String)) -> String {
    pair(about, [HALF, NARROW], height, draw)
}

fn pair(about: &About<'_>, widths: [f64; 2], height: f64, draw: impl Fn(Frame, &mut String)) -> String {
    let mut svg = String::new();
    for (class, width) in ["desk", "phone"].into_iter().zip(widths) {
        let frame = Frame::new(width, height);
        let _ = write!(
            svg,
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            escape(about.title),
            escape(about.description)
        );
        draw(frame, &mut svg);
        svg.push_str("</svg>");
    }
    svg
}
