use crate::store;
use garde::Validate;
use kit::{Cursor, Error, Paging, Result, TenantTx, Time};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use trading::{
    money::Symbol,
    order::{OrderStatus, Side},
    position::{self, Fee, Liquidity},
    time::Timestamp,
};
use uuid::Uuid;

/// An order. Its moments are those of the bot's feed: in a replay they lie in the past.
#[derive(Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    /// Our name for it at the venue.
    pub(crate) client_order_id: String,
    pub(crate) bot_id: Uuid,
    pub(crate) symbol: String,
    /// `buy` or `sell`.
    pub(crate) side: String,
    /// `market`, `limit`, `limitMaker`, `stopMarket`, `stopLimit`, `takeProfitMarket`, `takeProfitLimit` or
    /// `trailingStop`.
    pub(crate) kind: String,
    /// The worst price of an order with a limit.
    pub(crate) price: Option<Decimal>,
    /// The price that releases an order which waits for one.
    pub(crate) trigger_price: Option<Decimal>,
    /// How many coins it trades; `null` where it spends a budget.
    pub(crate) quantity: Option<Decimal>,
    /// The budget in quote currency, the fee included; `null` where it trades so many coins.
    pub(crate) quote: Option<Decimal>,
    /// How many coins were traded.
    pub(crate) filled_quantity: Decimal,
    /// What a coin traded for on average; `null` before the first fill.
    pub(crate) average_price: Option<Decimal>,
    /// `pending`, `submitted`, `accepted`, `partiallyFilled`, `filled`, `cancelled`, `rejected` or `expired`.
    pub(crate) status: String,
    /// What it is for, such as `entry` or `stopLoss`.
    pub(crate) purpose: String,
    /// Why it was cancelled, rejected or expired, where there is more to say.
    pub(crate) reason: Option<String>,
    /// Whether it was found at the exchange under the bot's name and written nowhere, as after a backup was restored.
    pub(crate) adopted: bool,
    pub(crate) created_at: Time,
    pub(crate) updated_at: Time,
}

/// An execution of an order, or of a part of it.
#[derive(Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fill {
    pub(crate) id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) client_order_id: String,
    pub(crate) bot_id: Uuid,
    pub(crate) symbol: String,
    /// `buy` or `sell`.
    pub(crate) side: String,
    /// Counts the order's executions from 1.
    pub(crate) trade_number: i32,
    pub(crate) price: Decimal,
    /// Coins traded, before a fee in coins.
    pub(crate) quantity: Decimal,
    pub(crate) fee: Decimal,
    /// The currency that the fee was taken from.
    pub(crate) fee_asset: String,
    /// Whether the order waited in the book.
    pub(crate) maker: bool,
    pub(crate) at: Time,
}

/// Which orders are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
    /// Only in this state.
    #[garde(skip)]
    pub(crate) status: Option<OrderStatus>,
    /// Only of this symbol, such as `BTC/USDT`.
    #[garde(length(max = 41))]
    pub(crate) symbol: Option<String>,
}

/// Which fills are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FillFilter {
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
    /// Only of this order.
    #[garde(skip)]
    pub(crate) order_id: Option<Uuid>,
}

/// Where a fill stands among all: fills of one moment are told apart by their ids.
pub(crate) type Place = (Time, Uuid);

impl Fill {
    pub(crate) fn place(&self) -> String {
        format!("{}_{}", self.at.millis(), self.id)
    }
}

fn place(text: Option<&String>, path: &str) -> Result<Option<Place>> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.split_once('_').and_then(|(millis, id)| Some((millis.parse().ok()?, id.parse().ok()?)));
    match parts {
        Some((millis, id)) => Ok(Some((Time::from_millis(millis), id))),
        None => Err(Error::invalid(path, "BAD_CURSOR", "Not a place in the list of fills.")),
    }
}

/// Whether a bot has orders that may still change.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn are_open(tx: &mut TenantTx, bot: Uuid) -> Result<bool> {
    Ok(!store::open_orders(tx, bot).await?.is_empty())
}

/// Which of these names are those of the tenant's orders.
///
/// # Errors
/// 503 when the database cannot be reached.
pub async fn known(tx: &mut TenantTx, client_order_ids: &[String]) -> Result<Vec<String>> {
    store::known(tx, client_order_ids).await
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<Order>, i64)> {
    let columns =
        [("createdAt", "created_at"), ("updatedAt", "updated_at"), ("symbol", "symbol"), ("status", "status")];
    let order = paging.order(&columns, "created_at desc")?;
    store::list(tx, filter, &order, paging).await
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Order> {
    store::get(tx, id).await?.ok_or_else(|| Error::not_found("order"))
}

pub(crate) async fn list_fills(tx: &mut TenantTx, filter: &FillFilter, cursor: &Cursor) -> Result<Vec<Fill>> {
    let (before, after) = (place(cursor.before.as_ref(), "before")?, place(cursor.after.as_ref(), "after")?);
    store::list_fills(tx, filter, before, after, cursor.limit()).await
}

/// A fill of a bot.
pub struct BotFill {
    pub bot: Uuid,
    pub symbol: Symbol,
    pub fill: position::Fill,
}

/// All that the orders of bots have executed, that of each in the order of time, as the trading core knows it.
///
/// # Errors
/// 500 where a stored fill is outside the bounds of the core's types.
pub async fn fills_of_bots(tx: &mut TenantTx, bots: &[Uuid]) -> Result<Vec<BotFill>> {
    store::fills_of_bots(tx, bots).await?.into_iter().map(BotFill::try_from).collect()
}

impl TryFrom<store::StoredFill> for BotFill {
    type Error = Error;

    fn try_from(stored: store::StoredFill) -> Result<Self> {
        let symbol = stored.symbol.parse().map_err(Error::internal)?;
        Ok(Self { bot: stored.bot_id, symbol, fill: stored.into_core()? })
    }
}

impl store::StoredFill {
    fn into_core(self) -> Result<position::Fill> {
        let side = if self.side == "buy" { Side::Buy } else { Side::Sell };
        let in_coins = self.symbol.split('/').next() == Some(self.fee_asset.as_str());
        let fee = if in_coins {
            Fee::Base(self.fee.try_into().map_err(Error::internal)?)
        } else {
            Fee::Quote(self.fee.try_into().map_err(Error::internal)?)
        };
        Ok(position::Fill {
            client_order_id: self.client_order_id.parse().map_err(Error::internal)?,
            at: Timestamp::from_millis(self.at.timestamp_millis()),
            side,
            price: self.price.try_into().map_err(Error::internal)?,
            quantity: self.quantity.try_into().map_err(Error::internal)?,
            fee,
            liquidity: if self.maker { Liquidity::Maker } else { Liquidity::Taker },
            done: self.done,
        })
    }
}
