//! What clients and the server say to each other.

use garde::Validate;
use kit::{Error, Fault};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most topics of one message.
const MOST_TOPICS: usize = 100;
/// The longest name of a topic: that of candles.
const LONGEST_TOPIC: usize = 128;
/// The longest cursor.
const LONGEST_CURSOR: usize = 20;

/// What a client may say.
#[derive(Debug, Deserialize, Validate, JsonSchema)]
#[serde(tag = "op", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Wish {
    /// Listen to these too.
    Subscribe {
        #[garde(length(min = 1, max = MOST_TOPICS), inner(length(min = 1, max = LONGEST_TOPIC)))]
        topics: Vec<String>,
        /// Tell what followed on this place first.
        #[garde(length(max = LONGEST_CURSOR))]
        cursor: Option<String>,
    },
    /// Listen to these no longer.
    Unsubscribe {
        #[garde(length(min = 1, max = MOST_TOPICS), inner(length(min = 1, max = LONGEST_TOPIC)))]
        topics: Vec<String>,
    },
    /// Say something.
    Ping {},
}

/// What the server says beside events.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(crate) enum Answer<'a> {
    /// From here on, these are told; what is kept, from after the cursor.
    Subscribed {
        topics: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// These are told no longer.
    Unsubscribed {
        topics: &'a [String],
        /// Why, where the client has not asked for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'a str>,
    },
    /// What followed on the client's cursor is gone: read the state anew; these are told from after this one.
    Reset { topics: &'a [String], cursor: String },
    /// Still there.
    Pong,
    /// It cannot be done.
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<&'a str>,
        #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
        errors: &'a [Fault],
    },
    /// Nothing more follows.
    Bye { reason: &'a str, message: &'a str },
}

impl<'a> Answer<'a> {
    pub(crate) fn error(error: &'a Error, topic: Option<&'a str>) -> Self {
        Self::Error { code: error.code(), message: error.message(), topic, errors: error.input_faults() }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
