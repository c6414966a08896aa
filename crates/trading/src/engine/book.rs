//! The orders that are open.

use crate::money::Notional;
use crate::order::{ClientOrderId, Order, OrderStatus, Purpose};

/// Two for each of a grid's levels, one of which may be being taken back, and some to spare.
const MOST_ORDERS: usize = 512;

#[derive(Copy, Clone, Debug)]
pub(super) struct Working {
    pub(super) id: ClientOrderId,
    pub(super) purpose: Purpose,
    /// Which take-profit target, or which cell of a grid, it serves.
    pub(super) slot: Option<u8>,
    /// The other order of its pair.
    pub(super) pair: Option<ClientOrderId>,
    pub(super) status: OrderStatus,
    /// We have asked for it back; it can still fill until the venue agrees.
    pub(super) cancelling: bool,
    /// What a purchase may still spend.
    pub(super) reserved: Notional,
}

impl Working {
    pub(super) fn is_stop(&self) -> bool {
        matches!(self.purpose, Purpose::StopLoss | Purpose::TrailingStop) && self.slot.is_none()
    }
}

/// Keeps its memory, so that nothing is allocated once it has been as full as it gets.
#[derive(Clone, Debug, Default)]
pub(super) struct Book(Vec<Working>);

impl Book {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST_ORDERS
    }

    /// Whether an order that `which` describes is open and not being taken back.
    pub(super) fn has(&self, which: impl Fn(&Working) -> bool) -> bool {
        self.0.iter().any(|order| !order.cancelling && which(order))
    }

    /// Whether an entry can still fill, be it that it is being taken back.
    pub(super) fn has_entry(&self) -> bool {
        self.0.iter().any(|order| order.purpose == Purpose::Entry)
    }

    /// What all open purchases may still spend.
    pub(super) fn reserved(&self) -> Notional {
        self.0.iter().map(|order| order.reserved).sum()
    }

    /// Adds an order that is being sent; the caller has asked [`Book::is_full`].
    pub(super) fn add(&mut self, order: &Order, slot: Option<u8>, reserved: Notional) {
        let Order { client_order_id: id, purpose, pair, .. } = *order;
        let status = OrderStatus::Submitted;
        self.0.push(Working { id, purpose, slot, pair, status, cancelling: false, reserved });
    }

    /// Marks the orders that `which` describes and reports each to `cancel`.
    pub(super) fn cancel(&mut self, which: impl Fn(&Working) -> bool, mut cancel: impl FnMut(ClientOrderId)) {
        for order in self.0.iter_mut().filter(|order| !order.cancelling && which(order)) {
            order.cancelling = true;
            cancel(order.id);
        }
    }

    /// Takes `spent` off what an open purchase may still spend.
    pub(super) fn spend(&mut self, id: ClientOrderId, spent: Notional) {
        if let Some(order) = self.0.iter_mut().find(|order| order.id == id) {
            order.reserved = (order.reserved - spent).max(Notional::ZERO);
        }
    }

    /// Moves an order to a state and gives it back; one that is final leaves the book. `None` for
    /// an order that is not open, or whose state does not allow the step.
    pub(super) fn advance(&mut self, id: ClientOrderId, to: OrderStatus) -> Option<Working> {
        let index = self.0.iter().position(|order| order.id == id)?;
        let order = self.0.get_mut(index)?;
        order.status.advance(to).ok()?;
        let order = *order;
        if order.status.is_final() {
            self.0.remove(index);
        }
        Some(order)
    }
}
