//! Reading a document and telling everything that is wrong with it.

use serde_json::Value;

use super::document::{Body, Document, Market};
use super::fault::{Fault, Faults};
use super::json;
use super::reader::{Fields, Part};

mod conditions;
mod indicators;
mod kinds;
mod market;
mod names;
mod orders;
mod plan;
mod proposals;
mod rules;
mod script;
mod warnings;

pub use conditions::{MAX_BACK, MAX_DEPTH, MAX_JOINED, MAX_PARTS};
pub use indicators::MAX_INDICATORS;

/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// The most symbols of one document.
pub const MAX_SYMBOLS: usize = 20;

/// A kind of bot, told by the one key that no other kind has.
struct Kind {
    key: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&Fields<'_>, Option<&Market>, &mut Faults) -> Option<Body>,
}

/// Every kind; the first one is meant where nothing tells.
const KINDS: [Kind; 6] = [
    Kind {
        key: "entry",
        required: &["name", "market", "entry", "sizing"],
        optional: &["indicators", "exit", "protect", "guards", "orders"],
        read: rules::read,
    },
    Kind {
        key: "script",
        required: &["name", "market", "script", "sizing"],
        optional: &["indicators", "protect", "guards", "orders"],
        read: script::read,
    },
    Kind { key: "grid", required: &["name", "market", "grid"], optional: &[], read: kinds::grid },
    Kind { key: "dca", required: &["name", "market", "dca"], optional: &[], read: kinds::dca },
    Kind { key: "rebalance", required: &["name", "market", "rebalance"], optional: &[], read: kinds::rebalance },
    Kind {
        key: "signal",
        required: &["name", "market", "signal", "sizing"],
        optional: &["protect", "guards", "orders"],
        read: kinds::signal,
    },
];

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
    let kind = kind(root, faults)?;
    let fields = root.fields(faults, kind.required, kind.optional)?;
    let name = fields.get("name").and_then(|part| name(&part, faults));
    let market = fields.get("market").and_then(|part| market::read(&part, faults));
    let body = (kind.read)(&fields, market.as_ref(), faults);
    Some(Document { name: name?, market: market?, body: body? })
}

/// The kind of the bot; keys of two kinds are told, and nothing else then.
fn kind(root: &Part<'_>, faults: &mut Faults) -> Option<&'static Kind> {
    let map = root.map(faults, "a strategy: an object")?;
    let mut told = KINDS.iter().filter(|kind| map.contains_key(kind.key));
    let Some(kind) = told.next() else { return Some(&KINDS[0]) };
    let mixed: Vec<&str> = told.map(|other| other.key).collect();
    for other in &mixed {
        let message = format!("`{other}` and `{}` are of two kinds of bot; a document is of one", kind.key);
        faults.add::<()>(other, "MIXED_KINDS", message);
    }
    mixed.is_empty().then_some(kind)
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
