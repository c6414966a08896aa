//! Keys by which bots and services call, by the protocol's `/api/auth/api-key`.

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "api-keys", routes: &[], jobs: &[], services: &[] }
}
