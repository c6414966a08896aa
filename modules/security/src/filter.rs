//! Which part of a log is asked for.

use crate::event::Severity;
use garde::Validate;
use kit::{Cursor, Error, Result, Time};
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::IpAddr;
use uuid::Uuid;

/// Which events are asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecurityEventFilter")]
pub(crate) struct EventFilter {
    /// Only this kind.
    #[garde(length(max = 64))]
    pub(crate) kind: Option<String>,
    /// Only this severity.
    #[garde(skip)]
    pub(crate) severity: Option<Severity>,
    /// Only about this user.
    #[garde(skip)]
    pub(crate) user_id: Option<Uuid>,
    /// Only from this address.
    #[garde(skip)]
    #[schemars(with = "Option<String>")]
    pub(crate) ip: Option<IpAddr>,
    /// Only from this moment on.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Only before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
}

/// Which requests are asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessFilter {
    /// Only by this user.
    #[garde(skip)]
    pub(crate) user_id: Option<Uuid>,
    /// Only by this key.
    #[garde(skip)]
    pub(crate) key_id: Option<Uuid>,
    /// Only from this address.
    #[garde(skip)]
    #[schemars(with = "Option<String>")]
    pub(crate) ip: Option<IpAddr>,
    /// Only this method.
    #[garde(length(max = 16))]
    pub(crate) method: Option<String>,
    /// Only this path, as the API document has it.
    #[garde(length(max = 200))]
    pub(crate) route: Option<String>,
    /// Only with this status.
    #[garde(range(min = 100, max = 599))]
    pub(crate) status: Option<i16>,
    /// Only from this moment on.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Only before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
}

/// An address as logs have it.
pub(crate) fn text_of(ip: Option<IpAddr>) -> Option<String> {
    ip.map(|ip| ip.to_canonical().to_string())
}

/// A part of a log by the ids of its entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) before: Option<Uuid>,
    pub(crate) after: Option<Uuid>,
    pub(crate) limit: i64,
}

impl Span {
    pub(crate) fn of(cursor: &Cursor) -> Result<Self> {
        let place = |text: &Option<String>, path: &str| match text {
            None => Ok(None),
            Some(text) => Uuid::parse_str(text)
                .map(Some)
                .map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the log.")),
        };
        let (before, after) = (place(&cursor.before, "before")?, place(&cursor.after, "after")?);
        Ok(Self { before, after, limit: cursor.limit() })
    }
}
