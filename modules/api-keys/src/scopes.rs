use crate::error;
use auth::protocol::invalid;
use kit::{Permissions, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a key may do at most: actions by resource, such as `{"bots": ["read", "execute"]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyScopes")]
pub(crate) struct Scopes(BTreeMap<String, Vec<String>>);

/// How many permissions a key may have.
const MOST: usize = 100;
/// How long the name of a resource or an action may be.
const LONGEST: usize = 32;

impl Scopes {
    /// The scopes of these permissions, each `resource:action`.
    pub(crate) fn of(names: &[String]) -> Self {
        let mut scopes = BTreeMap::<String, Vec<String>>::new();
        for (resource, action) in names.iter().filter_map(|name| name.split_once(':')) {
            scopes.entry(resource.to_owned()).or_default().push(action.to_owned());
        }
        Self(scopes)
    }

    /// Their permissions, each once and in order.
    ///
    /// # Errors
    /// 400 for names that no permission can have; 403 for what is not held.
    pub(crate) fn names_within(&self, held: &Permissions) -> Result<Vec<String>> {
        let pairs = self.0.iter().flat_map(|(resource, actions)| actions.iter().map(move |action| (resource, action)));
        let mut names = vec![];
        for (resource, action) in pairs {
            if !is_name(resource) || !is_name(action) {
                return Err(invalid(
                    "body",
                    "permissions",
                    "Invalid input: expected small letters, digits and hyphens",
                ));
            }
            names.push(format!("{resource}:{action}"));
        }
        names.sort();
        names.dedup();
        if names.len() > MOST {
            return Err(invalid("body", "permissions", &format!("Invalid input: more than {MOST} permissions")));
        }
        match names.iter().find(|name| !held.hold(name)) {
            Some(name) => Err(error::not_held(name)),
            None => Ok(names),
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
