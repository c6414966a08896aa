//! All of the module's SQL, by table.

mod accounts;
mod administration;
mod devices;
mod identify;
mod link_tokens;
mod linked;
mod lockout;
mod sessions;
mod two_factor;

pub(crate) use accounts::*;
pub(crate) use administration::*;
pub(crate) use devices::*;
pub(crate) use identify::identify;
pub(crate) use link_tokens::*;
pub use linked::*;
pub(crate) use lockout::*;
pub(crate) use sessions::*;
pub(crate) use two_factor::*;
