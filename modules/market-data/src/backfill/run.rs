use super::{trades::TradeRun, view::candles_between};
use crate::{
    CandleOrigin, CandlePage, Market, Source,
    service::{trades::TradeMarket, write},
    source::{SourceError, Sources},
    store::{self, Fetched, StoredBackfill},
};
use kit::{Error, Job, JobContext, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trading::{
    candle::{CandleError, Candles},
    time::Timestamp,
};

/// The most candles or trades of a page that are taken.
pub(super) const LARGEST_PAGE: usize = 5_000;

/// Fetches what is asked for by the backfill of the same id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fetch {}

impl Job for Fetch {
    const KIND: &'static str = "market-data.backfill";
    /// The pauses between them grow to more than an hour: an exchange may be away for long.
    const ATTEMPTS: i32 = 12;

    async fn run(self, context: JobContext) -> Result<()> {
        let mut tx = context.begin().await?;
        let Some(backfill) = store::stored_backfill(&mut tx, context.id()).await? else { return Ok(()) };
        // nobody is asked within a transaction
        tx.commit().await?;
        let source = Sources::of(context.app()).find(backfill.exchange.as_str())?;
        let StoredBackfill { exchange, symbol, fetched, from, to, reached } = backfill;
        let span = Span { from, to, reached };
        let (timeframe, only_gaps) = match fetched {
            Fetched::Candles { timeframe, only_gaps } => (timeframe, only_gaps),
            Fetched::Trades { next_id } => {
                let market = TradeMarket { exchange, symbol };
                return TradeRun { context, source, market, span, next_id }.run().await;
            }
        };
        let market = Market { exchange, symbol, timeframe };
        let mut run = Run { context, source, market, only_gaps, span };
        while run.wanted()
            && let Some(span) = run.next_span().await?
        {
            run.fetch(span).await?;
        }
        Ok(())
    }
}

/// What is asked for, and how far it is stored.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) reached: Timestamp,
}

struct Run {
    context: JobContext,
    source: Arc<dyn Source>,
    market: Market,
    only_gaps: bool,
    span: Span,
}

impl Run {
    /// Tells how far it has come; answers whether the rest is still wanted.
    fn wanted(&self) -> bool {
        let Span { from, to, reached } = self.span;
        let candles = |to: Timestamp| candles_between(self.market.timeframe, from, to).unsigned_abs();
        self.context.progress().report(candles(reached), candles(to))
    }

    /// What is to be fetched next: all that is left, or the next gap in it.
    async fn next_span(&mut self) -> Result<Option<(Timestamp, Timestamp)>> {
        let (market, Span { to, reached, .. }) = (&self.market, self.span);
        if reached >= to {
            return Ok(None);
        }
        if !self.only_gaps {
            return Ok(Some((reached, to)));
        }
        let mut tx = self.context.begin().await?;
        let series = crate::series(&mut tx, market).await?;
        let gap = store::first_gap(&mut tx, series.id(), market.timeframe, (reached, to)).await?;
        if gap.is_none() {
            store::reach(&mut tx, self.context.id(), (to, None), (0, 0)).await?;
            self.span.reached = to;
        }
        tx.commit().await?;
        Ok(gap)
    }

    /// Fetches page after page; each is stored together with how far that is.
    async fn fetch(&mut self, (mut at, end): (Timestamp, Timestamp)) -> Result<()> {
        while at < end && self.wanted() {
            let market = &self.market;
            let page = self.source.candles(market, at, end).await.map_err(failed)?;
            let next = page.next.unwrap_or(end).min(end);
            let candles = checked(market, page, (at, end))?;
            if next <= at {
                return Err(wrong("it goes on where it began"));
            }
            self.keep(candles, next).await?;
            at = next;
        }
        Ok(())
    }

    /// To its end, even when nobody waits for it any more: see [`crate::import`].
    async fn keep(&mut self, candles: Candles, next: Timestamp) -> Result<()> {
        let (id, market) = (self.context.id(), self.market.clone());
        let mut tx = self.context.begin().await?;
        let writing = tokio::spawn(async move {
            let mut counts = (0, 0);
            if !candles.is_empty() {
                let imported = write(&mut tx, &market, CandleOrigin::Exchange, &candles).await?;
                counts = (imported.imported.cast_signed(), imported.updated.cast_signed());
            }
            store::reach(&mut tx, id, (next, None), counts).await?;
            tx.commit().await
        });
        writing.await.map_err(Error::internal)??;
        self.span.reached = next;
        Ok(())
    }
}

/// What the source says is not believed: the candles ascend on the grid and within what was asked for, all of which had
/// closed when it was asked for.
pub(crate) fn checked(market: &Market, page: CandlePage, (from, to): (Timestamp, Timestamp)) -> Result<Candles> {
    if page.candles.len() > LARGEST_PAGE {
        return Err(wrong(format!("a page has more than {LARGEST_PAGE} candles")));
    }
    let candles = Candles::collect(market.timeframe, page.candles).map_err(|fault: CandleError| wrong(fault))?;
    let Some(last) = candles.len().checked_sub(1) else { return Ok(candles) };
    let (first, last) = (candles.open_time(0), candles.open_time(last));
    if first < from || last >= to {
        return Err(wrong(format!("the candles of {first} to {last} were not asked for")));
    }
    if page.next.is_some_and(|next| next <= last) {
        return Err(wrong("it goes on before the last candle"));
    }
    Ok(candles)
}

#[expect(clippy::needless_pass_by_value, reason = "reads better without a reference")]
pub(super) fn wrong(what: impl ToString) -> Error {
    let message =
        format!("The exchange answers what cannot be true, and nothing of it was stored: {}.", what.to_string());
    Error::conflict("EXCHANGE_ANSWERS_WRONGLY", message)
}

/// What is no use to try again ends the job.
pub(crate) fn failed(failure: SourceError) -> Error {
    match failure {
        SourceError::UnknownSymbol => Error::conflict("UNKNOWN_SYMBOL", "The exchange does not know the symbol."),
        SourceError::Refused(message) => Error::conflict("EXCHANGE_REFUSES", message),
        SourceError::Wrong(message) => wrong(message),
        SourceError::Unavailable { message, .. } => Error::unavailable("EXCHANGE_UNAVAILABLE", message, 5),
    }
}
