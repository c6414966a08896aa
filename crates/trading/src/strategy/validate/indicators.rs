//! Reading the declarations of indicators.

use super::{names::Names, proposals};
use crate::candle::Field;
use crate::indicator::{CATALOGUE, Indicator, Inputs, Kind, ParameterFault};
use crate::strategy::document::Declared;
use crate::strategy::fault::{Faults, excerpt};
use crate::strategy::frame;
use crate::strategy::reader::{Fields, Part};
use crate::time::Timeframe;

/// How many indicators a document may declare.
pub const MAX_INDICATORS: usize = 50;
/// The longest id of an indicator.
const MAX_ID: usize = 32;

/// Reads all declarations; `base` is the market's time frame, where that could be read.
pub(super) fn read(part: &Part<'_>, base: Option<Timeframe>, faults: &mut Faults) -> Names {
    let Some(map) = part.map(faults, "indicators by their ids") else {
        return Names { unreadable: true, ..Names::default() };
    };
    if map.len() > MAX_INDICATORS {
        let message = format!("a strategy has at most {MAX_INDICATORS} indicators, not {}", map.len());
        part.fault::<()>(faults, "TOO_MANY", message);
        return Names { unreadable: true, ..Names::default() };
    }
    let mut names = Names::default();
    for (id, value) in map {
        let declaration = Part { value, path: format!("{}.{}", part.path, excerpt(id)) };
        let known = check_id(&declaration, id, faults);
        let declared = declared(&declaration, base, faults);
        names.indicators.insert(id.clone(), known.and(declared));
    }
    names
}

fn check_id(part: &Part<'_>, id: &str, faults: &mut Faults) -> Option<()> {
    if id.parse::<Field>().is_ok() {
        return part.fault(faults, "INVALID_ID", format!("`{id}` is a candle field; choose another id"));
    }
    let begins = id.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if begins && plain && id.len() <= MAX_ID {
        return Some(());
    }
    let message = format!("an id is a letter, then letters, digits and `_`, at most {MAX_ID} in all");
    part.fault(faults, "INVALID_ID", message)
}

fn declared(part: &Part<'_>, base: Option<Timeframe>, faults: &mut Faults) -> Option<Declared> {
    let map = part.map(faults, "an indicator: an object with a kind")?;
    let path = format!("{}.kind", part.path);
    let Some(kind) = map.get("kind") else {
        return faults.add(&path, "MISSING", "`kind` is missing");
    };
    let kinds: Vec<(&str, &'static Kind)> = CATALOGUE.iter().map(|kind| (kind.name, kind)).collect();
    let kind = Part { value: kind, path }.word(faults, &kinds)?;
    let fields = part.fields(faults, &["kind"], &keys(kind))?;
    let indicator = indicator(kind, &fields, faults);
    let timeframe = fields.get("timeframe").map(|part| timeframe(&part, base, faults));
    Some(Declared { indicator: indicator?, timeframe: timeframe.map_or(Some(None), |frame| frame.map(Some))? })
}

fn keys(kind: &Kind) -> Vec<&'static str> {
    let mut keys: Vec<&str> = kind.parameters.iter().map(|parameter| parameter.name).collect();
    keys.extend((kind.inputs == Inputs::Chosen).then_some("input"));
    keys.push("timeframe");
    keys
}

fn indicator(kind: &'static Kind, fields: &Fields<'_>, faults: &mut Faults) -> Option<Indicator> {
    let words = Field::ALL.map(|field| (field.as_str(), field));
    let input = fields.get("input").map(|part| part.word(faults, &words));
    let mut given = Vec::new();
    let mut readable = true;
    for parameter in kind.parameters {
        let Some(part) = fields.get(parameter.name) else { continue };
        match part.number(faults) {
            Some(number) => given.push((parameter.name, number)),
            None => readable = false,
        }
    }
    let input = input.map_or(Some(None), |input| input.map(Some));
    match Indicator::new(kind, &given, input.flatten().filter(|_| kind.inputs == Inputs::Chosen)) {
        Ok(indicator) => (readable && input.is_some()).then_some(indicator),
        Err(refused) => {
            refused.iter().for_each(|fault| note(fault, fields, faults));
            None
        }
    }
}

fn note(fault: &ParameterFault, fields: &Fields<'_>, faults: &mut Faults) {
    let code = match fault {
        ParameterFault::NotWhole { .. } => "NOT_WHOLE",
        ParameterFault::Order { .. } => "WRONG_ORDER",
        _ => "OUT_OF_RANGE",
    };
    faults.add::<()>(&fields.path_of(fault.parameter()), code, fault.to_string());
}

/// The candles of an indicator: the market's, or longer ones that are made of them.
fn timeframe(part: &Part<'_>, base: Option<Timeframe>, faults: &mut Faults) -> Option<Timeframe> {
    let frame: Timeframe = part.parsed_or(faults, proposals::timeframe)?;
    match base {
        Some(base) if frame != base && !frame::divides(base, frame) => {
            let message = format!("candles of {frame} cannot be made of candles of {base}");
            part.fault(faults, "WRONG_TIMEFRAME", message)
        }
        _ => Some(frame),
    }
}
