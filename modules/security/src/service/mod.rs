//! The rules, by subject.

pub(crate) mod assignments;
pub(crate) mod blocks;
pub(crate) mod check;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod limits;
mod notice;
pub(crate) mod permissions;
pub(crate) mod roles;
mod sign_in;

pub(crate) use blocks::admit_request;
pub use blocks::{admit, guessed};
pub(crate) use notice::{Told, notice_apart};
pub use notice::{notice, strayed};
pub use sign_in::see_sign_in;

use kit::{Error, Result, Time};

/// Makes sure that what is to end has not ended already.
fn refuse_past(expires_at: Option<Time>, now: Time, path: &str) -> Result<()> {
    match expires_at {
        Some(end) if end <= now => Err(Error::invalid(path, "IN_THE_PAST", "It ends in the future, or never.")),
        _ => Ok(()),
    }
}
