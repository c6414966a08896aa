//! The back-test file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filters::Filters;
use super::outside::{MAX_SIGNALS, OutsideSignal};
use super::study::{Checks, MAX_PATHS, MAX_RUNS, MAX_TRIALS, MonteCarlo, Objective, Search, WalkForward};
use crate::is_default;
use crate::money::{BasisPoints, Notional, Share};
use crate::simulator::{Fees, FillAt, Funding, LimitFill, MAX_LATENCY_MS, Rules};
use crate::strategy::{Body, Document, Fault, Market};
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
    /// By which filters orders are taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub filters: Filters,
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
            filters: Filters::default(),
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
    /// The figure by which the combinations of a sweep are ordered, the best first; left out, they
    /// stand in the order of their values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// A search instead of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Values chosen on a stretch of the past and traded on the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walk_forward: Option<WalkForward>,
    /// What might have come of the same trades with other luck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monte_carlo: Option<MonteCarlo>,
    /// Whether the figures can be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
}

/// Everything of a file but the strategy and the configuration.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Study {
    sweep: BTreeMap<String, Vec<Value>>,
    objective: Option<Objective>,
    search: Option<Search>,
    walk_forward: Option<WalkForward>,
    monte_carlo: Option<MonteCarlo>,
    checks: Option<Checks>,
}

const STUDIES: [&str; 6] = ["sweep", "objective", "search", "walkForward", "monteCarlo", "checks"];

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
        let studies = STUDIES.iter().filter_map(|key| rest.remove(*key).map(|value| ((*key).to_owned(), value)));
        let study = study(studies.collect());
        let config = config(rest);
        match (strategy, config, study) {
            (Ok(strategy), Ok(config), Ok(study)) => {
                intrabar(&config, strategy.market()).map_err(|fault| vec![fault])?;
                config.filters.check(strategy.market()).map_err(|fault| vec![fault])?;
                check_signals(&strategy, &config.signals).map_err(|fault| vec![fault])?;
                let Study { sweep, objective, search, walk_forward, monte_carlo, checks } = study;
                let file = Self { strategy, config, sweep, objective, search, walk_forward, monte_carlo, checks };
                file.check_spaces().map(|()| file)
            }
            (strategy, config, study) => {
                let mut faults = strategy.err().unwrap_or_default();
                faults.extend(config.err());
                faults.extend(study.err());
                Err(faults)
            }
        }
    }

    /// Whether the paths of searches, and of a walk-forward's sweep, are there and may vary. (Those
    /// of a sweep are checked with all their combinations by whoever runs it.)
    fn check_spaces(&self) -> Result<(), Vec<Fault>> {
        let space = |search: &Search, at: &'static str| {
            search
                .space
                .iter()
                .filter_map(|(path, values)| Some((at, path.clone(), values.all().first()?.clone())))
                .collect()
        };
        let mut paths: Vec<(&str, String, Value)> =
            self.search.as_ref().map_or_else(Vec::new, |search| space(search, "search.space"));
        if let Some(walk) = &self.walk_forward {
            paths
                .extend(walk.search.as_ref().map_or_else(Vec::new, |search| space(search, "walkForward.search.space")));
            let first = |(path, values): (&String, &Vec<Value>)| {
                Some(("walkForward.sweep", path.clone(), values.first()?.clone()))
            };
            paths.extend(walk.sweep.iter().filter_map(first));
        }
        let faults: Vec<Fault> =
            paths.iter().filter_map(|(at, path, value)| self.check_path(at, path, value)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn check_path(&self, at: &str, path: &str, value: &Value) -> Option<Fault> {
        let at = format!("{at}.{path}");
        if ["market", "name"].contains(&path.split(['.', '[']).next().unwrap_or_default()) {
            return Some(fault(at, "NOT_VARIABLE", "the strategy may vary, not its name or market"));
        }
        // a value may be right only beside others, but its path must be there
        let faults = self.strategy.apply(path, value).err()?;
        let unknown = faults.into_iter().find(|fault| fault.code == "UNKNOWN_PATH")?;
        Some(Fault { path: at, ..unknown })
    }

    /// How many combinations are tried; 1 without a sweep or a search.
    #[must_use]
    pub fn combinations(&self) -> usize {
        let walked = self.walk_forward.as_ref().map(WalkForward::combinations);
        let searched = self.search.as_ref().map(|search| search.trials);
        walked.or(searched).unwrap_or_else(|| self.sweep.values().map(Vec::len).product())
    }

    /// The values of combination `index` of the sweep, the last path varying fastest.
    #[must_use]
    pub fn combination(&self, index: usize) -> BTreeMap<String, Value> {
        combination(&self.sweep, index)
    }
}

/// The values of combination `index`, the last path varying fastest.
pub(super) fn combination(sweep: &BTreeMap<String, Vec<Value>>, index: usize) -> BTreeMap<String, Value> {
    let mut rest = index;
    let pick = |(path, values): (&String, &Vec<Value>)| {
        let value = values.get(rest % values.len().max(1)).cloned().unwrap_or_default();
        rest /= values.len().max(1);
        (path.clone(), value)
    };
    sweep.iter().rev().map(pick).collect()
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

fn intrabar(config: &BacktestConfig, market: &Market) -> Result<(), Fault> {
    let Some(finer) = config.intrabar else { return Ok(()) };
    if !finer.divides(market.timeframe) {
        let message = format!("{finer} candles do not make up the {} candles of the strategy", market.timeframe);
        return Err(fault("intrabar", "INVALID", message));
    }
    Ok(())
}

fn study(map: Map<String, Value>) -> Result<Study, Fault> {
    let study: Study = serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| {
        let path = error.path().to_string();
        let message = match path.starts_with("sweep") {
            true => "a sweep is an object of paths, each with a list of values".to_owned(),
            false => error.into_inner().to_string(),
        };
        fault(path, "INVALID", message)
    })?;
    check_sweep(&study.sweep, "sweep")?;
    if let Some(search) = &study.search {
        check_search(search, "search")?;
    }
    if let Some(walk) = &study.walk_forward {
        check_walk(walk)?;
    }
    if let Some(played) = study.monte_carlo.filter(|played| !(1..=MAX_RUNS).contains(&played.runs)) {
        return Err(out_of_range("monteCarlo.runs", MAX_RUNS, played.runs));
    }
    check_together(&study).map(|()| study)
}

fn out_of_range(path: &str, most: usize, found: usize) -> Fault {
    fault(path, "OUT_OF_RANGE", format!("expected a whole number between 1 and {most}, not {found}"))
}

/// What a file asks for at once must fit together.
fn check_together(study: &Study) -> Result<(), Fault> {
    let asked = [
        ("sweep", !study.sweep.is_empty()),
        ("search", study.search.is_some()),
        ("walkForward", study.walk_forward.is_some()),
    ];
    let asked: Vec<&str> = asked.into_iter().filter_map(|(key, asked)| asked.then_some(key)).collect();
    if let [first, second, ..] = asked[..] {
        let message = format!("`{second}` cannot stand beside `{first}`");
        return Err(fault(second, "CONFLICT", message));
    }
    if study.objective.is_some() && study.sweep.is_empty() {
        return Err(fault("objective", "CONFLICT", "orders the combinations of a `sweep`, and there is none"));
    }
    let single = study.sweep.is_empty() && study.search.is_none();
    match (study.monte_carlo.is_some(), study.checks.is_some()) {
        (true, _) if !single => Err(fault("monteCarlo", "CONFLICT", "plays the trades of one run, not of many")),
        (_, true) if !single => Err(fault("checks", "CONFLICT", "look at one strategy, not at many")),
        _ => Ok(()),
    }
}

fn check_walk(walk: &WalkForward) -> Result<(), Fault> {
    check_sweep(&walk.sweep, "walkForward.sweep")?;
    match (&walk.search, walk.sweep.is_empty()) {
        (Some(search), true) => check_search(search, "walkForward.search")?,
        (None, false) => {}
        _ => return Err(fault("walkForward", "INVALID", "expected either a `sweep` or a `search`")),
    }
    if walk.search.is_some() && walk.objective.is_some() {
        return Err(fault("walkForward.objective", "CONFLICT", "the search has an objective of its own"));
    }
    Ok(())
}

fn check_search(search: &Search, at: &str) -> Result<(), Fault> {
    if !(1..=MAX_PATHS).contains(&search.space.len()) {
        let message = format!("expected 1 to {MAX_PATHS} paths, not {}", search.space.len());
        return Err(fault(format!("{at}.space"), "WRONG_LENGTH", message));
    }
    if !(1..=MAX_TRIALS).contains(&search.trials) {
        return Err(out_of_range(&format!("{at}.trials"), MAX_TRIALS, search.trials));
    }
    Ok(())
}

fn check_sweep(sweep: &BTreeMap<String, Vec<Value>>, at: &str) -> Result<(), Fault> {
    if let Some((path, _)) = sweep.iter().find(|(_, values)| values.is_empty()) {
        return Err(fault(format!("{at}.{path}"), "INVALID", "has no values"));
    }
    let combinations = sweep.values().fold(1_usize, |product, values| product.saturating_mul(values.len()));
    if combinations > MAX_COMBINATIONS {
        let message = format!("has {combinations} combinations; at most {MAX_COMBINATIONS} are allowed");
        return Err(fault(at, "TOO_LARGE", message));
    }
    Ok(())
}
