//! Reading a document and telling everything that is wrong with it.

use serde_json::Value;

use super::document::{Document, Market};
use super::fault::{Fault, Faults, excerpt};
use super::json;
use super::plan::Plan;
use super::reader::{Fields, Part};
use conditions::Conditions;
use names::Names;

mod conditions;
mod indicators;
mod names;
mod orders;
mod plan;

pub use conditions::{MAX_BACK, MAX_DEPTH, MAX_JOINED, MAX_PARTS};
pub use indicators::MAX_INDICATORS;

/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

const REQUIRED: [&str; 4] = ["name", "market", "entry", "sizing"];
const OPTIONAL: [&str; 5] = ["indicators", "exit", "protect", "guards", "orders"];
/// Bots that other parts of the platform run.
const OTHER_KINDS: [&str; 4] = ["grid", "dca", "rebalance", "signal"];

impl Document {
    /// Reads a strategy.
    ///
    /// # Errors
    /// Every fault with its path, at most a hundred.
    pub fn parse(value: &Value) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let document = document(&Part::root(value), &mut faults);
        match document {
            Some(document) if faults.none() => Ok(document),
            _ => Err(faults.into_vec()),
        }
    }

    /// Reads a strategy from text; also tells keys that are written twice.
    ///
    /// # Errors
    /// Every fault with its path, at most a hundred.
    pub fn parse_text(text: &str) -> Result<Self, Vec<Fault>> {
        Self::parse(&json::read(text)?)
    }
}

fn document(root: &Part<'_>, faults: &mut Faults) -> Option<Document> {
    other_kind(root, faults)?;
    let fields = root.fields(faults, &REQUIRED, &OPTIONAL)?;
    let name = fields.get("name").and_then(|part| name(&part, faults));
    let market = fields.get("market").and_then(|part| market(&part, faults));
    let names = names(&fields, market.as_ref(), faults);
    let (entry, exit) = conditions(&fields, &names, faults);
    let plan = plan::plan(&fields, faults);
    if fields.get("exit").is_none() && plan.as_ref().is_some_and(|plan| !plan::sells(plan)) {
        faults.add::<()>("exit", "MISSING", "`exit` is missing, and nothing in `protect` sells either");
    }
    let (plan, indicators) = (plan?, names.declared()?);
    let Plan { sizing, protect, guards, orders } = plan;
    let (name, market, entry, exit) = (name?, market?, entry?, exit?);
    Some(Document { name, market, indicators, entry, exit, sizing, protect, guards, orders })
}

fn other_kind(root: &Part<'_>, faults: &mut Faults) -> Option<()> {
    let map = root.map(faults, "a strategy: an object")?;
    let named =
        map.get("kind").and_then(Value::as_str).filter(|kind| OTHER_KINDS.contains(kind)).map(|kind| ("kind", kind));
    let Some((path, kind)) =
        named.or_else(|| OTHER_KINDS.iter().find(|kind| map.contains_key(**kind)).map(|k| (*k, *k)))
    else {
        return Some(());
    };
    let message = format!(
        "a {kind} bot is not a strategy of this language, which has indicators, entry, exit, sizing, protect and guards"
    );
    faults.add(path, "NOT_SUPPORTED", message)
}

fn name(part: &Part<'_>, faults: &mut Faults) -> Option<String> {
    let name = part.text(faults)?;
    if name.trim().is_empty() || name.trim() != name || name.chars().any(char::is_control) {
        return part.fault(
            faults,
            "INVALID",
            "a name has no control characters and begins and ends with a visible one",
        );
    }
    if name.chars().count() > MAX_NAME {
        return part.fault(faults, "TOO_LONG", format!("a name has at most {MAX_NAME} characters"));
    }
    Some(name.to_owned())
}

fn market(part: &Part<'_>, faults: &mut Faults) -> Option<Market> {
    let fields = part.fields(faults, &["exchange", "symbol", "timeframe"], &[])?;
    let exchange = fields.get("exchange").and_then(|part| exchange(&part, faults));
    let symbol = fields.get("symbol").and_then(|part| part.parsed(faults));
    let timeframe = fields.get("timeframe").and_then(|part| part.parsed(faults));
    Some(Market { exchange: exchange?, symbol: symbol?, timeframe: timeframe? })
}

fn exchange(part: &Part<'_>, faults: &mut Faults) -> Option<String> {
    let name = part.text(faults)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&name.len()) && name.bytes().all(plain) {
        return Some(name.to_owned());
    }
    let message = format!("`{}` is not an exchange's short name such as binance", excerpt(name));
    part.fault(faults, "INVALID", message)
}

fn names(fields: &Fields<'_>, market: Option<&Market>, faults: &mut Faults) -> Names {
    let part = fields.get("indicators");
    part.map_or_else(Names::default, |part| indicators::read(&part, market.map(|market| market.timeframe), faults))
}

/// The entry, and the exit if there is one.
fn conditions(
    fields: &Fields<'_>,
    names: &Names,
    faults: &mut Faults,
) -> (Option<super::Condition>, Option<Option<super::Condition>>) {
    let mut reader = Conditions { names, faults, parts: 0 };
    let entry = fields.get("entry").and_then(|part| reader.condition(&part, 1));
    let exit = match fields.get("exit") {
        Some(part) => reader.condition(&part, 1).map(Some),
        None => Some(None),
    };
    (entry, exit)
}
