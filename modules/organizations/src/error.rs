//! The failures of the protocol's organisations, by its own statuses, codes and words.

use axum::http::StatusCode;
use kit::Error;

auth::failures! {
    organization_already_exists = BAD_REQUEST "ORGANIZATION_ALREADY_EXISTS" "Organization already exists";
    slug_already_taken = BAD_REQUEST "ORGANIZATION_SLUG_ALREADY_TAKEN" "Organization slug already taken";
    too_many_organizations = FORBIDDEN "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS" "You have reached the maximum number of organizations";
    organization_not_found = BAD_REQUEST "ORGANIZATION_NOT_FOUND" "Organization not found";
    organization_id_required = BAD_REQUEST "ORGANIZATION_ID_IS_REQUIRED" "Organization ID is required";
    no_active_organization = BAD_REQUEST "NO_ACTIVE_ORGANIZATION" "No active organization";
    user_is_no_member = BAD_REQUEST "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION" "User is not a member of the organization";
    user_is_no_member_forbidden = FORBIDDEN "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION" "User is not a member of the organization";
    user_is_no_member_unauthorized = UNAUTHORIZED "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION" "User is not a member of the organization";
    you_are_no_member = FORBIDDEN "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION" "You are not a member of this organization";
    may_not_update = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION" "You are not allowed to update this organization";
    may_not_delete = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION" "You are not allowed to delete this organization";
    member_not_found = BAD_REQUEST "MEMBER_NOT_FOUND" "Member not found";
    may_not_update_member = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER" "You are not allowed to update this member";
    may_not_delete_member = UNAUTHORIZED "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER" "You are not allowed to delete this member";
    only_owner_cannot_leave = BAD_REQUEST "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER" "You cannot leave the organization as the only owner";
    needs_an_owner = BAD_REQUEST "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER" "You cannot leave the organization without an owner";
    membership_limit_reached = FORBIDDEN "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED" "Organization membership limit reached";
    invalid_email = BAD_REQUEST "INVALID_EMAIL" "Invalid email";
    may_not_invite = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION" "You are not allowed to invite users to this organization";
    may_not_invite_with_role = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE" "You are not allowed to invite a user with this role";
    already_a_member = BAD_REQUEST "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION" "User is already a member of this organization";
    already_invited = BAD_REQUEST "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION" "User is already invited to this organization";
    invitation_limit_reached = FORBIDDEN "INVITATION_LIMIT_REACHED" "Invitation limit reached";
    invitation_not_found = BAD_REQUEST "INVITATION_NOT_FOUND" "Invitation not found";
    not_the_recipient = FORBIDDEN "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION" "You are not the recipient of the invitation";
    verify_before_answering = FORBIDDEN "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION" "Email verification required before accepting or rejecting invitation";
    verify_before_reading = FORBIDDEN "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION" "Email verification required to view or list invitations for the session email";
    may_not_cancel = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION" "You are not allowed to cancel this invitation";
    may_not_list_invitations = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS" "You are not allowed to list invitations for this organization";
    inviter_is_gone = BAD_REQUEST "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION" "Inviter is no longer a member of the organization";
}

/// 400 for a role that the organisation does not know.
pub(crate) fn role_not_found(role: &str) -> Error {
    Error::new(StatusCode::BAD_REQUEST, "ROLE_NOT_FOUND", format!("ROLE_NOT_FOUND: {role}"))
}

/// The code of a failure of ours, and what the protocol says in its place.
pub(crate) type Instead = (&'static str, fn() -> Error);

/// What the protocol says in the place of a failure of ours; what is not in the table stays.
pub(crate) fn instead<T>(outcome: kit::Result<T>, table: &[Instead]) -> kit::Result<T> {
    outcome.map_err(|failure| match table.iter().find(|(code, _)| *code == failure.code()) {
        Some((_, theirs)) => theirs(),
        None => failure,
    })
}
