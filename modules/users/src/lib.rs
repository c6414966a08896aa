//! Users: who somebody is, on the whole platform, and how they like to see it.
//!
//! Owns `users`, `user_preferences`, `user_avatars`, `user_consents` and `user_exports`. A user's place in a tenant is the business of `tenants`, how they prove who they are that of `auth`.
//! Permissions: none; what is here is the user's own.

mod avatar;
mod consent;
mod email;
mod export;
mod jobs;
mod preferences;
mod profile;
mod role;
mod routes;
mod search;
mod service;
mod store;

pub use email::Email;
pub use profile::{Profile, given, is_web_address};
pub use role::Role;
pub use search::{Condition, Field, Operator, Search, search};
pub use service::{
    Correction, NewUser, appoint, ban, change_name_and_image, correct, create, erasure, find, find_by_email, lock_all,
    promote, remove, set_default_tenant, set_erasure, set_role, set_two_factor, unban, verify_email,
};

/// The user whose columns stand in a row beside others, as the functions that recognise callers answer them.
#[macro_export]
macro_rules! user_of {
    ($row:ident) => {
        kit::User {
            id: $row.user_id,
            email: $row.email,
            name: $row.user_name,
            image: $row.image,
            email_verified: $row.email_verified,
            role: $row.user_role,
            two_factor_enabled: $row.two_factor_enabled,
            banned: $row.banned,
            ban_reason: $row.ban_reason,
            ban_expires: $row.ban_expires,
            locale: $row.locale,
            time_zone: $row.time_zone,
            currency: $row.currency,
            created_at: $row.user_created_at,
            updated_at: $row.user_updated_at,
        }
    };
}

use kit::{JobKind, Module};

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "users",
        routes: routes::ROUTES,
        jobs: const { &[JobKind::of::<jobs::MakeExport>()] },
        ..Module::EMPTY
    }
}
