//! Portfolio: what bots hold, what they have earned and how their worth went.
//!
//! Owns `positions` and `equity_points`. Every figure follows from a bot's fills: [`rebuild`] makes
//! the position from them alone.
//! Permissions: `portfolio:read`.

mod routes;
mod service;
mod store;

pub use service::{EquityPoint, check, open, rebuild, record_equity, save};

use kit::{Module, Topic, permission};

permission!(ReadPortfolio = "portfolio:read");

/// What a bot holds after a transaction in which it took something in; of the bot.
static POSITIONS: Topic = Topic::of::<ReadPortfolio>("positions");

/// The module, for the server.
pub const fn module() -> Module {
    const TOPICS: &[&Topic] = &[&POSITIONS];
    Module { name: "portfolio", routes: routes::ROUTES, topics: TOPICS, ..Module::EMPTY }
}
