use crate::service::{Viewer, find};
use garde::Validate;
use kit::{Result, TenantTx};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeSet, num::NonZeroU16};
use uuid::Uuid;

/// Which versions are compared.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Versions {
    /// The version before; the one before `to` where it is left out.
    #[garde(skip)]
    pub(crate) from: Option<NonZeroU16>,
    /// The version after; the latest where it is left out.
    #[garde(skip)]
    pub(crate) to: Option<NonZeroU16>,
}

/// What changed between two versions of a strategy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StrategyDiff")]
pub(crate) struct Diff {
    pub(crate) from: i32,
    pub(crate) to: i32,
    /// Every value that differs, in the order of the paths; none where the documents are equal.
    pub(crate) changes: Vec<Difference>,
}

/// One value that differs.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "StrategyDifference")]
pub(crate) struct Difference {
    /// Where it stands, such as `indicators.fast.period`.
    pub(crate) path: String,
    /// What stood there; left out where nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    /// What stands there now; left out where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
    /// The same as a line for people.
    pub(crate) text: String,
}

/// Compares two versions of a strategy.
pub(crate) async fn diff(tx: &mut TenantTx, viewer: Viewer, id: Uuid, versions: &Versions) -> Result<Diff> {
    let to = find(tx, viewer, id, versions.to.map(|version| version.get().into())).await?;
    let from = versions.from.map_or((to.version - 1).max(1), |version| version.get().into());
    let from = find(tx, viewer, id, Some(from)).await?;
    let mut changes = Vec::new();
    compare("", Some(&from.document), Some(&to.document), &mut changes);
    Ok(Diff { from: from.version, to: to.version, changes })
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, a.get(key), b.get(key), changes);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                compare(&format!("{path}[{index}]"), a.get(index), b.get(index), changes);
            }
        }
        (before, after) if before != after => changes.push(Difference {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
            text: line(path, before, after),
        }),
        _ => {}
    }
}

fn line(path: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{path}: {before} → {after}"),
        (None, Some(after)) => format!("{path}: added {after}"),
        (before, _) => format!("{path}: removed {}", before.unwrap_or(&Value::Null)),
    }
}
