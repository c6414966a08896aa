//! The second factor: codes of an authenticator, and backup codes for when it is lost.

mod backup_codes;
mod challenge;
mod setup;
mod trust;
mod verify;

pub(crate) use backup_codes::renew as renew_backup_codes;
pub(crate) use challenge::ask;
pub(crate) use setup::{Confirm, Enable, disable, prepare, uri};
pub(crate) use trust::{expired as expired_trust, is_trusted};
pub(crate) use verify::{VerifyBackupCode, VerifyTotp, verify_backup_code, verify_totp};

use crate::totp::Authenticator;
use kit::{App, Result, Sealed};
use uuid::Uuid;

/// Where the secret stands, for the vault.
const PLACE: &str = "two_factor.secret";
pub(crate) const SEALED: &Sealed =
    &Sealed { table: "two_factors", column: "secret", owner: "user_id", of: "user_id", place: |_| PLACE.to_owned() };
/// How long a second factor is locked after too many wrong answers, whatever the challenge.
const LOCK: chrono::TimeDelta = chrono::TimeDelta::minutes(15);
const MOST_FAILURES: i32 = 10;

fn authenticator(app: &App, user: Uuid, sealed: &[u8]) -> Result<Authenticator> {
    app.vault().open(&user.to_string(), PLACE, sealed).map(|secret| Authenticator::new(&secret))
}
