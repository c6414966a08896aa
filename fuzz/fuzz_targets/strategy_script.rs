//! No source makes the reader or the interpreter panic; what is accepted runs, or fails with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use trading::candle::Candle;
use trading::engine::Strategy;
use trading::money::Notional;
use trading::position::Position;
use trading::strategy::{Body, Document, StreamScript};
use trading::time::Timestamp;

fuzz_target!(|source: &str| {
    let document = json!({
        "name": "Script",
        "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"},
        "indicators": {"fast": {"kind": "sma", "period": 2}, "bands": {"kind": "bbands", "period": 3}},
        "script": {"source": source, "parameters": {"limit": 2.5}},
        "sizing": {"kind": "allIn"}
    });
    let Ok(document) = Document::parse(&document) else { return };
    let Body::Script(scripted) = document.body() else { panic!("a script was written") };
    let mut script = StreamScript::new(scripted, document.market().timeframe);
    let flat = Position::with_cash(Notional::ZERO);
    for hour in 0..8 {
        let price = (100 + hour % 3).to_string().parse().expect("a price");
        let open_time = Timestamp::from_millis(hour * 3_600_000);
        let volume = "1".parse().expect("a quantity");
        script.on_candle(&Candle { open_time, open: price, high: price, low: price, close: price, volume }, &flat);
    }
    assert!(script.failure().is_none_or(|failure| failure.message != "the interpreter gave up"));
});
