//! Bots: strategies that trade by themselves, on paper or at an exchange.
//!
//! A paper bot is the very driver of a back-test, fed with stored candles at the speed that was
//! asked for. What it takes in is journalled; what it is, follows from the journal alone.
//!
//! A bot runs in one place at a time: a [`Runner`] leases it in the database, and every transaction
//! of the bot first locks its row under the lease's token. The token grows with each lease and with
//! each change from outside (start, pause, stop, another speed), so whoever held the bot before
//! writes nothing more. For each batch of candles the journal, orders, fills, position, equity,
//! events and the place in the replay are written together: after a crash another runner leases the
//! bot within seconds, makes it anew from its journal and goes on where it was.
//!
//! A live bot has the same engine, and an exchange where the simulated venue was. Its order is written before it is sent,
//! by the transaction that had the right to send it, and sent once; the exchange takes it within seconds of that moment or
//! never. What has become of it is asked: at once, whenever the bot is taken over, and as long as it is open. So whoever
//! lost the bot, or wakes up late, places nothing.
//!
//! The bots of a tenant that the platform suspends are taken from their runners at once and stand still, whatever their
//! status, until the suspension is lifted.
//!
//! A signal bot is told by others when to buy and when to sell: at an address of its own, whose token is known by its hash
//! alone. An alert is written down with its name, which is unique, before the bot takes it, in the transaction that writes
//! what follows: so it is followed once or not at all.
//!
//! Owns `bots`, `bot_runners`, `bot_journal`, `bot_events`, `bot_hooks` and `bot_signals`.
//! Permissions: `bots:read`, `bots:write`, `bots:execute`, `bots:delete`.

#[cfg(test)]
extern crate self as bots;

mod alert;
mod bot;
mod checklist;
mod config;
mod copies;
mod difference;
mod event;
mod hook;
mod hours;
mod platform;
mod routes;
mod run;
mod schedule;
mod service;
mod status;
mod store;
mod tell;

pub use run::{Runner, Tick};
pub use status::Status;

use kit::{JobKind, Module, Service, Topic, permission};

permission!(ReadBots = "bots:read");
permission!(WriteBots = "bots:write");
permission!(ExecuteBots = "bots:execute");
permission!(DeleteBots = "bots:delete");

/// A bot that was created, changed or turned to another status.
static BOTS: Topic = Topic::of::<ReadBots>("bots");
/// What a bot has done.
static BOT_EVENTS: Topic = Topic::of::<ReadBots>("bot-events");

/// The module, for the server.
pub const fn module() -> Module {
    const SERVICES: &[Service] = &[Service { name: "bots", run: |app, stop| Box::pin(Runner::new(&app).run(stop)) }];
    const JOBS: &[JobKind] = &[JobKind::of::<platform::StopLive>(), JobKind::of::<schedule::ScheduledTurn>()];
    const TOPICS: &[&Topic] = &[&BOTS, &BOT_EVENTS];
    Module {
        name: "bots",
        routes: routes::ROUTES,
        jobs: JOBS,
        services: SERVICES,
        sealed: &[service::hooks::SEALED],
        topics: TOPICS,
        ..Module::EMPTY
    }
}
