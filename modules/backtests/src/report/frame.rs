//! Where things are drawn: a picture with room for its marks, wide for a desk and narrow for a phone.

use super::format::{escape, number};
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
/// Between two marks of an axis.
const GAP: f64 = 14.0;

impl Frame {
    fn new(width: f64, height: f64) -> Self {
        Self { width, height, left: 60.0, right: 10.0, top: 12.0, bottom: 26.0 }
    }

    /// How wide a mark is, at most. On a phone drawings are shrunk and their letters are larger.
    pub(super) fn wide(&self, mark: &str) -> f64 {
        let em = if self.width < HALF { 14.0 } else { 12.0 };
        mark.chars().map(widest).sum::<f64>() * em
    }

    /// The same with room at the left for these marks.
    pub(super) fn beside(self, marks: impl IntoIterator<Item = String>) -> Self {
        let longest = marks.into_iter().map(|mark| self.wide(&mark)).fold(20.0, f64::max);
        Self { left: longest + 10.0, ..self }
    }

    /// How many marks that are as wide as this one fit below the floor.
    pub(super) fn fits(&self, mark: &str) -> usize {
        let slot = self.wide(mark) + GAP;
        (1..).take_while(|count| number(*count) * slot <= self.across()).count().max(1)
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

    /// Marks below the floor, from left to right. None reaches beyond the drawing; one that would meet the mark before
    /// it is left out.
    pub(super) fn below(&self, marks: impl IntoIterator<Item = (f64, String)>, svg: &mut String) {
        let (y, mut free) = (self.height - 7.0, 0.0);
        for (x, label) in marks {
            let half = self.wide(&label) / 2.0;
            let x = x.clamp(half, (self.width - half).max(half));
            if x - half < free {
                continue;
            }
            free = x + half + GAP / 2.0;
            let label = escape(&label);
            let _ = write!(svg, "<text class=\"mark\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>");
        }
    }
}

/// How wide a letter is, in heights of the font, in the widest of the fonts that a page may be shown with.
const fn widest(letter: char) -> f64 {
    match letter {
        '%' | 'M' | 'W' | 'm' | 'w' => 0.98,
        '+' | '−' | '<' | '>' | '≤' | '≥' => 0.84,
        ' ' | '\u{a0}' | '\u{202f}' | '.' | ',' | ':' => 0.34,
        '0'..='9' => 0.64,
        _ => 0.66,
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
        let id = format!("{class}-{}", slug(about.title));
        let _ = write!(
            svg,
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}\" \
             aria-describedby=\"{id}-about\"><title id=\"{id}\">{}</title><desc id=\"{id}-about\">{}</desc>",
            escape(about.title),
            escape(about.description)
        );
        draw(frame, &mut svg);
        svg.push_str("</svg>");
    }
    svg
}

/// The title as part of an id; no two drawings of a page have the same.
fn slug(title: &str) -> String {
    title.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From where to where each mark reaches.
    fn places(frame: Frame, marks: &[(f64, String)]) -> Vec<(f64, f64)> {
        let mut svg = String::new();
        frame.below(marks.to_vec(), &mut svg);
        let texts = svg.split("<text").skip(1);
        let place = |text: &str| {
            let x: f64 = text.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            let label = text.split('>').nth(1).unwrap().split('<').next().unwrap();
            let half = frame.wide(label) / 2.0;
            (x - half, x + half)
        };
        texts.map(place).collect()
    }

    #[test]
    fn marks_below_never_meet_and_stay_within_the_drawing() {
        for (width, count) in [(NARROW, 9), (HALF, 4), (WIDE, 40), (NARROW, 1)] {
            let frame = Frame::new(width, 240.0).beside(["12.5k".to_owned()]);
            let place = |index: usize| frame.left + frame.across() * number(index) / number(count.max(2) - 1);
            let marks: Vec<_> = (0..count).map(|index| (place(index), "14 Mar 06:00".to_owned())).collect();
            let drawn = places(frame, &marks);
            assert!(!drawn.is_empty() && drawn.windows(2).all(|pair| pair[0].1 < pair[1].0), "{drawn:?}");
            assert!(drawn.iter().all(|(from, to)| *from >= -0.1 && *to <= width + 0.1), "{drawn:?}");
        }
    }

    #[test]
    fn as_many_marks_as_fit_are_all_drawn() {
        let frame = Frame::new(NARROW, 240.0).beside(["12.5k".to_owned()]);
        let count = frame.fits("14 Mar 06:00");
        let slot = frame.across() / number(count);
        let mark = |index| (frame.left + slot * number(index), "14 Mar 06:00".to_owned());
        let marks: Vec<_> = (0..count).map(mark).collect();
        assert!(count > 1 && places(frame, &marks).len() == count, "{count}");
    }
}
