#![allow(clippy::float_arithmetic)]
//! An indicator with checked parameters, and its computation over whole columns.

use std::hash::{Hash, Hasher};

use arrayvec::ArrayVec;

use super::catalogue::{Inputs, Kind, MAX_PARAMETERS};
use super::stream::Streaming;
use crate::candle::Field;

/// A catalogue entry with its parameters. Two of the same kind and parameters are equal, so that
/// it can be the key of a cache.
#[derive(Clone)]
pub struct Indicator {
    kind: &'static Kind,
    parameters: ArrayVec<f64, MAX_PARAMETERS>,
    inputs: ArrayVec<Field, 4>,
}

/// Why parameters were refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterFault {
    /// The kind has no such parameter.
    #[error("{kind} has no parameter `{name}`; it has {known}", known = listed(.known))]
    Unknown {
        /// The kind's name.
        kind: &'static str,
        /// The word that was given.
        name: String,
        /// The names it has.
        known: Vec<&'static str>,
    },
    /// A value that is no whole number where one is meant.
    #[error("{name} must be a whole number, not {value}")]
    NotWhole {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// A value outside the bounds.
    #[error("{name} must be between {minimum} and {maximum}, not {value}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The least value.
        minimum: f64,
        /// The greatest value.
        maximum: f64,
    },
    /// Two values in the wrong order.
    #[error("{smaller} must be less than {larger}")]
    Order {
        /// The parameter that must be smaller.
        smaller: &'static str,
        /// The parameter that must be larger.
        larger: &'static str,
    },
    /// An `input` where the kind reads fixed fields.
    #[error("{kind} always reads {fields}: `input` cannot be chosen", fields = listed(.fields))]
    FixedInputs {
        /// The kind's name.
        kind: &'static str,
        /// What it reads.
        fields: Vec<&'static str>,
    },
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

impl ParameterFault {
    /// The parameter that is at fault, by its name in a strategy.
    pub fn parameter(&self) -> &str {
        match self {
            Self::Unknown { name, .. } => name,
            Self::NotWhole { name, .. } | Self::OutOfRange { name, .. } => name,
            Self::Order { smaller, .. } => smaller,
            Self::FixedInputs { .. } => "input",
        }
    }
}

impl Indicator {
    /// Checks parameters given by name; what is not given takes its default. `input` chooses what
    /// is read where the kind leaves the choice, the close by default.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn new(kind: &'static Kind, given: &[(&str, f64)], input: Option<Field>) -> Result<Self, Vec<ParameterFault>> {
        let mut faults: Vec<ParameterFault> = unknown(kind, given).collect();
        let mut parameters = ArrayVec::new();
        for parameter in kind.parameters {
            let value = given.iter().find(|(name, _)| *name == parameter.name).map_or(parameter.default, |(_, v)| *v);
            faults.extend(parameter.check(value));
            parameters.push(value);
        }
        faults.extend(out_of_order(kind, &parameters));
        let inputs = match (kind.inputs, input) {
            (Inputs::Chosen, chosen) => ArrayVec::from_iter([chosen.unwrap_or(Field::Close)]),
            (Inputs::Fixed(fields), chosen) => {
                let names = || fields.iter().map(|field| field.as_str()).collect();
                faults.extend(chosen.map(|_| ParameterFault::FixedInputs { kind: kind.name, fields: names() }));
                fields.iter().copied().collect()
            }
        };
        if faults.is_empty() { Ok(Self { kind, parameters, inputs }) } else { Err(faults) }
    }

    /// The catalogue entry.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The values of the kind's parameters, in its order.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The fields that it reads, in the order in which [`compute`](Self::compute) and
    /// [`Streaming::update`] want them.
    pub fn inputs(&self) -> &[Field] {
        &self.inputs
    }

    /// How many candles pass before the first value: value `i` exists where `i >= warm_up`.
    pub fn warm_up(&self) -> usize {
        self.kind.warm_up(&self.parameters)
    }

    /// One column per output, each as long as the inputs (which are of one length); NaN before the
    /// warm-up is over. Nothing but NaN where an input holds more than 100 million candles, which
    /// is where TA-Lib ends.
    pub fn compute(&self, inputs: &[&[f64]]) -> Vec<Vec<f64>> {
        let mut columns = vec![vec![]; self.kind.outputs.len()];
        self.compute_into(inputs, &mut columns);
        columns
    }

    /// The same into columns that are there, one per output; what they hold is written over.
    pub fn compute_into(&self, inputs: &[&[f64]], columns: &mut [Vec<f64>]) {
        let length = inputs.first().map_or(0, |column| column.len());
        let warm_up = self.warm_up().min(length);
        for column in &mut *columns {
            resize(column, length);
            column[..warm_up].fill(f64::NAN);
        }
        if warm_up < length && !self.fill(inputs, warm_up, columns) {
            columns.iter_mut().for_each(|column| column.fill(f64::NAN));
        }
    }

    fn fill(&self, inputs: &[&[f64]], warm_up: usize, columns: &mut [Vec<f64>]) -> bool {
        let mut rest: ArrayVec<&mut [f64], { super::MAX_OUTPUTS }> =
            columns.iter_mut().map(|column| &mut column[warm_up..]).collect();
        (self.kind.code.batch)(inputs, &self.parameters, &mut rest).is_ok()
    }

    /// The same computation, candle by candle.
    pub fn stream(&self) -> Streaming {
        Streaming::new(self.kind.code, &self.parameters, self.inputs.len(), self.kind.outputs.len(), self.warm_up())
    }
}

/// Gives a column its length. New memory comes zeroed from the system, which costs less than to fill it.
fn resize(column: &mut Vec<f64>, length: usize) {
    if column.len() != length {
        *column = vec![0.0; length];
    }
}

fn unknown<'a>(kind: &'static Kind, given: &'a [(&str, f64)]) -> impl Iterator<Item = ParameterFault> + 'a {
    let known: Vec<&'static str> = kind.parameters.iter().map(|parameter| parameter.name).collect();
    given.iter().filter(move |(name, _)| kind.parameters.iter().all(|known| known.name != *name)).map(
        move |(name, _)| ParameterFault::Unknown { kind: kind.name, name: (*name).to_owned(), known: known.clone() },
    )
}

fn out_of_order(kind: &'static Kind, parameters: &[f64]) -> Option<ParameterFault> {
    let (smaller, larger) = kind.ascending?;
    let ordered = parameters[smaller] < parameters[larger];
    (!ordered)
        .then(|| ParameterFault::Order { smaller: kind.parameters[smaller].name, larger: kind.parameters[larger].name })
}

impl super::Parameter {
    /// Whether this value may be used.
    pub fn check(&self, value: f64) -> Option<ParameterFault> {
        if !(self.minimum..=self.maximum).contains(&value) {
            let (minimum, maximum) = (self.minimum, self.maximum);
            return Some(ParameterFault::OutOfRange { name: self.name, value, minimum, maximum });
        }
        let broken = self.integer && value.fract() != 0.0;
        broken.then_some(ParameterFault::NotWhole { name: self.name, value })
    }
}

impl PartialEq for Indicator {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.parameters == other.parameters && self.inputs == other.inputs
    }
}

impl Eq for Indicator {}

impl Hash for Indicator {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.name.hash(state);
        self.parameters.iter().for_each(|value| (value + 0.0).to_bits().hash(state));
        self.inputs.hash(state);
    }
}

impl std::fmt::Debug for Indicator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({:?}; {:?})", self.kind.name, self.parameters, self.inputs)
    }
}
