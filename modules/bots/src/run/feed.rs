//! Where a bot's candles come from.

use super::{
    candles::{Candles, Moments, Stored},
    pace::Pace,
    session::timestamp,
    watch::{Watch, Watches},
};
use crate::{bot::Bot, config::FeedKind, event::Event, service};
use futures::stream::BoxStream;
use kit::{App, Result, TenantTx, Time};
use market_data::{CandleNews, Market};
use trading::{
    strategy::{Body, Document, Program},
    time::Timestamp,
};

/// A live bot looks at so many candles before its first: what its indicators need several times over, since many of them
/// never quite forget where they began.
const WARM_UPS: usize = 3;
/// The least and the most of them.
const WARM_UP: [usize; 2] = [200, 5_000];

/// A bot's candles, moment by moment.
pub(super) enum Feed {
    /// Those that are stored, at a pace.
    Replay { candles: Stored, pace: Pace, from: Option<Timestamp> },
    /// Those of live markets, as they close.
    Live(Watches),
}

impl Feed {
    /// The candles after the last one that each lane was fed.
    pub(super) fn new(
        bot: &Bot,
        document: &Document,
        last: impl Iterator<Item = Option<Timestamp>>,
        now: Time,
    ) -> Result<Self> {
        let (markets, feed) = (service::markets(document)?.into_iter().zip(last), &bot.feed);
        let from = feed.from.map(timestamp);
        Ok(match feed.kind {
            FeedKind::Replay => {
                let to = feed.to.map(timestamp);
                let candles = Stored::new(markets.map(|(market, last)| Candles::new(market, last, to)).collect());
                Self::Replay { candles, pace: Pace::new(feed.speed(), now), from }
            }
            FeedKind::Live => {
                let start = (from.unwrap_or_else(|| timestamp(now)), warm_up(document));
                Self::Live(Watches::new(markets.map(|(market, last)| Watch::new(market, last, start, now)).collect()))
            }
        })
    }

    /// Asks the exchange, if that is where candles come from and one may have closed.
    ///
    /// # Errors
    /// What it is no use to try again for.
    pub(super) async fn gather(&mut self, app: &App, now: Time) -> Result<Vec<Event>> {
        match self {
            Self::Replay { .. } => Ok(vec![]),
            Self::Live(watches) => watches.ask(app, now).await,
        }
    }

    /// What is told of its markets without being asked for, if they are live ones: by lane.
    pub(super) fn told(&self, app: &App) -> Vec<BoxStream<'static, CandleNews>> {
        match self {
            Self::Replay { .. } => vec![],
            Self::Live(watches) => watches.markets().map(|market| market_data::follow(app, market)).collect(),
        }
    }

    /// Takes a hint of a lane's market; answers whether there is something to do at another time than was planned.
    pub(super) fn hear(&mut self, lane: usize, news: &CandleNews, now: Time) -> bool {
        match self {
            Self::Replay { .. } => false,
            Self::Live(watches) => watches.hear(lane, news, now),
        }
    }

    /// The moments that are due, at most so many, and whether they are news.
    pub(super) async fn take(
        &mut self,
        tx: &mut TenantTx,
        begun: bool,
        most: usize,
        now: Time,
    ) -> Result<(Moments, bool)> {
        let (candles, pace, from) = match self {
            Self::Live(watches) => return Ok(watches.take(most, now)),
            Self::Replay { candles, pace, from } => (candles, pace, from),
        };
        if let Some(from) = from.filter(|_| !begun) {
            let warm_up = candles.take(tx, most, Some(from)).await?;
            if !warm_up.is_empty() {
                pace.restart(now);
                return Ok((warm_up, true));
            }
        }
        let due = candles.take(tx, pace.due(now).min(most), None).await?;
        pace.fed(due.len(), now);
        Ok((due, true))
    }

    /// The next moment, if it is there by now.
    pub(super) async fn one(&mut self, tx: &mut TenantTx, now: Time) -> Result<Moments> {
        match self {
            Self::Replay { candles, .. } => candles.take(tx, 1, None).await,
            Self::Live(watches) => Ok(watches.take(1, now).0),
        }
    }

    /// When to look again.
    pub(super) fn next(&self, now: Time) -> Time {
        match self {
            Self::Replay { pace, .. } => pace.next(now),
            Self::Live(watches) => watches.next(now),
        }
    }

    /// Whether it goes as the market goes.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Whether there are no more.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Replay { candles, .. } => candles.is_over(),
            Self::Live(_) => false,
        }
    }

    /// Its first market.
    pub(super) fn market(&self) -> Option<&Market> {
        match self {
            Self::Replay { candles, .. } => candles.market(),
            Self::Live(watches) => watches.markets().next(),
        }
    }
}

/// How many candles a live bot looks at before its first.
fn warm_up(document: &Document) -> usize {
    let needed = match document.body() {
        Body::Rules(rules) => Program::compile(rules, document.market().timeframe).warm_up(),
        _ => 0,
    };
    let [least, most] = WARM_UP;
    needed.saturating_mul(WARM_UPS).clamp(least, most)
}
