//! Who is asked to join a tenant, and companies as the protocol's organisations, under `/api/auth/organization`.
//!
//! An organisation is a company: its owner, admins and members are those whom the company calls `ceo`, `admin` and
//! `funcionario`; other roles keep their names. What somebody may do in it follows from what they may do in the
//! company, and every change is made in the company's name by the rules of `tenants`.
//!
//! An invitation is addressed to whoever has verified the address; the mail's link carries no secret. It is worth
//! what its inviter's word is worth when it is accepted.
//!
//! The end of a tenant is here too, since its members are told by mail.
//!
//! Owns `invitations`.
//! Permissions: none of its own; `members:manage` of `tenants` for invitations, `tenants:delete` for its end.

mod error;
mod form;
mod jobs;
mod role;
mod routes;
mod service;
mod settings;
mod store;
mod view;

use kit::{Declaration, JobKind, Module};

/// The module, for the server.
pub const fn module() -> Module {
    const JOBS: &[JobKind] =
        &[JobKind::of::<jobs::SendInvitation>(), JobKind::of::<jobs::TellMembers>(), JobKind::of::<jobs::SendTurn>()];
    const SETTINGS: &[&Declaration] = &[settings::VALID_HOURS.declared(), settings::MOST_OPEN.declared()];
    Module { name: "organizations", routes: routes::ROUTES, jobs: JOBS, settings: SETTINGS, ..Module::EMPTY }
}
