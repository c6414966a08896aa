//! The orders that are open.

use arrayvec::ArrayVec;

use crate::order::{ClientOrderId, Order, OrderStatus, Purpose};

/// One entry, one exit, six stops and five targets, and as many again that are being taken back.
pub(super) const MOST_ORDERS: usize = 26;

#[derive(Copy, Clone, Debug)]
pub(super) struct Working {
    pub(super) id: ClientOrderId,
    pub(super) purpose: Purpose,
    /// Which take-profit target it serves.
    pub(super) target: Option<u8>,
    /// The other order of its pair.
    pub(super) pair: Option<ClientOrderId>,
    pub(super) status: OrderStatus,
    /// We have asked for it back; it can still fill until the venue agrees.
    pub(super) cancelling: bool,
}

impl Working {
    pub(super) fn is_stop(&self) -> bool {
        matches!(self.purpose, Purpose::StopLoss | Purpose::TrailingStop) && self.target.is_none()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Book(ArrayVec<Working, MOST_ORDERS>);

impl Book {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Whether an order that `which` describes is open and not being taken back.
    pub(super) fn has(&self, which: impl Fn(&Working) -> bool) -> bool {
        self.0.iter().any(|order| !order.cancelling && which(order))
    }

    /// Whether an entry can still fill, be it that it is being taken back.
    pub(super) fn has_entry(&self) -> bool {
        self.0.iter().any(|order| order.purpose == Purpose::Entry)
    }

    /// Adds an order that is being sent; the caller has asked [`Book::is_full`].
    pub(super) fn add(&mut self, order: &Order, target: Option<u8>) {
        let Order { client_order_id: id, purpose, pair, .. } = *order;
        let status = OrderStatus::Submitted;
        let _ = self.0.try_push(Working { id, purpose, target, pair, status, cancelling: false });
    }

    /// Marks the orders that `which` describes and reports each to `cancel`.
    pub(super) fn cancel(&mut self, which: impl Fn(&Working) -> bool, mut cancel: impl FnMut(ClientOrderId)) {
        for order in self.0.iter_mut().filter(|order| !order.cancelling && which(order)) {
            order.cancelling = true;
            cancel(order.id);
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
