//! Market data: the candles of markets, imported from files, read by back-tests, bots and people,
//! and the catalogue of indicators that are computed on them.
//!
//! Owns `candle_series`, `candles`, `instruments` and `backfills`. A series is the candles of one exchange, symbol and time
//! frame. It is a tenant's own, or the platform's: every tenant reads the platform's series and
//! none changes them, and a tenant's own series stands before the platform's of the same market.
//!
//! `candles` is the one table of tenants' data without row level security: PostgreSQL refuses
//! `copy` into a table that has it, and a policy would be asked for every single candle. Instead,
//! candles are reached through a [`Series`] only, its fields are private, and what makes one is a
//! look-up in `candle_series` under row level security.
//!
//! What exchanges list is in `instruments`, the platform's; what a tenant has them asked for in `backfills`. Exchanges are
//! [`Source`]s, which adapters fill; the server provides them as [`Sources`].
//!
//! Permissions: `market-data:read`, `market-data:write`; `market-data:manage` for operators.

mod backfill;
mod book;
mod copy;
mod gaps;
mod indicators;
mod instruments;
mod market;
mod routes;
mod service;
mod source;
mod store;

pub use gaps::{Gap, GapReport};
pub use instruments::{Filters, Refreshed, instrument, refresh_instruments};
pub use market::{Exchange, Market};
pub use service::{Imported, MAX_ROWS, Series, after, import, load, parse, series};
pub use source::{CandlePage, Listing, Source, SourceError, Sources};

pub(crate) use service::EARLIEST;

use kit::{JobKind, Module, permission};

permission!(ReadMarketData = "market-data:read");
permission!(WriteMarketData = "market-data:write");
permission!(ManageMarketData = "market-data:manage");

const JOBS: &[JobKind] = &[JobKind::of::<backfill::Fetch>(), JobKind::of::<instruments::Refresh>()];

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "market-data", routes: routes::ROUTES, jobs: JOBS, ..Module::EMPTY }
}
