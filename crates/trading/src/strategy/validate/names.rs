//! The names that operands may use.

use std::collections::BTreeMap;

use crate::candle::Field;
use crate::strategy::document::Declared;
use crate::strategy::fault::{Faults, excerpt, hint};
use crate::strategy::reader::Part;

/// The declared indicators; `None` for one whose declaration has a fault, so that its uses are
/// not told as faults as well.
#[derive(Default)]
pub(super) struct Names {
    pub(super) indicators: BTreeMap<String, Option<Declared>>,
    /// Whether the declarations could not be read at all.
    pub(super) unreadable: bool,
}

impl Names {
    /// All declarations, if none has a fault.
    pub(super) fn declared(self) -> Option<BTreeMap<String, Declared>> {
        self.indicators.into_iter().map(|(id, declared)| Some((id, declared?))).collect()
    }

    /// Whether `name` may be an operand.
    pub(super) fn check(&self, part: &Part<'_>, name: &str, faults: &mut Faults) -> Option<()> {
        if self.unreadable || name.parse::<Field>().is_ok() {
            return Some(());
        }
        let (id, output) = name.split_once('.').map_or((name, None), |(id, output)| (id, Some(output)));
        match self.indicators.get(id) {
            None => self.unknown(part, name, faults),
            Some(None) => Some(()),
            Some(Some(declared)) => check_output(part, id, output, declared.indicator.kind().outputs, faults),
        }
    }

    fn unknown(&self, part: &Part<'_>, name: &str, faults: &mut Faults) -> Option<()> {
        let fields = Field::ALL.map(Field::as_str);
        let nearest = hint(name, self.operands().iter().map(String::as_str).chain(fields));
        let message = format!("`{}` is neither an indicator nor a candle field{nearest}", excerpt(name));
        part.fault(faults, "UNKNOWN_NAME", message)
    }

    /// Every operand that the indicators offer.
    fn operands(&self) -> Vec<String> {
        let mut operands = Vec::new();
        for (id, declared) in &self.indicators {
            match declared.as_ref().map(|declared| declared.indicator.kind().outputs) {
                Some(outputs) if outputs.len() > 1 => {
                    operands.extend(outputs.iter().map(|output| format!("{id}.{output}")));
                }
                _ => operands.push(id.clone()),
            }
        }
        operands
    }
}

fn check_output(part: &Part<'_>, id: &str, output: Option<&str>, outputs: &[&str], faults: &mut Faults) -> Option<()> {
    let known = || outputs.iter().map(|output| format!("{id}.{output}")).collect::<Vec<_>>().join(", ");
    match output {
        None if outputs.len() == 1 => Some(()),
        None => part.fault(faults, "OUTPUT_NEEDED", format!("`{id}` has several outputs; name one of {}", known())),
        Some(output) if outputs.contains(&output) => Some(()),
        Some(_) if outputs.len() == 1 => {
            part.fault(faults, "UNKNOWN_OUTPUT", format!("`{id}` has one output only; write `{id}`"))
        }
        Some(output) => {
            let nearest = hint(output, outputs.iter().copied());
            let message = format!("`{id}` has no output `{}`{nearest}; it has {}", excerpt(output), known());
            part.fault(faults, "UNKNOWN_OUTPUT", message)
        }
    }
}
