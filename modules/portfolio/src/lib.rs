//! Portfolio: what bots hold, what they have earned and how their worth went.
//!
//! Owns `positions` and `equity_points`. Every figure follows from a bot's fills: [`rebuild`] makes
//! the position from them alone, and every day all of them are made anew and held against what is stored.
//! Permissions: `portfolio:read`.

mod keeper;
mod lots;
mod routes;
mod service;
mod store;

pub use keeper::prove_all;
pub use service::{EquityPoint, Holding, check, open, rebuild, record_equity, save};

use kit::{Module, Service, Topic, permission};

permission!(ReadPortfolio = "portfolio:read");

/// What a bot holds after a transaction in which it took something in; of the bot.
static POSITIONS: Topic = Topic::of::<ReadPortfolio>("positions");

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] =
        &[Service { name: "portfolio-keeper", run: |app, stop| Box::pin(keeper::run_keeper(app, stop)) }];
    const TOPICS: &[&Topic] = &[&POSITIONS];
    Module { name: "portfolio", routes: routes::ROUTES, services: SERVICES, topics: TOPICS, ..Module::EMPTY }
}
