//! The statements.

mod flags;
mod settings;

pub(crate) use flags::*;
pub(crate) use settings::*;
