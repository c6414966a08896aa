use std::fmt::Display;

use serde::Serialize;
use tracing::{Level, Metadata};

use super::fields::{Encode, Fields};
use super::layer::Shape;

/// Who writes the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The service.
    pub service: String,
    /// Its version.
    pub version: String,
    /// Where it runs: development, test or production.
    pub environment: String,
    /// The machine.
    pub hostname: String,
    /// Its operating system.
    pub platform: String,
    /// The process.
    pub pid: u32,
}

impl Identity {
    /// This server on this machine.
    #[must_use]
    pub fn of_this_process(environment: &str) -> Self {
        Self {
            service: "botcriptofy-api".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: environment.to_owned(),
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            platform: std::env::consts::OS.to_owned(),
            pid: std::process::id(),
        }
    }
}

/// One JSON object for each line.
pub(super) struct Json {
    /// All between the message and the correlation id: the same in every line.
    middle: String,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    version: &'a str,
    environment: &'a str,
}

#[derive(Serialize)]
struct Host<'a> {
    hostname: &'a str,
    platform: &'a str,
    pid: u32,
}

impl Json {
    pub(super) fn new(identity: &Identity) -> Self {
        let Identity { service, version, environment, hostname, platform, pid } = identity;
        let mut middle = Vec::from(br#","service":"#);
        encode(&mut middle, &Service { name: service, version, environment });
        middle.extend_from_slice(br#","host":"#);
        encode(&mut middle, &Host { hostname, platform, pid: *pid });
        middle.extend_from_slice(br#","correlation_id":"#);
        Self { middle: String::from_utf8_lossy(&middle).into_owned() }
    }
}

impl Encode for Json {
    fn text(out: &mut Vec<u8>, text: &str) {
        encode(out, text);
    }

    fn message(out: &mut Vec<u8>, text: &str) {
        encode(out, text);
    }

    fn scalar<T: Serialize + Display>(out: &mut Vec<u8>, value: T) {
        encode(out, &value);
    }
}

impl Shape for Json {
    fn line(&self, out: &mut Vec<u8>, time: &str, metadata: &Metadata<'_>, fields: &Fields) {
        out.extend_from_slice(br#"{"@timestamp":""#);
        out.extend_from_slice(time.as_bytes());
        out.extend_from_slice(level(*metadata.level()));
        out.extend_from_slice(fields.get("message").unwrap_or(br#""""#));
        out.extend_from_slice(self.middle.as_bytes());
        out.extend_from_slice(fields.get("correlation_id").unwrap_or(b"null"));
        out.extend_from_slice(br#","context":{"#);
        let context = fields.iter().filter(|(name, _)| !matches!(*name, "message" | "correlation_id"));
        for (index, (name, value)) in context.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            encode(out, name);
            out.push(b':');
            out.extend_from_slice(value);
        }
        out.extend_from_slice(b"}}\n");
    }
}

/// The level and its severity: 1 is the gravest, and INFO is 3.
fn level(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => br#"","level":"ERROR","severity":1,"message":"#,
        Level::WARN => br#"","level":"WARN","severity":2,"message":"#,
        Level::INFO => br#"","level":"INFO","severity":3,"message":"#,
        Level::DEBUG => br#"","level":"DEBUG","severity":4,"message":"#,
        Level::TRACE => br#"","level":"TRACE","severity":5,"message":"#,
    }
}

fn encode<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Texts, numbers and structs of them always encode, and memory always takes them.
    let _ = serde_json::to_writer(out, value);
}
