//! Companies as the protocol knows them, under `/api/auth/organization`: a view of tenants.

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "organizations", routes: &[], jobs: &[], services: &[] }
}
