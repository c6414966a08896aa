//! The audit trail: who did what to which thing, before and after, from where; and the proof that nobody has changed it.
//!
//! Owns `audit_entries` with its parts by month, `audit_pending`, `audit_seals`, `audit_anchors` and `audit_retention`,
//! and the functions `make_audit_month` and `prune_audit`. Every module records into it, in the same transaction as the
//! change.
//! Permissions: `audit:read`, `audit:manage`.

mod chain;
mod change;
mod keeper;
mod record;
mod routes;
mod service;
mod store;
mod view;

pub use chain::{AuditFault, Damage, Head, Verdict, chains, parse_head, seal, verify};
pub use change::Change;
pub use keeper::keep;
pub use service::{record, record_all};

use kit::{Module, Service, permission};

permission!(ReadAudit = "audit:read");
permission!(ManageAudit = "audit:manage");

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] = &[
        Service { name: "audit-sealer", run: |app, stop| Box::pin(keeper::run_sealer(app, stop)) },
        Service { name: "audit-keeper", run: |app, stop| Box::pin(keeper::run_keeper(app, stop)) },
    ];
    Module { name: "audit", routes: routes::ROUTES, services: SERVICES, ..Module::EMPTY }
}
