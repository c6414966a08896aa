//! Messages of an exchange's streams: no text makes the reader or the book panic, and a book that is trusted is never
//! crossed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stream::Event;
use trading::book::{Book, Snapshot, State};

// the parser alone: its crate brings the whole platform with it
#[path = "../../adapters/binance/src/parse/number.rs"]
#[allow(dead_code)]
mod number;
#[path = "../../adapters/binance/src/parse/stream.rs"]
#[allow(dead_code)]
mod stream;

fuzz_target!(|text: &str| {
    let mut book = Book::new(50);
    book.snapshot(&Snapshot::default()).expect("an empty book is sound");
    for line in text.lines() {
        let Ok(message) = stream::read(line) else { continue };
        let Event::Depth { diff, .. } = message.event else { continue };
        let followed = book.update(&diff);
        assert_eq!(followed.is_err(), book.state() == State::Waiting);
        if let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) {
            assert!(bid.price < ask.price);
        }
        if followed.is_err() {
            return;
        }
    }
});
