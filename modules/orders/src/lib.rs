//! Orders and fills: what bots wanted to trade, and what came of it.
//!
//! Owns `orders` and `fills`. A bot's runner keeps a [`Book`], which takes every order through the
//! trading core's table of states and writes all that has changed at once; people read, or listen to the
//! [stream](stream::publish).
//! Permissions: `orders:read`.

mod book;
mod routes;
mod service;
mod store;
mod tell;

pub use book::{Book, Open, save};
pub use service::{BotFill, are_open, fills_of_bots, known};

use kit::{Module, Topic, permission};

permission!(ReadOrders = "orders:read");

/// An order that was placed or has changed; of the bot.
static ORDERS: Topic = Topic::of::<ReadOrders>("orders");
/// An execution; of the bot.
static FILLS: Topic = Topic::of::<ReadOrders>("fills");

/// The module, for the server.
pub const fn module() -> Module {
    const TOPICS: &[&Topic] = &[&ORDERS, &FILLS];
    Module { name: "orders", routes: routes::ROUTES, topics: TOPICS, ..Module::EMPTY }
}
