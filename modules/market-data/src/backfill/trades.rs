//! Trades, by their numbers.

use super::run::{LARGEST_PAGE, Span, failed, wrong};
use crate::{
    CandleOrigin, Source,
    service::trades::{TradeMarket, write},
    source::TradesFrom,
    store,
};
use kit::{Error, JobContext, Result};
use std::sync::Arc;
use tokio::sync::mpsc;
use trading::{
    time::Timestamp,
    trades::{Trade, TradeKind, check_all, csv::Summary},
};

/// Pages that are stored together.
const PAGES: usize = 10;

pub(super) struct TradeRun {
    pub(super) context: JobContext,
    pub(super) source: Arc<dyn Source>,
    pub(super) market: TradeMarket,
    pub(super) span: Span,
    /// The number with which it goes on, once it has begun.
    pub(super) next_id: Option<i64>,
}

/// Trades of some pages, and what they lead to.
#[derive(Default)]
struct Gathered {
    trades: Vec<Trade>,
    next_id: Option<i64>,
    /// Whether what comes next was not asked for, or nothing comes.
    ended: bool,
}

impl TradeRun {
    pub(super) async fn run(mut self) -> Result<()> {
        while self.wanted() && self.span.reached < self.span.to {
            let gathered = self.gather().await?;
            self.keep(gathered).await?;
        }
        Ok(())
    }

    /// Tells how far it has come, in seconds; answers whether the rest is still wanted.
    fn wanted(&self) -> bool {
        let Span { from, to, reached } = self.span;
        let seconds = |to: Timestamp| (to.millis() - from.millis()).unsigned_abs() / 1_000;
        self.context.progress().report(seconds(reached), seconds(to))
    }

    /// Some pages. A page that cannot be had ends them, and is asked for again once they are stored.
    async fn gather(&self) -> Result<Gathered> {
        let mut gathered = Gathered { next_id: self.next_id, ..Gathered::default() };
        for page in 0..PAGES {
            if gathered.ended || !self.wanted() {
                break;
            }
            let from = gathered.next_id.map_or(TradesFrom::Time(self.span.from), TradesFrom::Number);
            match self.source.trades(&self.market.symbol, from).await {
                Ok(trades) => gathered.add(trades, from, self.span)?,
                Err(failure) if page == 0 => return Err(failed(failure)),
                Err(_) => break,
            }
        }
        Ok(gathered)
    }

    /// To its end, even when nobody waits for it any more: see [`crate::import`].
    async fn keep(&mut self, gathered: Gathered) -> Result<()> {
        let Gathered { trades, next_id, ended } = gathered;
        let last = trades.iter().map(|trade| trade.time).max().unwrap_or(self.span.reached);
        let reached = if ended { self.span.to } else { last };
        let (id, market) = (self.context.id(), self.market.clone());
        let mut tx = self.context.begin().await?;
        let writing = tokio::spawn(async move {
            let mut counts = (0, 0);
            if let Some(summary) = summary(&trades) {
                let (sender, batches) = mpsc::channel(1);
                sender.send(trades).await.map_err(Error::internal)?;
                drop(sender);
                let imported = write(&mut tx, &market, CandleOrigin::Exchange, &summary, batches).await?;
                counts = (imported.imported.cast_signed(), imported.updated.cast_signed());
            }
            store::reach(&mut tx, id, (reached, next_id), counts).await?;
            tx.commit().await
        });
        writing.await.map_err(Error::internal)??;
        (self.span.reached, self.next_id) = (self.span.reached.max(reached), next_id);
        Ok(())
    }
}

impl Gathered {
    /// What the source says is not believed: trades are sound, ascend and are such as were asked for.
    fn add(&mut self, page: Vec<Trade>, from: TradesFrom, span: Span) -> Result<()> {
        if page.len() > LARGEST_PAGE {
            return Err(wrong(format!("a page has more than {LARGEST_PAGE} trades")));
        }
        check_all(TradeKind::Aggregate, &page).map_err(wrong)?;
        let asked = |trade: &Trade| match from {
            TradesFrom::Time(time) => trade.time >= time,
            TradesFrom::Number(id) => trade.id >= id && trade.time >= span.from,
        };
        if let Some(trade) = page.iter().find(|trade| !asked(trade)) {
            return Err(wrong(format!("the trade {} of {} was not asked for", trade.id, trade.time)));
        }
        let count = page.len();
        let before = page.into_iter().take_while(|trade| trade.time < span.to);
        let held = self.trades.len();
        self.trades.extend(before);
        // a page that ends early, or none at all
        self.ended = count == 0 || self.trades.len() < held + count;
        self.next_id = self.trades.last().map(|trade| trade.id + 1).or(self.next_id);
        Ok(())
    }
}

fn summary(trades: &[Trade]) -> Option<Summary> {
    let (first, last) = trades.first().zip(trades.last())?;
    let times = trades.iter().map(|trade| trade.time);
    Some(Summary {
        kind: TradeKind::Aggregate,
        trades: trades.len() as u64,
        first_id: first.id,
        last_id: last.id,
        first_time: times.clone().min()?,
        last_time: times.max()?,
    })
}
