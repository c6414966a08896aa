//! What a client may ask for, by its name.

use crate::{event::Key, live::Market};
use kit::{App, Error, Permission, Result};
use market_data::ReadMarketData;
use std::sync::Arc;
use uuid::Uuid;

/// A topic that a client asks for.
pub(crate) struct Asked {
    pub(crate) key: Key,
    /// What a member needs to listen.
    pub(crate) permission: &'static str,
    /// The market, where it is one's.
    pub(crate) market: Option<Market>,
}

impl Asked {
    /// Reads `orders`, `orders:<id of a bot>`, `candles:binance:BTC/USDT:1m` or `ticker:binance:BTC/USDT`.
    ///
    /// # Errors
    /// 400 `UNKNOWN_TOPIC`, which says what there is, and `BAD_TOPIC` for what does not follow its form.
    pub(crate) fn read(app: &App, tenant: Uuid, text: &str) -> Result<Self> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        if let Some(topic) = app.topics().iter().find(|topic| topic.name == name) {
            let subject = rest.map(Uuid::parse_str).transpose().map_err(|_| {
                Error::bad_request("BAD_TOPIC", format!("After `{name}:` the id of a bot is expected."))
            })?;
            let key = Key::Tenant { tenant, topic: topic.name, subject };
            return Ok(Self { key, permission: topic.permission, market: None });
        }
        let market = Market::read(name, rest.unwrap_or_default()).ok_or_else(|| unknown(app, name))??;
        let key = Key::Market(Arc::from(market.to_string()));
        Ok(Self { key, permission: ReadMarketData::NAME, market: Some(market) })
    }
}

fn unknown(app: &App, name: &str) -> Error {
    let known = app.topics().iter().map(|topic| topic.name);
    let known: Vec<_> = known.chain(Market::FORMS).map(|name| format!("`{name}`")).collect();
    let name: String = name.chars().take(40).collect();
    let message = format!("There is no topic `{name}`; there are {}.", known.join(", "));
    Error::bad_request("UNKNOWN_TOPIC", message)
}
