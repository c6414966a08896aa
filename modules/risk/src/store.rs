//! All SQL of the module.

pub(crate) mod figures;
pub(crate) mod halts;
pub(crate) mod limits;
