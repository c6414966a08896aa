//! The rules, by subject.

pub(crate) mod limits;
