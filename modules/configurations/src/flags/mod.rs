//! Features that are on for some and off for others.

mod known;
mod rule;
mod service;
mod stream;

pub use known::{flag, flag_on_plan};
pub(crate) use known::{verdict, verdicts};
pub(crate) use rule::{Definition, Verdict};
pub(crate) use service::{
    Choice, Flag, FlagChange, FlagVersion, change, choose, history, kill, list, remove, show, unchoose,
};
pub(crate) use stream::stream;
