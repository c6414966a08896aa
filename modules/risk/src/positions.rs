use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// With what a bot trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema, sqlx::Type)]
#[serde(rename_all = "camelCase")]
#[sqlx(type_name = "text", rename_all = "camelCase")]
#[schemars(rename = "PositionMode")]
pub(crate) enum Mode {
    /// With nothing.
    Paper,
    /// With money.
    Live,
}

/// What a bot holds.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub(crate) bot_id: Uuid,
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) exchange: String,
    pub(crate) symbol: String,
    /// The quote currency of its symbol.
    pub(crate) currency: String,
    /// Its coins at the last price that it has seen.
    pub(crate) value: Decimal,
}

impl Holding {
    /// The exchange and the symbol that it is traded at.
    pub(crate) fn market(&self) -> (&str, &str) {
        (&self.exchange, &self.symbol)
    }

    /// The asset that its coins are.
    pub(crate) fn asset(&self) -> &str {
        self.symbol.split_once('/').map_or("", |(asset, _)| asset)
    }
}
