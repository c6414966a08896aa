//! What is answered under `/api/auth`.

mod account;
mod magic_link;
mod session;
mod two_factor;
mod unlock;

use kit::{Route, routes};

pub(crate) static ROUTES: &[Route] = routes![
    session::ok,
    session::sign_up_email,
    session::send_verification_email,
    session::verify_email,
    session::sign_in_email,
    session::sign_out,
    session::get_session,
    session::list_sessions,
    session::revoke_session,
    session::revoke_sessions,
    session::revoke_other_sessions,
    session::session,
    session::status,
    session::me,
    two_factor::enable,
    two_factor::verify_totp,
    two_factor::verify_backup_code,
    two_factor::generate_backup_codes,
    two_factor::get_totp_uri,
    two_factor::disable,
    unlock::unlock_account,
    account::update_user,
    account::change_password,
    account::verify_password,
    account::request_password_reset,
    account::forget_password,
    account::open_password_reset,
    account::reset_password,
    account::list_accounts,
    account::change_email,
    account::delete_user,
    account::delete_user_callback,
    account::erase,
    account::error,
    magic_link::sign_in_magic_link,
    magic_link::verify_magic_link,
];
