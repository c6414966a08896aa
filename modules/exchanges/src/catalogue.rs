//! Which exchanges there are, and what can be done with each.

use crate::{ORDER_KINDS, Venues, venue::Venue};
use kit::App;
use schemars::JsonSchema;
use serde::Serialize;

/// The simulator, which takes orders and no keys.
pub(crate) const PAPER: &str = "paper";

/// An exchange, and what can be done with it.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeEntry")]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Whether it gives candles.
    pub(crate) candles: bool,
    /// Whether bots trade on it.
    pub(crate) trading: bool,
    /// The kinds of orders that bots place on it.
    pub(crate) order_kinds: &'static [&'static str],
    /// Whether an account at it is connected by a key.
    pub(crate) connections: bool,
}

/// Those that are reached, and the simulator.
pub(crate) fn entries(app: &App) -> Vec<Entry> {
    let paper = Entry { name: PAPER, candles: false, trading: true, order_kinds: ORDER_KINDS, connections: false };
    Venues::of(app).iter().map(|venue| Entry::of(&**venue)).chain([paper]).collect()
}

impl Entry {
    fn of(venue: &dyn Venue) -> Self {
        let abilities = venue.abilities();
        Self {
            name: venue.exchange(),
            candles: abilities.candles,
            trading: !abilities.order_kinds.is_empty(),
            order_kinds: abilities.order_kinds,
            connections: true,
        }
    }
}
