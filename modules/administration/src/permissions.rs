//! What administrators may do, as the protocol asks for it.

use crate::error;
use auth::protocol::Form;
use garde::Validate;
use kit::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use users::Role;

const USER: &[&str] =
    &["create", "list", "set-role", "ban", "impersonate", "delete", "set-password", "set-email", "get", "update"];
const SESSION: &[&str] = &["list", "revoke", "delete"];

type Wanted = BTreeMap<String, Vec<String>>;

/// What somebody wants to know whether they may do.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "AdminHasPermission")]
pub(crate) struct HasPermission {
    /// Actions by what they are done to: `{"user": ["ban"]}`.
    #[garde(inner(custom(few)))]
    permissions: Option<Wanted>,
    /// The same, by its older name.
    #[garde(inner(custom(few)))]
    permission: Option<Wanted>,
}

impl Form for HasPermission {}

fn few(wanted: &Wanted, (): &()) -> garde::Result {
    let short = |text: &String| text.len() <= 100;
    let sound = |(resource, actions): (&String, &Vec<String>)| {
        short(resource) && actions.len() <= 100 && actions.iter().all(short)
    };
    if wanted.len() <= 100 && wanted.iter().all(sound) {
        return Ok(());
    }
    Err(garde::Error::new("at most 100 resources with 100 actions each"))
}

/// Whether somebody may do what they asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AdminVerdict")]
pub(crate) struct Verdict {
    /// Always `null`.
    pub(crate) error: Option<String>,
    /// Whether they may do all of it.
    pub(crate) success: bool,
}

impl HasPermission {
    /// Whether the role may do all that is asked for.
    ///
    /// # Errors
    /// 400 where nothing is.
    pub(crate) fn verdict(self, role: Role) -> Result<Verdict> {
        let wanted = self.permissions.or(self.permission).ok_or_else(error::no_permissions)?;
        let may = |(resource, actions): (&String, &Vec<String>)| {
            let known = match resource.as_str() {
                "user" => USER,
                "session" => SESSION,
                _ => return false,
            };
            role >= Role::Admin && actions.iter().all(|action| known.contains(&action.as_str()))
        };
        Ok(Verdict { error: None, success: !wanted.is_empty() && wanted.iter().all(may) })
    }
}
