//! Why the exchange does not do what it was asked, with the protocol's codes and words.

use std::borrow::Cow;

/// A refusal: nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The protocol's number.
    pub code: i32,
    /// Its words.
    pub message: Cow<'static, str>,
}

/// Refusals that always say the same.
macro_rules! refusals {
    ($($name:ident = $code:literal $message:literal;)+) => {
        impl Refusal { $(
            #[doc = $message]
            pub const $name: Self = Self { code: $code, message: Cow::Borrowed($message) };
        )+ }
    };
}

refusals! {
    INTERNAL = -1001 "Internal error; unable to process your request. Please try again.";
    UNKNOWN_STATUS = -1006 "An unexpected response was received from the message bus. Execution status unknown.";
    OVERLOADED = -1008 "Server is currently overloaded with other requests. Please try again in a few minutes.";
    MARKET_CLOSED = -1013 "Market is closed.";
    OUTSIDE_WINDOW = -1021 "Timestamp for this request is outside of the recvWindow.";
    AHEAD = -1021 "Timestamp for this request was 1000ms ahead of the server's time.";
    SIGNATURE = -1022 "Signature for this request is not valid.";
    WINDOW_TOO_LONG = -1131 "Invalid data sent for a parameter: recvWindow must be less than 60000.";
    NO_PATH = -1020 "This path is not there.";
    TIME_IN_FORCE = -1115 "Invalid timeInForce.";
    ORDER_TYPE = -1116 "Invalid orderType.";
    SIDE = -1117 "Invalid side.";
    INTERVAL = -1120 "Invalid interval.";
    SYMBOL = -1121 "Invalid symbol.";
    COMBINATION = -1128 "Combination of optional parameters invalid.";
    INSUFFICIENT = -2010 "Account has insufficient balance for requested action.";
    WOULD_MATCH = -2010 "Order would immediately match and take.";
    WOULD_TRIGGER = -2010 "Stop price would trigger immediately.";
    DUPLICATE = -2010 "Duplicate order sent.";
    OCO_PRICES = -2010 "The relationship of the prices for the orders is not correct.";
    UNKNOWN_ORDER = -2011 "Unknown order sent.";
    NO_ORDER = -2013 "Order does not exist.";
    NO_LIST = -2018 "Order list does not exist.";
    KEY_FORMAT = -2014 "API-key format invalid.";
    KEY = -2015 "Invalid API-key, IP, or permissions for action.";
    NOT_REPLACED = -2022 "Order cancel-replace failed.";
    HMAC_KEY = -4056 "HMAC_SHA256 API key is not supported.";
    HALF_REPLACED = -2021 "Order cancel-replace partially failed.";
}

impl Refusal {
    /// A filter does not let the order pass.
    #[must_use]
    pub fn filter(name: &str) -> Self {
        Self { code: -1013, message: format!("Filter failure: {name}").into() }
    }

    /// A parameter is missing or cannot be read.
    #[must_use]
    pub fn mandatory(name: &str) -> Self {
        let message = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        Self { code: -1102, message: message.into() }
    }

    /// A parameter has characters that it may not have.
    #[must_use]
    pub fn illegal(name: &str, range: &str) -> Self {
        let message = format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.");
        Self { code: -1100, message: message.into() }
    }

    /// There are more parameters than anybody needs, or one of them twice.
    #[must_use]
    pub fn too_many(expected: usize, received: usize) -> Self {
        let message = format!("Too many parameters; expected '{expected}' and received '{received}'.");
        Self { code: -1101, message: message.into() }
    }

    /// A parameter is there and empty.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Self { code: -1105, message: format!("Parameter '{name}' was empty.").into() }
    }

    /// A parameter that this kind of order does not have.
    #[must_use]
    pub fn not_required(name: &str) -> Self {
        Self { code: -1106, message: format!("Parameter '{name}' sent when not required.").into() }
    }

    /// A number has more digits than the exchange keeps.
    #[must_use]
    pub fn precision(name: &str) -> Self {
        Self { code: -1111, message: format!("Parameter '{name}' has too much precision.").into() }
    }

    /// Too many orders in a span.
    #[must_use]
    pub fn too_many_orders(limit: u32, span: &str) -> Self {
        Self {
            code: -1015,
            message: format!("Too many new orders; current limit is {limit} orders per {span}.").into(),
        }
    }
}
