//! The trail proves itself: what is done to it behind its back is found.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod random;
mod retention;
mod sealing;
mod support;
