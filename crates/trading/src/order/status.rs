//! The life of an order.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The life of an order.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderStatus {
    /// Decided and written down, not yet sent.
    Pending,
    /// Sent, no answer yet.
    Submitted,
    /// In the venue's book.
    Accepted,
    /// Executed in part.
    PartiallyFilled,
    /// Executed in full.
    Filled,
    /// Taken back.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ended by the venue's time limit.
    Expired,
}

/// A change of state that no order makes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from} cannot become {to}")]
pub struct TransitionError {
    /// Where it stands.
    pub from: OrderStatus,
    /// Where it should have gone.
    pub to: OrderStatus,
}

impl OrderStatus {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Submitted,
        Self::Accepted,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
    ];

    /// The only transitions there are. Fills may overtake the venue's acceptance, and a pending
    /// order may be withdrawn before it is sent.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        use OrderStatus::{Accepted, Cancelled, Expired, Filled, PartiallyFilled, Pending, Rejected, Submitted};
        match self {
            Pending => &[Submitted, Cancelled],
            Submitted => &[Accepted, PartiallyFilled, Filled, Cancelled, Rejected, Expired],
            Accepted => &[PartiallyFilled, Filled, Cancelled, Rejected, Expired],
            PartiallyFilled => &[PartiallyFilled, Filled, Cancelled, Expired],
            Filled | Cancelled | Rejected | Expired => &[],
        }
    }

    /// Whether nothing can happen to the order any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        self.next().is_empty()
    }

    /// Moves on.
    ///
    /// # Errors
    /// Where the table of transitions has no such step; the state stays.
    pub fn advance(&mut self, to: Self) -> Result<(), TransitionError> {
        if !self.next().contains(&to) {
            return Err(TransitionError { from: *self, to });
        }
        *self = to;
        Ok(())
    }

    /// The name used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::PartiallyFilled => "partiallyFilled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_state_is_its_name_in_json() {
        for status in OrderStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
