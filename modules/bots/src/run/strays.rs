//! Orders that an exchange has under a bot's name and that are written nowhere, as after a backup was restored: they are
//! taken back, and what they have executed is the bot's.

use super::{
    exchange::{Exchange, OVERLAP, stamp},
    news::News,
};
use exchanges::{OrderReport, PlacedOrder, VenueError};
use kit::{Result, TenantTx, Time};
use orders::Open;
use trading::{
    engine::{Adopted, Input},
    money::Quantity,
    order::OrderStatus,
};

impl Exchange {
    /// Looks for orders under the bot's name that are not open here.
    pub(super) async fn search(&mut self, open: &[Open], now: Time) -> Result<(), VenueError> {
        let placed = self.account.orders_since(self.teller.symbol(), stamp(self.since)).await?;
        let is_open = |it: &PlacedOrder| open.iter().any(|o| o.order.client_order_id == it.order.client_order_id);
        let ours = placed.into_iter().filter(|it| self.teller.is_ours(&it.report.client_order_id));
        self.found = ours.filter(|it| !is_open(it)).collect();
        self.searched = Some(now);
        Ok(())
    }

    /// What a search has found, to be held against what is written.
    pub(super) fn take_found(&mut self) -> Vec<PlacedOrder> {
        std::mem::take(&mut self.found)
    }

    /// Adopts those that are written nowhere, the oldest first. **What is not known to have ended is left to the next
    /// search.**
    pub(super) async fn adopt(&mut self, strays: Vec<PlacedOrder>, now: Time) -> Vec<News> {
        let numbers = strays.iter().filter_map(|it| self.teller.number(it.order.client_order_id));
        let (mut news, taken) = (vec![], numbers.max().unwrap_or_default());
        for stray in strays {
            match self.adopt_one(stray, taken, now).await {
                Ok(Some(told)) => news.push(told),
                Ok(None) => {
                    self.searched = None;
                    return news;
                }
                Err(failure) => {
                    self.searched = None;
                    news.extend(self.failed(failure, now));
                    return news;
                }
            }
        }
        self.since = now - OVERLAP;
        news
    }

    async fn adopt_one(&self, stray: PlacedOrder, taken: u64, now: Time) -> Result<Option<News>, VenueError> {
        let Some(report) = self.ended(&stray).await? else { return Ok(None) };
        let (order, filled) = (stray.order, report.filled);
        let adopted = Adopted {
            client_order_id: order.client_order_id,
            side: order.side,
            kind: order.kind,
            size: order.size,
            taken,
        };
        let mut it = Open {
            symbol: *self.teller.symbol(),
            order: adopted.order(),
            status: OrderStatus::Accepted,
            filled: Quantity::ZERO,
            executions: 0,
            withdrawn: true,
        };
        let follows = self.teller.tell(&self.account, &mut it, report, now).await?;
        // executions may be listed later than they are counted
        Ok((it.filled == filled).then(|| News::Adopted(stamp(now), Input::Adopted(adopted), follows)))
    }

    /// What is known of it once it executes nothing more.
    async fn ended(&self, stray: &PlacedOrder) -> Result<Option<OrderReport>, VenueError> {
        if stray.report.status.is_final() {
            return Ok(Some(stray.report.clone()));
        }
        let (symbol, id) = (self.teller.symbol(), stray.order.client_order_id);
        let report = match self.account.cancel(symbol, id).await? {
            Some(report) => Some(report),
            // it was done before
            None => self.account.order(symbol, id).await?,
        };
        Ok(report.filter(|report| report.status.is_final()))
    }
}

/// Those of the orders under the bot's name that are written nowhere.
pub(super) async fn unknown(tx: &mut TenantTx, found: Vec<PlacedOrder>) -> Result<Vec<PlacedOrder>> {
    let ids: Vec<_> = found.iter().map(|it| it.order.client_order_id.to_string()).collect();
    let known = orders::known(tx, &ids).await?;
    let is_known = |it: &PlacedOrder| known.iter().any(|id| id == it.order.client_order_id.as_str());
    Ok(found.into_iter().filter(|it| !is_known(it)).collect())
}
