use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;

/// Writes times as `2025-10-16T10:30:00.000Z`. Lines come many to the second, so all but the milliseconds is kept.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    second: i64,
    whole: usize,
    text: String,
}

impl Stamp {
    pub(super) fn write(&mut self, now: SystemTime) -> &str {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = i64::try_from(since.as_secs()).unwrap_or_default();
        if self.text.is_empty() || self.second != second {
            let date = DateTime::from_timestamp(second, 0).unwrap_or_default();
            self.text = date.format("%Y-%m-%dT%H:%M:%S.").to_string();
            (self.second, self.whole) = (second, self.text.len());
        }
        self.text.truncate(self.whole);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{:03}Z", since.subsec_millis());
        &self.text
    }
}
