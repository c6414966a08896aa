//! What is answered under `/api/auth`.

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
];
