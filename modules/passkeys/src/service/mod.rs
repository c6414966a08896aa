//! The rules, by verb.

mod authentication;
mod ceremony;
mod own;
mod registration;

pub(crate) use authentication::{VerifyAuthentication, ask_for_known, sign_in};
pub(crate) use ceremony::{COOKIE, consume};
pub(crate) use own::{DeletePasskey, UpdatePasskey, list, remove, rename};
pub(crate) use registration::{AskRegistration, VerifyRegistration, ask_for_new, register};
