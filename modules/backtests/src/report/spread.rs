//! How trades and years are spread.

use super::{
    bars::{self, Bar, spread},
    format::{digits_of, duration, grouped, number, percent, signed_percent},
    frame::About,
    tables::gain,
};
use crate::curve::Month;
use std::collections::BTreeMap;
use trading::position::Trade;

/// Of how many bars a spread has some.
const SPANS: f64 = 24.0;

fn per_cent(value: f64, step: f64) -> String {
    format!("{} %", grouped(value * 100.0, digits_of(step * 100.0)))
}

fn whole(value: f64, step: f64) -> String {
    grouped(value, digits_of(step))
}

/// The returns of the years.
pub(super) fn years(months: &[Month]) -> String {
    let mut years: BTreeMap<i32, f64> = BTreeMap::new();
    for month in months {
        *years.entry(month.year).or_insert(1.0) *= 1.0 + month.gain;
    }
    let bars: Vec<Bar> = years
        .iter()
        .map(|(year, grown)| Bar {
            label: year.to_string(),
            value: grown - 1.0,
            note: format!("{year}: {}", signed_percent(grown - 1.0)),
            class: if *grown >= 1.0 { "up" } else { "down" },
        })
        .collect();
    let about = About { title: "Yearly returns", description: "A bar for each calendar year; the months are above." };
    bars::svg(&about, &bars, per_cent)
}

/// How many trades earned how much of what they cost.
pub(super) fn returns(trades: &[Trade]) -> String {
    let values: Vec<f64> = trades.iter().map(gain).collect();
    let (edges, width, counts) = spread(&values, SPANS);
    let bars: Vec<Bar> = edges
        .iter()
        .zip(&counts)
        .map(|(edge, count)| Bar {
            label: per_cent(*edge, width),
            value: number(*count),
            note: format!("{} to {}: {count} trades", per_cent(*edge, width), per_cent(edge + width, width)),
            class: if *edge >= -width * 1e-6 { "up" } else { "down" },
        })
        .collect();
    let wins = values.iter().filter(|value| **value > 0.0).count();
    let description =
        format!("Of {} trades {} earned something.", values.len(), percent(number(wins) / number(values.len().max(1))));
    bars::svg(&About { title: "Returns of trades", description: &description }, &bars, whole)
}

/// Spans of time as people count them, in milliseconds.
const HELD: [(i64, &str); 14] = [
    (0, "0"),
    (300_000, "5 min"),
    (900_000, "15 min"),
    (1_800_000, "30 min"),
    (3_600_000, "1 h"),
    (7_200_000, "2 h"),
    (14_400_000, "4 h"),
    (28_800_000, "8 h"),
    (86_400_000, "1 d"),
    (172_800_000, "2 d"),
    (432_000_000, "5 d"),
    (864_000_000, "10 d"),
    (2_592_000_000, "30 d"),
    (7_776_000_000, "90 d"),
];

/// How many trades were held for how long.
pub(super) fn holding(trades: &[Trade]) -> String {
    let mut counts = [0_usize; HELD.len()];
    for trade in trades {
        let held = trade.exit_time.millis() - trade.entry_time.millis();
        let place = HELD.partition_point(|(least, _)| *least <= held).saturating_sub(1);
        counts[place] += 1;
    }
    let used = counts.iter().position(|count| *count > 0).zip(counts.iter().rposition(|count| *count > 0));
    let Some((first, last)) = used else { return String::new() };
    let bars: Vec<Bar> = (first..=last)
        .map(|place| {
            let (from, label) = HELD[place];
            let to = HELD.get(place + 1).map_or_else(|| "longer".to_owned(), |(to, _)| duration(*to));
            let note = format!("{} to {to}: {} trades", duration(from), counts[place]);
            Bar { label: label.to_owned(), value: number(counts[place]), note, class: "plain" }
        })
        .collect();
    let about = About { title: "Holding times", description: "How many trades were held at least so long." };
    bars::svg(&about, &bars, whole)
}
