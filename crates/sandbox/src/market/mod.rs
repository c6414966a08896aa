//! Where prices come from: each symbol has a feed that tells the house where to stand and what is traded.

mod candles;
mod path;
mod recorded;
mod shape;
mod walk;

pub use candles::{CandleFeed, History};
pub use recorded::{Recorded, RecordedError};
pub use shape::Shape;
pub use walk::Walk;

use crate::exchange::Exchange;

/// A source of prices of one symbol.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a handful of them")]
pub enum Feed {
    /// A random walk by a seed.
    Walk(Walk),
    /// Candles of the past.
    Candles(Box<CandleFeed>),
    /// Streams that were recorded.
    Recorded(Recorded),
}

impl Feed {
    /// When its next step is due; never, after its end.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        match self {
            Self::Walk(feed) => Some(feed.due()),
            Self::Candles(feed) => feed.due(),
            Self::Recorded(feed) => feed.due(),
        }
    }

    /// Takes the step that is due.
    pub fn step(&mut self, exchange: &mut Exchange) {
        match self {
            Self::Walk(feed) => feed.step(exchange),
            Self::Candles(feed) => feed.step(exchange),
            Self::Recorded(feed) => feed.step(exchange),
        }
    }

    /// The symbol's number.
    #[must_use]
    pub const fn market(&self) -> usize {
        match self {
            Self::Walk(feed) => feed.market(),
            Self::Candles(feed) => feed.market(),
            Self::Recorded(feed) => feed.market(),
        }
    }
}

/// The feeds of all symbols.
#[derive(Debug, Default)]
pub struct Feeds(pub Vec<Feed>);

impl Feeds {
    /// When the next step of any is due.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        self.0.iter().filter_map(Feed::due).min()
    }

    /// Takes the steps that are due until a moment, at most so many; gives the moment of the last one where others
    /// are left.
    pub fn advance(&mut self, exchange: &mut Exchange, until: i64, most: usize) -> Option<i64> {
        let mut last = None;
        for _ in 0..most {
            let next = self.0.iter_mut().filter(|feed| feed.due().is_some_and(|due| due <= until));
            let feed = next.min_by_key(|feed| feed.due())?;
            last = feed.due();
            feed.step(exchange);
        }
        last
    }
}
