//! What happens, told live by WebSocket: orders, fills, positions and bots of a tenant, candles and tickers of markets.
//!
//! What is a tenant's is an event in `stream_events`, written by [`publish`] in the transaction of the change. One server
//! at a time gives the events that are committed their places (`reader`), so that none ever comes to stand before one
//! that has been read; a place is the cursor by which whoever was cut off comes back. Each server reads an event once,
//! however many listen there, and lays the same bytes into the queue of each connection (`hub`). Nobody waits for a
//! connection: one whose queue is full is told so and ends.
//!
//! Candles and tickers are told as they come (`live`): each market is asked once for all who listen at a server.
//!
//! Which topics of tenants there are is said by the modules that tell them, in [`kit::Module::topics`], with the
//! permission that each asks for.
//!
//! Owns `stream_events` and `stream_places`. Permissions: those of the topics.

mod connection;
mod event;
mod frame;
mod hub;
mod keeper;
mod limits;
mod live;
mod publish;
mod reader;
mod routes;
mod store;
mod topic;

pub use keeper::keep;
pub use limits::Limits;
pub use publish::publish;

use kit::{Module, Service};

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] = &[
        Service { name: "stream", run: |app, stop| Box::pin(reader::run(app, stop)) },
        Service { name: "stream-keeper", run: |app, stop| Box::pin(keeper::run_keeper(app, stop)) },
    ];
    Module { name: "stream", routes: routes::ROUTES, services: SERVICES, ..Module::EMPTY }
}
