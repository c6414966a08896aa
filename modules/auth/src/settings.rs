use crate::{Hashing, Passwords, lookup::Lookups, signer::Signer};
use chrono::TimeDelta;

/// How users are recognised; provided where the program starts.
pub struct AuthSettings {
    pub(crate) signer: Signer,
    pub(crate) lookups: Lookups,
    /// What the names of cookies begin with.
    pub cookie_prefix: String,
    /// How long a session lives after it was last refreshed.
    pub session_max_age: TimeDelta,
    /// How old a session must be to be refreshed when it is used.
    pub session_update_age: TimeDelta,
    /// How passwords are kept.
    pub passwords: Passwords,
}

impl AuthSettings {
    /// How long a session lives whose user is not to be remembered; it is never refreshed.
    pub(crate) const SHORT_AGE: TimeDelta = TimeDelta::days(1);
    /// How young a session must be for what is delicate.
    pub(crate) const FRESH_AGE: TimeDelta = TimeDelta::days(1);
    /// How long an administrator acts as another at most.
    pub(crate) const IMPERSONATION_AGE: TimeDelta = TimeDelta::hours(1);
    /// How long the link of a verification mail holds.
    pub(crate) const LINK_AGE: TimeDelta = TimeDelta::hours(1);

    /// The usual settings over this secret, which signs cookies and links.
    pub fn new(secret: &str) -> Self {
        Self {
            signer: Signer::new(secret),
            lookups: Lookups::default(),
            cookie_prefix: "better-auth".to_owned(),
            session_max_age: TimeDelta::days(7),
            session_update_age: TimeDelta::days(1),
            passwords: Passwords::new(Hashing::Bcrypt { cost: 10 }),
        }
    }
}
