//! The messages of Binance's WebSocket API: answers, and the events of accounts.

use super::stream::{LONGEST, Unreadable};
use serde::Deserialize;

/// The longest name of an order: Binance takes 36 characters.
const LONGEST_ID: usize = 64;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What has come of a request.
    Answer(Answer),
    /// Something has happened to the order of this name. That it has come is nothing: whoever sent it was told.
    Order(String),
    /// Nothing more will be told.
    Over,
    /// Anything else.
    Other,
}

/// What has come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// As of HTTP.
    pub status: u16,
    /// How much weight Binance has counted in this minute.
    pub used_weight: Option<u32>,
    /// Why it is refused, if it is.
    pub refusal: Option<Refusal>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Binance's own code.
    pub code: i64,
    /// Its own words.
    pub message: String,
    /// After how many milliseconds it can be asked again, where that is said.
    pub retry_after: Option<u64>,
}

/// Reads a message.
///
/// # Errors
/// [`Unreadable`].
pub fn read(text: &str) -> Result<Message, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::TooLong);
    }
    let told: Told = serde_json::from_str(text).map_err(|fault| Unreadable::Malformed(fault.to_string()))?;
    match told {
        Told { event: Some(event), .. } => Ok(event.into()),
        Told { status: Some(status), limits, error, .. } => {
            let used_weight = limits.iter().find(|limit| limit.is_of_weight()).map(|limit| limit.count);
            Ok(Message::Answer(Answer { status, used_weight, refusal: error.map(Refusal::from) }))
        }
        Told { .. } => Err(Unreadable::Unknown),
    }
}

#[derive(Deserialize)]
struct Told {
    status: Option<u16>,
    error: Option<Fault>,
    #[serde(rename = "rateLimits", default)]
    limits: Vec<Limit>,
    event: Option<Event>,
}

#[derive(Deserialize)]
struct Fault {
    code: i64,
    msg: String,
    data: Option<Moments>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Moments {
    server_time: Option<i64>,
    retry_after: Option<i64>,
}

impl From<Fault> for Refusal {
    fn from(Fault { code, msg: message, data }: Fault) -> Self {
        let wait = |it: Moments| u64::try_from(it.retry_after?.saturating_sub(it.server_time?)).ok();
        Self { code, message, retry_after: data.and_then(wait) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    rate_limit_type: String,
    interval: String,
    interval_num: u32,
    count: u32,
}

impl Limit {
    fn is_of_weight(&self) -> bool {
        (self.rate_limit_type.as_str(), self.interval.as_str(), self.interval_num) == ("REQUEST_WEIGHT", "MINUTE", 1)
    }
}

#[derive(Deserialize)]
#[serde(tag = "e")]
enum Event {
    #[serde(rename = "executionReport")]
    Execution {
        #[serde(rename = "x")]
        what: String,
        #[serde(rename = "c")]
        id: String,
        /// What a cancelled order was called; the other name is the cancel's own.
        #[serde(rename = "C", default)]
        original_id: String,
    },
    #[serde(rename = "eventStreamTerminated", alias = "serverShutdown")]
    Over,
    #[serde(other)]
    Other,
}

impl From<Event> for Message {
    fn from(event: Event) -> Self {
        match event {
            Event::Execution { what, id, original_id } if what != "NEW" => {
                let id = if original_id.is_empty() { id } else { original_id };
                if id.len() <= LONGEST_ID { Self::Order(id) } else { Self::Other }
            }
            Event::Over => Self::Over,
            Event::Execution { .. } | Event::Other => Self::Other,
        }
    }
}
