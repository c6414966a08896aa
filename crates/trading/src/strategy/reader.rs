//! Reading a JSON value part by part: each method tells every fault of its part with its path.

use serde_json::{Map, Value};

use super::fault::{Faults, excerpt, hint, nearest};

/// Where more words are possible than this, the nearest are proposed instead of all, …
const MOST_LISTED: usize = 20;
/// … so many of them.
const PROPOSED: usize = 3;

/// A part of a document and its path.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

/// An object whose keys are known to be right.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Part<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// Notes a fault of this part.
    pub(super) fn fault<T>(&self, faults: &mut Faults, code: &'static str, message: impl Into<String>) -> Option<T> {
        faults.add(&self.path, code, message)
    }

    /// What stands here, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    fn wrong_type<T>(&self, faults: &mut Faults, expected: &str) -> Option<T> {
        self.fault(faults, "WRONG_TYPE", format!("expected {expected}, not {}", self.kind()))
    }

    pub(super) fn map(&self, faults: &mut Faults, expected: &str) -> Option<&'a Map<String, Value>> {
        self.value.as_object().or_else(|| self.wrong_type(faults, expected))
    }

    /// An object with all of `required` and nothing but `required` and `optional`.
    pub(super) fn fields(&self, faults: &mut Faults, required: &[&str], optional: &[&str]) -> Option<Fields<'a>> {
        let map = self.map(faults, "an object")?;
        let fields = Fields { map, path: self.path.clone() };
        let known = || required.iter().chain(optional).copied();
        for key in map.keys().filter(|key| !known().any(|word| word == key.as_str())) {
            let free = known().filter(|word| !map.contains_key(*word));
            let message =
                format!("unknown key{}; expected {}", hint(key, free), known().collect::<Vec<_>>().join(", "));
            faults.add::<()>(&fields.path_of(key), "UNKNOWN_KEY", message);
        }
        for key in required.iter().filter(|key| !map.contains_key(**key)) {
            faults.add::<()>(&fields.path_of(key), "MISSING", format!("`{key}` is missing"));
        }
        Some(fields)
    }

    /// A list of `least` to `most` items.
    pub(super) fn list(&self, faults: &mut Faults, least: usize, most: usize) -> Option<Vec<Part<'a>>> {
        let Some(items) = self.value.as_array() else { return self.wrong_type(faults, "a list") };
        if !(least..=most).contains(&items.len()) {
            let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return self.fault(faults, "WRONG_LENGTH", format!("expected {expected} items, not {}", items.len()));
        }
        let part = |(i, value)| Part { value, path: format!("{}[{i}]", self.path) };
        Some(items.iter().enumerate().map(part).collect())
    }

    pub(super) fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        self.value.as_str().or_else(|| self.wrong_type(faults, "a text"))
    }

    /// A text that one of our types reads.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, faults: &mut Faults) -> Option<T> {
        let text = self.text(faults)?;
        text.parse().map_or_else(|error: T::Err| self.fault(faults, "INVALID", error.to_string()), Some)
    }

    /// The same, where a fault tells what was probably meant.
    pub(super) fn parsed_or<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        faults: &mut Faults,
        proposal: fn(&str) -> Option<String>,
    ) -> Option<T> {
        let text = self.text(faults)?;
        let refused = |error: T::Err| match proposal(text) {
            Some(meant) => self.fault(faults, "INVALID", format!("{error} (did you mean `{meant}`?)")),
            None => self.fault(faults, "INVALID", error.to_string()),
        };
        text.parse().map_or_else(refused, Some)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, faults: &mut Faults, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(faults)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = if known.len() <= MOST_LISTED {
            let nearest = hint(text, known.iter().copied());
            format!("unknown word `{}`{nearest}; expected {}", excerpt(text), known.join(", "))
        } else {
            let nearest = nearest(text, known.iter().copied(), PROPOSED).join(", ");
            format!("unknown word `{}`; the nearest of {} are {nearest}", excerpt(text), known.len())
        };
        self.fault(faults, "UNKNOWN_WORD", message)
    }

    /// A JSON number that is finite.
    pub(super) fn number(&self, faults: &mut Faults) -> Option<f64> {
        match self.value.as_f64() {
            Some(number) if number.is_finite() => Some(number),
            _ => self.wrong_type(faults, "a number"),
        }
    }

    /// A whole JSON number between two bounds.
    pub(super) fn whole(&self, faults: &mut Faults, least: u32, most: u32) -> Option<u32> {
        if !self.value.is_number() {
            return self.wrong_type(faults, "a whole number");
        }
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| (least..=most).contains(number)).or_else(|| {
            let message = format!("expected a whole number between {least} and {most}, not {}", self.value);
            self.fault(faults, "OUT_OF_RANGE", message)
        })
    }

    /// A decimal number, which is written as text so that it stays exact.
    pub(super) fn amount<T: std::str::FromStr<Err: std::fmt::Display>>(&self, faults: &mut Faults) -> Option<T> {
        if self.value.is_number() {
            let message = format!("expected a decimal number as text: write \"{}\"", self.value);
            return self.fault(faults, "WRONG_TYPE", message);
        }
        self.parsed(faults)
    }
}

impl<'a> Fields<'a> {
    /// The path of one key below this object.
    pub(super) fn path_of(&self, key: &str) -> String {
        let key = excerpt(key);
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// The part under a key, where there is one.
    pub(super) fn get(&self, key: &str) -> Option<Part<'a>> {
        self.map.get(key).map(|value| Part { value, path: self.path_of(key) })
    }
}
