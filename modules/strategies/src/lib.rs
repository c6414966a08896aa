//! Strategies: declarative documents under a name, of which every version is kept.
//!
//! Owns `strategies`, `strategy_versions` and `strategy_shares`. A version never changes, so that
//! what a bot or a back-test was made from can always be read again. A private strategy does not
//! exist for a colleague with whom it is not shared.
//! Permissions: `strategies:read`, `strategies:write`, `strategies:delete`, `strategies:manage`.

mod draft;
mod routes;
mod schema;
mod service;
mod store;
mod templates;

pub use draft::{Draft, faults};
pub use service::{Strategy, Visibility, get};

use kit::{Module, permission};

permission!(ReadStrategies = "strategies:read");
permission!(WriteStrategies = "strategies:write");
permission!(DeleteStrategies = "strategies:delete");
permission!(ManageStrategies = "strategies:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "strategies",
        routes: routes::ROUTES,
        settings: const { &[service::MOST_STRATEGIES.declared()] },
        ..Module::EMPTY
    }
}
