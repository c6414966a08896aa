//! Columns of any market, and any indicator upon them.

use proptest::collection::vec;
use proptest::prelude::*;
use trading::candle::Field;
use trading::indicator::{Indicator, Kind, Parameter};

/// The most candles of a market here.
pub const ROWS: usize = 400;

const HOUR: f64 = 3_600_000.0;

/// The columns of a random walk, by field.
#[derive(Debug, Clone)]
pub struct Market(Vec<Vec<f64>>);

impl Market {
    /// The columns that an indicator reads, from candle `first` to before `end`.
    pub fn inputs(&self, indicator: &Indicator, first: usize, end: usize) -> Vec<&[f64]> {
        indicator.inputs().iter().map(|field| &self.0[*field as usize][first..end]).collect()
    }
}

/// Candles as markets have them: few digits, some without any change or trade, hours missing.
pub fn any_market() -> impl Strategy<Value = Market> {
    let change = prop_oneof![1 => Just(0_i32), 6 => -500..500_i32];
    let volume = prop_oneof![1 => Just(0_u32), 6 => 1..100_000_u32];
    let hours = prop_oneof![40 => Just(1_u32), 1 => 2..40_u32];
    let row = (change, 0..300_i32, 0..300_i32, volume, hours);
    (1_000..1_000_000_i32, 0..48_u32, vec(row, ROWS)).prop_map(|(first, start, rows)| {
        let mut columns = vec![Vec::with_capacity(ROWS); Field::INPUTS.len()];
        let (mut price, mut hour) = (first, start);
        for (change, up, down, volume, hours) in rows {
            let open = price;
            price = (price + change).max(400);
            let (high, low) = (open.max(price) + up, open.min(price) - down);
            let [open, high, low, close] = [open, high, low, price].map(|cents| f64::from(cents) / 100.0);
            hour += hours;
            let (typical, middle) = ((high + low + close) / 3.0, (high + low) / 2.0);
            let candle = [open, high, low, close, f64::from(volume) / 1000.0, typical, middle, f64::from(hour) * HOUR];
            columns.iter_mut().zip(candle).for_each(|(column, value)| column.push(value));
        }
        Market(columns)
    })
}

/// An indicator of that kind by numbers from 0 to 1, one for each parameter: small ones give short
/// periods.
pub fn indicator(kind: &'static Kind, choices: &[f64]) -> Option<Indicator> {
    let value = |parameter: &Parameter, choice: f64| {
        let greatest = parameter.maximum.min(if parameter.integer { 40.0 } else { 5.0 });
        let value = parameter.minimum + choice * (greatest - parameter.minimum);
        (parameter.name, if parameter.integer { value.round() } else { value })
    };
    let given: Vec<_> =
        kind.parameters.iter().zip(choices).map(|(parameter, choice)| value(parameter, *choice)).collect();
    Indicator::new(kind, &given, None).ok()
}

/// One number from 0 to 1 for each parameter that a kind may have.
pub fn any_choices() -> impl Strategy<Value = Vec<f64>> {
    vec(0.0..=1.0, 9)
}
