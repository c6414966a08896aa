//! Sign-in by another platform: OAuth 2 and OpenID Connect, by the protocol's `/api/auth/sign-in/social`.
//!
//! Owns `social_states`: who has been sent to another platform and is to come back. The accounts themselves are
//! kept by `auth`. Permissions: none; what is here is the user's own or comes before anybody has been recognised.

mod error;
mod jobs;
mod outside;
mod provider;
mod remembered;
mod routes;
mod seal;
mod service;
mod settings;
mod store;

pub use settings::{ProviderKind, ProviderSettings, Social, SocialSettings};

use kit::{JobKind, Module};

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "social",
        routes: routes::ROUTES,
        jobs: const { &[JobKind::of::<jobs::TellOfAccount>()] },
        sealed: seal::SEALED,
        ..Module::EMPTY
    }
}
