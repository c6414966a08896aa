//! Searches, walk-forwards, Monte-Carlo simulations and checks, as a back-test file asks for them.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use crate::common::{candles, file, history, sma_cross};
use rayon::ThreadPoolBuilder;
use serde_json::{Value, json};
use trading::backtest::{
    Answer, BacktestError, BacktestFile, LookAhead, Report, Setup, Sweep, WalkForwardReport, compare, look_ahead,
};
use trading::candle::{Candle, Candles};
use trading::engine::{Signal, Strategy};
use trading::money::Price;
use trading::position::Position;
use trading::time::Timeframe;

const HOURS: &str = "binance_BTCUSDT_1h_20170817_20211231.csv.gz";

fn strategy() -> Value {
    sma_cross("BTC/USDT", "1h", 10, 50, &json!({"kind": "allIn"}))
}

/// Hours of some months.
fn part() -> Candles {
    let all = candles(HOURS);
    Candles::collect(Timeframe::H1, all.iter().skip(20_000).take(5_000)).unwrap()
}

fn asking(key: &str, what: Value) -> BacktestFile {
    file(strategy(), json!({"initialCash": "10000", key: what}))
}

fn on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn report(file: &BacktestFile, candles: &Candles) -> Report {
    match file.execute(&history(file, candles), on).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => unreachable!("there is no sweep"),
    }
}

fn swept(file: &BacktestFile, candles: &Candles) -> Sweep {
    match file.execute(&history(file, candles), on).unwrap() {
        Answer::Sweep(sweep) => sweep,
        Answer::Report(_) => unreachable!("there is a sweep"),
    }
}

fn space() -> Value {
    json!({
        "indicators.fast.period": {"from": 2, "to": 40, "step": 1},
        "indicators.slow.period": {"from": 20, "to": 200, "step": 5}
    })
}

fn searching(kind: &str, trials: usize, seed: u64) -> Value {
    json!({"kind": kind, "space": space(), "trials": trials, "seed": seed, "objective": "sharpe"})
}

fn walking(anchored: bool) -> Value {
    json!({
        "train": "60d", "test": "20d", "anchored": anchored, "objective": "sharpe",
        "sweep": {"indicators.fast.period": [5, 10, 20], "indicators.slow.period": [30, 60, 120]}
    })
}

/// One file of each kind.
fn studies() -> Vec<BacktestFile> {
    let grid = json!({"indicators.fast.period": [5, 8, 10, 20], "indicators.slow.period": [30, 40, 60]});
    let walk = json!({"train": "60d", "test": "30d", "search": searching("tpe", 40, 3)});
    vec![
        asking("sweep", grid.clone()),
        file(strategy(), json!({"initialCash": "10000", "sweep": grid, "objective": "calmar"})),
        asking("search", searching("random", 60, 1)),
        asking("search", searching("tpe", 60, 1)),
        asking("walkForward", walking(true)),
        asking("walkForward", walk),
        asking("monteCarlo", json!({"runs": 200, "seed": 9, "method": "block"})),
        asking("checks", json!({"lookAhead": true, "recursive": true})),
    ]
}

fn bytes_with(threads: usize) -> Vec<String> {
    let candles = part();
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let answer =
        |file: &BacktestFile| serde_json::to_string(&file.execute(&history(file, &candles), on).unwrap()).unwrap();
    pool.install(|| studies().iter().map(answer).collect())
}

#[test]
fn a_file_gives_the_same_bytes_on_any_number_of_threads() {
    let one = bytes_with(1);
    assert_eq!(one, bytes_with(2));
    assert_eq!(one, bytes_with(8));
}

/// Run by the test below in a process of its own, it prints the answers.
#[test]
fn answers_of_one_process() {
    if std::env::var_os("PRINT_ANSWERS").is_some() {
        std::fs::write(std::env::var_os("PRINT_ANSWERS").unwrap(), bytes_with(2).join("\n")).unwrap();
    }
}

#[test]
fn a_file_gives_the_same_bytes_in_another_process() {
    let path = std::env::temp_dir().join(format!("answers-{}", std::process::id()));
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "studies::answers_of_one_process"])
        .env("PRINT_ANSWERS", &path)
        .output()
        .unwrap();
    let theirs = std::fs::read_to_string(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(child.status.success());
    assert_eq!(theirs.unwrap(), bytes_with(2).join("\n"));
}

#[test]
fn a_search_tries_each_combination_once_and_gives_the_best_first() {
    let candles = part();
    for kind in ["random", "tpe"] {
        let found = swept(&asking("search", searching(kind, 70, 5)), &candles).combinations;
        assert_eq!(found.len(), 70);
        assert!(found.is_sorted_by(|one, next| one.metrics.sharpe >= next.metrics.sharpe), "{kind}");
        let mut tried: Vec<String> = found.iter().map(|it| format!("{:?}", it.parameters)).collect();
        tried.sort_unstable();
        tried.dedup();
        assert_eq!(tried.len(), 70, "{kind}");
        let best = &found[0];
        let period = |path: &str| u32::try_from(best.parameters[path].as_u64().unwrap()).unwrap();
        let (fast, slow) = (period("indicators.fast.period"), period("indicators.slow.period"));
        let alone = sma_cross("BTC/USDT", "1h", fast, slow, &json!({"kind": "allIn"}));
        assert_eq!(report(&file(alone, json!({"initialCash": "10000"})), &candles).metrics, best.metrics);
    }
    let other = |seed| swept(&asking("search", searching("random", 20, seed)), &candles).combinations;
    assert_ne!(other(1), other(2));
}

#[test]
fn a_search_of_a_small_space_tries_all_of_it_and_passes_over_what_is_no_strategy() {
    let space = json!({"indicators.fast.period": [5, 0, 10], "sizing.kind": ["allIn"]});
    let search = json!({"kind": "tpe", "space": space, "trials": 500, "objective": "maxDrawdown"});
    let found = swept(&asking("search", search), &part());
    assert_eq!(found.combinations.len(), 2);
    assert!(found.combinations[0].metrics.max_drawdown <= found.combinations[1].metrics.max_drawdown);
    assert!(found.warnings[0].starts_with("1 trials are no strategies"), "{:?}", found.warnings);
    let none = json!({"kind": "random", "space": {"indicators.fast.period": [0]}, "trials": 1, "objective": "return"});
    let none = asking("search", none);
    assert!(matches!(none.execute(&history(&none, &part()), on), Err(BacktestError::Faults(_))));
}

#[test]
fn the_best_of_a_sweep_comes_first_where_an_objective_is_given() {
    let sweep = json!({"indicators.fast.period": [5, 8, 10, 20], "indicators.slow.period": [30, 40, 60]});
    let ranked = file(strategy(), json!({"initialCash": "10000", "sweep": sweep, "objective": "ulcerIndex"}));
    let found = swept(&ranked, &part()).combinations;
    assert_eq!(found.len(), 12);
    assert!(found.is_sorted_by(|one, next| one.metrics.ulcer_index <= next.metrics.ulcer_index));
}

fn windows(report: &Report) -> &WalkForwardReport {
    report.sections.walk_forward.as_ref().unwrap()
}

#[test]
fn a_walk_forward_trades_what_it_chose_and_chains_the_tests() {
    let candles = part();
    let report = report(&asking("walkForward", walking(false)), &candles);
    let windows = &windows(&report).windows;
    assert_eq!(windows.len(), 8);
    for pair in windows.windows(2) {
        assert_eq!(pair[0].test_to, pair[1].test_from);
    }
    let mut cash = "10000".to_owned();
    let mut trades = Vec::new();
    for window in windows {
        let period = |path: &str| u32::try_from(window.parameters[path].as_u64().unwrap()).unwrap();
        let (fast, slow) = (period("indicators.fast.period"), period("indicators.slow.period"));
        let chosen = sma_cross("BTC/USDT", "1h", fast, slow, &json!({"kind": "allIn"}));
        let alone = json!({"initialCash": cash, "from": window.test_from, "to": window.test_to});
        let alone = self::report(&file(chosen, alone), &candles);
        assert_eq!(alone.metrics, window.out_of_sample);
        cash = alone.metrics.final_equity.to_string();
        trades.extend(alone.trades);
    }
    assert_eq!((report.metrics.final_equity.to_string(), &report.trades), (cash, &trades));
    let fees = windows.iter().fold(trading::money::Notional::ZERO, |sum, it| sum + it.out_of_sample.total_fees);
    assert_eq!(report.metrics.total_fees, fees);
    assert!(report.equity.is_sorted_by(|one, next| one.0 < next.0));
    let deepest = windows.iter().map(|it| it.out_of_sample.max_drawdown).fold(0.0, f64::max);
    assert!(report.metrics.max_drawdown >= deepest);
}

#[test]
fn what_comes_after_a_training_never_changes_its_choice() {
    let before = part();
    let study = asking("walkForward", walking(true));
    let whole = report(&study, &before);
    let whole = &windows(&whole).windows;
    for (index, window) in whole.iter().enumerate() {
        // from the end of this training on, prices run the other way
        let pivot = before.rows(None, Some(window.test_from)).end;
        let turned = |row: usize| {
            let candle = before.get(row);
            if row < pivot { candle } else { mirrored(candle) }
        };
        let changed = Candles::collect(Timeframe::H1, (0..before.len()).map(turned)).unwrap();
        let changed = report(&study, &changed);
        for (one, other) in whole.iter().zip(&windows(&changed).windows).take(index + 1) {
            assert_eq!((&one.parameters, &one.in_sample), (&other.parameters, &other.in_sample));
        }
        assert_ne!(whole[index].out_of_sample, windows(&changed).windows[index].out_of_sample);
    }
}

/// A price p as 100,000,000 / p, so that what rose falls.
fn mirrored(candle: Candle) -> Candle {
    let turned =
        |price: Price| Price::new((rust_decimal::Decimal::from(100_000_000) / price.decimal()).round_dp(4)).unwrap();
    let Candle { open, high, low, close, .. } = candle;
    Candle { open: turned(open), high: turned(low), low: turned(high), close: turned(close), ..candle }
}

#[test]
fn a_walk_forward_that_finds_no_room_or_asks_for_too_much_is_refused() {
    let candles = part();
    let walk = |train: &str, test: &str| {
        let sweep = json!({"indicators.fast.period": [5, 10, 20, 30, 40, 45]});
        let asked = asking("walkForward", json!({"train": train, "test": test, "sweep": sweep}));
        asked.execute(&history(&asked, &candles), on)
    };
    assert_eq!(walk("300d", "1d").unwrap_err(), BacktestError::NoWindow);
    assert_eq!(walk("1h", "1h").unwrap_err(), BacktestError::TooManyRuns { windows: 4_994, runs: 29_964 });
    let asked = asking("walkForward", walking(true));
    let ended = asked.execute(&history(&asked, &candles), |_, _| ControlFlow::Break(()));
    assert_eq!(ended.unwrap_err(), BacktestError::Cancelled);
}

#[test]
fn other_orders_of_the_same_trades_end_alike_and_other_trades_do_not() {
    let candles = part();
    let played = |method: &str| {
        let asked = json!({"runs": 500, "seed": 7, "method": method});
        let report = report(&asking("monteCarlo", asked), &candles);
        (report.sections.monte_carlo.clone().unwrap(), report)
    };
    let (shuffled, report) = played("shuffle");
    let last: f64 = report.trades.iter().fold(10_000.0, |sum, trade| sum + number(trade.pnl));
    for equity in [shuffled.final_equity.p1, shuffled.final_equity.p50, shuffled.final_equity.p99] {
        assert!((number(equity) - last).abs() < 1e-6, "{equity} is not {last}");
    }
    assert!(shuffled.max_drawdown.p1 < shuffled.max_drawdown.p99);
    assert_eq!((shuffled.runs, shuffled.trades, shuffled.fan.len()), (500, report.trades.len(), 50));
    assert_eq!(shuffled.fan[49].equity, shuffled.final_equity);
    for method in ["bootstrap", "block"] {
        let (drawn, _) = played(method);
        assert!(drawn.final_equity.p1 < drawn.final_equity.p50 && drawn.final_equity.p50 < drawn.final_equity.p99);
        assert!(number(drawn.final_equity.p5) < last && last < number(drawn.final_equity.p95), "{method}");
    }
    let ruin = |percent: &str| {
        let asked = json!({"runs": 300, "method": "bootstrap", "ruin": percent});
        self::report(&asking("monteCarlo", asked), &candles).sections.monte_carlo.unwrap().ruin
    };
    assert!(ruin("1") > 0.5 && ruin("1") >= ruin("20") && ruin("20") >= ruin("99"));
    assert!(ruin("99") < f64::EPSILON);
}

fn number(amount: trading::money::Notional) -> f64 {
    trading::metrics::approximate(amount.decimal())
}

#[test]
fn a_run_without_trades_or_with_too_little_history_says_so_and_has_no_nan() {
    let candles = part();
    let never = sma_cross("BTC/USDT", "1h", 10, 50, &json!({"kind": "fixedQuantity", "quantity": "1000000"}));
    let played = report(&file(never, json!({"initialCash": "1", "monteCarlo": {}})), &candles);
    assert!(played.sections.monte_carlo.is_none());
    assert!(played.warnings.iter().any(|warning| warning.starts_with("nothing was bought")), "{:?}", played.warnings);
    let few = Candles::collect(Timeframe::H1, candles.iter().take(40)).unwrap();
    let short = report(&file(strategy(), json!({"initialCash": "10000"})), &few);
    let expected = "the indicators need 50 candles before they have a value, and there are only 40";
    assert!(short.warnings.iter().any(|warning| warning == expected), "{:?}", short.warnings);
    for report in [played, short] {
        let text = serde_json::to_string(&report).unwrap();
        assert!(!text.contains("NaN") && report.metrics.sharpe.is_none());
    }
}

/// Buys before the price rises and sells before it falls: it looks at the next candle.
struct Cheat {
    candles: Candles,
    row: usize,
}

impl Strategy for Cheat {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        self.row += 1;
        let next = (self.row < self.candles.len()).then(|| self.candles.get(self.row).close)?;
        match (position.is_open(), next > candle.close) {
            (false, true) => Some(Signal::Enter),
            (true, false) => Some(Signal::Exit),
            _ => None,
        }
    }
}

#[test]
fn a_strategy_that_looks_at_the_next_candle_is_caught() {
    let candles = part();
    let setup = {
        let honest = file(strategy(), json!({"initialCash": "10000"}));
        Setup::of(&honest.strategy, honest.config)
    };
    let cheat = |candles: &Candles| Cheat { candles: candles.clone(), row: 0 };
    let found = look_ahead(&candles, &setup, cheat, || ControlFlow::Continue(())).unwrap();
    assert_eq!((found.cuts, found.differences.len()), (20, 20));
    for difference in &found.differences {
        // the decision after which the history ends is the one that is missing
        assert_eq!(difference.cut, difference.at);
    }
    assert_eq!(found.differences[0].what, "entry");
}

/// Remembers every close that it has ever seen, in whichever run.
struct Hoarder {
    closes: Arc<Mutex<BTreeMap<i64, Price>>>,
}

impl Strategy for Hoarder {
    fn on_candle(&mut self, candle: &Candle, position: &Position) -> Option<Signal> {
        let mut closes = self.closes.lock().unwrap();
        closes.insert(candle.open_time.millis(), candle.close);
        let rises = match closes.get(&(candle.open_time.millis() + 3_600_000)) {
            Some(next) => *next > candle.close,
            None => candle.close > candle.open,
        };
        match (position.is_open(), rises) {
            (false, true) => Some(Signal::Enter),
            (true, false) => Some(Signal::Exit),
            _ => None,
        }
    }
}

#[test]
fn a_strategy_that_remembers_other_runs_is_caught() {
    let candles = part();
    let honest = file(strategy(), json!({"initialCash": "10000"}));
    let setup = Setup::of(&honest.strategy, honest.config);
    let closes = Arc::default();
    let hoarder = |_: &Candles| Hoarder { closes: Arc::clone(&closes) };
    let found = look_ahead(&candles, &setup, hoarder, || ControlFlow::Continue(())).unwrap();
    assert!(found.cuts == 20 && found.differences.len() > 10, "{found:?}");
}

fn checked(strategy: Value, rest: Value, candles: &Candles) -> LookAhead {
    let mut rest = rest;
    rest["initialCash"] = json!("10000");
    rest["checks"] = json!({"lookAhead": true});
    report(&file(strategy, rest), candles).sections.checks.unwrap().look_ahead.unwrap()
}

fn scripted(source: &str) -> Value {
    let mut strategy = strategy();
    let keys = strategy.as_object_mut().unwrap();
    keys.retain(|key, _| !["entry", "exit"].contains(&key.as_str()));
    keys.insert("script".to_owned(), json!({"source": source}));
    keys.insert("protect".to_owned(), json!({"stopLoss": {"percent": "3"}, "trailingStop": {"percent": "2"}}));
    strategy["indicators"]["trend"] = json!({"kind": "ema", "period": 20, "timeframe": "4h"});
    strategy
}

/// Uses what a script could misuse: a state that grows, numbers far back, by a name and by one that
/// is reckoned, another time frame.
const CURIOUS: &str = r#"
state.n = (state.n ?? 0) + 1;
if "seen" in state { } else { state.seen = []; }
state.seen.push(close);
if len(state.seen) > 400 { state.seen.shift(); }
let far = prev("close", state.n % 1000);
let last = state.seen[len(state.seen) - 1];
let sum = 0.0;
for x in state.seen { sum += x; }
let mean = sum / float(len(state.seen));
if position.open { if close < mean || position.bars > 40 { exit(); } }
else if (is_nan(far) || close > far) && last > mean && close > trend { enter(); }
"#;

#[test]
fn scripts_and_every_other_kind_are_checked_too() {
    let candles = part();
    let ended = |found: &LookAhead| (found.cuts, found.differences.clone());
    let crossing = "if crosses_above(\"fast\", \"slow\") { enter(); } if crosses_below(\"fast\", \"slow\") { exit(); }";
    for source in [crossing, CURIOUS] {
        let found = checked(scripted(source), json!({"from": "2020-02-01"}), &candles);
        assert!(found.decisions > 20, "{}", found.decisions);
        assert_eq!(ended(&found), (20, vec![]));
    }
    let market = strategy()["market"].clone();
    let of = |body: Value| {
        let mut strategy = body;
        (strategy["name"], strategy["market"]) = (json!("Kind"), market.clone());
        strategy
    };
    let weights = json!({"rebalance": {"weights": {"BTC/USDT": "50"}, "threshold": "1", "every": "1d"}});
    for body in [
        json!({"grid": {"lower": "6000", "upper": "12000", "levels": 20, "quote": "400", "stopLoss": "5000"}}),
        json!({"dca": {"dipPercent": "2", "quote": "300", "maxOrders": 5, "takeProfit": {"percent": "2"}}}),
        weights,
    ] {
        let found = checked(of(body.clone()), json!({}), &candles);
        assert!(found.decisions > 20, "{body}: {}", found.decisions);
        assert_eq!(ended(&found), (20, vec![]), "{body}");
    }
    let outside = of(json!({"signal": {}, "sizing": {"kind": "allIn"}, "protect": {"stopLoss": {"percent": "2"}}}));
    let signals: Vec<Value> = (1..40_usize)
        .map(|day| json!({"at": candles.open_time(day * 100).millis() - 1, "do": if day % 2 == 1 { "enter" } else { "exit" }}))
        .collect();
    let found = checked(outside, json!({"signals": signals}), &candles);
    assert!(found.decisions >= 39, "{}", found.decisions);
    assert_eq!(ended(&found), (20, vec![]));
    let never = checked(scripted("if close < 0.0 { enter(); }"), json!({}), &candles);
    assert_eq!((never.cuts, never.decisions), (0, 0), "nothing was there to be checked");
}

#[test]
fn a_script_keeps_nothing_from_one_run_to_another() {
    let source = "state.runs = (state.runs ?? 0) + 1; if state.runs == 7 { enter(); } if state.runs > 30 { exit(); }";
    let candles = part();
    let asked = file(scripted(source), json!({"initialCash": "10000"}));
    let first = report(&asked, &candles);
    assert_eq!(first.metrics.closed_trades, 1);
    assert_eq!(report(&asked, &candles), first);
    let sweep = json!({"protect.stopLoss.percent": ["90", "91", "92"]});
    let many = file(scripted(source), json!({"initialCash": "10000", "sweep": sweep}));
    let trades: Vec<u64> = swept(&many, &candles).combinations.iter().map(|it| it.metrics.closed_trades).collect();
    assert_eq!(trades, [1, 1, 1]);
}

#[test]
fn no_script_reads_a_later_candle() {
    let candles = part();
    for (source, why) in [
        ("prev(\"close\", -1)", "0 to 1000"),
        ("prev(\"close\", int(0.0 - 1.0))", "0 to 1000"),
        ("prev(\"close\", -0.5 - 1.0)", "0 to 1000"),
        ("prev(\"close\", 9223372036854775807)", "0 to 1000"),
        ("state.seen = [close]; state.seen[1]", "out of bounds"),
    ] {
        let told = match BacktestFile::parse(&json!({"strategy": scripted(source), "initialCash": "1"})) {
            Err(faults) => faults[0].message.clone(),
            Ok(file) => file.execute(&history(&file, &candles), on).unwrap_err().to_string(),
        };
        assert!(told.to_lowercase().contains(why), "{source}: {told}");
    }
}

#[test]
fn candles_before_the_period_are_no_decisions_to_cut_at() {
    let mut eager = strategy();
    (eager["entry"], eager["exit"]) = (json!({"gt": ["close", 1]}), json!({"lt": ["close", 1]}));
    let found = checked(eager, json!({"from": "2020-03-01"}), &part());
    assert_eq!((found.decisions, found.cuts, found.differences), (1, 1, vec![]));
}

#[test]
fn a_training_in_which_nothing_has_the_objective_is_named() {
    let candles = part();
    let mut quiet = strategy();
    quiet["entry"] = json!({"gt": ["close", "slow"]});
    quiet["exit"] = json!({"lt": ["close", 1]});
    let walk = |objective: &str| {
        let sweep = json!({"indicators.slow.period": [30, 60]});
        let walk = json!({"train": "60d", "test": "40d", "objective": objective, "sweep": sweep});
        report(&file(quiet.clone(), json!({"initialCash": "10000", "walkForward": walk})), &candles)
    };
    let named = walk("profitFactor");
    let first = &windows(&named).windows[0];
    let expected = format!(
        "no combination had a value of profitFactor in the training from {} to {}, so that the first was taken",
        first.train_from, first.test_from
    );
    assert!(named.warnings.contains(&expected), "{:?}", named.warnings);
    assert_eq!(first.parameters["indicators.slow.period"], 30);
    assert!(!walk("return").warnings.iter().any(|warning| warning.starts_with("no combination")));
}

#[test]
fn an_honest_strategy_passes_and_its_indicators_tell_how_much_history_they_need() {
    let mut strategy = strategy();
    strategy["indicators"]["trend"] = json!({"kind": "ema", "period": 200, "timeframe": "4h"});
    strategy["indicators"]["bands"] = json!({"kind": "bbands", "period": 20});
    let asked = file(strategy, json!({"initialCash": "10000", "checks": {"lookAhead": true, "recursive": true}}));
    let checks = report(&asked, &candles(HOURS)).sections.checks.unwrap();
    let look_ahead = checks.look_ahead.unwrap();
    assert_eq!((look_ahead.cuts, look_ahead.differences), (20, vec![]));
    let recursive = checks.recursive.unwrap();
    let outputs: Vec<&str> = recursive.iter().map(|drift| drift.output.as_str()).collect();
    assert_eq!(outputs, ["bands.upper", "bands.middle", "bands.lower", "fast", "slow", "trend"]);
    let warm_up = |output: &str| recursive.iter().find(|drift| drift.output == output).unwrap().warm_up;
    assert_eq!((warm_up("fast"), warm_up("slow"), warm_up("bands.upper")), (Some(16), Some(64), Some(32)));
    // an average of 200 four-hour candles that never quite forgets where it began
    assert!(warm_up("trend").is_some_and(|count| (1_024..=8_192).contains(&count)), "{:?}", recursive[5]);
    let drifts = &recursive[5].drifts;
    assert!(drifts[0].1.is_none() && drifts.iter().any(|(_, drift)| drift.is_some_and(|drift| drift > 0.0)));
}

#[test]
fn reports_beside_each_other_have_their_best_marked() {
    let candles = part();
    let of = |fast| {
        let strategy = sma_cross("BTC/USDT", "1h", fast, 50, &json!({"kind": "allIn"}));
        report(&file(strategy, json!({"initialCash": "10000"})), &candles)
    };
    let (one, other) = (of(5), of(20));
    let table = compare(&[&one, &other, &one]);
    let row = |key: &str| table.metrics.iter().find(|row| row.key == key).unwrap();
    let better = if one.metrics.total_return > other.metrics.total_return { vec![0, 2] } else { vec![1] };
    assert_eq!(row("return").best, better);
    assert_eq!(row("buyAndHold").best, Vec::<usize>::new());
    let shallow = if one.metrics.max_drawdown < other.metrics.max_drawdown { vec![0, 2] } else { vec![1] };
    assert_eq!(row("maxDrawdown").best, shallow);
    assert_eq!(row("finalEquity").values[1], json!(other.metrics.final_equity));
    let correlation = |a: usize, b: usize| table.correlation[a][b].unwrap();
    assert!((correlation(0, 2) - 1.0).abs() < 1e-12 && correlation(0, 1) < 1.0);
    assert_eq!(table.correlation[0][1], table.correlation[1][0]);
}

#[test]
fn every_wrong_part_of_a_study_is_refused_with_its_path() {
    let search = |key: &str, value: Value| {
        let mut search = searching("tpe", 10, 1);
        search[key] = value;
        json!({"search": search})
    };
    let space = |values: Value| search("space", json!({"indicators.fast.period": values}));
    let many: Vec<u32> = (2..1_002).collect();
    let cases = [
        (search("trials", json!(0)), "search.trials", "OUT_OF_RANGE"),
        (search("trials", json!(10_001)), "search.trials", "OUT_OF_RANGE"),
        (search("objective", json!("luck")), "search.objective", "INVALID"),
        (search("kind", json!("oracle")), "search.kind", "INVALID"),
        (search("space", json!({})), "search.space", "WRONG_LENGTH"),
        (search("space", json!({"market.symbol": ["A/B"]})), "search.space.market.symbol", "NOT_VARIABLE"),
        (
            search("space", json!({"indicators.fats.period": [1]})),
            "search.space.indicators.fats.period",
            "UNKNOWN_PATH",
        ),
        (space(json!([])), "search.space.indicators.fast.period", "INVALID"),
        (space(json!({"from": 1, "to": 2})), "search.space.indicators.fast.period", "INVALID"),
        (space(json!({"from": 1, "to": 2, "step": 0})), "search.space.indicators.fast.period", "INVALID"),
        (space(json!({"from": 1, "to": 1e30, "step": "1"})), "search.space.indicators.fast.period", "INVALID"),
        (space(json!({"from": 1, "to": 5_000, "step": 1})), "search.space.indicators.fast.period", "INVALID"),
        (json!({"sweep": {"indicators.fast.period": many, "indicators.slow.period": many}}), "sweep", "TOO_LARGE"),
        (json!({"objective": "sharpe"}), "objective", "CONFLICT"),
        (json!({"walkForward": {"train": "1d", "test": "soon"}}), "walkForward.test", "INVALID"),
        (json!({"walkForward": {"train": "1d", "test": "1d"}}), "walkForward", "INVALID"),
        (json!({"monteCarlo": {"runs": 0}}), "monteCarlo.runs", "OUT_OF_RANGE"),
        (json!({"monteCarlo": {"method": "dice"}}), "monteCarlo.method", "INVALID"),
        (json!({"checks": {"lookBehind": true}}), "checks.lookBehind", "INVALID"),
        (json!({"sweep": {"indicators.fast.period": [5]}, "search": searching("tpe", 1, 1)}), "search", "CONFLICT"),
        (json!({"sweep": {"indicators.fast.period": [5]}, "monteCarlo": {}}), "monteCarlo", "CONFLICT"),
    ];
    for (rest, path, code) in cases {
        let mut whole = json!({"strategy": strategy(), "initialCash": "10000"});
        whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let faults = BacktestFile::parse(&whole).unwrap_err();
        assert_eq!((faults[0].path.as_str(), faults[0].code), (path, code), "{faults:?}");
        if code == "TOO_LARGE" {
            assert_eq!(faults[0].message, "has 1000000 combinations; at most 10000 are allowed");
        }
    }
}

#[test]
fn a_file_with_studies_reads_back_as_it_was_written() {
    for file in studies() {
        let written = serde_json::to_value(&file).unwrap();
        assert_eq!(BacktestFile::parse(&written).unwrap(), file);
    }
}
