use schemars::JsonSchema;
use serde::Serialize;
use trading::indicator::{CATALOGUE, Inputs, Kind};

/// A kind of indicator.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndicatorKind {
    /// The word in a strategy, such as `sma`.
    name: &'static str,
    /// The name in English.
    title: &'static str,
    /// The fields of a candle that it always reads; `null` where a strategy may choose one.
    inputs: Option<Vec<&'static str>>,
    parameters: Vec<IndicatorParameter>,
    /// The names of its outputs; the first is meant where none is named.
    outputs: &'static [&'static str],
    /// Where the formula is written.
    source: &'static str,
}

/// A parameter of an indicator: a number between two bounds, both included.
#[derive(Serialize, JsonSchema)]
struct IndicatorParameter {
    name: &'static str,
    /// Whether only whole numbers are meant.
    integer: bool,
    minimum: f64,
    maximum: f64,
    default: f64,
}

pub(crate) fn catalogue() -> Vec<IndicatorKind> {
    CATALOGUE.iter().map(IndicatorKind::from).collect()
}

impl From<&Kind> for IndicatorKind {
    fn from(kind: &Kind) -> Self {
        let inputs = match kind.inputs {
            Inputs::Chosen => None,
            Inputs::Fixed(fields) => Some(fields.iter().map(|field| field.as_str()).collect()),
        };
        let parameters = kind.parameters.iter().map(|parameter| IndicatorParameter {
            name: parameter.name,
            integer: parameter.integer,
            minimum: parameter.minimum,
            maximum: parameter.maximum,
            default: parameter.default,
        });
        Self {
            name: kind.name,
            title: kind.title,
            inputs,
            parameters: parameters.collect(),
            outputs: kind.outputs,
            source: kind.source,
        }
    }
}
