//! Orders and fills: what bots wanted to trade, and what came of it.
//!
//! Owns `orders` and `fills`. A bot's runner keeps a [`Book`], which takes every order through the
//! trading core's table of states and writes all that has changed at once; people read.
//! Permissions: `orders:read`.

mod book;
mod routes;
mod service;
mod store;

pub use book::{Book, Open};
pub use service::{are_open, fills_of_bot, fills_of_bots};

use kit::{Module, permission};

permission!(ReadOrders = "orders:read");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "orders", routes: routes::ROUTES, ..Module::EMPTY }
}
