//! Candles, which Binance calls klines.

use super::{json, number::Number};
use crate::Failure;
use serde::{Deserialize, de::IgnoredAny};
use trading::{
    candle::Candle,
    money::{Price, Quantity},
    time::{Timeframe, Timestamp},
};

/// What was asked, against which the answer is held.
#[derive(Copy, Clone, Debug)]
pub struct AskedKlines {
    /// The length of a candle.
    pub timeframe: Timeframe,
    /// The first candle opens then or later.
    pub from: Timestamp,
    /// All open before.
    pub to: Timestamp,
    /// What has not ended by then is not closed.
    pub now: Timestamp,
}

/// A page of closed candles, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Klines {
    /// The candles; the one that is still open is left out.
    pub candles: Vec<Candle>,
    /// How many came, the open one included: fewer than asked for means that there are no more.
    pub received: usize,
}

type Figures = (Number<Price>, Number<Price>, Number<Price>, Number<Price>, Number<Quantity>);

/// One of Binance's rows: open time, open, high, low, close, volume, close time, and five figures that nobody reads.
#[derive(Deserialize)]
struct Row(
    i64,
    Number<Price>,
    Number<Price>,
    Number<Price>,
    Number<Price>,
    Number<Quantity>,
    i64,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
);

/// Reads a page of candles.
///
/// # Errors
/// [`Failure::Malformed`] for candles that contradict themselves, do not ascend, are off the grid of the time frame or
/// were not asked for.
pub fn klines(body: &[u8], asked: &AskedKlines) -> Result<Klines, Failure> {
    let rows: Vec<Row> = json(body)?;
    let received = rows.len();
    let mut candles: Vec<Candle> = Vec::with_capacity(received);
    for Row(open_time, open, high, low, close, volume, close_time, ..) in rows {
        let candle = candle(open_time, (open, high, low, close, volume));
        check(&candle, candles.last(), asked)?;
        if close_time < asked.now.millis() && closed(&candle, asked) {
            candles.push(candle);
        }
    }
    Ok(Klines { candles, received })
}

pub(super) fn candle(open_time: i64, figures: Figures) -> Candle {
    let (Number(open), Number(high), Number(low), Number(close), Number(volume)) = figures;
    Candle { open_time: Timestamp::from_millis(open_time), open, high, low, close, volume }
}

/// By the calendar, whatever the row says of its end.
fn closed(candle: &Candle, asked: &AskedKlines) -> bool {
    asked.timeframe.close_of(candle.open_time).millis() < asked.now.millis()
}

fn check(candle: &Candle, last: Option<&Candle>, asked: &AskedKlines) -> Result<(), Failure> {
    let at = candle.open_time;
    let malformed = |what: String| Err(Failure::Malformed(what));
    if let Err(fault) = candle.check() {
        return malformed(fault.to_string());
    }
    if asked.timeframe.floor(at) != at {
        return malformed(format!("the candle of {at} does not open on the {} grid", asked.timeframe));
    }
    if at < asked.from || at >= asked.to {
        return malformed(format!("the candle of {at} was not asked for"));
    }
    match last {
        Some(last) if last.open_time >= at => {
            malformed(format!("the candle of {at} follows the one of {}", last.open_time))
        }
        _ => Ok(()),
    }
}
