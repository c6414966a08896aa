use std::fmt::Display;
use std::io::Write;

use serde::Serialize;
use tracing::{Level, Metadata};

use super::fields::{Encode, Fields};
use super::layer::Shape;

const RESET: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";

/// A line for people: `10:30:00.000  INFO ← GET /health 200 1ms user_id=…`.
pub(super) struct Pretty {
    pub(super) colours: bool,
}

impl Encode for Pretty {
    fn text(out: &mut Vec<u8>, text: &str) {
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') {
            out.extend_from_slice(format!("{text:?}").as_bytes());
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// Line ends stay, indented so that no text can pass for a line of its own.
    fn message(out: &mut Vec<u8>, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => out.extend_from_slice(b"\n    "),
                c if c.is_control() => out.extend_from_slice(c.escape_default().to_string().as_bytes()),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn scalar<T: Serialize + Display>(out: &mut Vec<u8>, value: T) {
        out.extend_from_slice(value.to_string().as_bytes());
    }
}

impl Shape for Pretty {
    fn line(&self, out: &mut Vec<u8>, time: &str, metadata: &Metadata<'_>, fields: &Fields) {
        let time = time.get(11..23).unwrap_or(time);
        let [dim, level_colour, reset] =
            if self.colours { [DIM, colour(*metadata.level()), RESET] } else { ["", "", ""] };
        let level = metadata.level().as_str();
        // Memory always takes what is written to it.
        let _ = write!(out, "{dim}{time}{reset} {level_colour}{level:>5}{reset} ");
        out.extend_from_slice(fields.get("message").unwrap_or_default());
        out.extend_from_slice(dim.as_bytes());
        for (name, value) in fields.iter().filter(|(name, _)| *name != "message") {
            out.push(b' ');
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(value);
        }
        out.extend_from_slice(reset.as_bytes());
        out.push(b'\n');
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}
