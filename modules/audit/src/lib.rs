//! The audit trail: who did what to which thing, before and after, from where.
//!
//! Owns `audit_entries`. Every module records into it, in the same transaction as the change.
//! Permissions: `audit:read`.

mod routes;
mod service;
mod store;

pub use service::{Change, record, record_all};

use kit::{Module, permission};

permission!(ReadAudit = "audit:read");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "audit", routes: routes::ROUTES, ..Module::EMPTY }
}
