//! Reading conditions and operands.

use serde_json::Number;

use super::names::Names;
use crate::strategy::condition::{Arithmetic, AtLeast, Condition, Operand, Shifted, Trend};
use crate::strategy::fault::{Faults, excerpt, hint};
use crate::strategy::reader::Part;

/// How deep conditions and operands may nest.
pub const MAX_DEPTH: usize = 16;
/// How many conditions and operands a document may hold.
pub const MAX_PARTS: usize = 1_000;
/// How many conditions `all`, `any` and `atLeast` may join.
pub const MAX_JOINED: usize = 50;
/// How many candles `shift` and `over` may reach back.
pub const MAX_BACK: u32 = 1_000;
/// The greatest constant, either way.
const MAX_NUMBER: f64 = 1e15;

const CONDITIONS: [&str; 13] = [
    "gt",
    "gte",
    "lt",
    "lte",
    "crossesAbove",
    "crossesBelow",
    "between",
    "rising",
    "falling",
    "all",
    "any",
    "not",
    "atLeast",
];
const CALCULATIONS: [&str; 6] = ["add", "sub", "mul", "div", "min", "max"];

/// Reads conditions that may use some names.
pub(super) struct Conditions<'a> {
    pub(super) names: &'a Names,
    pub(super) faults: &'a mut Faults,
    pub(super) parts: usize,
}

impl Conditions<'_> {
    /// Reads a condition.
    pub(super) fn condition(&mut self, part: &Part<'_>, depth: usize) -> Option<Condition> {
        self.within_limits(part, depth)?;
        let below = depth + 1;
        let (word, inner) = self.operator(part, &CONDITIONS, "a condition such as {\"gt\": [\"close\", \"slow\"]}")?;
        Some(match word {
            "gt" => Condition::Gt(self.operands(&inner, below)?),
            "gte" => Condition::Gte(self.operands(&inner, below)?),
            "lt" => Condition::Lt(self.operands(&inner, below)?),
            "lte" => Condition::Lte(self.operands(&inner, below)?),
            "crossesAbove" => Condition::CrossesAbove(self.operands(&inner, below)?),
            "crossesBelow" => Condition::CrossesBelow(self.operands(&inner, below)?),
            "between" => Condition::Between(self.operands(&inner, below)?),
            "rising" => Condition::Rising(self.trend(&inner, below)?),
            "falling" => Condition::Falling(self.trend(&inner, below)?),
            "all" => Condition::All(self.joined(&inner, below)?),
            "any" => Condition::Any(self.joined(&inner, below)?),
            "not" => Condition::Not(Box::new(self.condition(&inner, below)?)),
            _ => Condition::AtLeast(self.at_least(&inner, below)?),
        })
    }

    fn operand(&mut self, part: &Part<'_>, depth: usize) -> Option<Operand> {
        self.within_limits(part, depth)?;
        if let Some(name) = part.value.as_str() {
            return self.names.check(part, name, self.faults).map(|()| Operand::Name(name.to_owned()));
        }
        if part.value.is_number() {
            return self.constant(part).map(Operand::Number);
        }
        if part.value.as_object().is_some_and(|map| map.contains_key("of") || map.contains_key("shift")) {
            return self.shifted(part, depth + 1).map(Operand::Shifted);
        }
        let (word, inner) = self.operator(part, &CALCULATIONS, "an operand: a name, a number or a calculation")?;
        let operands = self.operands(&inner, depth + 1)?;
        Some(Operand::Arithmetic(Box::new(match word {
            "add" => Arithmetic::Add(operands),
            "sub" => Arithmetic::Sub(operands),
            "mul" => Arithmetic::Mul(operands),
            "div" => Arithmetic::Div(operands),
            "min" => Arithmetic::Min(operands),
            _ => Arithmetic::Max(operands),
        })))
    }

    /// The one operator of an object, and what it is given.
    fn operator<'a>(
        &mut self,
        part: &Part<'a>,
        words: &[&'static str],
        expected: &str,
    ) -> Option<(&'static str, Part<'a>)> {
        let map = part.map(self.faults, expected)?;
        let mut entries = map.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            let message = format!("expected exactly one operator, not {}; join several with all or any", map.len());
            return part.fault(self.faults, "ONE_OPERATOR", message);
        };
        let Some(word) = words.iter().find(|word| *word == key) else {
            let path = inside(part, key);
            let message =
                format!("unknown operator{}; expected {}", hint(key, words.iter().copied()), words.join(", "));
            return self.faults.add(&path, "UNKNOWN_OPERATOR", message);
        };
        Some((word, Part { value, path: inside(part, word) }))
    }

    fn operands<const N: usize>(&mut self, part: &Part<'_>, depth: usize) -> Option<[Operand; N]> {
        let items = part.list(self.faults, N, N)?;
        let read: Vec<Option<Operand>> = items.iter().map(|item| self.operand(item, depth)).collect();
        let read: Option<Vec<Operand>> = read.into_iter().collect();
        read?.try_into().ok()
    }

    fn joined(&mut self, part: &Part<'_>, depth: usize) -> Option<Vec<Condition>> {
        let items = part.list(self.faults, 1, MAX_JOINED)?;
        let read: Vec<Option<Condition>> = items.iter().map(|item| self.condition(item, depth)).collect();
        read.into_iter().collect()
    }

    fn at_least(&mut self, part: &Part<'_>, depth: usize) -> Option<AtLeast> {
        let fields = part.fields(self.faults, &["count", "of"], &[])?;
        let of = fields.get("of").map(|of| (self.joined(&of, depth), of));
        let most = of.as_ref().and_then(|(_, part)| part.value.as_array()).map_or(MAX_JOINED, Vec::len);
        let most = u32::try_from(most.clamp(1, MAX_JOINED)).ok()?;
        let count = fields.get("count").and_then(|count| count.whole(self.faults, 1, most));
        Some(AtLeast { count: count?, of: of?.0? })
    }

    fn trend(&mut self, part: &Part<'_>, depth: usize) -> Option<Trend> {
        let fields = part.fields(self.faults, &["of", "over"], &[])?;
        let of = fields.get("of").and_then(|of| self.operand(&of, depth));
        let over = fields.get("over").and_then(|over| over.whole(self.faults, 1, MAX_BACK));
        Some(Trend { of: of?, over: over? })
    }

    fn shifted(&mut self, part: &Part<'_>, depth: usize) -> Option<Shifted> {
        let fields = part.fields(self.faults, &["of", "shift"], &[])?;
        let of = fields.get("of").and_then(|of| self.operand(&of, depth));
        let shift = fields.get("shift").and_then(|shift| shift.whole(self.faults, 0, MAX_BACK));
        Some(Shifted { of: Box::new(of?), shift: shift? })
    }

    fn constant(&mut self, part: &Part<'_>) -> Option<Number> {
        let number = part.number(self.faults)?;
        if number.abs() > MAX_NUMBER {
            return part.fault(
                self.faults,
                "OUT_OF_RANGE",
                format!("a constant lies between -1e15 and 1e15, not {number}"),
            );
        }
        part.value.as_number().cloned()
    }

    /// Counts this part; says once where the document holds too many.
    fn within_limits(&mut self, part: &Part<'_>, depth: usize) -> Option<()> {
        self.parts += 1;
        if self.parts == MAX_PARTS + 1 {
            let message = format!("a document holds at most {MAX_PARTS} conditions and operands");
            part.fault::<()>(self.faults, "TOO_MANY", message);
        }
        if self.parts > MAX_PARTS {
            return None;
        }
        if depth > MAX_DEPTH {
            return part.fault(self.faults, "TOO_DEEP", format!("conditions nest at most {MAX_DEPTH} deep"));
        }
        Some(())
    }
}

fn inside(part: &Part<'_>, word: &str) -> String {
    format!("{}.{}", part.path, excerpt(word))
}
