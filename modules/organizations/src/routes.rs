mod closing;
mod invitations;
mod members;
mod organizations;
mod page;
mod tenants;

use kit::{Route, routes};

pub(crate) static ROUTES: &[Route] = routes![
    organizations::create,
    organizations::check_slug,
    organizations::list,
    organizations::set_active,
    organizations::get_organization,
    organizations::get_full_organization,
    organizations::update,
    organizations::delete,
    organizations::has_permission,
    invitations::invite_member,
    invitations::get_invitation,
    invitations::accept_invitation,
    invitations::reject_invitation,
    invitations::cancel_invitation,
    invitations::list_invitations,
    invitations::list_user_invitations,
    members::list_members,
    members::get_active_member,
    members::get_active_member_role,
    members::update_member_role,
    members::remove_member,
    members::leave,
    closing::close,
    closing::restore,
    tenants::tenant_invitations,
    tenants::invite,
    tenants::add_member,
    tenants::resend,
    tenants::cancel,
    tenants::received,
    tenants::show_received,
    tenants::accept,
    tenants::decline,
    page::answer_invitation,
    page::page_script,
    page::page_styles,
];
