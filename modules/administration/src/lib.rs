//! Who runs the platform: its users, their roles, bans and sessions, by the protocol's `/api/auth/admin`.

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "administration", routes: &[], jobs: &[], services: &[] }
}
