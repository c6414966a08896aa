//! Setting one value of a document by its path, as a sweep does.

use serde_json::Value;

use super::document::Document;
use super::fault::{Fault, excerpt, hint};

/// The longest path.
const MAX_PATH: usize = 256;

impl Document {
    /// This document with another value at a path such as `indicators.fast.period` or
    /// `entry.all[1].gt[1]`. The last key may be new; all before it must be there.
    ///
    /// # Errors
    /// `UNKNOWN_PATH`, or every fault of the document that results.
    pub fn apply(&self, path: &str, value: &Value) -> Result<Self, Vec<Fault>> {
        self.apply_all([(path, value)])
    }

    /// The same with several values, checked together: one may be right only beside the others.
    ///
    /// # Errors
    /// `UNKNOWN_PATH`, or every fault of the document that results.
    pub fn apply_all<'a>(&self, values: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Result<Self, Vec<Fault>> {
        let mut json = self.to_json();
        for (path, value) in values {
            set(&mut json, path, value)
                .map_err(|message| vec![Fault { path: excerpt(path), code: "UNKNOWN_PATH", message }])?;
        }
        Self::parse(&json)
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// `a.b[1]` as steps.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        if key.is_empty() {
            return None;
        }
        steps.push(Step::Key(key));
        for index in indices.split_inclusive(']') {
            let index = index.strip_prefix('[')?.strip_suffix(']')?;
            steps.push(Step::Index(index.parse().ok()?));
        }
    }
    Some(steps)
}

fn set(root: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    let steps = Some(path).filter(|path| path.len() <= MAX_PATH).and_then(steps);
    let steps = steps.ok_or("not a path such as indicators.fast.period")?;
    let mut at = root;
    for (i, step) in steps.iter().enumerate() {
        let last = i + 1 == steps.len();
        at = match (step, at) {
            (Step::Key(key), Value::Object(map)) => {
                if !last && !map.contains_key(*key) {
                    let nearest = hint(key, map.keys().map(String::as_str));
                    return Err(format!("there is no `{}` here{nearest}", excerpt(key)));
                }
                map.entry(*key).or_insert(Value::Null)
            }
            (Step::Index(index), Value::Array(items)) => {
                let length = items.len();
                items.get_mut(*index).ok_or_else(|| format!("there are {length} items only, not one at [{index}]"))?
            }
            (Step::Key(key), _) => return Err(format!("`{}` is asked of what has no keys", excerpt(key))),
            (Step::Index(index), _) => return Err(format!("[{index}] is asked of what is no list")),
        };
    }
    *at = value.clone();
    Ok(())
}
