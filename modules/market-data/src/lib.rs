//! Market data: the candles of markets, imported from files, read by back-tests, bots and people,
//! and the catalogue of indicators that are computed on them.
//!
//! Owns `candle_series`, `candles`, `candle_rollups` and `candle_corrections`. A series is the candles of one exchange, symbol and time
//! frame. It is a tenant's own, or the platform's: every tenant reads the platform's series and
//! none changes them, and a tenant's own series stands before the platform's of the same market.
//!
//! A time frame that is not stored is summed exactly from the longest that divides it. Hours and days
//! of shorter series are kept in `candle_rollups` by whoever writes candles, so that no answer sums
//! more than sixty candles to one.
//!
//! `candles` and `candle_rollups` are tenants' data without row level security: PostgreSQL refuses
//! `copy` into a table that has it, and a policy would be asked for every single candle. Instead,
//! candles are reached through a [`Series`] only, its fields are private, and what makes one is a
//! look-up in `candle_series` under row level security.
//!
//! Permissions: `market-data:read`, `market-data:write`.

mod copy;
mod gaps;
mod indicators;
mod market;
mod origin;
mod routes;
mod service;
mod store;
mod unpack;

pub use gaps::{Gap, GapCause, GapReport};
pub use market::{Exchange, Market};
pub use origin::CandleOrigin;
pub use service::{Imported, MAX_ROWS, Series, after, export, fill, import, load, parse, series};

use kit::{Declaration, Module, permission};

permission!(ReadMarketData = "market-data:read");
permission!(WriteMarketData = "market-data:write");

/// The module, for the server.
pub const fn module() -> Module {
    const SETTINGS: &[&Declaration] = &[service::MOST_SERIES.declared(), service::MOST_CANDLES.declared()];
    Module { name: "market-data", routes: routes::ROUTES, settings: SETTINGS, ..Module::EMPTY }
}
