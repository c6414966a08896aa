//! Who asks: keys, signatures and the time of a request.

use super::{Ask, params::Params};
use crate::{
    exchange::{AccountId, Refusal},
    world::World,
};

/// The usual time between a request's making and its arrival, and the longest that can be asked for, in milliseconds.
const WINDOW: (i64, i64) = (5_000, 60_000);
/// By how much a request may come from the future.
const AHEAD: i64 = 1_000;
/// The longest name of a key.
const LONGEST_KEY: usize = 128;

/// What an endpoint asks of its caller.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Public,
    /// A key, but no signature.
    Key,
    /// A signature, or a session that stands for it.
    Read,
    /// The same, by a key that may trade.
    Trade,
    /// A signature, also of whoever has logged on.
    Sign,
}

/// Whether a text can be the name of a key.
pub(crate) fn is_key(name: &str) -> bool {
    (1..=LONGEST_KEY).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
}

impl World {
    pub(super) fn caller(&self, ask: &Ask, access: Access) -> Result<AccountId, Refusal> {
        if access == Access::Public {
            return Ok(0);
        }
        let name = ask.api_key.as_deref().ok_or(Refusal::KEY_FORMAT)?;
        if !is_key(name) {
            return Err(Refusal::KEY_FORMAT);
        }
        let key = self.exchange.key(name).ok_or(Refusal::KEY)?;
        if access == Access::Key {
            return Ok(key.account);
        }
        let timing = Timing::read(&ask.params)?;
        let is_vouched = ask.is_logged_on && access != Access::Sign;
        if !is_vouched && !key.proof.holds(ask.params.required("signature")?, &ask.payload) {
            return Err(Refusal::SIGNATURE);
        }
        timing.check(self.server_time())?;
        let may = if access == Access::Trade { key.trading } else { key.reading };
        if may { Ok(key.account) } else { Err(Refusal::KEY) }
    }
}

/// When a request was made, and for how long it is good.
struct Timing {
    at: i64,
    window: i64,
}

impl Timing {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let at = params.integer("timestamp").map_err(|_| Refusal::mandatory("timestamp"))?;
        let at = at.ok_or_else(|| Refusal::mandatory("timestamp"))?;
        let window = params.integer("recvWindow")?.unwrap_or(WINDOW.0);
        if window <= WINDOW.1 { Ok(Self { at, window }) } else { Err(Refusal::WINDOW_TOO_LONG) }
    }

    const fn check(&self, now: i64) -> Result<(), Refusal> {
        if self.at >= now + AHEAD {
            return Err(Refusal::AHEAD);
        }
        if now - self.at > self.window { Err(Refusal::OUTSIDE_WINDOW) } else { Ok(()) }
    }
}
