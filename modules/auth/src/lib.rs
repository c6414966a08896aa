//! Who calls: sign-up, sign-in and sessions, by the Better Auth wire protocol under `/api/auth`.
//!
//! Owns `accounts`, `sessions`, `link_tokens`, `two_factors`, `backup_codes`, `two_factor_challenges`, `trusted_devices`,
//! `sign_in_failures`, `unlock_links` and `known_devices`, and the function `identify`, which every request goes through.
//! Permissions: none; what is here is the user's own or comes before anybody has been recognised.

mod common;
mod cookie;
mod error;
mod form;
mod guard;
mod identify;
mod jobs;
mod jwt;
mod lookup;
mod mail;
mod network;
mod origin;
mod password;
mod platform;
mod reply;
mod routes;
mod service;
mod settings;
mod signer;
mod store;
mod token;
mod totp;
mod view;

pub use identify::identify;
pub use mail::{Language, Mail, Mailer, Words};
pub use password::{Hashing, Passwords};
pub use platform::{is_sign_up_open, send_mail};
pub use service::{
    NewAccount, OpenSession, SignedUp, choose_tenant, close_impersonations_of, close_session, close_sessions_of,
    commit_at, find_session, hash_new_password, home_of, impersonate, open_session, promise_verification, sessions_of,
    set_password, sign_up, stop_impersonating, unlock,
};
pub use settings::AuthSettings;

/// How the routes of the protocol read, refuse and answer, for the modules that add routes to it.
pub mod protocol {
    pub use crate::{
        cookie::Cookies,
        error::invalid,
        form::{Asked, Body, Form, flag},
        guard::{Holder, Visitor},
        reply::{Landing, Reply, Success},
        service::{Entered, Entry, Factor, enter},
        view::{Current, Done, Nothing, SessionView, UserView},
    };
}

/// The accounts of users at other platforms, for the module that signs in by them.
pub mod accounts {
    pub use crate::{
        service::commit_at_home,
        store::{
            Account, SealedTokens, add_account, find_account, own_accounts, remove_account, renew_account,
            session_owner,
        },
    };
}

use kit::{JobKind, Module};

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "auth",
        routes: routes::ROUTES,
        jobs: const { &[JobKind::of::<jobs::SendMail>(), JobKind::of::<jobs::EraseUser>()] },
        settings: platform::SETTINGS,
        sealed: &[service::two_factor::SEALED],
        ..Module::EMPTY
    }
}
