use crate::{budget::TooHeavy, sign};
use exchanges::VenueError;
use kit::Time;
use market_data::SourceError;

/// Why Binance has not answered what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no connection to it, so that nothing was sent.
    #[error("Binance cannot be reached: {0}")]
    Unreached(String),
    /// It takes too long, breaks off or is ill: what was sent may have been done.
    #[error("Binance is not available: {0}")]
    Unavailable(String),
    /// It lets nobody in for a while.
    #[error("Binance takes no requests from this address until {until}")]
    Limited {
        /// When to come back.
        until: Time,
    },
    /// It refuses what was asked.
    #[error("Binance refuses: {message} ({code})")]
    Refused {
        /// Its own code, such as -1121 for a symbol that it does not know.
        code: i64,
        /// Its own words.
        message: String,
    },
    /// Its answer makes no sense.
    #[error("Binance answers what cannot be used: {0}")]
    Malformed(String),
    /// The request can never go.
    #[error(transparent)]
    TooHeavy(#[from] TooHeavy),
}

/// Binance's code for a symbol that it does not know.
const BAD_SYMBOL: i64 = -1121;

impl From<Failure> for SourceError {
    fn from(failure: Failure) -> Self {
        let message = failure.to_string();
        match failure {
            Failure::Unreached(_) | Failure::Unavailable(_) | Failure::TooHeavy(_) => {
                Self::Unavailable { message, until: None }
            }
            Failure::Limited { until } => Self::Unavailable { message, until: Some(until) },
            Failure::Refused { code: BAD_SYMBOL, .. } => Self::UnknownSymbol,
            Failure::Refused { .. } => Self::Refused(message),
            Failure::Malformed(_) => Self::Wrong(message),
        }
    }
}

/// Binance's codes for keys that it does not take: unknown, not allowed to do this or from here, wrongly signed.
pub(crate) const BAD_KEYS: [i64; 5] = [sign::BAD_KEY, -2015, -2008, -1022, -1002];

impl From<Failure> for VenueError {
    fn from(failure: Failure) -> Self {
        let message = failure.to_string();
        match failure {
            Failure::Refused { code, message } if BAD_KEYS.contains(&code) => {
                Self::KeyRefused(format!("{message} ({code})"))
            }
            Failure::Refused { code: sign::BAD_TIME, message } => Self::Clock(message),
            Failure::Unreached(_) | Failure::Unavailable(_) | Failure::TooHeavy(_) | Failure::Refused { .. } => {
                Self::Unavailable { message, until: None }
            }
            Failure::Limited { until } => Self::Unavailable { message, until: Some(until) },
            Failure::Malformed(message) => Self::Wrong(message),
        }
    }
}
