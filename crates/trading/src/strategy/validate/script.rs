//! Reading a scripted strategy.

use std::collections::BTreeMap;

use serde_json::Number;

use super::indicators;
use super::names::Names;
use super::plan;
use crate::strategy::document::{Body, Declared, Market, Scripted};
use crate::strategy::fault::{Faults, excerpt};
use crate::strategy::plan::Plan;
use crate::strategy::reader::{Fields, Part};
use crate::strategy::script::{MAX_PARAMETERS, Script, may_be_id};

/// The greatest parameter, either way.
const MAX_NUMBER: f64 = 1e15;
/// The longest name of a parameter.
const MAX_ID: usize = 32;

/// Reads everything but name and market.
pub(super) fn read(fields: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Option<Body> {
    let declared = fields.get("indicators").map_or_else(
        || Some(BTreeMap::new()),
        |part| {
            let names = indicators::read(&part, market.map(|market| market.timeframe), faults);
            let usable = check_ids(&part, &names, faults);
            names.declared().filter(|_| usable)
        },
    );
    let script = fields.get("script").and_then(|part| script(&part, declared.as_ref(), faults));
    let plan = plan::plan(fields, faults)?;
    let Plan { sizing, protect, guards, orders } = plan;
    Some(Body::Script(Scripted { indicators: declared?, script: script?, sizing, protect, guards, orders }))
}

/// Whether every indicator can be a variable.
fn check_ids(part: &Part<'_>, names: &Names, faults: &mut Faults) -> bool {
    let mut usable = !names.unreadable;
    for id in names.indicators.iter().filter(|(id, declared)| declared.is_some() && !may_be_id(id)).map(|(id, _)| id) {
        usable = false;
        let message = format!("`{id}` has a meaning in scripts; choose another id");
        faults.add::<()>(&format!("{}.{id}", part.path), "INVALID_ID", message);
    }
    usable
}

/// The source is read only where all indicators could be, so that no fault is told twice.
fn script(part: &Part<'_>, declared: Option<&BTreeMap<String, Declared>>, faults: &mut Faults) -> Option<Script> {
    let fields = part.fields(faults, &["source"], &["parameters"])?;
    let parameters = fields.get("parameters").map_or(Some(BTreeMap::new()), |part| parameters(&part, faults));
    let source = fields.get("source")?;
    let text = source.text(faults)?;
    match Script::read(text, parameters?, declared?) {
        Ok(script) => Some(script),
        Err(complaints) => {
            for (code, message) in complaints {
                source.fault::<()>(faults, code, message);
            }
            None
        }
    }
}

fn parameters(part: &Part<'_>, faults: &mut Faults) -> Option<BTreeMap<String, Number>> {
    let map = part.map(faults, "numbers by their names")?;
    if map.len() > MAX_PARAMETERS {
        let message = format!("a script has at most {MAX_PARAMETERS} parameters, not {}", map.len());
        return part.fault(faults, "TOO_MANY", message);
    }
    let read: Vec<Option<(String, Number)>> = map
        .iter()
        .map(|(name, value)| {
            let part = Part { value, path: format!("{}.{}", part.path, excerpt(name)) };
            parameter(&part, name, faults)
        })
        .collect();
    read.into_iter().collect()
}

fn parameter(part: &Part<'_>, name: &str, faults: &mut Faults) -> Option<(String, Number)> {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !begins || !plain || name.len() > MAX_ID {
        let message = format!("a name is a letter, then letters, digits and `_`, at most {MAX_ID} in all");
        return part.fault(faults, "INVALID_ID", message);
    }
    let number = part.number(faults)?;
    if number.abs() > MAX_NUMBER {
        let message = format!("a parameter lies between -1e15 and 1e15, not {number}");
        return part.fault(faults, "OUT_OF_RANGE", message);
    }
    part.value.as_number().map(|number| (name.to_owned(), number.clone()))
}
