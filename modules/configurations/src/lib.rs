//! What people set while the platform runs: settings, which modules declare in code and act by, and feature flags,
//! which the platform's operators define.
//!
//! Owns `setting_versions`, `feature_flags` and `feature_flag_choices`; of settings and flags every version is kept.
//! Permissions: `configurations:read`, `configurations:write`, and `configurations:manage` for secrets and flags.

mod flags;
mod routes;
mod service;
mod setting;
mod store;
mod values;

pub use flags::{flag, flag_on_plan};
pub use setting::{Secret, Setting};
pub use values::{faults, preset};

use kit::{Module, permission};

permission!(ReadConfigurations = "configurations:read");
permission!(WriteConfigurations = "configurations:write");
permission!(ManageConfigurations = "configurations:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "configurations", routes: routes::ROUTES, sealed: &[store::SEALED], ..Module::EMPTY }
}
