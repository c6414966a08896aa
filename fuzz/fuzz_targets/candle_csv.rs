//! Candle files: no bytes make the reader panic, what it accepts is read again from its own text, and
//! sums to whole candles of every longer time frame.
#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use trading::candle::csv::{self, Options};
use trading::candle::gaps::gaps;
use trading::time::Timeframe;

fuzz_target!(|bytes: &[u8]| {
    let options = Options { timeframe: None, max_bytes: 1 << 20, max_rows: 1_000, ..Options::default() };
    let Ok(candles) = csv::read(bytes, &options) else { return };
    assert!((1..=1_000).contains(&candles.len()));
    assert!(gaps(&candles).iter().all(|gap| gap.from < gap.to));
    let mut text = String::new();
    for c in candles.iter() {
        let (open, high, low, close, volume) = (c.open, c.high, c.low, c.close, c.volume);
        writeln!(text, "{},{open},{high},{low},{close},{volume}", c.open_time.millis()).expect("memory suffices");
    }
    let given = Options { timeframe: Some(candles.timeframe()), ..options };
    let again = csv::read(text.as_bytes(), &given).expect("it was right before");
    assert!(again.iter().eq(candles.iter()));
    for longer in Timeframe::ALL.into_iter().filter(|longer| candles.timeframe().divides(*longer)) {
        let Ok(summed) = candles.aggregate(longer) else { continue };
        assert!(summed.len() <= candles.len());
        assert!(summed.iter().all(|candle| candle.check().is_ok() && candle.open_time >= candles.open_time(0)));
    }
});
