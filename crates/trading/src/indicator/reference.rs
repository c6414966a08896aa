//! The catalogue as a page for people.

use std::fmt::Write;

use super::catalogue::{CATALOGUE, Group, Inputs, Kind};

const INTRODUCTION: &str = "\
# Indicators

What a strategy can name under `indicators`, and `POST /api/v1/indicators/compute` computes. This page is made from the catalogue in `crates/trading/src/indicator`, as are the validation of strategies, their JSON Schema and `GET /api/v1/indicators`; a test compares it. Renew it with `cargo run -p trading --example indicators -- reference > docs/indicators.md`.

- Over whole columns and candle by candle the values are the same to the bit, on every machine. Most formulas are TA-Lib's, by its official Rust port.
- *x* is the chosen field of a candle, the close by default; `x[1]` is that of the candle before. An indicator sees closed candles only, and no value depends on a later one.
- There is no value (`null`, and every condition upon it is false) while an indicator **warms up**, and never one where a kind says so below. Gaps between candles are not filled: a window counts candles, not hours.
- A **recursive** indicator depends on all candles before, so that its first values drift with where the candles begin; give it several times its warm-up before you rely on it. The others depend on their window alone.
- A period is at most 10,000 candles, and 1,000 where a window is gone through anew at every candle.
";

/// `docs/indicators.md`.
#[must_use]
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (group, title) in [
        (Group::Trend, "Trend"),
        (Group::Momentum, "Momentum"),
        (Group::Volatility, "Volatility"),
        (Group::Volume, "Volume"),
        (Group::Price, "Price"),
    ] {
        let _ = write!(page, "\n## {title}\n");
        members(group).for_each(|kind| page.push_str(&section(kind)));
    }
    page.push_str(&patterns());
    page
}

fn members(group: Group) -> impl Iterator<Item = &'static Kind> {
    CATALOGUE.iter().filter(move |kind| kind.group == group)
}

fn section(kind: &Kind) -> String {
    let recursive = if kind.recursive { "; recursive" } else { "" };
    let mut text =
        format!("\n### `{}`: {}\n\nFormula: {}. [Source]({})\n\n", kind.name, kind.title, kind.formula, kind.source);
    let _ = writeln!(text, "- reads {}", inputs(kind));
    if !kind.parameters.is_empty() {
        let _ = writeln!(text, "- parameters: {}", parameters(kind));
    }
    let _ = writeln!(text, "- outputs: {}", outputs(kind));
    let _ = writeln!(text, "- warm-up with the defaults: {}{recursive}", warm_up(kind));
    if let Some(where_) = kind.nothing_where {
        let _ = writeln!(text, "- no value where {where_}");
    }
    text
}

fn inputs(kind: &Kind) -> String {
    match kind.inputs {
        Inputs::Chosen => "one field, `input`".to_owned(),
        Inputs::Fixed(fields) => joined(fields.iter().map(|field| field.as_str())),
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn parameters(kind: &Kind) -> String {
    let told = kind.parameters.iter().map(|parameter| {
        let (minimum, maximum) = (parameter.minimum, parameter.maximum);
        format!("`{}` {} ({minimum} to {maximum})", parameter.name, parameter.default)
    });
    let mut told = told.collect::<Vec<_>>().join(", ");
    if let Some((smaller, larger)) = kind.ascending {
        let [smaller, larger] = [smaller, larger].map(|index| kind.parameters[index].name);
        let _ = write!(told, "; `{smaller}` is less than `{larger}`");
    }
    told
}

fn outputs(kind: &Kind) -> String {
    let told = kind.outputs.iter().enumerate().map(|(index, output)| {
        let drawing = kind.drawing(index);
        let range = match (drawing.minimum, drawing.maximum) {
            (Some(minimum), Some(maximum)) => format!(" ({minimum} to {maximum})"),
            (Some(minimum), None) => format!(" (from {minimum})"),
            _ if drawing.overlay => " (a price)".to_owned(),
            _ => String::new(),
        };
        format!("`{output}`{range}")
    });
    told.collect::<Vec<_>>().join(", ")
}

/// With the defaults, and what a longer parameter adds.
#[expect(clippy::float_arithmetic, reason = "parameters are not money")]
fn warm_up(kind: &Kind) -> String {
    let defaults = kind.defaults();
    let least = kind.warm_up(&defaults);
    let mut told = format!("{least} {}", if least == 1 { "candle" } else { "candles" });
    for (index, parameter) in kind.parameters.iter().enumerate().filter(|(_, parameter)| parameter.integer) {
        let added = |more: f64| {
            let mut values = defaults.clone();
            values[index] = (values[index] + more).min(parameter.maximum);
            kind.warm_up(&values).saturating_sub(least)
        };
        match (added(1.0), added(100.0)) {
            (_, 0) => {}
            (one, hundred) if one * 100 == hundred => {
                let _ = write!(told, "; one more of `{}` adds {one}", parameter.name);
            }
            _ => {
                let _ = write!(told, "; a longer `{}` adds to it", parameter.name);
            }
        }
    }
    told
}

fn patterns() -> String {
    let mut text = "\n## Patterns\n\n".to_owned();
    if let Some(first) = members(Group::Pattern).next() {
        let _ = write!(text, "Each reads {} and has one output: {}. ", inputs(first), first.formula);
    }
    text.push_str("What is long, short, near, far and equal is TA-Lib's default. A `penetration` is the part of the first candle's body that the last one reaches into.\n\n| kind | pattern | warm-up | parameter |\n| --- | --- | --- | --- |\n");
    for kind in members(Group::Pattern) {
        let warm_up = kind.warm_up(&kind.defaults());
        let _ = writeln!(
            text,
            "| [`{}`]({}) | {} | {warm_up} | {} |",
            kind.name,
            kind.source,
            kind.title,
            parameters(kind)
        );
    }
    text
}
