//! The back-test file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::outside::{MAX_SIGNALS, OutsideSignal};
use crate::is_default;
use crate::money::{BasisPoints, Notional, Share};
use crate::simulator::{Fees, FillAt, Funding, LimitFill, MAX_LATENCY_MS, Rules};
use crate::strategy::{Body, Document, Fault};
use crate::time::{Timeframe, Timestamp};

/// The largest back-test file, in bytes of its text.
pub const MAX_FILE_BYTES: usize = 262_144;
/// The most combinations of a sweep.
pub const MAX_COMBINATIONS: usize = 10_000;

/// How a strategy is tried: everything of a back-test file but the strategy and the sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BacktestConfig {
    /// Quote currency at the start; above 0.
    pub initial_cash: Notional,
    /// The first candle that trades; those before it only warm up the indicators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The candle before which the back-test ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// What the venue charges.
    #[serde(default)]
    pub fees: Fees,
    /// When market orders fill.
    #[serde(default)]
    pub fill: FillAt,
    /// How much worse than the candle's price markets and stops fill.
    #[serde(default)]
    pub slippage_bps: BasisPoints,
    /// The part of a candle's volume that our fills can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_share: Option<Share>,
    /// The part of the candle's range, high less low, by which markets and stops fill worse on top
    /// of `slippageBps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slippage_of_range: Option<Share>,
    /// How far the market must go for a limit to fill.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limit_fill: LimitFill,
    /// Milliseconds from a decision until the venue knows of it; at most 600,000, and only where
    /// `fill` is `nextOpen`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(range(max = MAX_LATENCY_MS))]
    pub latency_ms: u32,
    /// What holding a position costs; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding: Option<Funding>,
    /// Finer candles of the same market, which tell what came first inside a candle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intrabar: Option<Timeframe>,
    /// What came from outside, by time; for a strategy of the kind `signal`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_SIGNALS))]
    pub signals: Vec<OutsideSignal>,
}

impl BacktestConfig {
    /// Cash, and everything else as a file that leaves it out has it.
    #[must_use]
    pub fn with_cash(initial_cash: Notional) -> Self {
        Self {
            initial_cash,
            from: None,
            to: None,
            fees: Fees::default(),
            fill: FillAt::default(),
            slippage_bps: BasisPoints::default(),
            volume_share: None,
            slippage_of_range: None,
            limit_fill: LimitFill::default(),
            latency_ms: 0,
            funding: None,
            intrabar: None,
            signals: Vec::new(),
        }
    }

    /// The manners of the simulated venue.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            fees: self.fees,
            fill: self.fill,
            slippage_bps: self.slippage_bps,
            slippage_of_range: self.slippage_of_range,
            volume_share: self.volume_share,
            limit_fill: self.limit_fill,
            latency_ms: self.latency_ms,
            funding: self.funding,
        }
    }
}

/// A back-test file: a strategy, how it is tried, and what is varied.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct BacktestFile {
    /// What is tried.
    pub strategy: Document,
    /// How.
    #[serde(flatten)]
    pub config: BacktestConfig,
    /// Values to try, by their paths in the strategy such as `indicators.fast.period`; every
    /// combination is run, at most [`MAX_COMBINATIONS`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub sweep: BTreeMap<String, Vec<Value>>,
}

fn fault(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Fault {
    Fault { path: path.into(), code, message: message.into() }
}

impl BacktestFile {
    /// Reads a text.
    ///
    /// # Errors
    /// `TOO_LARGE`, `BAD_JSON`, or what [`BacktestFile::parse`] finds.
    pub fn read(text: &str) -> Result<Self, Vec<Fault>> {
        if text.len() > MAX_FILE_BYTES {
            let message = format!("the file has {} bytes; at most {MAX_FILE_BYTES} are allowed", text.len());
            return Err(vec![fault("", "TOO_LARGE", message)]);
        }
        let value = serde_json::from_str(text);
        Self::parse(&value.map_err(|error| vec![fault("", "BAD_JSON", format!("this is not JSON: {error}"))])?)
    }

    /// Checks a value, the strategy with all its faults.
    ///
    /// # Errors
    /// Every fault of the strategy, and the first of the rest.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let Value::Object(map) = value else {
            return Err(vec![fault("", "INVALID", "a back-test file is an object")]);
        };
        let mut rest = map.clone();
        let strategy = strategy(rest.remove("strategy"));
        let sweep = sweep(rest.remove("sweep"));
        let config = config(rest);
        match (strategy, config, sweep) {
            (Ok(strategy), Ok(config), Ok(sweep)) => {
                intrabar(&config, strategy.market().timeframe).map_err(|fault| vec![fault])?;
                check_signals(&strategy, &config.signals).map_err(|fault| vec![fault])?;
                Ok(Self { strategy, config, sweep })
            }
            (strategy, config, sweep) => {
                let mut faults = strategy.err().unwrap_or_default();
                faults.extend(config.err());
                faults.extend(sweep.err());
                Err(faults)
            }
        }
    }

    /// How many combinations the sweep has; 1 without one.
    #[must_use]
    pub fn combinations(&self) -> usize {
        self.sweep.values().map(Vec::len).product()
    }

    /// The values of combination `index`, the last path varying fastest.
    #[must_use]
    pub fn combination(&self, index: usize) -> BTreeMap<String, Value> {
        let mut rest = index;
        let pick = |(path, values): (&String, &Vec<Value>)| {
            let value = values.get(rest % values.len().max(1)).cloned().unwrap_or_default();
            rest /= values.len().max(1);
            (path.clone(), value)
        };
        self.sweep.iter().rev().map(pick).collect()
    }
}

fn strategy(value: Option<Value>) -> Result<Document, Vec<Fault>> {
    let value = value.ok_or_else(|| vec![fault("strategy", "MISSING", "`strategy` is missing")])?;
    Document::parse(&value).map_err(|faults| faults.into_iter().map(inside_strategy).collect())
}

fn inside_strategy(fault: Fault) -> Fault {
    let dot = if fault.path.is_empty() { "" } else { "." };
    Fault { path: format!("strategy{dot}{}", fault.path), ..fault }
}

fn config(rest: Map<String, Value>) -> Result<BacktestConfig, Fault> {
    let config: BacktestConfig = serde_path_to_error::deserialize(Value::Object(rest)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        fault(path, "INVALID", error.into_inner().to_string())
    })?;
    if !config.initial_cash.is_positive() {
        return Err(fault("initialCash", "INVALID", "must be above 0"));
    }
    if config.from.zip(config.to).is_some_and(|(from, to)| from >= to) {
        return Err(fault("to", "INVALID", "must be after `from`"));
    }
    config.rules().check().map_err(|(path, message)| fault(path, "INVALID", message))?;
    Ok(config)
}

/// Signals are for a strategy that listens to them, come by time, and name its symbols.
fn check_signals(strategy: &Document, signals: &[OutsideSignal]) -> Result<(), Fault> {
    if !signals.is_empty() && !matches!(strategy.body(), Body::Signal(_)) {
        return Err(fault("signals", "NOT_SUPPORTED", "only a strategy of the kind `signal` listens to signals"));
    }
    if signals.len() > MAX_SIGNALS {
        return Err(fault("signals", "TOO_MANY", format!("has more than {MAX_SIGNALS} signals")));
    }
    if let Some(index) = signals.windows(2).position(|pair| pair[1].at < pair[0].at) {
        return Err(fault(format!("signals[{}].at", index + 1), "WRONG_ORDER", "must not be before the signal before"));
    }
    let unknown = |signal: &OutsideSignal| {
        signal.symbol.as_ref().is_some_and(|symbol| !strategy.market().symbols().contains(symbol))
    };
    match signals.iter().position(unknown) {
        Some(index) => {
            Err(fault(format!("signals[{index}].symbol"), "UNKNOWN_SYMBOL", "the strategy does not trade it"))
        }
        None => Ok(()),
    }
}

fn intrabar(config: &BacktestConfig, timeframe: Timeframe) -> Result<(), Fault> {
    match config.intrabar {
        Some(finer) if !finer.divides(timeframe) => {
            let message = format!("{finer} candles do not make up the {timeframe} candles of the strategy");
            Err(fault("intrabar", "INVALID", message))
        }
        _ => Ok(()),
    }
}

fn sweep(value: Option<Value>) -> Result<BTreeMap<String, Vec<Value>>, Fault> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    let sweep: BTreeMap<String, Vec<Value>> = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = format!("sweep.{}", error.path());
        fault(path, "INVALID", "a sweep is an object of paths, each with a list of values")
    })?;
    if let Some((path, _)) = sweep.iter().find(|(_, values)| values.is_empty()) {
        return Err(fault(format!("sweep.{path}"), "INVALID", "has no values"));
    }
    let combinations = sweep.values().try_fold(1_usize, |product, values| product.checked_mul(values.len()));
    match combinations {
        Some(combinations) if combinations <= MAX_COMBINATIONS => Ok(sweep),
        _ => Err(fault("sweep", "TOO_LARGE", format!("has more than {MAX_COMBINATIONS} combinations"))),
    }
}
