//! What a back-test file may ask for beside one run.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::metrics::{Better, Metric, Metrics, approximate};
use crate::money::Percent;
use crate::time::Span;

/// The most trials of a search.
pub const MAX_TRIALS: usize = 10_000;
/// The most values of one path of a search.
pub const MAX_VALUES: usize = 1_000;
/// The most paths of a search.
pub const MAX_PATHS: usize = 20;
/// The most runs of a Monte-Carlo simulation.
pub const MAX_RUNS: usize = 10_000;

/// Which of two values of the objective is wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// The higher one.
    Higher,
    /// The lower one.
    Lower,
}

/// A figure by its key, such as `sharpe`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Objective(&'static Metric);

impl TryFrom<String> for Objective {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        let short: String = key.chars().take(40).collect();
        let unknown = || format!("`{short}` is no figure; expected one such as sharpe, calmar or profitFactor");
        Metric::find(&key).map(Self).ok_or_else(unknown)
    }
}

impl From<Objective> for String {
    fn from(objective: Objective) -> Self {
        objective.0.key.to_owned()
    }
}

/// What is wanted: a figure, high or low.
#[derive(Copy, Clone, Debug)]
pub(super) struct Goal {
    metric: &'static Metric,
    lower: bool,
}

impl Goal {
    /// Left out, the direction is what is better for the figure.
    pub(super) fn new(Objective(metric): Objective, direction: Option<Direction>) -> Self {
        let lower = direction.map_or(metric.better == Better::Lower, |direction| direction == Direction::Lower);
        Self { metric, lower }
    }

    /// The objective of a walk-forward's sweep; left out, the return.
    pub(super) fn of_sweep(objective: Option<Objective>) -> Self {
        let by_return = || Metric::find("return").unwrap_or(&crate::metrics::CATALOGUE[0]);
        Self::new(objective.unwrap_or_else(|| Objective(by_return())), None)
    }

    /// Which figure.
    pub(super) fn key(&self) -> &'static str {
        self.metric.key
    }

    /// The higher, the better; `None` where the figure has no value.
    #[expect(clippy::float_arithmetic, reason = "to compare statistics")]
    pub(super) fn score(&self, metrics: &Metrics) -> Option<f64> {
        self.metric.of(metrics).map(|value| if self.lower { -value } else { value })
    }
}

/// How a search chooses what to try.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SearchKind {
    /// Each combination by chance.
    Random,
    /// After a random beginning, where the best trials so far were: tree-structured Parzen
    /// estimators (Bergstra et al. 2011).
    Tpe,
}

/// A search for good values where there are too many combinations to try all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Search {
    /// How to choose.
    pub kind: SearchKind,
    /// Values by their paths in the strategy, at most [`MAX_PATHS`].
    pub space: BTreeMap<String, Values>,
    /// How many combinations are tried, each at most once; at most [`MAX_TRIALS`].
    pub trials: usize,
    /// Equal seeds try the same.
    #[serde(default)]
    pub seed: u64,
    /// The figure that is wanted.
    pub objective: Objective,
    /// High or low; left out, as is better for the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

/// The values of a path: a list, or from one number to another. At most [`MAX_VALUES`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Value", into = "Value")]
#[schemars(with = "Written")]
pub struct Values {
    written: Value,
    all: Vec<Value>,
}

/// The values of a path as they are written: a list, or from one number to another. Numbers that
/// the strategy has as text are text here too.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SearchValues")]
#[expect(dead_code, reason = "the schema of `Values`")]
enum Written {
    List(Vec<Value>),
    Range(Range),
}

/// From one number to another.
#[derive(JsonSchema)]
#[schemars(rename = "SearchRange", deny_unknown_fields)]
#[expect(dead_code, reason = "the schema of `Values`")]
struct Range {
    from: Value,
    to: Value,
    step: Value,
}

impl Values {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Value] {
        &self.all
    }

    /// Whether neighbours are near each other.
    pub(super) fn is_ordered(&self) -> bool {
        self.all.iter().all(|value| decimal(value).is_some())
    }
}

impl From<Values> for Value {
    fn from(values: Values) -> Self {
        values.written
    }
}

impl TryFrom<Value> for Values {
    type Error = String;

    fn try_from(written: Value) -> Result<Self, String> {
        let all = match &written {
            Value::Array(all) => all.clone(),
            Value::Object(range) => {
                let known = |key: &String| ["from", "to", "step"].contains(&key.as_str());
                let parts = ["from", "to", "step"].map(|key| range.get(key));
                match parts {
                    [Some(from), Some(to), Some(step)] if range.keys().all(known) => between([from, to, step])?,
                    _ => return Err("expected a list of values, or `from`, `to` and `step`".to_owned()),
                }
            }
            _ => return Err("expected a list of values, or `from`, `to` and `step`".to_owned()),
        };
        match all.len() {
            0 => Err("has no values".to_owned()),
            many if many > MAX_VALUES => Err(format!("has {many} values; at most {MAX_VALUES} are allowed")),
            _ => Ok(Self { written, all }),
        }
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
        }
        Value::String(text) => Decimal::from_str(text).ok(),
        _ => None,
    }
}

fn between(written: [&Value; 3]) -> Result<Vec<Value>, String> {
    let text = written.iter().all(|value| value.is_string());
    if !text && !written.iter().all(|value| value.is_number()) {
        return Err("`from`, `to` and `step` are three numbers, or three numbers as text".to_owned());
    }
    let [Some(from), Some(to), Some(step)] = written.map(decimal) else {
        return Err("`from`, `to` and `step` are not all numbers".to_owned());
    };
    if step <= Decimal::ZERO || from > to {
        return Err("`from` must not be above `to`, and `step` must be above 0".to_owned());
    }
    let too_many = || format!("has more than {MAX_VALUES} values");
    let steps = to.checked_sub(from).and_then(|span| span.checked_div(step)).ok_or_else(too_many)?;
    let steps =
        u32::try_from(steps.floor()).ok().filter(|steps| (*steps as usize) < MAX_VALUES).ok_or_else(too_many)?;
    let value = |index: u32| {
        let value = (from + step * Decimal::from(index)).normalize();
        if text { Value::String(value.to_string()) } else { number(value) }
    };
    Ok((0..=steps).map(value).collect())
}

fn number(value: Decimal) -> Value {
    match i64::try_from(value) {
        Ok(whole) if value.is_integer() => whole.into(),
        _ => Number::from_f64(approximate(value)).map_or(Value::Null, Value::Number),
    }
}

/// Choosing values on a stretch of the past and trading them on the next, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalkForward {
    /// How long the stretch is on which values are chosen.
    pub train: Span,
    /// How long the chosen ones trade.
    pub test: Span,
    /// Whether each stretch begins where the first does, and so grows.
    #[serde(default)]
    pub anchored: bool,
    /// Values of which all combinations are tried.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sweep: BTreeMap<String, Vec<Value>>,
    /// The figure by which a sweep's best combination is chosen; left out, the return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// The other way to choose, with an objective of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
}

impl WalkForward {
    /// How many combinations each stretch tries.
    #[must_use]
    pub fn combinations(&self) -> usize {
        self.search.as_ref().map_or_else(|| self.sweep.values().map(Vec::len).product(), |search| search.trials)
    }
}

/// How the order of trades is changed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// The same trades in another order.
    #[default]
    Shuffle,
    /// As many trades, each drawn from all.
    Bootstrap,
    /// As many trades, in stretches of √n that follow each other, each drawn from all.
    Block,
}

/// What might have come of the same trades with other luck.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MonteCarlo {
    /// How often the trades are played again; at most [`MAX_RUNS`].
    #[serde(default = "thousand")]
    pub runs: usize,
    /// Equal seeds play the same.
    #[serde(default)]
    pub seed: u64,
    /// How the order is changed.
    #[serde(default)]
    pub method: Method,
    /// The loss, in percent of the cash at the start, that counts as ruin.
    #[serde(default = "half")]
    pub ruin: Percent,
}

const fn thousand() -> usize {
    1_000
}

fn half() -> Percent {
    Percent::new(Decimal::from(50)).unwrap_or(Percent::HUNDRED)
}

/// Whether the figures can be trusted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checks {
    /// Whether decisions and indicators change when later candles are cut off.
    #[serde(default)]
    pub look_ahead: bool,
    /// How much indicators depend on where the history begins.
    #[serde(default)]
    pub recursive: bool,
}
