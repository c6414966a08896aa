//! Keys by which bots and services call: the protocol's `/api/auth/api-key`, and the header `X-API-Key`.
//!
//! A key acts for the user who made it, in the tenant in which it was made, and may do what it was given and the
//! user may still do. It is shown once and kept as a hash. Leaving the tenant ends it.
//!
//! Owns `api_keys` and `api_key_addresses`, and the functions `identify_key` and `spend_key`.
//! Permissions: none; keys are the user's own, and only a session can see or change them.

mod addresses;
mod error;
mod guard;
mod identify;
mod limit;
mod lookup;
mod routes;
mod scopes;
mod service;
mod store;
mod usage;
mod view;

pub use identify::identify;
pub use limit::Limit;
pub use service::{NewKey, issue_key};
pub use usage::write_usage;

use kit::{Module, Service};

/// What this process knows of keys; provided where the program starts.
#[derive(Clone, Default)]
pub struct ApiKeys {
    lookups: lookup::Lookups,
    usage: usage::Usage,
}

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] = &[Service { name: "api-keys", run: |app, stop| Box::pin(usage::run(app, stop)) }];
    Module { name: "api-keys", routes: routes::ROUTES, services: SERVICES, ..Module::EMPTY }
}
