//! The proof that the walls between tenants hold, and that it would be seen if one of them did not: everything is read
//! from the catalogue of a migrated database and from the API document, so what is new is proved by itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod catalogue;
mod document;
mod estate;
mod login;
mod model;
mod mutation;
mod ownership;
mod probe;
mod references;
mod world;
