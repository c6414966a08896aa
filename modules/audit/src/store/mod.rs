//! The only place with SQL.

pub(crate) mod compliance;
pub(crate) mod entries;
pub(crate) mod retention;
pub(crate) mod seals;
