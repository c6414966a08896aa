//! Numbers, times and texts for people.

use std::fmt::Write;
use trading::time::Timestamp;

/// A text with everything that HTML would read as markup made harmless.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// `1,234,567.89`
pub(super) fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A count, to draw or to reckon with.
#[expect(clippy::cast_precision_loss, reason = "a number on a page")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

/// An amount of money, with as many digits as its size deserves.
pub(super) fn money(value: f64) -> String {
    let digits = match value.abs() {
        size if size == 0.0 || size >= 1.0 => 2,
        size if size >= 0.01 => 4,
        _ => 8,
    };
    grouped(value, digits)
}

/// A signed amount: `+12.00`, `−3.50`.
pub(super) fn signed(value: f64) -> String {
    let text = money(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A fraction as a percentage: 0.1234 gives `12.34 %`.
pub(crate) fn percent(fraction: f64) -> String {
    let digits = if fraction.abs() >= 100.0 { 0 } else { 2 };
    format!("{} %", grouped(fraction * 100.0, digits))
}

/// A signed percentage of a fraction.
pub(super) fn signed_percent(fraction: f64) -> String {
    let text = percent(fraction);
    if fraction > 0.0 { format!("+{text}") } else { text }
}

/// A short label of an axis: `1.2k`, `34M`. All labels of an axis, which have one step, have one unit.
pub(super) fn short(value: f64, step: f64) -> String {
    let (unit, name) = match step.abs() {
        step if step >= 1e8 => (1e9, "B"),
        step if step >= 1e5 => (1e6, "M"),
        step if step >= 1e2 => (1e3, "k"),
        _ => (1.0, ""),
    };
    format!("{}{name}", grouped(value / unit, digits_of(step / unit)))
}

/// How many digits after the point tell steps of this size apart.
pub(super) fn digits_of(step: f64) -> usize {
    (0..8)
        .find(|&digits| (step * 10_f64.powi(digits) - (step * 10_f64.powi(digits)).round()).abs() < 1e-6)
        .map_or(8, i32::unsigned_abs) as usize
}

/// `2023-01-31 14:05`, the nearest: a candle closes a millisecond before the full minute.
pub(super) fn minute(at: Timestamp) -> String {
    Timestamp::from_millis(at.millis().saturating_add(30_000)).to_datetime().format("%Y-%m-%d %H:%M").to_string()
}

/// `2023-01-31`
pub(super) fn date(at: Timestamp) -> String {
    at.to_datetime().format("%Y-%m-%d").to_string()
}

/// `3 d 4 h`, `25 min`
pub(super) fn duration(millis: i64) -> String {
    let minutes = millis.max(0).saturating_add(30_000) / 60_000;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let mut out = String::new();
    let parts = [(days, "d"), (hours, "h"), (rest, "min")];
    for (count, unit) in parts.into_iter().filter(|(count, _)| *count > 0).take(2) {
        // writing to a String cannot fail
        let _ = write!(out, "{}{count} {unit}", if out.is_empty() { "" } else { " " });
    }
    if out.is_empty() { "0 min".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_carry_a_true_minus() {
        assert_eq!(grouped(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(grouped(-1_000.0, 0), "−1,000");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(signed(0.5), "+0.5000");
        assert_eq!(signed_percent(-0.123_45), "−12.35 %");
        assert_eq!(short(12_500.0, 500.0), "12.5k");
        assert_eq!(short(0.0, 2_000_000.0), "0M");
        assert_eq!([9_000.0, 10_000.0].map(|it| short(it, 1_000.0)), ["9k", "10k"]);
        assert_eq!([9_950.0, 10_000.0].map(|it| short(it, 50.0)), ["9,950", "10,000"]);
        assert_eq!(duration(90_000_000), "1 d 1 h");
        assert_eq!(duration(29_000), "0 min");
        assert_eq!(minute(Timestamp::from_millis(3_599_999)), "1970-01-01 01:00");
    }

    #[test]
    fn markup_in_a_text_stays_text() {
        assert_eq!(escape("<b onload='x'>&\""), "&lt;b onload=&#39;x&#39;&gt;&amp;&quot;");
    }
}
