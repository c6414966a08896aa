use crate::{ACTIONS, Error, Fault, Result, nearest};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

/// What the product has permissions for, whether operations ask for them yet or not: what is granted today holds for
/// those that come.
pub const RESOURCES: [&str; 25] = [
    "ai",
    "audit",
    "backtests",
    "bots",
    "ceo",
    "configurations",
    "departments",
    "documents",
    "exchanges",
    "financial",
    "market-data",
    "marketing",
    "members",
    "notifications",
    "orders",
    "portfolio",
    "reports",
    "risk",
    "security",
    "strategies",
    "subscriptions",
    "support",
    "tenants",
    "trading",
    "users",
];

/// Every permission that there is to grant: what operations ask for, gathered from the operations themselves, and every
/// action on the product's [`RESOURCES`].
#[derive(Clone, Debug, Default)]
pub struct Catalogue(Arc<OnceLock<BTreeMap<String, Permitted>>>);

/// A permission, and what it is good for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Permission")]
pub struct Permitted {
    /// `resource:action`.
    pub name: String,
    /// What its holder may do, in the words of the operations.
    pub opens: Vec<String>,
}

impl Catalogue {
    /// Reads the API document, in which every operation says what it asks for.
    pub(crate) fn gather(&self, document: &Value) {
        let mut all = standing();
        let paths = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        for operation in paths.filter_map(Value::as_object).flat_map(|path| path.values()) {
            let summary = operation["summary"].as_str().unwrap_or_default();
            // what the guard asks for, and what the service may ask for beyond
            for name in ["x-permission", "x-may-need"].into_iter().filter_map(|key| operation[key].as_str()) {
                let permitted = || Permitted { name: name.to_owned(), opens: vec![] };
                all.entry(name.to_owned()).or_insert_with(permitted).opens.push(summary.to_owned());
            }
        }
        // the same modules have the same document
        let _ = self.0.set(all);
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Permitted> {
        self.0.get().into_iter().flat_map(BTreeMap::values)
    }

    /// Makes sure that each of the names, which stand at these paths of an input, is a permission's.
    ///
    /// # Errors
    /// 422 `UNKNOWN_PERMISSION` for each that is none, with the one that is nearest.
    pub fn check<'a>(&self, names: impl IntoIterator<Item = (String, &'a str)>) -> Result<()> {
        let unknown = names.into_iter().filter(|(_, name)| self.find(name).is_none());
        let faults: Vec<_> = unknown.map(|(path, name)| self.unknown(path, name)).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::faults(faults)) }
    }

    fn unknown(&self, path: String, name: &str) -> Fault {
        let meant = nearest(name, self.iter().map(|it| it.name.as_str()));
        let meant = meant.map_or(String::new(), |meant| format!(" Is `{meant}` meant?"));
        Fault::new(path, "UNKNOWN_PERMISSION", format!("There is no permission `{name}`.{meant}"))
    }

    /// What it is good for, if there is such a permission.
    pub fn find(&self, name: &str) -> Option<&Permitted> {
        self.0.get()?.get(name)
    }
}

/// Those that can be granted whatever the operations are.
fn standing() -> BTreeMap<String, Permitted> {
    let names = RESOURCES.iter().flat_map(|resource| ACTIONS.map(|action| format!("{resource}:{action}")));
    names.map(|name| (name.clone(), Permitted { name, opens: vec![] })).collect()
}
