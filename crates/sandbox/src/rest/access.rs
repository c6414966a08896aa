//! Who asks: keys, signatures and the time of a request.

use super::{Ask, params::Params};
use crate::{
    exchange::{AccountId, Refusal},
    world::World,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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
    /// A signature.
    Read,
    /// A signature by a key that may trade.
    Trade,
}

/// Whoever has been recognised.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Signed(pub(crate) AccountId);

/// Whether a text can be the name of a key.
pub(crate) fn is_key(name: &str) -> bool {
    (1..=LONGEST_KEY).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
}

/// HMAC-SHA256 in hexadecimal digits.
#[must_use]
pub fn sign(secret: &str, payload: &str) -> String {
    mac(secret, payload).map(|mac| base16ct::lower::encode_string(&mac.finalize().into_bytes())).unwrap_or_default()
}

fn mac(secret: &str, payload: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(payload.as_bytes());
    Some(mac)
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
        self.signed(&key.secret, &ask.params, &ask.payload)?;
        let may = if access == Access::Trade { key.trading } else { key.reading };
        if may { Ok(key.account) } else { Err(Refusal::KEY) }
    }

    fn signed(&self, secret: &str, params: &Params, payload: &str) -> Result<(), Refusal> {
        let malformed = |name| move |_| Refusal::mandatory(name);
        let timestamp = params.integer("timestamp").map_err(malformed("timestamp"))?;
        let timestamp = timestamp.ok_or_else(|| Refusal::mandatory("timestamp"))?;
        let signature = params.required("signature")?;
        let window = params.integer("recvWindow")?.unwrap_or(WINDOW.0);
        if window > WINDOW.1 {
            return Err(Refusal::WINDOW_TOO_LONG);
        }
        let signature = base16ct::mixed::decode_vec(signature).map_err(|_| Refusal::SIGNATURE)?;
        let mac = mac(secret, payload).ok_or(Refusal::SIGNATURE)?;
        mac.verify_slice(&signature).map_err(|_| Refusal::SIGNATURE)?;
        let now = self.server_time();
        if timestamp >= now + AHEAD {
            return Err(Refusal::AHEAD);
        }
        if now - timestamp > window {
            return Err(Refusal::OUTSIDE_WINDOW);
        }
        Ok(())
    }
}

/// Whose events a connection asks for, by a signature of its own.
pub(crate) fn subscriber(world: &World, ask: &Ask) -> Result<Signed, Refusal> {
    world.caller(ask, Access::Read).map(Signed)
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// The example of the exchange's own documents.
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
        assert_eq!(sign(secret, payload), "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
    }
}
