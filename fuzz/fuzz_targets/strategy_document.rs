//! Strategy documents: no text makes the reader panic, and what it accepts runs the same over
//! columns and candle by candle.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use trading::candle::{Candles, csv};
use trading::strategy::{Columns, Document, Program, StreamRules};
use trading::time::Timeframe;

/// Candles that every time frame up to a day divides, with a gap.
static CANDLES: LazyLock<Vec<Candles>> =
    LazyLock::new(|| Timeframe::ALL.iter().map(|frame| candles(*frame).expect("they are right")).collect());

fn candles(frame: Timeframe) -> Result<Candles, csv::CsvError> {
    let mut at = frame.floor("2024-01-01".parse().expect("a date"));
    let mut text = String::new();
    for row in 0..200_u32 {
        let price = 100 + row * row % 17;
        text += &format!("{},{price},{},{},{price},{row}\n", at.millis(), price + 2, price - 2);
        at = frame.next(at);
        if row == 70 {
            at = frame.next(at);
        }
    }
    csv::read(text.as_bytes(), &csv::Options { timeframe: Some(frame), ..csv::Options::default() })
}

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse_text(text) else { return };
    assert_eq!(Document::parse(&document.to_json()).as_ref(), Ok(&document));
    let Some(rules) = document.rules() else { return };
    let program = Arc::new(Program::compile(rules, document.market().timeframe));
    let candles = CANDLES.iter().find(|candles| candles.timeframe() == program.timeframe()).expect("every frame");
    let signals = program.signals(&Columns::new(candles));
    let mut stream = StreamRules::new(program);
    for (row, candle) in candles.iter().enumerate() {
        assert_eq!(stream.observe(&candle), (signals.entry(row), signals.exit(row)), "row {row}");
    }
});
