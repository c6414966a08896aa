//! What an exchange says of a key, and what follows from it.

use crate::{Credentials, KeyInfo, VenueError, Venues, connection::NewConnection, status::Outcome};
use axum::http::StatusCode;
use kit::{App, Error, Result};

/// The most of an exchange's words that is kept.
const LONGEST: usize = 300;

/// What has come of asking. No transaction is open meanwhile.
pub(crate) type Probe = Result<KeyInfo, VenueError>;

/// Asks about a key that is not kept yet.
///
/// # Errors
/// 422 `KEY_REFUSED` or `KEY_CAN_WITHDRAW`; 503 `EXCHANGE_UNAVAILABLE` and its like.
pub(crate) async fn admit(app: &App, new: &NewConnection, credentials: &Credentials) -> Result<KeyInfo> {
    let venue = Venues::of(app).find(new.exchange.as_str())?;
    let info = venue.probe(credentials).await.map_err(|failure| failure.told(app.clock().now()))?;
    info.admitted(new.allow_withdrawals)
}

impl KeyInfo {
    /// The same, if such a key may be used.
    pub(crate) fn admitted(self, allow_withdrawals: bool) -> Result<Self> {
        let refused =
            |code: &'static str, message: &str| Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, code, message));
        match self {
            Self { read: false, .. } => refused("KEY_REFUSED", "The key may not read the account."),
            Self { withdraw: true, .. } if !allow_withdrawals => refused(
                "KEY_CAN_WITHDRAW",
                "The key can take money out. Make one that cannot, or say `allowWithdrawals`.",
            ),
            sound => Ok(sound),
        }
    }
}

/// What a connection learns from a probe.
pub(crate) struct Lesson {
    pub(crate) outcome: Outcome,
    /// What the key may do, if the exchange said it.
    pub(crate) info: Option<KeyInfo>,
    /// Why it does not work.
    pub(crate) message: Option<String>,
}

impl Lesson {
    pub(crate) fn of(probe: Probe, allow_withdrawals: bool) -> Self {
        match probe {
            Ok(info) => match info.admitted(allow_withdrawals) {
                Ok(_) => Self { outcome: Outcome::Sound, info: Some(info), message: None },
                Err(refusal) => {
                    let message = Some(refusal.message().to_owned());
                    Self { outcome: Outcome::Refused, info: Some(info), message }
                }
            },
            Err(failure) => {
                let refused = matches!(failure, VenueError::KeyRefused(_));
                let outcome = if refused { Outcome::Refused } else { Outcome::Silent };
                let message = failure.to_string().chars().take(LONGEST).collect();
                Self { outcome, info: None, message: Some(message) }
            }
        }
    }
}
