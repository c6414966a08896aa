//! What goes into the engine and what comes out of it.

use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};

use super::Signal;
use crate::candle::Candle;
use crate::money::{InstrumentError, Notional, Price, Quantity};
use crate::order::{ClientOrderId, Order, OrderKind, Purpose, Side, Size};
use crate::position::{Fill, PositionError, Trade};
use crate::risk::{Approved, Refusal};

/// Something that has happened.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// A candle has closed.
    Candle(Candle),
    /// An order was executed, or a part of it.
    Filled(Fill),
    /// The venue refused an order.
    Rejected(Rejection),
    /// An order was taken back.
    Cancelled(ClientOrderId),
    /// An order has expired.
    Expired(ClientOrderId),
    /// What the book of an exchange had for an order that came to the simulated venue. The venue answers it.
    Quoted(Quote),
    /// An order was found at the venue under the bot's name of which the bot knew nothing. What it has executed follows
    /// as that of any other.
    Adopted(Adopted),
    /// Funding was charged for the position, or paid where it is negative.
    Funding(Notional),
    /// A signal from outside, such as a webhook's.
    Signal(Signal),
    /// Hold coins worth so much, for a bot that keeps weights.
    Hold(Notional),
    /// No entries until [`Input::Resume`]; an open position stays protected.
    Pause,
    /// Entries again.
    Resume,
    /// The bot ends.
    Stop(Stop),
}

/// What an order could have had of the book when it was asked.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quote {
    /// Whose order it is.
    pub client_order_id: ClientOrderId,
    /// The average price, or the best one where there was nothing within the order's limit.
    pub price: Price,
    /// So many coins at it.
    pub quantity: Quantity,
}

/// An order that was found under a bot's name, and is taken back.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Adopted {
    /// Its name.
    pub client_order_id: ClientOrderId,
    /// Bought or sold.
    pub side: Side,
    /// When it executes.
    pub kind: OrderKind,
    /// How much.
    pub size: Size,
    /// The highest number of those that were found: no order of the bot's gets one up to it any more.
    pub taken: u64,
}

impl Adopted {
    /// As an order of the bot: what it was for is told by its side alone.
    #[must_use]
    pub fn order(&self) -> Order {
        let purpose = match self.side {
            Side::Buy => Purpose::Entry,
            Side::Sell => Purpose::Exit,
        };
        Order::new(self.client_order_id, self.side, self.kind, self.size, purpose)
    }
}

/// What becomes of the coins when the bot ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stop {
    /// Orders are taken back, coins stay.
    Keep,
    /// Orders are taken back, coins are sold at the market.
    Sell,
}

/// A venue's refusal.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rejection {
    /// Whose order it was.
    pub client_order_id: ClientOrderId,
    /// Why.
    pub reason: RejectReason,
    /// Which filter refused it, where the venue says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<InstrumentError>,
}

/// Why an order is refused, by its venue or before it gets there.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum RejectReason {
    InsufficientFunds,
    Filter,
    WouldTake,
    Risk,
    Other,
}

/// Something to do.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Send an order.
    Place(Approved<Order>),
    /// Take an order back.
    Cancel(ClientOrderId),
    /// Write something down.
    Journal(Note),
}

/// Something worth writing down.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Note {
    /// A round trip ended.
    Closed(Trade),
    /// A signal to enter was passed over.
    Skipped(Reason),
    /// The engine's own check refused an order.
    Refused(Refusal),
    /// The venue refused an order.
    Rejected(Rejection),
    /// A fill contradicts the position; the engine halts.
    Contradiction(PositionError),
    /// A message about an order that is not open; nothing is done.
    UnknownOrder(ClientOrderId),
    /// A candle that does not follow the last one; it is passed over.
    StaleCandle,
    /// No entries any more.
    Halted,
}

/// Why a signal to enter was passed over.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Reason {
    Paused,
    Cooldown,
    MaxTradesPerDay,
    PauseAfterLosses,
    MaxOpenPositions,
    IndicatorNotReady,
    NoStop,
    NoCash,
}

/// What one step asks for, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects(Vec<Effect>);

impl Effects {
    pub(super) fn place(&mut self, order: Approved<Order>) {
        self.0.push(Effect::Place(order));
    }

    pub(super) fn cancel(&mut self, id: ClientOrderId) {
        self.0.push(Effect::Cancel(id));
    }

    pub(super) fn note(&mut self, note: Note) {
        self.0.push(Effect::Journal(note));
    }

    /// Empties the list, which keeps its memory.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Deref for Effects {
    type Target = [Effect];

    fn deref(&self) -> &[Effect] {
        &self.0
    }
}

impl Serialize for Effects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
