//! How a request is signed: HMAC-SHA256 over its query, with the time in it.

use hmac::{Hmac, KeyInit, Mac};
use kit::Time;
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use url::form_urlencoded::Serializer;

/// The header that names the key.
pub(crate) const KEY: &str = "x-mbx-apikey";
/// How long after its time a request is usually taken, in milliseconds.
pub(crate) const WINDOW: u32 = 5_000;
/// The longest time for which Binance takes one.
pub(crate) const LONGEST_WINDOW: u32 = 60_000;
/// Binance's code for what cannot be a key.
pub(crate) const BAD_KEY: i64 = -2014;
/// Binance's code for a time that is too far from its own.
pub(crate) const BAD_TIME: i64 = -1021;

/// The query with its time, for how long it is taken from then on, and its signature.
pub(crate) fn query(query: &[(&str, String)], timestamp: i64, window: u32, secret: &str) -> String {
    let mut payload = Serializer::new(String::new());
    payload.extend_pairs(query);
    payload.append_pair("recvWindow", &window.to_string()).append_pair("timestamp", &timestamp.to_string());
    let payload = payload.finish();
    format!("{payload}&signature={}", signature(&payload, secret))
}

/// The parameters by which the WebSocket API is asked in somebody's name: they are signed as they stand, in the order
/// of their names.
pub(crate) fn parameters(key: &str, timestamp: i64, secret: &str) -> Value {
    let signature = signature(&format!("apiKey={key}&recvWindow={WINDOW}&timestamp={timestamp}"), secret);
    json!({ "apiKey": key, "recvWindow": WINDOW, "timestamp": timestamp, "signature": signature })
}

fn signature(payload: &str, secret: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    base16ct::lower::encode_string(&mac.chain_update(payload).finalize().into_bytes())
}

/// By how much Binance's clock is ahead of ours, once that has been measured.
pub(crate) struct Skew(AtomicI64);

const UNKNOWN: i64 = i64::MIN;

impl Default for Skew {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl Skew {
    pub(crate) fn is_known(&self) -> bool {
        self.0.load(Relaxed) != UNKNOWN
    }

    /// Learns what Binance's clock showed, and ours once that was heard: what is sent is then never of the future.
    pub(crate) fn learn(&self, theirs: i64, ours: Time) {
        self.0.store(theirs.saturating_sub(ours.millis()).max(UNKNOWN + 1), Relaxed);
    }

    /// What Binance's clock shows at a moment of ours.
    pub(crate) fn applied(&self, at: Time) -> i64 {
        let skew = Some(self.0.load(Relaxed)).filter(|skew| *skew != UNKNOWN);
        at.millis().saturating_add(skew.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_signed_as_there() {
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000\
                       &timestamp=1499827319559";
        let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
        assert_eq!(signature(payload, secret), expected);
        let pairs = payload.split('&').map(|pair| pair.split_once('=').unwrap());
        let asked: Vec<_> = pairs.take(6).map(|(name, value)| (name, value.to_owned())).collect();
        assert_eq!(query(&asked, 1_499_827_319_559, WINDOW, secret), format!("{payload}&signature={expected}"));
    }
}
