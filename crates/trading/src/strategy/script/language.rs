#![allow(clippy::float_arithmetic, reason = "calculations with indicators")]
//! The language: Rhai, what it may cost, and the functions that a script can call.

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FLOAT, INT, ImmutableString, Map};

use super::host;

/// The longest source, in bytes.
pub const MAX_SOURCE: usize = 20_000;
/// How many steps (operations, as Rhai counts them) a script may take at one candle.
pub const MAX_STEPS: u64 = 10_000;
/// How many values the state may hold between two candles, those within others counted too; a
/// text counts as one for each 16 bytes that it began.
pub const MAX_STATE: usize = 1_000;
/// How deep functions may call each other.
const MAX_CALLS: usize = 12;
/// How deep expressions and blocks may nest, also within functions.
const MAX_NESTING: usize = 24;
/// How many functions a script may define.
const MAX_FUNCTIONS: usize = 50;
/// How many variables may exist at once.
const MAX_VARIABLES: usize = 200;
/// The longest text, in bytes.
const MAX_TEXT: usize = 1_000;
/// How many items a list may hold, those within others counted too; for maps likewise.
const MAX_ITEMS: usize = 1_000;

/// What would reach out of a script, run text, or differ between machines (`**`).
const DISABLED: [&str; 11] =
    ["eval", "print", "debug", "Fn", "call", "curry", "is_def_var", "is_def_fn", "this", "**", "**="];

/// The functions that a script can call, and with how many arguments.
pub(super) const FUNCTIONS: [(&str, usize); 26] = [
    ("enter", 0),
    ("exit", 0),
    ("prev", 2),
    ("crosses_above", 2),
    ("crosses_below", 2),
    ("is_nan", 1),
    ("abs", 1),
    ("min", 2),
    ("max", 2),
    ("floor", 1),
    ("ceil", 1),
    ("round", 1),
    ("sqrt", 1),
    ("exp", 1),
    ("ln", 1),
    ("pow", 2),
    ("int", 1),
    ("float", 1),
    ("len", 1),
    ("push", 2),
    ("pop", 1),
    ("shift", 1),
    ("remove", 2),
    ("clear", 1),
    ("keys", 1),
    ("contains", 2),
];

/// Those among them that change what they are given first.
pub(super) const CHANGING: [&str; 5] = ["push", "pop", "shift", "remove", "clear"];

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// The engine that reads all scripts; it runs none.
pub(super) fn reader() -> &'static Engine {
    static READER: LazyLock<Engine> = LazyLock::new(engine);
    &READER
}

/// An engine to run one script.
pub(super) fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    limit(&mut engine);
    for symbol in DISABLED {
        engine.disable_symbol(symbol);
    }
    engine.register_iterator::<Range<INT>>().register_iterator::<RangeInclusive<INT>>();
    engine.register_iterator::<Array>();
    operators(&mut engine);
    numbers(&mut engine);
    collections(&mut engine);
    host::register(&mut engine);
    engine
}

fn limit(engine: &mut Engine) {
    engine
        .set_max_operations(MAX_STEPS)
        .set_max_call_levels(MAX_CALLS)
        .set_max_expr_depths(MAX_NESTING, MAX_NESTING)
        .set_max_functions(MAX_FUNCTIONS)
        .set_max_variables(MAX_VARIABLES)
        .set_max_string_size(MAX_TEXT)
        .set_max_array_size(MAX_ITEMS)
        .set_max_map_size(MAX_ITEMS)
        .set_strict_variables(true)
        .set_allow_anonymous_fn(false);
}

fn operators(engine: &mut Engine) {
    engine.register_fn("-", |x: FLOAT| -x);
    engine.register_fn("-", |x: INT| x.checked_neg().ok_or_else(|| overflow("the negation")));
    engine.register_fn("!", |x: bool| !x);
}

fn overflow(what: &str) -> Box<EvalAltResult> {
    format!("{what} is too large for a whole number").into()
}

fn numbers(engine: &mut Engine) {
    engine.register_fn("is_nan", FLOAT::is_nan).register_fn("is_nan", |_: INT| false);
    engine.register_fn("abs", FLOAT::abs);
    engine.register_fn("abs", |x: INT| x.checked_abs().ok_or_else(|| overflow("the absolute value")));
    pair(engine, "min", Ord::min, |a, b| if a.is_nan() || a < b { a } else { b });
    pair(engine, "max", Ord::max, |a, b| if a.is_nan() || a > b { a } else { b });
    // The functions of `libm` give the same bits on every machine; the platform's do not.
    type Function = fn(FLOAT) -> FLOAT;
    let functions: [(&str, Function); 6] = [
        ("floor", FLOAT::floor),
        ("ceil", FLOAT::ceil),
        ("round", FLOAT::round),
        ("sqrt", FLOAT::sqrt),
        ("exp", libm::exp),
        ("ln", libm::log),
    ];
    for (name, function) in functions {
        engine.register_fn(name, function);
        engine.register_fn(name, move |x: INT| function(widened(x)));
    }
    engine.register_fn("pow", libm::pow).register_fn("pow", |x: FLOAT, y: INT| libm::pow(x, widened(y)));
    engine.register_fn("pow", |x: INT, y: FLOAT| libm::pow(widened(x), y));
    engine.register_fn("pow", |x: INT, y: INT| libm::pow(widened(x), widened(y)));
    engine.register_fn("int", |x: INT| x).register_fn("int", whole);
    engine.register_fn("float", |x: FLOAT| x).register_fn("float", widened);
}

/// A function of two numbers, for every mixture of whole ones and others.
fn pair(engine: &mut Engine, name: &str, whole: fn(INT, INT) -> INT, float: fn(FLOAT, FLOAT) -> FLOAT) {
    engine.register_fn(name, whole).register_fn(name, float);
    engine.register_fn(name, move |a: INT, b: FLOAT| float(widened(a), b));
    engine.register_fn(name, move |a: FLOAT, b: INT| float(a, widened(b)));
}

#[expect(clippy::cast_precision_loss, reason = "as the language mixes whole numbers with others")]
fn widened(x: INT) -> FLOAT {
    x as FLOAT
}

/// The whole part.
#[expect(clippy::cast_possible_truncation, reason = "within the bounds that are checked")]
pub(super) fn whole(x: FLOAT) -> Outcome<INT> {
    if x.abs() < 9e15 { Ok(x as INT) } else { Err(format!("{x:e} is no whole number that can be counted with").into()) }
}

fn collections(engine: &mut Engine) {
    engine.register_fn("len", |list: &mut Array| length(list.len()));
    engine.register_fn("len", |map: &mut Map| length(map.len()));
    engine.register_fn("len", |text: ImmutableString| length(text.len()));
    engine.register_fn("push", push::<FLOAT>).register_fn("push", push::<INT>).register_fn("push", push::<bool>);
    engine.register_fn("push", push::<ImmutableString>).register_fn("push", push::<Array>);
    engine.register_fn("push", push::<Map>);
    engine.register_fn("pop", |list: &mut Array| list.pop().unwrap_or(Dynamic::UNIT));
    engine.register_fn("shift", |list: &mut Array| if list.is_empty() { Dynamic::UNIT } else { list.remove(0) });
    engine.register_fn("remove", remove_item);
    engine.register_fn("remove", |map: &mut Map, key: &str| map.remove(key).unwrap_or(Dynamic::UNIT));
    engine.register_fn("clear", |list: &mut Array| list.clear()).register_fn("clear", |map: &mut Map| map.clear());
    engine.register_fn("keys", |map: &mut Map| map.keys().map(|key| Dynamic::from(key.to_string())).collect::<Array>());
    engine.register_fn("contains", |map: &mut Map, key: &str| map.contains_key(key));
    engine.register_fn("contains", contains::<FLOAT>).register_fn("contains", contains::<INT>);
    engine.register_fn("contains", contains::<ImmutableString>);
}

#[expect(clippy::needless_pass_by_value, reason = "so the engine calls it")]
fn contains<T: rhai::Variant + Clone + PartialEq>(list: &mut Array, wanted: T) -> bool {
    list.iter().any(|item| item.read_lock::<T>().is_some_and(|item| *item == wanted))
}

fn length(items: usize) -> INT {
    INT::try_from(items).unwrap_or(INT::MAX)
}

/// Appends; the engine checks the size of a list only after it has grown, so that it is bounded
/// here.
fn push<T: rhai::Variant + Clone>(list: &mut Array, item: T) -> Outcome<()> {
    if list.len() >= MAX_ITEMS {
        return Err(format!("a list has at most {MAX_ITEMS} items").into());
    }
    list.push(Dynamic::from(item));
    Ok(())
}

fn remove_item(list: &mut Array, index: INT) -> Outcome<Dynamic> {
    match usize::try_from(index) {
        Ok(index) if index < list.len() => Ok(list.remove(index)),
        _ => Err(format!("there is no item {index} in a list of {}", list.len()).into()),
    }
}
