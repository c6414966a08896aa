//! Messages about an account: no text makes the reader panic, and the name of an order is never longer than one can be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use user::Message;

// the parser alone: its crate brings the whole platform with it
#[path = "../../adapters/binance/src/parse/number.rs"]
#[allow(dead_code)]
mod number;
#[path = "../../adapters/binance/src/parse/stream.rs"]
#[allow(dead_code)]
mod stream;
#[path = "../../adapters/binance/src/parse/user.rs"]
mod user;

fuzz_target!(|text: &str| {
    for line in text.lines() {
        if let Ok(Message::Order(id)) = user::read(line) {
            assert!(id.len() <= 64);
        }
    }
});
