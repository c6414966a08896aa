//! What administrators of the platform see and do for its safety: how often somebody has called, and letting them
//! begin anew.
//!
//! Owns no table. Permissions: none; whoever has the role `admin` or `super_admin` on the platform may.

mod guard;
mod routes;
mod service;

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "security", routes: routes::ROUTES, ..Module::EMPTY }
}
