//! The rules, by subject.

pub(crate) mod assignments;
pub(crate) mod check;
pub(crate) mod grants;
pub(crate) mod limits;
pub(crate) mod permissions;
pub(crate) mod roles;

use kit::{Error, Result, Time};

/// Makes sure that what is to end has not ended already.
fn refuse_past(expires_at: Option<Time>, now: Time, path: &str) -> Result<()> {
    match expires_at {
        Some(end) if end <= now => Err(Error::invalid(path, "IN_THE_PAST", "It ends in the future, or never.")),
        _ => Ok(()),
    }
}
