//! Sign-in by another platform: OAuth 2 and OpenID Connect, by the protocol's `/api/auth/sign-in/social`.

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "social", routes: &[], jobs: &[], services: &[] }
}
