//! Tenants: companies, traders and influencers, who works in them and what each role may do.
//!
//! Owns `tenants`, `tenant_members` and `tenant_roles`.
//! Permissions: `tenants:read`, `tenants:manage`, `members:read`.

mod guard;
mod kind;
mod routes;
mod service;
mod slug;
mod store;

pub use guard::Inside;
pub use kind::Kind;
pub use service::{Tenant, add_member, create, define_role, refuse_sole_owner, set_role};

use kit::{Module, permission};

permission!(ReadTenant = "tenants:read");
permission!(ManageTenant = "tenants:manage");
permission!(ReadMembers = "members:read");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "tenants", routes: routes::ROUTES, jobs: &[], services: &[] }
}
