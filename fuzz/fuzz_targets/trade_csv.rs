//! Trade files: no bytes make the reader panic or pass its limits; what it accepts is sound, is read again from its own
//! text, and makes sound candles of every length.
#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use trading::time::{Resolution, Timestamp};
use trading::trades::csv::{self, Options};
use trading::trades::{Trade, TradeCandles, check_all};

fuzz_target!(|bytes: &[u8]| {
    let [earliest, latest] = [0, 4_102_444_800_000].map(Timestamp::from_millis);
    let options = Options { earliest, latest, max_bytes: 1 << 20, max_rows: 1_000 };
    let mut trades = vec![];
    let Ok(summary) = csv::read(bytes, &options, |trade| {
        trades.push(trade);
        Ok(())
    }) else {
        return;
    };
    assert!((1..=1_000).contains(&summary.trades) && trades.len() as u64 == summary.trades);
    check_all(summary.kind, &trades).expect("what is read is sound");
    let mut again = vec![];
    csv::read(text(&trades).as_bytes(), &options, |trade| {
        again.push(trade);
        Ok(())
    })
    .expect("it was right before");
    assert!(again == trades);
    trades.sort_by_key(|trade| (trade.time, trade.id));
    for resolution in Resolution::all() {
        let mut candles = TradeCandles::new(resolution);
        for trade in &trades {
            if let Ok(Some(candle)) = candles.push(trade) {
                candle.check().expect("a candle of trades is sound");
            }
        }
    }
});

fn text(trades: &[Trade]) -> String {
    let mut text = String::new();
    for trade in trades {
        let Trade { id, price, quantity, buyer_is_maker, .. } = trade;
        let _ = write!(text, "{id},{price},{quantity},");
        let _ = match trade.parts {
            Some((first, last)) => write!(text, "{first},{last}"),
            None => write!(text, "{}", trade.value()),
        };
        let _ = writeln!(text, ",{},{buyer_is_maker}", trade.time.millis());
    }
    text
}
