//! Market data: the candles and trades of markets, imported from files, read by back-tests, bots and people,
//! and the catalogue of indicators that are computed on them.
//!
//! Owns `candle_series`, `candles`, `candle_rollups`, `candle_corrections`, `trade_series`, `trades`, `book_snapshots`,
//! `instruments` and `backfills`. A series is the candles of one exchange, symbol and time
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
//! look-up in `candle_series` under row level security. `trades` are reached through a [`TradeSeries`] in the same way.
//!
//! What exchanges list is in `instruments`, the platform's; what a tenant has them asked for in `backfills`. Exchanges are
//! [`Source`]s, which adapters fill; the server provides them as [`Sources`]. Bots that follow a live market ask for
//! its [`newest`] candles, and are told by [`follow`] when to; those who listen to one ask for its [`ticker`] too.
//!
//! Permissions: `market-data:read`, `market-data:write`; `market-data:manage` for operators.

mod answers;
mod backfill;
mod book;
mod copy;
mod gaps;
mod indicators;
mod instruments;
mod keeper;
mod market;
mod newest;
mod origin;
mod routes;
mod service;
mod snapshots;
mod source;
mod store;
mod ticker;
mod unpack;

pub use book::depth;
pub use gaps::{Gap, GapCause, GapReport};
pub use instruments::{Filters, Refreshed, are_fresh, instrument, refresh_instruments};
pub use keeper::keep;
pub use market::{Exchange, Market};
pub use newest::{follow, newest};
pub use origin::CandleOrigin;
pub use service::trades::{ImportedTrades, TradeFile, TradeMarket, TradeSeries, derive, import_trades};
pub use service::{Imported, MAX_ROWS, MarketCandle, Series, after, export, fill, import, load, parse, series};
pub use source::{CandleNews, CandlePage, Listing, Source, SourceError, Sources, Ticker, TradesFrom};
pub use ticker::{TickerView, ticker};

pub(crate) use service::EARLIEST;

use kit::{Declaration, JobKind, Module, Service, permission};

permission!(ReadMarketData = "market-data:read");
permission!(WriteMarketData = "market-data:write");
permission!(ManageMarketData = "market-data:manage");

const JOBS: &[JobKind] = &[JobKind::of::<backfill::Fetch>(), JobKind::of::<instruments::Refresh>()];

/// The module, for the server.
pub const fn module() -> Module {
    const SETTINGS: &[&Declaration] = &[
        service::MOST_SERIES.declared(),
        service::MOST_CANDLES.declared(),
        service::trades::MOST_TRADES.declared(),
        snapshots::MOST_SNAPSHOTS.declared(),
        service::retention::RETENTION_DAYS.declared(),
        service::retention::RAW_RETENTION_DAYS.declared(),
    ];
    const SERVICES: &[Service] =
        &[Service { name: "market-data-keeper", run: |app, stop| Box::pin(keeper::run_keeper(app, stop)) }];
    Module {
        name: "market-data",
        routes: routes::ROUTES,
        settings: SETTINGS,
        jobs: JOBS,
        services: SERVICES,
        ..Module::EMPTY
    }
}
