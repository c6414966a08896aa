mod causes;
mod corrections;
mod difference;
pub(crate) mod export;
pub(crate) mod file;
mod frames;
mod import;
mod read;
mod repair;
pub(crate) mod retention;
mod rollup;
pub(crate) mod trades;

pub use export::export;
pub use import::{Imported, MAX_ROWS, import, parse};
pub use read::{MarketCandle, after, load, series};
pub use repair::fill;

pub(crate) use corrections::{Correction, Figures, corrections};
pub(crate) use import::{MAX_UPLOAD, MOST_CANDLES, MOST_SERIES, write};
pub(crate) use read::{
    CandleFilter, EARLIEST, GapFilter, SeriesFilter, candles, gaps, list, load_at_most, remove, timestamp,
};
pub(crate) use repair::{Repair, repair};

use crate::Market;
use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use trading::time::Timeframe;
use uuid::Uuid;

/// The candles of a market, as somebody may see them. Whoever holds one was let through by row
/// level security; there is no other way to make one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CandleSeries")]
pub struct Series {
    pub(crate) id: Uuid,
    #[serde(flatten)]
    pub(crate) market: Market,
    /// The time frame of the candles that are stored; shorter than the market's where they are summed.
    #[serde(skip)]
    pub(crate) stored: Timeframe,
    /// Whether it is the platform's, which every tenant reads, and not the tenant's own.
    pub(crate) shared: bool,
    /// When the first candle opened; `null` while there is none.
    pub(crate) first_open_time: Option<Time>,
    /// When the last candle opened; `null` while there is none.
    pub(crate) last_open_time: Option<Time>,
    /// How many candles there are.
    pub(crate) candle_count: i64,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

impl Series {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whose candles they are, and how long.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Whether it is the platform's, which every tenant reads, and not the tenant's own.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// When the first candle opened, if there is one.
    pub fn first_open_time(&self) -> Option<Time> {
        self.first_open_time
    }

    /// When the last candle opened, if there is one.
    pub fn last_open_time(&self) -> Option<Time> {
        self.last_open_time
    }

    /// How many candles there were when it was looked up.
    pub fn candle_count(&self) -> i64 {
        self.candle_count
    }
}
