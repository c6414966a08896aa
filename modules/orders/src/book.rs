use crate::{store, tell};
use audit::Change;
use kit::{Error, Result, TenantTx};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::HashSet;
use trading::{
    money::{Notional, Quantity, Symbol},
    order::{ClientOrderId, Order, OrderStatus},
    position::{Fee, Fill, Liquidity},
    time::Timestamp,
};
use uuid::Uuid;

/// The orders of one bot that may still change or have changed since the last [`save`].
///
/// What happens to an order is first told to the book, which refuses what the trading core's table
/// of states does not know; `save` then writes all of it in a few statements.
#[derive(Debug)]
pub struct Book {
    bot: Uuid,
    orders: Vec<Tracked>,
    executions: Vec<Execution>,
    placed: i64,
    executed: i64,
}

#[derive(Debug)]
pub(crate) struct Tracked {
    /// `None` until it is stored.
    pub(crate) id: Option<Uuid>,
    pub(crate) symbol: Symbol,
    pub(crate) order: Order,
    pub(crate) status: OrderStatus,
    pub(crate) filled: Quantity,
    pub(crate) value: Notional,
    pub(crate) trades: i32,
    pub(crate) reason: Option<String>,
    /// Found at the venue, and not placed by the bot as far as it knows.
    pub(crate) adopted: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Whether we want it back.
    withdrawn: bool,
    changed: bool,
}

/// An order of a book.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) bot: Uuid,
    pub(crate) order: &'a Tracked,
}

/// An order that may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// What is traded.
    pub symbol: Symbol,
    /// What was asked for.
    pub order: Order,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many coins were traded, …
    pub filled: Quantity,
    /// … and in how many executions.
    pub executions: usize,
    /// Whether we want it back.
    pub withdrawn: bool,
}

#[derive(Debug)]
pub(crate) struct Execution {
    /// Where the order stands in the book.
    order: usize,
    pub(crate) symbol: Symbol,
    pub(crate) fill: Fill,
    pub(crate) trade_number: i32,
}

/// What the trail keeps of an order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Placed<'a> {
    bot_id: Uuid,
    symbol: &'a Symbol,
    at: String,
    #[serde(flatten)]
    order: &'a Order,
}

impl Tracked {
    pub(crate) fn average_price(&self) -> Option<Decimal> {
        self.value.per(self.filled).map(|price| price.decimal().normalize())
    }
}

impl Execution {
    /// The fee and the currency it was taken from.
    pub(crate) fn fee(&self) -> (Decimal, &str) {
        match self.fill.fee {
            Fee::Quote(fee) => (fee.decimal().normalize(), self.symbol.quote()),
            Fee::Base(fee) => (fee.decimal().normalize(), self.symbol.base()),
        }
    }

    pub(crate) fn maker(&self) -> bool {
        self.fill.liquidity == Liquidity::Maker
    }
}

impl Book {
    /// The book of a bot that has not traded yet.
    pub fn new(bot: Uuid) -> Self {
        Self { bot, orders: vec![], executions: vec![], placed: 0, executed: 0 }
    }

    /// An intent to trade a symbol, decided at this moment of the bot's feed and not sent yet.
    pub fn place(&mut self, symbol: Symbol, order: &Order, at: Timestamp) {
        self.placed += 1;
        self.orders.push(Tracked {
            id: None,
            symbol,
            order: *order,
            status: OrderStatus::Pending,
            filled: Quantity::ZERO,
            value: Notional::ZERO,
            trades: 0,
            reason: None,
            adopted: false,
            created_at: at,
            updated_at: at,
            withdrawn: false,
            changed: true,
        });
    }

    /// An order that the venue has under our name and that was written nowhere.
    ///
    /// # Errors
    /// As [`Book::advance`].
    pub fn find(&mut self, symbol: Symbol, order: &Order, at: Timestamp) -> Result<()> {
        self.place(symbol, order, at);
        if let Some(found) = self.orders.last_mut() {
            found.adopted = true;
        }
        self.advance(order.client_order_id, OrderStatus::Submitted, at)?;
        self.advance(order.client_order_id, OrderStatus::Accepted, at)
    }

    /// We want the order back; nothing where it is gone already.
    pub fn withdraw(&mut self, id: ClientOrderId) {
        if let Some(order) = self.orders.iter_mut().find(|order| order.order.client_order_id == id) {
            order.withdrawn = true;
        }
    }

    /// The orders that may still change, the oldest first.
    pub fn open(&self) -> impl Iterator<Item = Open> {
        self.orders.iter().filter(|order| !order.status.is_final()).map(|it| Open {
            symbol: it.symbol,
            order: it.order,
            status: it.status,
            filled: it.filled,
            executions: usize::try_from(it.trades).unwrap_or_default(),
            withdrawn: it.withdrawn,
        })
    }

    /// The order has come to another state.
    ///
    /// # Errors
    /// 500 where the book has no such order, or there is no such step.
    pub fn advance(&mut self, id: ClientOrderId, to: OrderStatus, at: Timestamp) -> Result<()> {
        self.step(id, to, at).map(|_| ())
    }

    /// The venue has refused the order, and says why.
    ///
    /// # Errors
    /// As [`Book::advance`].
    pub fn reject(&mut self, id: ClientOrderId, reason: String, at: Timestamp) -> Result<()> {
        let order = self.step(id, OrderStatus::Rejected, at)?;
        self.orders[order].reason = Some(reason);
        Ok(())
    }

    /// The order was executed, or a part of it.
    ///
    /// # Errors
    /// As [`Book::advance`].
    pub fn fill(&mut self, fill: &Fill) -> Result<()> {
        let to = if fill.done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let at = self.step(fill.client_order_id, to, fill.at)?;
        let order = &mut self.orders[at];
        order.filled += fill.quantity;
        order.value += fill.value();
        order.trades += 1;
        let symbol = order.symbol;
        self.executions.push(Execution { order: at, symbol, fill: *fill, trade_number: order.trades });
        self.executed += 1;
        Ok(())
    }

    /// No venue will hear of the open orders again, and why.
    ///
    /// # Errors
    /// As [`Book::advance`].
    pub fn expire_open(&mut self, reason: &str, at: Timestamp) -> Result<()> {
        for order in self.orders.iter_mut().filter(|order| !order.status.is_final()) {
            order.status.advance(OrderStatus::Expired).map_err(Error::internal)?;
            order.reason = Some(reason.to_owned());
            (order.updated_at, order.changed) = (at, true);
        }
        Ok(())
    }

    /// Moves an order on; answers where it stands in the book.
    fn step(&mut self, id: ClientOrderId, to: OrderStatus, at: Timestamp) -> Result<usize> {
        let found = self.orders.iter().rposition(|order| order.order.client_order_id == id);
        let found = found.ok_or_else(|| Error::internal(format!("the order {id} is not in the book")))?;
        let order = &mut self.orders[found];
        order.status.advance(to).map_err(Error::internal)?;
        (order.updated_at, order.changed) = (at, true);
        Ok(found)
    }

    /// How many orders were placed and how many fills they had, all in all.
    pub fn counts(&self) -> (i64, i64) {
        (self.placed, self.executed)
    }

    /// The orders that have an id and have changed.
    fn changed(&self) -> impl Iterator<Item = Entry<'_>> {
        self.orders
            .iter()
            .filter(|order| order.changed && order.id.is_some())
            .map(|order| Entry { bot: self.bot, order })
    }

    /// The executions that are not stored yet, with the ids of their orders.
    fn unsaved(&self) -> impl Iterator<Item = (Entry<'_>, &Execution)> {
        self.executions.iter().map(|execution| {
            let order = &self.orders[execution.order];
            (Entry { bot: self.bot, order }, execution)
        })
    }

    fn settle(&mut self) {
        self.executions.clear();
        self.orders.retain_mut(|order| {
            order.changed = false;
            !order.status.is_final()
        });
    }

    /// Takes over what is stored, after the book was told all of it again: the open orders get
    /// their ids, and nothing of it is written a second time.
    ///
    /// # Errors
    /// 500 where the book and the stored orders disagree.
    pub async fn adopt(&mut self, tx: &mut TenantTx) -> Result<()> {
        self.settle();
        let stored = store::open_orders(tx, self.bot).await?;
        let counts = store::counts(tx, self.bot).await?;
        if counts != self.counts() || stored.len() != self.orders.len() {
            let (placed, executed) = self.counts();
            return Err(Error::internal(format!(
                "{} orders and {} fills are stored, {placed} and {executed} follow from the journal",
                counts.0, counts.1
            )));
        }
        for order in &mut self.orders {
            let id = order.order.client_order_id;
            let same = stored
                .iter()
                .find(|it| it.client_order_id == id.as_str() && it.filled_quantity == order.filled.decimal());
            let differs = || Error::internal(format!("the stored order {id} differs from the journal's"));
            let same = same.ok_or_else(differs)?;
            // that a venue has taken an order changes no bot, so its journal does not tell
            if order.status == OrderStatus::Submitted && same.status == OrderStatus::Accepted.as_str() {
                order.status = OrderStatus::Accepted;
            }
            if same.status != order.status.as_str() {
                return Err(differs());
            }
            order.id = Some(same.id);
        }
        Ok(())
    }
}

/// Writes what has changed in the books of some bots, and an audit entry for every order that is new; tells all of it to
/// those who listen.
///
/// # Errors
/// 500 where the database knows an order or a fill already.
pub async fn save(tx: &mut TenantTx, books: &mut [&mut Book]) -> Result<()> {
    let known: Vec<_> = books.iter().flat_map(|book| book.changed()).collect();
    store::update(tx, &known).await?;
    let known: HashSet<_> = known.iter().filter_map(|it| it.order.id).collect();
    // ids of one moment have no order of their own: sorted, they follow that of the placements
    let new = books.iter_mut().flat_map(|book| &mut book.orders).filter(|order| order.id.is_none());
    let new: Vec<_> = new.collect();
    let ids = sorted_ids(tx, new.len());
    for (order, id) in new.into_iter().zip(ids) {
        order.id = Some(id);
    }
    let changed: Vec<_> = books.iter().flat_map(|book| book.changed()).collect();
    let is_new = |entry: &&Entry<'_>| entry.order.id.is_some_and(|id| !known.contains(&id));
    let new: Vec<_> = changed.iter().filter(is_new).copied().collect();
    store::insert(tx, &new).await?;
    let placed: Vec<_> = new.iter().map(placed).collect();
    audit::record_all(tx, &placed).await?;
    tell::orders(tx, &changed).await?;
    let executions: Vec<_> = books.iter().flat_map(|book| book.unsaved()).collect();
    let ids = sorted_ids(tx, executions.len());
    store::insert_fills(tx, &ids, &executions).await?;
    tell::fills(tx, &ids, &executions).await?;
    books.iter_mut().for_each(|book| book.settle());
    Ok(())
}

/// What the trail keeps of an order that is new.
fn placed(entry: &Entry<'_>) -> Change {
    let Entry { bot, order } = *entry;
    let placed = Placed { bot_id: bot, symbol: &order.symbol, at: order.created_at.to_string(), order: &order.order };
    let action = if order.adopted { "order.adopted" } else { "order.placed" };
    Change::new("order", order.id.unwrap_or_default(), action).after(placed)
}

fn sorted_ids(tx: &TenantTx, count: usize) -> Vec<Uuid> {
    let mut ids: Vec<_> = (0..count).map(|_| tx.new_id()).collect();
    ids.sort_unstable();
    ids
}
