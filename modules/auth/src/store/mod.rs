//! All of the module's SQL, by table.

mod accounts;
mod identify;
mod sessions;

pub(crate) use accounts::*;
pub(crate) use identify::identify;
pub(crate) use sessions::*;
