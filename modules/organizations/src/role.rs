//! Roles as the protocol calls them, and what it asks of them.

use crate::error;
use auth::protocol::invalid;
use kit::{Permission, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use tenants::{ManageMembers, ManageTenant, Place};

/// The protocol's name of a role and the company's.
const NAMES: [(&str, &str); 3] = [("owner", "ceo"), ("admin", "admin"), ("member", "funcionario")];

/// What the protocol calls a company's role.
pub(crate) fn shown(role: &str) -> &str {
    NAMES.iter().find(|(_, ours)| *ours == role).map_or(role, |(theirs, _)| theirs)
}

/// What a company calls the protocol's role.
pub(crate) fn ours(role: &str) -> &str {
    NAMES.iter().find(|(theirs, _)| *theirs == role).map_or(role, |(_, ours)| ours)
}

/// Names as the protocol lets clients say them: one, several with commas between them, or a list of such.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "OrganizationWords")]
pub(crate) enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    /// Each by itself.
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        let said = match self {
            Self::One(said) => std::slice::from_ref(said),
            Self::Many(said) => said,
        };
        said.iter().flat_map(|said| said.split(',')).map(str::trim).filter(|name| !name.is_empty())
    }

    /// The one role that is said, by the company's name. A member has one role.
    ///
    /// # Errors
    /// 400 when none or several are said.
    pub(crate) fn one_role(&self) -> Result<String> {
        let mut names: Vec<&str> = self.each().map(ours).collect();
        names.dedup();
        match names.as_slice() {
            [] => Err(error::role_not_found("")),
            [one] => Ok((*one).to_owned()),
            _ => Err(invalid("body", "role", "Invalid input: expected one role")),
        }
    }
}

/// The longest that may be said, and how many.
pub(crate) fn is_short(words: &Words, _: &()) -> garde::Result {
    let short = match words {
        Words::One(said) => said.len() <= 256,
        Words::Many(said) => said.len() <= 16 && said.iter().all(|said| said.len() <= 256),
    };
    if short { Ok(()) } else { Err(garde::Error::new("too many words")) }
}

/// Actions by resource: `{"organization": ["delete"]}`.
pub(crate) type Wanted = BTreeMap<String, Vec<String>>;

/// Whether somebody may do all of what is asked, and it is anything at all. What is not in the protocol's table
/// nobody may do.
pub(crate) fn may_all(place: &Place, wanted: &Wanted) -> bool {
    !wanted.is_empty()
        && wanted.iter().all(|(resource, actions)| actions.iter().all(|action| may(place, resource, action)))
}

/// The protocol's table, by what the company lets its roles do.
pub(crate) fn may(place: &Place, resource: &str, action: &str) -> bool {
    match (resource, action) {
        ("organization", "update") => place.permissions.hold(ManageTenant::NAME),
        ("organization", "delete") => place.is_owner(),
        ("member", "create" | "update" | "delete") | ("invitation", "create" | "cancel") => {
            place.permissions.hold(ManageMembers::NAME)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(said: &str) -> Option<String> {
        serde_json::from_str::<Words>(said).expect("words").one_role().ok()
    }

    #[test]
    fn a_role_is_said_in_many_ways_and_is_one() {
        for said in [r#""owner""#, r#"" owner , ""#, r#"["owner"]"#, r#"["owner","owner,"]"#, r#"["owner", "ceo"]"#] {
            assert_eq!(one(said).as_deref(), Some("ceo"), "{said}");
        }
        for none in [r#""""#, r#"",""#, "[]", r#"["admin","member"]"#, r#""admin,member""#] {
            assert_eq!(one(none), None, "{none}");
        }
        assert_eq!(one(r#""night shift""#).as_deref(), Some("night shift"));
        assert_eq!([shown("ceo"), shown("funcionario"), shown("manager")], ["owner", "member", "manager"]);
    }
}
