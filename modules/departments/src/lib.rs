//! Departments: the tree in which a company is ordered, who works in each and who leads it.
//!
//! Whoever works in a department may do in the company what the department permits; those above and below it in the
//! tree give nothing. Every change is decided under the lock of the tenant, by what whoever acts may do at that moment:
//! **nobody gives what they do not hold themselves**, be it by a department's permissions, by letting somebody in
//! (themselves, too) or by making somebody its head.
//!
//! Owns `departments` and `department_members`. A company begins with nine, which are like any other afterwards.
//! Permissions: `departments:read`, `departments:write` (the tree and what it says), `departments:delete`,
//! `departments:manage` (who works where, who leads and what a department permits). The head of a department manages
//! its members without the latter. What gives or takes rights needs a session.

mod actor;
mod guard;
mod routes;
mod service;
mod store;
mod tree;
mod view;

pub use view::Department;

use kit::{Module, permission};

permission!(ReadDepartments = "departments:read");
permission!(WriteDepartments = "departments:write");
permission!(DeleteDepartments = "departments:delete");
permission!(ManageDepartments = "departments:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "departments", routes: routes::ROUTES, ..Module::EMPTY }
}
