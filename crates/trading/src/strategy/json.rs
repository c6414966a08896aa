//! JSON text as a value, with every key that is written twice in one object told. (`serde_json`
//! alone silently takes the last.)

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::fault::{Fault, Faults, excerpt};

/// The largest document, in bytes of its text.
pub const MAX_BYTES: usize = 65_536;

/// Reads a text.
///
/// # Errors
/// `TOO_LARGE`, `BAD_JSON` with line and column, or a `DUPLICATE_KEY` for each such key.
pub(super) fn read(text: &str) -> Result<Value, Vec<Fault>> {
    let mut faults = Faults::default();
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes; at most {MAX_BYTES} are allowed", text.len());
        faults.add::<()>("", "TOO_LARGE", message);
        return Err(faults.into_vec());
    }
    let mut path = String::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Node { path: &mut path, faults: &mut faults }.deserialize(&mut reader);
    match read.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) if faults.none() => return Ok(value),
        Ok(_) => {}
        Err(error) => {
            faults.add::<()>("", "BAD_JSON", format!("this is not JSON: {error}"));
        }
    }
    Err(faults.into_vec())
}

struct Node<'a> {
    path: &'a mut String,
    faults: &'a mut Faults,
}

impl Node<'_> {
    /// The node below, at `path` extended by `step`.
    fn below<T>(&mut self, step: &str, read: impl FnOnce(Node<'_>) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let read = read(Node { path: self.path, faults: self.faults });
        self.path.truncate(length);
        read
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let step = format!("[{}]", list.len());
            match self.below(&step, |node| items.next_element_seed(node))? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let step = if self.path.is_empty() { excerpt(&key) } else { format!(".{}", excerpt(&key)) };
            let value = self.below(&step, |node| {
                if map.contains_key(&key) {
                    node.faults.add::<()>(node.path, "DUPLICATE_KEY", format!("`{}` is written twice", excerpt(&key)));
                }
                entries.next_value_seed(node)
            })?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(String, &'static str)> {
        read(text).unwrap_err().into_iter().map(|fault| (fault.path, fault.code)).collect()
    }

    #[test]
    fn a_value_is_what_serde_json_reads() {
        let text = r#"{"a": [1, -2, 2.5, true, null, "x", {"b": {}}], "c": 18446744073709551615}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn keys_written_twice_are_told_with_their_paths() {
        assert_eq!(
            faults(r#"{"a": {"b": 1, "b": 2}, "l": [{"c": 1}, {"c": 1, "c": 1}], "a": 3}"#),
            [
                ("a.b".to_owned(), "DUPLICATE_KEY"),
                ("l[1].c".to_owned(), "DUPLICATE_KEY"),
                ("a".to_owned(), "DUPLICATE_KEY")
            ]
        );
    }

    #[test]
    fn broken_huge_and_deep_texts_are_refused() {
        for text in ["", "{", "{} {}", "nope", "{\"a\": 1e999}", "{\"a\": NaN}", &"[".repeat(60_000)] {
            assert_eq!(faults(text), [(String::new(), "BAD_JSON")], "{text:.20}");
        }
        assert_eq!(faults(&" ".repeat(MAX_BYTES + 1)), [(String::new(), "TOO_LARGE")]);
    }
}
