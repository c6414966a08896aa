//! Scripted strategies: what they see and answer, what they may cost, and how they fail.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::ops::ControlFlow;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use serde_json::{Value, json};
use trading::backtest::{Answer, BacktestConfig, BacktestError, BacktestFile, Setup, measure, run};
use trading::candle::Candles;
use trading::engine::{Signal, Strategy};
use trading::money::Notional;
use trading::position::Position;
use trading::strategy::{Body, ColumnRules, ColumnScript, Columns, Document, Failure, Program, Scripted, StreamScript};

use crate::common::candles;

const BTC: &str = "binance_BTCUSDT_1h_20170817_20211231.csv.gz";

fn document(source: &str) -> Value {
    json!({
        "name": "Script",
        "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"},
        "indicators": {
            "fast": {"kind": "sma", "period": 10},
            "slow": {"kind": "sma", "period": 50},
            "bands": {"kind": "bbands", "period": 20},
            "trend": {"kind": "ema", "period": 20, "timeframe": "4h"}
        },
        "script": {"source": source, "parameters": {"limit": 2.5, "back": 3}},
        "sizing": {"kind": "allIn"}
    })
}

fn scripted(source: &str) -> Scripted {
    match Document::parse(&document(source)).unwrap().body() {
        Body::Script(scripted) => scripted.clone(),
        other => panic!("{other:?}"),
    }
}

/// Codes and messages of the faults of a source.
fn faults(source: &str) -> Vec<(&'static str, String)> {
    let faults = Document::parse(&document(source)).unwrap_err();
    assert!(faults.iter().all(|fault| fault.path == "script.source"), "{faults:?}");
    faults.into_iter().map(|fault| (fault.code, fault.message)).collect()
}

/// Runs a source over the first candles while flat: what it asked for, and how it failed.
fn signals(source: &str, candles: &Candles, count: usize) -> (Vec<usize>, Option<Failure>) {
    let (scripted, flat) = (scripted(source), Position::with_cash(Notional::ZERO));
    let mut script = StreamScript::new(&scripted, candles.timeframe());
    let mut entries = Vec::new();
    for row in 0..count {
        if script.on_candle(&candles.get(row), &flat) == Some(Signal::Enter) {
            entries.push(row);
        }
    }
    (entries, script.failure().cloned())
}

fn failure(source: &str) -> Failure {
    signals(source, candles_once(), 2).1.unwrap()
}

const CROSS: &str = r#"
if crosses_above("fast", "slow") { enter(); }
if crosses_below("fast", "slow") { exit(); }
"#;

#[test]
fn a_script_of_crossings_trades_as_the_rules_of_the_same_crossings() {
    let mut rules = document("1");
    rules.as_object_mut().unwrap().remove("script");
    rules["entry"] = json!({"crossesAbove": ["fast", "slow"]});
    rules["exit"] = json!({"crossesBelow": ["fast", "slow"]});
    let file = |strategy: Value| json!({"strategy": strategy, "initialCash": "10000"});
    let history = candles(BTC);
    let answer = |strategy: Value| {
        let file = BacktestFile::parse(&file(strategy)).unwrap();
        match file.execute(&crate::common::history(&file, &history), |_, _| ControlFlow::Continue(())).unwrap() {
            Answer::Report(report) => report,
            Answer::Sweep(_) => panic!("no sweep was asked for"),
        }
    };
    let (by_rules, by_script) = (answer(rules), answer(document(CROSS)));
    assert!(by_rules.trades.len() > 100, "{:?} {:?}", by_rules.warnings, by_rules.metrics);
    assert_eq!(by_rules, by_script);
}

/// Uses everything: look-backs near and far, outputs, a longer time frame, state, functions.
const BUSY: &str = r#"
fn spread(a, b) { (a - b) / b * 100.0 }
state.seen = (state.seen ?? 0) + 1;
if "recent" in state { } else { state.recent = []; }
push(state.recent, spread(close, slow));
if len(state.recent) > 50 { shift(state.recent); }
let sum = 0.0;
for x in state.recent { sum += x; }
let far = prev("close", 900 + int(parameters.back));
let drift = if is_nan(far) { 0.0 } else { ln(close / far) };
switch position.open {
    true => if position.profit > parameters.limit || position.bars > 30 || close > bands.upper { exit(); },
    _ => if sum < 0.0 && close > prev("trend", 2) && drift > -0.5 && crosses_above("close", "bands.lower") { enter(); }
}
if state.seen % 97 == 0 && !position.open { enter(); }
"#;

#[test]
fn columns_and_streams_give_the_same_report() {
    let history = candles(BTC);
    let parsed = Document::parse(&document(BUSY)).unwrap();
    let scripted = scripted(BUSY);
    let setup = Setup::of(&parsed, BacktestConfig::with_cash("10000".parse().unwrap()));
    let on = |_| ControlFlow::Continue(());
    let columns = run(&history, ColumnScript::new(&scripted, &Columns::new(&history)), &setup, on).unwrap();
    let stream = run(&history, StreamScript::new(&scripted, history.timeframe()), &setup, on).unwrap();
    assert!(columns.trades.len() > 100, "{:?}", columns.warnings);
    assert_eq!(columns, stream);
}

/// This program runs itself twice and compares what it printed.
#[test]
fn two_processes_give_the_same_bytes() {
    let print = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let arguments = ["--exact", "strategy_scripts::the_report_is_printed_for_another_process", "--nocapture"];
        let output = command.args(arguments).env("PRINT_REPORT", "1").output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find(|line| line.contains("finalEquity")).unwrap().to_owned()
    };
    let first = print();
    assert!(first.len() > 1_000);
    assert_eq!(first, print());
}

#[test]
#[allow(clippy::print_stdout, reason = "for the test above, which reads it")]
fn the_report_is_printed_for_another_process() {
    let file = json!({"strategy": document(BUSY), "initialCash": "10000"});
    let file = BacktestFile::parse(&file).unwrap();
    let answer = file.execute(&crate::common::history(&file, &candles(BTC)), |_, _| ControlFlow::Continue(())).unwrap();
    let text = serde_json::to_string(&answer).unwrap();
    assert!(text.contains("finalEquity"));
    if std::env::var_os("PRINT_REPORT").is_some() {
        println!("\n{text}");
    }
}

#[test]
fn parameters_are_swept_by_their_paths() {
    let sweep = json!({
        "strategy": document("if crosses_above(\"fast\", \"slow\") { enter(); } if position.bars >= parameters.back { exit(); }"),
        "initialCash": "10000",
        "sweep": {"script.parameters.back": [1, 2.5, 24]}
    });
    let file = BacktestFile::parse(&sweep).unwrap();
    let Answer::Sweep(sweep) =
        file.execute(&crate::common::history(&file, &candles(BTC)), |_, _| ControlFlow::Continue(())).unwrap()
    else {
        panic!("a sweep was asked for")
    };
    let equities: Vec<_> = sweep.combinations.iter().map(|one| one.metrics.final_equity).collect();
    assert_eq!(equities.len(), 3);
    assert!(equities[0] != equities[1] && equities[1] != equities[2], "{equities:?}");
}

#[test]
fn a_script_waits_until_everything_that_it_reads_exists() {
    let history = candles(BTC);
    assert_eq!(signals("if close > 0.0 { enter(); }", &history, 3).0, [0, 1, 2]);
    assert_eq!(signals("if fast > 0.0 { enter(); }", &history, 12).0, [9, 10, 11]);
    assert_eq!(signals("if bands.upper > 0 { enter(); }", &history, 21).0, [19, 20]);
    assert_eq!(signals("if prev(\"fast\", 2) > 0 { enter(); }", &history, 13).0, [11, 12]);
    assert_eq!(signals("if !crosses_above(\"close\", 1) { enter(); }", &history, 3).0, [1, 2]);
    let dynamic = "let n = 2; if is_nan(prev(\"close\", n)) { } else { enter(); }";
    assert_eq!(signals(dynamic, &history, 4).0, [2, 3]);
}

#[test]
fn what_cannot_run_is_told_by_line_and_column_with_the_nearest_word() {
    for (source, code, parts) in [
        ("if fsat > slow { enter(); }", "UNKNOWN_NAME", &["line 1, column 4", "did you mean `fast`"][..]),
        ("\n  entr();", "UNKNOWN_FUNCTION", &["line 2, column 3", "did you mean `enter`"]),
        ("enter(1);", "WRONG_ARGUMENTS", &["takes 0 arguments, not 1"]),
        ("if bands.uper > 1 { enter(); }", "UNKNOWN_NAME", &["did you mean `upper`", "upper, middle, lower"]),
        ("if position.opne { exit(); }", "UNKNOWN_NAME", &["did you mean `open`"]),
        ("if parameters.limt > 1 { exit(); }", "UNKNOWN_NAME", &["did you mean `limit`"]),
        ("prev(\"fsat\", 1)", "UNKNOWN_NAME", &["did you mean `fast`"]),
        ("prev(\"bands\", 1)", "UNKNOWN_NAME", &["neither an indicator"]),
        ("prev(fast, 1)", "NAME_NEEDED", &["as a text"]),
        ("prev(\"fast\", 1001)", "OUT_OF_RANGE", &["0 to 1000"]),
        ("fast = 3.0;", "READ_ONLY", &["`fast`", "state"]),
        ("position.open = true;", "READ_ONLY", &["`position`"]),
        ("clear(parameters);", "READ_ONLY", &["`parameters`"]),
        ("bands.clear();", "READ_ONLY", &["`bands`"]),
        ("let close = 1;", "NAME_TAKEN", &["`close`"]),
        ("let x = ;", "BAD_SCRIPT", &["line 1"]),
        ("eval(\"1\")", "BAD_SCRIPT", &["eval"]),
        ("import \"x\" as y;", "BAD_SCRIPT", &["line 1"]),
        ("print(1)", "BAD_SCRIPT", &["print"]),
        ("let f = |x| x;", "BAD_SCRIPT", &["line 1"]),
        ("2.0 ** 0.5", "BAD_SCRIPT", &["**"]),
        ("timestamp()", "UNKNOWN_FUNCTION", &["timestamp"]),
        ("rand()", "UNKNOWN_FUNCTION", &["rand"]),
        ("   ", "EMPTY", &["empty"]),
    ] {
        let found = faults(source);
        let fault = found.iter().find(|(found, _)| *found == code);
        let Some((_, message)) = fault else { panic!("{source}: {found:?}") };
        for part in parts {
            assert!(message.contains(part), "{source}: {message}");
        }
    }
    assert_eq!(faults(&"x".repeat(20_001))[0].0, "TOO_LARGE");
}

#[test]
fn texts_that_nest_without_end_are_refused_on_a_small_stack() {
    let work = || {
        for piece in ["(", "[", "-", "!", "{", "#{a:", "if true {", "x.", "fn f(){", "switch 1 { 1 => ", "\"${", "a["] {
            let found = Document::parse(&document(&piece.repeat(4_000.min(19_000 / piece.len()))));
            assert!(found.is_err(), "{piece}");
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn ids_that_mean_something_in_scripts_are_refused() {
    for id in ["state", "position", "parameters", "let", "if", "eval"] {
        let mut wrong = document("enter();");
        wrong["indicators"][id] = json!({"kind": "sma"});
        let faults = Document::parse(&wrong).unwrap_err();
        assert_eq!((faults[0].path.as_str(), faults[0].code), (&*format!("indicators.{id}"), "INVALID_ID"));
    }
}

#[test]
fn a_script_that_goes_wrong_fails_with_its_line_and_the_candle() {
    let fails = |source: &str, line: u32, part: &str| {
        let failure = failure(source);
        assert!(failure.message.contains(part), "{source}: {failure}");
        assert_eq!(failure.line, line, "{source}: {failure}");
    };
    fails("\nloop { }", 2, "more than 10000 steps");
    fails("while true { enter(); }", 1, "more than 10000 steps");
    fails("fn f(x) { f(x + 1) }\nf(1);", 2, "too deep");
    fails("let x = 1 / 0;", 1, "zero");
    fails("let x = 9223372036854775807;\nx + 1;", 2, "overflow");
    fails("let x = -9223372036854775807 - 1;\nlet y = -x;", 2, "overflow");
    fails("let a = []; loop { push(a, 1); }", 1, "at most 1000 items");
    fails("let s = \"ab\"; loop { s += s; }", 1, "limit");
    fails("let a = []; loop { a = [a, a]; }", 1, "limit");
    fails("let m = #{}; let i = 0; loop { m[\"k\"] = m; }", 1, "");
    fails("throw \"enough\";", 1, "enough");
    fails("let x = 1 + true;", 1, "no function of this name");
    fails("let a = [1]; a[5]", 1, "5");
    fails("int(1e300)", 1, "no whole number");
    fails("prev(\"close\", int(2000.0))", 1, "0 to 1000");
    fails("state = 5;", 0, "stay a map");
    fails("try { loop { } } catch { enter(); }", 1, "more than 10000 steps");
    let first = failure("loop { }");
    assert_eq!(first.candle, candles(BTC).open_time(0));
    assert!(first.to_string().contains("line 1, column"), "{first}");
}

#[test]
fn a_state_that_grows_without_end_fails() {
    let source = "if \"a\" in state { } else { state.a = []; state.n = 0; } state.n += 1; state[\"k\" + state_key(state.n)] = [1,2,3,4,5,6,7,8,9];
        fn state_key(n) { let s = \"\"; for i in 0..n { s += \"x\"; } s }";
    let (_, failed) = signals(source, &candles(BTC), 200);
    let message = failed.unwrap().message;
    assert!(message.contains("limit") || message.contains("more than"), "{message}");
    let nested = "state.a = [state.a ?? 0];";
    let (_, failed) = signals(nested, &candles(BTC), 5_000);
    assert!(failed.is_some());
}

#[test]
fn a_script_that_failed_asks_for_nothing_more() {
    let source = "state.n = (state.n ?? 0) + 1; enter(); if state.n == 3 { throw \"three\"; }";
    let (entries, failed) = signals(source, &candles(BTC), 10);
    assert_eq!((entries, failed.unwrap().message), (vec![0, 1], "three".to_owned()));
}

#[test]
fn a_back_test_of_a_failing_script_ends_with_its_failure() {
    let file = json!({"strategy": document("if fast > 0.0 { throw \"enough\"; }"), "initialCash": "1000"});
    let history = candles(BTC);
    let file = BacktestFile::parse(&file).unwrap();
    let ended = file.execute(&crate::common::history(&file, &history), |_, _| ControlFlow::Continue(()));
    let Err(BacktestError::Failed(failure)) = ended else { panic!("{ended:?}") };
    assert_eq!((failure.candle, failure.message.as_str()), (history.open_time(9), "enough"));
}

#[test]
fn rules_never_fail() {
    let history = candles(BTC);
    let mut rules = document("1");
    rules.as_object_mut().unwrap().remove("script");
    rules["entry"] = json!({"gt": ["close", 1]});
    rules["exit"] = json!({"gt": ["close", 1]});
    let parsed = Document::parse(&rules).unwrap();
    let signals = Program::compile(parsed.rules().unwrap(), history.timeframe()).signals(&Columns::new(&history));
    let rules = ColumnRules::new(signals.into(), 0);
    assert_eq!(rules.failure(), None);
    let setup = Setup::of(&parsed, BacktestConfig::with_cash("1000".parse().unwrap()));
    assert!(measure(&history, rules, &setup, |_| ControlFlow::Continue(())).is_ok());
}

/// Pieces of the language, which strung together are seldom a script and sometimes nearly one.
fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
    let words = [
        "if",
        "else",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "let",
        "x",
        "=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<",
        "==",
        "1",
        "2.5",
        "\"a\"",
        "close",
        "fast",
        "bands",
        ".",
        "upper",
        "state",
        "position",
        "open",
        "enter()",
        "exit()",
        ";",
        ",",
        "prev(\"fast\", 1)",
        "loop",
        "while",
        "for",
        "in",
        "0..9",
        "fn",
        "f",
        "return",
        "throw",
        "try",
        "catch",
        "#{",
        ":",
        "switch",
        "=>",
        "_",
        "|",
        "&&",
        "!",
        "??",
        "?.",
        "push",
        "len",
        "const",
        "break",
        "continue",
        "`${",
        "\n",
        "9223372036854775807",
        "<<",
        "this",
        "do",
        "until",
        "true",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_source_panics_and_what_is_accepted_runs_or_fails(source in pieces()) {
        if let Ok(parsed) = Document::parse(&document(&source)) {
            let Body::Script(scripted) = parsed.body() else { panic!("a script was written") };
            let history = candles_once();
            let flat = Position::with_cash(Notional::ZERO);
            let mut script = StreamScript::new(scripted, history.timeframe());
            for row in 0..60 {
                script.on_candle(&history.get(row), &flat);
            }
            prop_assert!(script.failure().is_none_or(|failure| failure.message != "the interpreter gave up"));
        }
    }

    #[test]
    fn no_text_panics(source in "\\PC{0,200}") {
        let _ = Document::parse(&document(&source));
    }
}

fn candles_once() -> &'static Candles {
    static CANDLES: std::sync::OnceLock<Candles> = std::sync::OnceLock::new();
    CANDLES.get_or_init(|| candles(BTC))
}
