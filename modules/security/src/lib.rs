//! What keeps the platform and its tenants safe: who may do what and why, how often somebody has called, what was
//! noticed about accounts, who called what, and who may not call at all.
//!
//! Owns `permission_grants`, `role_assignments`, `platform_roles`, and, with `tenants`, `tenant_roles`. Whatever gives or
//! takes rights is decided under the lock of its place, the tenant or the platform, by what whoever acts may do at that
//! moment: **nobody gives what they do not hold, takes from who is above them, or gives themselves anything.**
//!
//! Owns `security_events`, `sign_in_places`, `access_log` and `security_blocks`. What the audit trail records of safety
//! becomes an event by a trigger of the trail, after the list in the function `event_of`; what is no change, and so no
//! entry, is noticed by [`notice`].
//!
//! Permissions: `security:read`, `security:manage`, in a tenant or on the whole platform.

mod access_log;
mod actor;
mod block;
mod blocks;
mod event;
mod filter;
mod geo;
mod guesses;
mod keeper;
mod networks;
mod place;
mod routes;
mod service;
mod settings;
mod store;
mod travel;

pub use access_log::write_access_log;
pub use event::{Event, Kind};
pub use geo::{Geo, GeoFault};
pub use keeper::keep;
pub use service::{admit, guessed, notice, see_sign_in, strayed};
pub use settings::{Security, SecuritySettings};
pub use travel::Anomaly;

use kit::{Module, Service, Watch, permission};

permission!(ReadSecurity = "security:read");
permission!(ManageSecurity = "security:manage");

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] = &[
        Service { name: "access-log", run: |app, stop| Box::pin(access_log::run(app, stop)) },
        Service { name: "security-keeper", run: |app, stop| Box::pin(keeper::run(app, stop)) },
    ];
    let watch = Watch { admit: |app, info| Box::pin(service::admit_request(app, info)), saw: access_log::saw };
    Module { name: "security", routes: routes::ROUTES, services: SERVICES, watch: Some(watch), ..Module::EMPTY }
}
