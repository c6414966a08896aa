//! Where a bot's candles come from.

use super::{candles::Candles, pace::Pace, session::timestamp, watch::Watch};
use crate::{bot::Bot, config::FeedKind, event::Event, service};
use futures::stream::BoxStream;
use kit::{App, Result, TenantTx, Time};
use market_data::{CandleNews, Market};
use trading::{
    candle::Candle,
    strategy::{Body, Document, Program},
    time::Timestamp,
};

/// A live bot looks at so many candles before its first: what its indicators need several times over, since many of them
/// never quite forget where they began.
const WARM_UPS: usize = 3;
/// The least and the most of them.
const WARM_UP: [usize; 2] = [200, 5_000];

/// A bot's candles, one after the other.
pub(super) enum Feed {
    /// Those that are stored, at a pace.
    Replay { candles: Candles, pace: Pace, from: Option<Timestamp> },
    /// Those of a live market, as they close.
    Live(Watch),
}

impl Feed {
    /// The candles after the last one that the bot was fed.
    pub(super) fn new(bot: &Bot, document: &Document, last: Option<Timestamp>, now: Time) -> Result<Self> {
        let (market, feed) = (service::market(document)?, &bot.feed);
        let from = feed.from.map(timestamp);
        Ok(match feed.kind {
            FeedKind::Replay => Self::Replay {
                candles: Candles::new(market, last, feed.to.map(timestamp)),
                pace: Pace::new(feed.speed(), now),
                from,
            },
            FeedKind::Live => {
                let start = (from.unwrap_or_else(|| timestamp(now)), warm_up(document));
                Self::Live(Watch::new(market, last, start, now))
            }
        })
    }

    /// Asks the exchange, if that is where candles come from and one may have closed.
    ///
    /// # Errors
    /// What it is no use to try again for.
    pub(super) async fn gather(&mut self, app: &App, now: Time) -> Result<Option<Event>> {
        match self {
            Self::Replay { .. } => Ok(None),
            Self::Live(watch) => watch.ask(app, now).await,
        }
    }

    /// What is told of its market without being asked for, if it is a live one.
    pub(super) fn told(&self, app: &App) -> Option<BoxStream<'static, CandleNews>> {
        match self {
            Self::Replay { .. } => None,
            Self::Live(watch) => Some(market_data::follow(app, watch.market())),
        }
    }

    /// Takes a hint; answers whether there is something to do at another time than was planned.
    pub(super) fn hear(&mut self, news: &CandleNews, now: Time) -> bool {
        match self {
            Self::Replay { .. } => false,
            Self::Live(watch) => watch.hear(news, now),
        }
    }

    /// The candles that are due, at most so many, and whether they are news.
    pub(super) async fn take(
        &mut self,
        tx: &mut TenantTx,
        begun: bool,
        most: usize,
        now: Time,
    ) -> Result<(Vec<Candle>, bool)> {
        let (candles, pace, from) = match self {
            Self::Live(watch) => return Ok(watch.take(most, now)),
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

    /// The next candle, if there is one by now.
    pub(super) async fn one(&mut self, tx: &mut TenantTx, now: Time) -> Result<Vec<Candle>> {
        match self {
            Self::Replay { candles, .. } => candles.take(tx, 1, None).await,
            Self::Live(watch) => Ok(watch.take(1, now).0),
        }
    }

    /// When to look again.
    pub(super) fn next(&self, now: Time) -> Time {
        match self {
            Self::Replay { pace, .. } => pace.next(now),
            Self::Live(watch) => watch.next(now),
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

    pub(super) fn market(&self) -> &Market {
        match self {
            Self::Replay { candles, .. } => &candles.market,
            Self::Live(watch) => watch.market(),
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
