//! All of the module's SQL, by table.

mod accounts;
mod administration;
mod identify;
mod sessions;

pub(crate) use accounts::*;
pub(crate) use administration::*;
pub(crate) use identify::identify;
pub(crate) use sessions::*;
