//! The exchanges in their users' names, each behind a trait that an adapter fills.

use crate::{Credentials, OrderRefusal, Trader};
use axum::http::StatusCode;
use futures::future::BoxFuture;
use kit::{App, Error, Result, Time};
use std::{sync::Arc, time::Duration};
use trading::money::Quantity;

/// An exchange as one account's holder meets it. It calls out, so nobody asks it within a transaction.
pub trait Venue: Send + Sync {
    /// The exchange's short name.
    fn exchange(&self) -> &'static str;

    /// What can be done with it from here.
    fn abilities(&self) -> Abilities;

    /// What a key may do.
    fn probe<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<KeyInfo, VenueError>>;

    /// What the account holds.
    fn balances<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Vec<Balance>, VenueError>>;

    /// Who places orders there; `None` where it takes none from here.
    fn trader(&self) -> Option<&dyn Trader>;
}

/// All kinds of orders that bots place, by their names.
pub const ORDER_KINDS: &[&str] = &[
    "market",
    "limit",
    "limitMaker",
    "stopMarket",
    "stopLimit",
    "takeProfitMarket",
    "takeProfitLimit",
    "trailingStop",
];

/// What can be done with an exchange from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Whether it gives candles.
    pub candles: bool,
    /// The kinds of orders that it takes; none where it takes no orders.
    pub order_kinds: &'static [&'static str],
}

/// What an exchange says that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Whether it reads the account.
    pub read: bool,
    /// Whether it places orders.
    pub trade: bool,
    /// Whether it takes money out.
    pub withdraw: bool,
    /// Whether it works from named addresses alone.
    pub ip_restricted: bool,
}

/// What an account holds of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Such as `BTC`.
    pub asset: String,
    /// What can be spent.
    pub free: Quantity,
    /// What open orders hold.
    pub locked: Quantity,
}

/// Why an exchange has not answered somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VenueError {
    /// It does not take the key, in its own words.
    #[error("The exchange refuses the key: {0}")]
    KeyRefused(String),
    /// Its clock and ours differ by more than it bears.
    #[error("The exchange's clock differs from this server's: {0}")]
    Clock(String),
    /// What it answers cannot be true.
    #[error("The exchange answers what cannot be used: {0}")]
    Wrong(String),
    /// It refuses the order.
    #[error("The exchange refuses the order: {0}")]
    Refused(OrderRefusal),
    /// It was asked and has not answered: it may have done what was asked, or may not.
    #[error("The exchange has not said what has become of it: {0}")]
    Unknown(String),
    /// It cannot be asked at the moment.
    #[error("{message}")]
    Unavailable {
        /// Why.
        message: String,
        /// When it can be asked again, if that is known.
        until: Option<Time>,
    },
}

impl VenueError {
    /// As whoever waits for the answer is told.
    pub(crate) fn told(self, now: Time) -> Error {
        let message = self.to_string();
        match self {
            Self::KeyRefused(_) => Error::new(StatusCode::UNPROCESSABLE_ENTITY, "KEY_REFUSED", message),
            Self::Clock(_) => Error::unavailable("EXCHANGE_CLOCK_DIFFERS", message, 60),
            Self::Wrong(_) | Self::Unknown(_) => {
                Error::new(StatusCode::BAD_GATEWAY, "EXCHANGE_ANSWERS_WRONGLY", message)
            }
            Self::Refused(_) => Error::new(StatusCode::UNPROCESSABLE_ENTITY, "ORDER_REFUSED", message),
            Self::Unavailable { until, .. } => {
                let seconds = until.map_or(5, |until| (until - now).num_seconds().clamp(1, 86_400));
                Error::unavailable("EXCHANGE_UNAVAILABLE", message, u32::try_from(seconds).unwrap_or(5))
            }
        }
    }
}

/// The exchanges that this platform reaches in its users' names, provided where the program starts.
#[derive(Clone)]
pub struct Venues {
    venues: Vec<Arc<dyn Venue>>,
    patience: Duration,
}

impl Default for Venues {
    fn default() -> Self {
        Self::new(vec![])
    }
}

impl Venues {
    /// These exchanges. Whoever waits for an answer waits 20 seconds at most, which is less than a request may take.
    #[must_use]
    pub fn new(venues: Vec<Arc<dyn Venue>>) -> Self {
        Self { venues, patience: Duration::from_secs(20) }
    }

    /// The same, waited for so long.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Those of an application; none where nobody provided any.
    pub(crate) fn of(app: &App) -> Self {
        app.the::<Self>().cloned().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Venue>> {
        self.venues.iter()
    }

    /// One of them.
    ///
    /// # Errors
    /// 422 `UNKNOWN_EXCHANGE`, which says what can be reached.
    pub(crate) fn find(&self, exchange: &str) -> Result<Reached> {
        let found = self.venues.iter().find(|venue| venue.exchange() == exchange);
        let found = found.map(|venue| Reached { venue: venue.clone(), patience: self.patience });
        found.ok_or_else(|| {
            let known: Vec<_> = self.iter().map(|venue| venue.exchange()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("There is no exchange `{exchange}` to connect; there is {known}.");
            Error::invalid("exchange", "UNKNOWN_EXCHANGE", message)
        })
    }
}

/// An exchange that is waited for only so long.
pub(crate) struct Reached {
    venue: Arc<dyn Venue>,
    patience: Duration,
}

impl Reached {
    pub(crate) async fn probe(&self, credentials: &Credentials) -> Result<KeyInfo, VenueError> {
        self.waited(self.venue.probe(credentials)).await
    }

    pub(crate) async fn balances(&self, credentials: &Credentials) -> Result<Vec<Balance>, VenueError> {
        self.waited(self.venue.balances(credentials)).await
    }

    pub(crate) fn trader(&self) -> Option<&dyn Trader> {
        self.venue.trader()
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) async fn waited<T>(&self, answer: BoxFuture<'_, Result<T, VenueError>>) -> Result<T, VenueError> {
        tokio::time::timeout(self.patience, answer).await.unwrap_or_else(|_| {
            let message = "The exchange takes too long to answer.".to_owned();
            Err(VenueError::Unavailable { message, until: None })
        })
    }
}
