//! What keeps the platform and its tenants safe: who may do what and why, and how often somebody has called.
//!
//! Owns `permission_grants`, `role_assignments`, `platform_roles`, and, with `tenants`, `tenant_roles`. Whatever gives or
//! takes rights is decided under the lock of its place, the tenant or the platform, by what whoever acts may do at that
//! moment: **nobody gives what they do not hold, takes from who is above them, or gives themselves anything.**
//!
//! Permissions: `security:read`, `security:manage`, in a tenant or on the whole platform.

mod actor;
mod place;
mod routes;
mod service;
mod store;

use kit::{Module, permission};

permission!(ReadSecurity = "security:read");
permission!(ManageSecurity = "security:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "security", routes: routes::ROUTES, ..Module::EMPTY }
}
