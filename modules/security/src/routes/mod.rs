//! What is answered under `/api/v1/security`, and the user's own events.

mod access_log;
mod blocks;
mod check;
mod events;
mod limits;
mod platform;
mod roles;
mod users;

use kit::{Route, routes};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    check::list_permissions,
    check::check_permission,
    roles::list_roles,
    roles::create_role,
    roles::show_role,
    roles::change_role,
    roles::remove_role,
    roles::role_permissions,
    roles::replace_role_permissions,
    roles::add_role_permission,
    roles::remove_role_permission,
    users::list_user_roles,
    users::assign_role,
    users::unassign_role,
    users::user_permissions,
    users::decide_permission,
    users::decide_permissions,
    users::lift_permission,
    platform::list_platform_roles,
    platform::create_platform_role,
    platform::show_platform_role,
    platform::change_platform_role,
    platform::remove_platform_role,
    platform::platform_role_permissions,
    platform::replace_platform_role_permissions,
    platform::add_platform_role_permission,
    platform::remove_platform_role_permission,
    platform::list_platform_user_roles,
    platform::assign_platform_role,
    platform::unassign_platform_role,
    platform::platform_user_permissions,
    platform::decide_platform_permission,
    platform::decide_platform_permissions,
    platform::lift_platform_permission,
    limits::show_limits,
    limits::lift_limits,
    events::list_own_events,
    events::list_events,
    events::list_platform_events,
    access_log::list_accesses,
    access_log::list_platform_accesses,
    blocks::list_blocks,
    blocks::make_block,
    blocks::lift_block,
    blocks::list_platform_blocks,
    blocks::make_platform_block,
    blocks::lift_platform_block,
];

/// A permission that a role gives.
#[derive(Deserialize, JsonSchema)]
struct RolePermissionPath {
    name: String,
    /// `resource:action`.
    permission: String,
}

/// A role that a user has.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserRolePath {
    user_id: Uuid,
    role: String,
}

/// What was granted to or revoked from a user.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserPermissionPath {
    user_id: Uuid,
    /// `resource:action`.
    permission: String,
}
