//! Sign-in by a key of the user's device (WebAuthn), by the protocol's `/api/auth/passkey`. The device checks who its
//! user is, so a passkey is two factors in one: no second one is asked for.
//!
//! Owns `passkeys` and `passkey_challenges`.
//! Permissions: none; what is here is the user's own or comes before anybody has been recognised.

mod error;
mod jobs;
mod routes;
mod service;
mod settings;
mod store;
mod view;

pub use settings::PasskeySettings;

use kit::{JobKind, Module};

/// The module, for the server.
pub const fn module() -> Module {
    let jobs = const { &[JobKind::of::<jobs::SendNotice>()] };
    Module { name: "passkeys", routes: routes::ROUTES, jobs, ..Module::EMPTY }
}
