//! Sign-in by a key of the user's device (WebAuthn), by the protocol's `/api/auth/passkey`.

use kit::Module;

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "passkeys", routes: &[], jobs: &[], services: &[] }
}
