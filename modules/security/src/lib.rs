//! What keeps the platform and its tenants safe: who may do what and why, and how often somebody has called.
//!
//! Owns no table. Permissions: `security:read`, `security:manage`, in a tenant or on the whole platform.

mod routes;
mod service;

use kit::{Module, permission};

permission!(ReadSecurity = "security:read");
permission!(ManageSecurity = "security:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "security", routes: routes::ROUTES, ..Module::EMPTY }
}
