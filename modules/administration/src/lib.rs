//! Who runs the platform: its users, their roles, bans and sessions, by the protocol's `/api/auth/admin`.
//!
//! Owns no table: users are the business of `users`, sessions that of `auth`.
//! Permissions: none of a tenant's; whoever calls has the role `admin` or `super_admin` on the platform. Only a super
//! administrator makes, changes or removes administrators, and nobody acts as one.

mod case;
mod error;
mod forms;
mod guard;
mod listing;
mod permissions;
mod routes;
mod service;

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "administration", routes: routes::ROUTES, ..Module::EMPTY }
}
