//! Risk: how much live bots may venture together, what halts them, and what may be lost.
//!
//! Owns `risk_limits`, `risk_halts`, `risk_days`, `risk_peaks`, `risk_admissions`, and the platform's
//! `risk_platform_limits` and `risk_platform_halts`; the view `risk_positions` reads what bots hold. A live bot asks
//! [`admit`] in the transaction that writes an order, before it is sent, and tells by [`report`] what it has earned. A
//! limit on losses that is reached begins a halt in that same transaction, and [`in_force`] tells every live bot of it.
//! Paper bots venture nothing and keep to limits of their own.
//!
//! Permissions: `risk:read`, `risk:execute` to halt, `risk:manage` to set limits and lift halts; the same on the platform.

mod admission;
mod halts;
mod limits;
mod positions;
mod profit;
mod routes;
mod service;
mod standing;
mod statistics;
mod store;
mod stress;
mod value_at_risk;

pub use admission::{Admission, Refusal, Venture, cost};
pub use halts::{Cause, Halt, NewPlatformHalt, PlatformHalt, Stopping, halt_platform, in_force, topics};
pub use limits::{Limit, Owner};
pub use profit::report;

use kit::{Module, permission};

permission!(ReadRisk = "risk:read");
permission!(ExecuteRisk = "risk:execute");
permission!(ManageRisk = "risk:manage");

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "risk", routes: routes::ROUTES, ..Module::EMPTY }
}
