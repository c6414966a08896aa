//! Tenants: companies, traders and influencers, who works in them and what each role may do.
//!
//! A tenant is active, suspended by the platform, or closed by its owner, who may restore it until it is erased. Only
//! what says so is open to the members of one that is not active.
//!
//! Owns `tenants`, `tenant_slugs`, `tenant_members` and `tenant_roles`. Whatever depends on who the members are is decided under a
//! lock of the tenant's row, so that a tenant never loses its last owner and nobody gives more than they have.
//! Permissions: `tenants:read`, `tenants:manage`, `tenants:delete` (and only its owner deletes a tenant),
//! `members:read`, `members:manage`.

mod guard;
mod jobs;
mod kind;
mod routes;
mod service;
mod slug;
mod standing;
mod store;
mod view;

pub use guard::{Inside, InsideInAnyState};
pub use kind::Kind;
pub use service::{
    MOST_MEMBERS, add_member, admit, all_members, change, change_role, close, create, define_role, delete, enter,
    enter_as_guest, find_member, find_own_by_slug, found, is_slug_free, kind, leave, lock, look, membership, own_alone,
    own_of_kind, platform_rights, refuse_sole_owner, remove_member, replace_role, restore, rights, set_role, vouch,
};
pub use slug::{is_reserved, is_slug};
pub use standing::Standing;
pub use view::{Member, NewTenant, Place, Status, Tenant, TenantPatch, is_metadata};

use kit::{JobKind, Module, permission};

permission!(ReadTenant = "tenants:read");
permission!(ManageTenant = "tenants:manage");
permission!(DeleteTenant = "tenants:delete");
permission!(ReadMembers = "members:read");
permission!(ManageMembers = "members:manage");

/// The module, for the server.
pub const fn module() -> Module {
    const JOBS: &[JobKind] = &[JobKind::of::<jobs::EraseTenant>()];
    Module { name: "tenants", routes: routes::ROUTES, jobs: JOBS, ..Module::EMPTY }
}
