//! Exchanges: which there are, what can be done with each, and the accounts at them that tenants have given keys to.
//!
//! Owns `exchange_connections`. A key and its secret are sealed for their tenant and connection, and no answer, audit
//! entry or line of the log shows them. Exchanges are [`Venue`]s, which adapters fill; the server provides them as
//! [`Venues`]. A bot trades by an [`Account`], and listens to its [`AccountNews`]. They are asked while no transaction is
//! open: first the exchange, then the database.
//!
//! Permissions: `exchanges:read`, `exchange-connections:read`, `exchange-connections:write`,
//! `exchange-connections:execute`, `exchange-connections:delete`.

mod account;
mod catalogue;
mod connection;
mod credentials;
mod key;
mod news;
mod probe;
mod routes;
mod service;
mod status;
mod store;
mod trader;
mod venue;

pub use account::{Account, Standing, account, standing};
pub use credentials::Credentials;
pub use news::AccountNews;
pub use trader::{OrderRefusal, OrderReport, PlacedOrder, Trader, Validity, VenueFill, VenueOrder};
pub use venue::{Abilities, Balance, KeyInfo, ORDER_KINDS, Venue, VenueError, Venues};

use kit::{Module, permission};

permission!(ReadExchanges = "exchanges:read");
permission!(ReadConnections = "exchange-connections:read");
permission!(WriteConnections = "exchange-connections:write");
permission!(ExecuteConnections = "exchange-connections:execute");
permission!(DeleteConnections = "exchange-connections:delete");

/// The module, for the server.
pub const fn module() -> Module {
    Module {
        name: "exchanges",
        routes: routes::ROUTES,
        settings: const { &[service::MOST_CONNECTIONS.declared()] },
        sealed: key::SEALED,
        ..Module::EMPTY
    }
}
