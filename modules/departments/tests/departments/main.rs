//! Departments over HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod heads;
mod members;
mod model;
mod rights;
mod support;
mod tree;
