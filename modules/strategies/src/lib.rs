//! Strategies: declarative documents under a name, of which every version is kept.
//!
//! Owns `strategies` and `strategy_versions`. A version never changes, so that what a bot or a
//! back-test was made from can always be read again.
//! Permissions: `strategies:read`, `strategies:write`, `strategies:delete`.

mod draft;
mod routes;
mod service;
mod store;
mod templates;

pub use draft::{Draft, faults};
pub use service::{Strategy, get};

use kit::{Module, permission};

permission!(ReadStrategies = "strategies:read");
permission!(WriteStrategies = "strategies:write");
permission!(DeleteStrategies = "strategies:delete");

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "strategies",
        routes: routes::ROUTES,
        settings: const { &[service::MOST_STRATEGIES.declared()] },
        ..Module::EMPTY
    }
}
