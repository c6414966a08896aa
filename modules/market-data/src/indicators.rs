use crate::{Market, service};
use garde::Validate;
use kit::{Error, Fault, Result, TenantTx, Time, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::task;
use trading::{
    candle::{Candles, Field},
    indicator::{CATALOGUE, Drawing, Group, Indicator, Inputs, Kind, find},
};

/// A kind of indicator.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IndicatorKind {
    /// The word in a strategy, such as `sma`.
    name: &'static str,
    /// The name in English.
    title: &'static str,
    /// What it tells of.
    group: IndicatorGroup,
    /// The fields of a candle that it always reads; `null` where a strategy may choose one.
    inputs: Option<Vec<&'static str>>,
    parameters: Vec<IndicatorParameter>,
    /// The names of its outputs; the first is meant where none is named.
    outputs: &'static [&'static str],
    /// How each output is drawn, in their order.
    plots: Vec<IndicatorPlot>,
    /// Candles that pass before the first value, with the defaults.
    warm_up: usize,
    /// Whether a value depends on all candles before it, so that it drifts with where they begin.
    recursive: bool,
    /// Where there is no value even after the warm-up.
    nothing_where: Option<&'static str>,
    /// What is computed, in words and simple mathematics, as Markdown.
    formula: &'static str,
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

/// What an indicator tells of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum IndicatorGroup {
    Trend,
    Momentum,
    Volatility,
    Volume,
    Price,
    Pattern,
}

impl From<Group> for IndicatorGroup {
    fn from(group: Group) -> Self {
        match group {
            Group::Trend => Self::Trend,
            Group::Momentum => Self::Momentum,
            Group::Volatility => Self::Volatility,
            Group::Volume => Self::Volume,
            Group::Price => Self::Price,
            Group::Pattern => Self::Pattern,
        }
    }
}

/// How an output of an indicator is drawn.
#[derive(Serialize, JsonSchema)]
struct IndicatorPlot {
    output: &'static str,
    /// Whether it is a price, to be drawn over the candles, and not a figure with an axis of its own.
    overlay: bool,
    /// What it is never below, where that is known.
    minimum: Option<f64>,
    /// What it is never above, where that is known.
    maximum: Option<f64>,
}

impl IndicatorPlot {
    fn each(kind: &Kind) -> Vec<Self> {
        let plot = |(index, &output): (usize, &&'static str)| {
            let Drawing { overlay, minimum, maximum } = kind.drawing(index);
            Self { output, overlay, minimum, maximum }
        };
        kind.outputs.iter().enumerate().map(plot).collect()
    }
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
            group: kind.group.into(),
            inputs,
            parameters: parameters.collect(),
            outputs: kind.outputs,
            plots: IndicatorPlot::each(kind),
            warm_up: kind.warm_up(&kind.defaults()),
            recursive: kind.recursive,
            nothing_where: kind.nothing_where,
            formula: kind.formula,
            source: kind.source,
        }
    }
}

/// The most candles of one computation.
const MOST_CANDLES: u32 = 50_000;

/// An indicator to be computed on the candles of a market.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "IndicatorComputation")]
#[garde(allow_unvalidated)]
pub(crate) struct Computation {
    /// The candles.
    market: Market,
    /// The kind of the indicator, such as `sma`.
    #[garde(length(max = 64))]
    kind: String,
    /// Its parameters by name; what is not given takes its default.
    #[serde(default)]
    #[garde(length(max = 16))]
    parameters: BTreeMap<String, f64>,
    /// The field of a candle that it reads, where the kind leaves the choice: the close if not said.
    #[garde(length(max = 16))]
    input: Option<String>,
    /// Only candles that open at this time or later. The indicator warms up on the first of them.
    from: Option<Time>,
    /// Only candles that open before this time.
    to: Option<Time>,
}

/// What an indicator says of candles.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IndicatorValues")]
pub(crate) struct Values {
    /// When the candles opened.
    open_times: Vec<Time>,
    /// A value for each candle, by the names of the outputs; `null` while the indicator warms up.
    outputs: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// Computes an indicator on at most [`MOST_CANDLES`] candles.
pub(crate) async fn compute(tx: &mut TenantTx, computation: &Computation) -> Result<Values> {
    let indicator = computation.indicator()?;
    let series = service::series(tx, &computation.market).await?;
    let (from, to) = (computation.from.map(service::timestamp), computation.to.map(service::timestamp));
    let candles = service::load_at_most(tx, &series, from, to, MOST_CANDLES + 1).await?;
    if candles.len() > MOST_CANDLES as usize {
        let message = format!("There are more than {MOST_CANDLES} candles; ask for a shorter time.");
        return Err(Error::invalid("from", "TOO_MANY_CANDLES", message));
    }
    task::spawn_blocking(move || values(&indicator, &candles)).await.map_err(Error::internal)
}

impl Computation {
    /// What is asked for, once all of its parameters are known to be right.
    fn indicator(&self) -> Result<Indicator> {
        let kind = find(&self.kind).ok_or_else(|| {
            let known = nearest(&self.kind, CATALOGUE.iter().map(|kind| kind.name));
            let hint = known.map_or_else(String::new, |name| format!(" Did you mean `{name}`?"));
            Error::invalid("kind", "UNKNOWN_INDICATOR", format!("There is no such indicator.{hint}"))
        })?;
        let input = self.input.as_deref().map(str::parse::<Field>).transpose();
        let input = input.map_err(|unknown| Error::invalid("input", "UNKNOWN_FIELD", unknown.to_string()))?;
        let given: Vec<_> = self.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Indicator::new(kind, &given, input).map_err(|faults| {
            let faults = faults.iter().map(|fault| {
                let path = match fault.parameter() {
                    "input" => "input".to_owned(),
                    name => format!("parameters.{name}"),
                };
                Fault::new(path, "BAD_PARAMETER", fault.to_string())
            });
            Error::faults(faults.collect())
        })
    }
}

fn values(indicator: &Indicator, candles: &Candles) -> Values {
    let inputs: Vec<&[f64]> = indicator.inputs().iter().map(|field| candles.column(*field)).collect();
    let columns = indicator.compute(&inputs).into_iter().map(|column| {
        let values = column.into_iter().map(|value| value.is_finite().then_some(value));
        values.collect()
    });
    Values {
        open_times: candles.open_times().iter().map(|time| Time::from_millis(*time)).collect(),
        outputs: indicator.kind().outputs.iter().copied().zip(columns).collect(),
    }
}
