//! What keeps every rule and is still worth a second look.

use std::collections::BTreeMap;

use crate::strategy::condition::{Arithmetic, Condition, Operand};
use crate::strategy::document::{Body, Declared, Document};
use crate::strategy::fault::Fault;
use crate::strategy::plan::{Plan, Sizing};
use crate::strategy::{Program, Rules};
use crate::time::{DAY, Timeframe};

/// Warm-ups beyond this many milliseconds are told.
const LONG: i64 = 365 * DAY;

impl Document {
    /// What keeps every rule and is still worth a second look: each with its path, a stable code
    /// and a sentence.
    #[must_use]
    pub fn warnings(&self) -> Vec<Fault> {
        let mut warnings = Vec::new();
        match &self.body {
            Body::Rules(rules) => {
                unused(&rules.indicators, |id| uses(rules, id), &mut warnings);
                never("entry", &rules.entry, &mut warnings);
                rules.exit.iter().for_each(|exit| never("exit", exit, &mut warnings));
                let warm_up = Program::compile(rules, self.market.timeframe).warm_up();
                long_warm_up(warm_up, self.market.timeframe, &mut warnings);
                unprotected(&rules.plan(), &mut warnings);
            }
            Body::Script(scripted) => {
                unused(&scripted.indicators, |id| scripted.script.reads(id), &mut warnings);
                long_warm_up(scripted.warm_up(self.market.timeframe), self.market.timeframe, &mut warnings);
                unprotected(&scripted.plan(), &mut warnings);
            }
            _ => {}
        }
        warnings
    }
}

fn warn(path: impl Into<String>, code: &'static str, message: impl Into<String>, warnings: &mut Vec<Fault>) {
    warnings.push(Fault { path: path.into(), code, message: message.into() });
}

fn unused(indicators: &BTreeMap<String, Declared>, used: impl Fn(&str) -> bool, warnings: &mut Vec<Fault>) {
    for id in indicators.keys().filter(|id| !used(id)) {
        let message = format!("`{id}` is declared and never used");
        warn(format!("indicators.{id}"), "UNUSED_INDICATOR", message, warnings);
    }
}

fn long_warm_up(candles: usize, timeframe: Timeframe, warnings: &mut Vec<Fault>) {
    let length = timeframe.fixed_millis().unwrap_or(31 * DAY);
    let needed = i64::try_from(candles).unwrap_or(i64::MAX).saturating_mul(length);
    if needed > LONG {
        let message = format!("nothing can be decided for the first {candles} candles, which is more than a year");
        warn("indicators", "LONG_WARM_UP", message, warnings);
    }
}

fn unprotected(plan: &Plan, warnings: &mut Vec<Fault>) {
    let stop = plan.protect.stop_loss.is_some()
        || plan.protect.trailing_stop.is_some()
        || matches!(plan.sizing, Sizing::AtrRisk { .. });
    if !stop {
        warn("protect", "NO_STOP", "no stop limits what a trade can lose", warnings);
    }
}

/// Comparisons of something with itself, which hold at no candle.
fn never(path: &str, condition: &Condition, warnings: &mut Vec<Fault>) {
    let word = match condition {
        Condition::Gt([a, b]) if a == b => "gt",
        Condition::Lt([a, b]) if a == b => "lt",
        Condition::CrossesAbove([a, b]) if a == b => "crossesAbove",
        Condition::CrossesBelow([a, b]) if a == b => "crossesBelow",
        Condition::All(of) => return never_each(&format!("{path}.all"), of, warnings),
        Condition::Any(of) => return never_each(&format!("{path}.any"), of, warnings),
        Condition::AtLeast(some) => return never_each(&format!("{path}.atLeast.of"), &some.of, warnings),
        Condition::Not(inner) => return never(&format!("{path}.not"), inner, warnings),
        _ => return,
    };
    warn(format!("{path}.{word}"), "NEVER_HOLDS", "something is compared with itself", warnings);
}

fn never_each(path: &str, conditions: &[Condition], warnings: &mut Vec<Fault>) {
    for (index, condition) in conditions.iter().enumerate() {
        never(&format!("{path}[{index}]"), condition, warnings);
    }
}

fn uses(rules: &Rules, id: &str) -> bool {
    std::iter::once(&rules.entry).chain(&rules.exit).any(|condition| in_condition(condition, id))
}

fn in_condition(condition: &Condition, id: &str) -> bool {
    let operands = |operands: &[Operand]| operands.iter().any(|operand| in_operand(operand, id));
    match condition {
        Condition::Gt(of)
        | Condition::Gte(of)
        | Condition::Lt(of)
        | Condition::Lte(of)
        | Condition::CrossesAbove(of)
        | Condition::CrossesBelow(of) => operands(of),
        Condition::Between(of) => operands(of),
        Condition::Rising(trend) | Condition::Falling(trend) => in_operand(&trend.of, id),
        Condition::All(of) | Condition::Any(of) => of.iter().any(|inner| in_condition(inner, id)),
        Condition::AtLeast(some) => some.of.iter().any(|inner| in_condition(inner, id)),
        Condition::Not(inner) => in_condition(inner, id),
    }
}

fn in_operand(operand: &Operand, id: &str) -> bool {
    match operand {
        Operand::Name(name) => name.split('.').next() == Some(id),
        Operand::Number(_) => false,
        Operand::Shifted(shifted) => in_operand(&shifted.of, id),
        Operand::Arithmetic(arithmetic) => {
            let (Arithmetic::Add(of)
            | Arithmetic::Sub(of)
            | Arithmetic::Mul(of)
            | Arithmetic::Div(of)
            | Arithmetic::Min(of)
            | Arithmetic::Max(of)) = arithmetic.as_ref();
            of.iter().any(|operand| in_operand(operand, id))
        }
    }
}
