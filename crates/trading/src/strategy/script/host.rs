#![allow(clippy::float_arithmetic, reason = "comparisons of indicators")]
//! What a running script reaches of its surroundings: earlier numbers, and what it asks for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Dynamic, Engine, EvalAltResult, FLOAT, INT, ImmutableString, NativeCallContext};

use super::language::whole;
use crate::strategy::machine::Machine;
use crate::strategy::program::Program;
use crate::strategy::validate::MAX_BACK;

/// The numbers of the candles, and where among them the script is.
pub(super) struct Host {
    pub(super) program: Arc<Program>,
    pub(super) machine: Machine,
    /// The operands' names in the order of the program's values.
    pub(super) names: Vec<String>,
    /// The candle within the block that the machine has run last.
    pub(super) row: usize,
    pub(super) enter: bool,
    pub(super) exit: bool,
}

/// A host as the engine hands it to the functions below.
#[derive(Clone)]
pub(super) struct Handle(Arc<Mutex<Host>>);

type Outcome<T> = Result<T, Box<EvalAltResult>>;

impl Handle {
    pub(super) fn new(host: Host) -> Self {
        Self(Arc::new(Mutex::new(host)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Host> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tag(&self) -> Dynamic {
        Dynamic::from(self.clone())
    }
}

impl Host {
    /// Value `index` as it was `ago` candles ago; NaN before the first candle.
    pub(super) fn number(&self, index: usize, ago: usize) -> f64 {
        self.machine.number(&self.program, index, self.row, ago)
    }

    fn index(&self, name: &str) -> Outcome<usize> {
        let index = self.names.iter().position(|known| known == name);
        index.ok_or_else(|| format!("`{name}` is neither an indicator nor a candle field").into())
    }

    fn crosses(&self, a: Side<'_>, b: Side<'_>, above: bool) -> Outcome<bool> {
        let ([a, before_a], [b, before_b]) = (self.side(a)?, self.side(b)?);
        Ok(if above { a > b && before_a <= before_b } else { a < b && before_a >= before_b })
    }

    /// A side of a crossing now and a candle ago.
    fn side(&self, side: Side<'_>) -> Outcome<[f64; 2]> {
        match side {
            Side::Name(name) => self.index(name).map(|index| [0, 1].map(|ago| self.number(index, ago))),
            Side::Number(number) => Ok([number; 2]),
        }
    }
}

#[derive(Clone, Copy)]
enum Side<'a> {
    Name(&'a str),
    Number(f64),
}

fn with<T>(context: &NativeCallContext<'_>, act: impl FnOnce(&mut Host) -> Outcome<T>) -> Outcome<T> {
    match context.tag().and_then(|tag| tag.read_lock::<Handle>()) {
        Some(handle) => act(&mut handle.lock()),
        None => Err("this can be called only while candles pass".into()),
    }
}

fn ask(context: &NativeCallContext<'_>, act: impl FnOnce(&mut Host)) -> Outcome<()> {
    with(context, |host| {
        act(host);
        Ok(())
    })
}

/// The functions that need the surroundings.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("enter", |context: NativeCallContext<'_>| ask(&context, |host| host.enter = true));
    engine.register_fn("exit", |context: NativeCallContext<'_>| ask(&context, |host| host.exit = true));
    engine.register_fn("prev", prev);
    engine
        .register_fn("prev", |context: NativeCallContext<'_>, name: &str, ago: FLOAT| prev(context, name, whole(ago)?));
    for (function, above) in [("crosses_above", true), ("crosses_below", false)] {
        engine.register_fn(function, move |context: NativeCallContext<'_>, a: ImmutableString, b: ImmutableString| {
            with(&context, |host| host.crosses(Side::Name(&a), Side::Name(&b), above))
        });
        engine.register_fn(function, move |context: NativeCallContext<'_>, a: ImmutableString, b: FLOAT| {
            with(&context, |host| host.crosses(Side::Name(&a), Side::Number(b), above))
        });
        engine.register_fn(function, move |context: NativeCallContext<'_>, a: ImmutableString, b: INT| {
            #[expect(clippy::cast_precision_loss, reason = "as the language mixes whole numbers with others")]
            with(&context, |host| host.crosses(Side::Name(&a), Side::Number(b as FLOAT), above))
        });
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so the engine calls it")]
fn prev(context: NativeCallContext<'_>, name: &str, ago: INT) -> Outcome<FLOAT> {
    let Some(ago) = usize::try_from(ago).ok().filter(|ago| *ago <= MAX_BACK as usize) else {
        return Err(format!("`prev` reaches back 0 to {MAX_BACK} candles, not {ago}").into());
    };
    with(&context, |host| host.index(name).map(|index| host.number(index, ago)))
}
