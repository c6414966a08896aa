//! Recorded streams: the book and the trades as they were, a line each: `<nanoseconds> <message>`.

use crate::exchange::{Exchange, Side};
use flate2::read::MultiGzDecoder;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, BufRead, BufReader, Read},
};

/// The most lines.
const MOST_LINES: usize = 2_000_000;
/// The longest line, in bytes.
const LONGEST: u64 = 4 << 20;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why a recording was refused.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The source failed.
    #[error("the recording cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A line is wrong.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// There is no snapshot of the book, or nothing after it.
    #[error("the recording has no snapshot of a book with changes after it")]
    Empty,
}

/// What was recorded.
#[derive(Clone, Debug)]
enum Step {
    Snapshot { bids: BTreeMap<Decimal, Decimal>, asks: BTreeMap<Decimal, Decimal> },
    Levels(Vec<(Side, Decimal, Decimal)>),
    Trade { taker: Side, price: Decimal, quantity: Decimal },
}

/// A replay of a recording.
#[derive(Debug)]
pub struct Recorded {
    market: usize,
    steps: VecDeque<(i64, Step)>,
}

#[derive(Deserialize)]
struct Message {
    data: Option<Data>,
    #[serde(rename = "lastUpdateId")]
    last_update_id: Option<u64>,
    #[serde(default)]
    bids: Vec<(Decimal, Decimal)>,
    #[serde(default)]
    asks: Vec<(Decimal, Decimal)>,
}

#[derive(Deserialize)]
struct Data {
    e: Option<String>,
    #[serde(rename = "s")]
    symbol: Option<String>,
    u: Option<u64>,
    #[serde(rename = "b")]
    bids: Option<serde_json::Value>,
    #[serde(rename = "a")]
    asks: Option<serde_json::Value>,
    p: Option<Decimal>,
    q: Option<Decimal>,
    m: Option<bool>,
}

impl Recorded {
    /// Reads a recording of a symbol, plain or gzip; its times are moved so that it begins at `begin`, if that is given.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(mut source: impl Read, market: usize, name: &str, begin: Option<i64>) -> Result<Self, RecordedError> {
        let mut start = Vec::with_capacity(2);
        source.by_ref().take(2).read_to_end(&mut start)?;
        let packed = start == GZIP;
        let whole = io::Cursor::new(start).chain(source);
        let steps = if packed { read_lines(MultiGzDecoder::new(whole), name)? } else { read_lines(whole, name)? };
        let Some((first, Step::Snapshot { .. })) = steps.front().filter(|_| steps.len() > 1) else {
            return Err(RecordedError::Empty);
        };
        let shift = begin.map_or(0, |begin| begin - first);
        let steps = steps.into_iter().map(|(at, step)| (at + shift, step)).collect();
        Ok(Self { market, steps })
    }

    /// When the step is due that comes next.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        self.steps.front().map(|(at, _)| *at)
    }

    pub(super) const fn market(&self) -> usize {
        self.market
    }

    pub(super) fn step(&mut self, exchange: &mut Exchange) {
        let Some((at, step)) = self.steps.pop_front() else { return };
        match step {
            Step::Snapshot { bids, asks } => exchange.make_market(at, self.market, &bids, &asks),
            Step::Levels(levels) => {
                for (side, price, quantity) in levels {
                    exchange.set_level(at, self.market, side, price, quantity);
                }
            }
            Step::Trade { taker, price, quantity } => exchange.print(at, self.market, taker, price, quantity),
        }
    }
}

fn read_lines(source: impl Read, name: &str) -> Result<VecDeque<(i64, Step)>, RecordedError> {
    let (mut reader, mut line) = (BufReader::new(source), String::new());
    let (mut steps, mut known, mut latest) = (VecDeque::new(), None, i64::MIN);
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(LONGEST).read_line(&mut line)? == 0 {
            break;
        }
        let refused = |why: String| RecordedError::Line(number, why);
        if number > MOST_LINES || !line.ends_with('\n') && line.len() as u64 == LONGEST {
            return Err(refused("there are too many lines, or this one is too long".to_owned()));
        }
        let (at, message) =
            line.split_once(' ').ok_or_else(|| refused("is not `<nanoseconds> <message>`".to_owned()))?;
        let at: i64 = at.parse().map_err(|_| refused("does not begin with nanoseconds".to_owned()))?;
        latest = latest.max(at / 1_000_000);
        let message: Message = serde_json::from_str(message).map_err(|error| refused(error.to_string()))?;
        steps.extend(step(message, name, &mut known).map(|step| (latest, step)));
    }
    Ok(steps)
}

/// What a message means; nothing before the snapshot, nor what the snapshot holds already.
fn step(message: Message, name: &str, known: &mut Option<u64>) -> Option<Step> {
    let sane = |it: &(Decimal, Decimal)| it.0 > Decimal::ZERO && it.0 < MOST && it.1 >= Decimal::ZERO && it.1 < MOST;
    if let Some(id) = message.last_update_id {
        // a later one would throw everybody's place in the queues away
        let first = known.is_none();
        *known = known.or(Some(id));
        let levels = |all: Vec<(Decimal, Decimal)>| all.into_iter().filter(sane).filter(|it| !it.1.is_zero()).collect();
        return first.then(|| Step::Snapshot { bids: levels(message.bids), asks: levels(message.asks) });
    }
    let (data, known) = (message.data?, (*known)?);
    if data.symbol.as_deref() != Some(name) {
        return None;
    }
    match data.e.as_deref()? {
        "depthUpdate" if data.u? > known => {
            let side = |side, levels: Option<serde_json::Value>| {
                let levels: Option<Vec<(Decimal, Decimal)>> = levels.and_then(|it| serde_json::from_value(it).ok());
                levels
                    .unwrap_or_default()
                    .into_iter()
                    .filter(sane)
                    .map(move |(price, quantity)| (side, price, quantity))
            };
            Some(Step::Levels(side(Side::Buy, data.bids).chain(side(Side::Sell, data.asks)).collect()))
        }
        "trade" => {
            let (price, quantity) = (data.p?, data.q?);
            let taker = if data.m? { Side::Sell } else { Side::Buy };
            sane(&(price, quantity)).then_some(Step::Trade { taker, price, quantity })
        }
        _ => None,
    }
}

/// No price and no quantity of a recording is higher.
const MOST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_before_the_snapshot_or_in_it_is_left_out() {
        let text = r#"1000000000 {"stream":"x","data":{"e":"trade","s":"BTCUSDT","p":"9","q":"1","m":true}}
2000000000 {"lastUpdateId":5,"bids":[["10","1"]],"asks":[["11","2"]]}
3000000000 {"stream":"x","data":{"e":"depthUpdate","s":"BTCUSDT","U":3,"u":5,"b":[["10","0"]],"a":[]}}
4000000000 {"stream":"x","data":{"e":"depthUpdate","s":"BTCUSDT","U":6,"u":7,"b":[["10","3"]],"a":[]}}
5000000000 {"stream":"x","data":{"u":9,"s":"BTCUSDT","b":"10","B":"1","a":"11","A":"2"}}
6000000000 {"stream":"x","data":{"e":"trade","s":"BTCUSDT","p":"11","q":"1","m":false}}
"#;
        let read = Recorded::read(text.as_bytes(), 0, "BTCUSDT", Some(500)).unwrap();
        let times: Vec<i64> = read.steps.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [500, 2_500, 4_500]);
        assert!(matches!(read.steps[2].1, Step::Trade { taker: Side::Buy, .. }));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, why) in
            [("x", "line 1"), ("1 {}\nzwei {}\n", "line 2"), ("1 {\"bids\":3}\n", "line 1"), ("", "no snapshot")]
        {
            let refused = Recorded::read(text.as_bytes(), 0, "BTCUSDT", None).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
