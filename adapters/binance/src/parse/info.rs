//! The symbols and their filters, of today and as they were in 2018.

use super::{
    json,
    number::{self, Number},
};
use crate::Failure;
use market_data::Listing;
use serde::Deserialize;
use serde_json::Value;
use trading::{
    money::{Notional, Price, Quantity, Symbol},
    time::Timestamp,
};

/// What the exchange says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeInfo {
    /// Its clock.
    pub server_time: Timestamp,
    /// How often it may be asked.
    pub limits: Vec<RateLimit>,
    /// Its symbols.
    pub listings: Vec<Listing>,
    /// Symbols whose currencies are not written in capitals and digits, or that are named twice.
    pub left_out: usize,
}

/// How often the exchange may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// Such as `REQUEST_WEIGHT` (in 2018 `REQUESTS`) or `ORDERS`.
    pub rate_limit_type: String,
    /// Such as `MINUTE`.
    pub interval: String,
    /// How many intervals; in 2018 it was not said.
    #[serde(default = "one")]
    pub interval_num: u32,
    /// What may be spent in them.
    pub limit: u64,
}

const fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    server_time: Timestamp,
    #[serde(default)]
    rate_limits: Vec<Value>,
    symbols: Vec<SymbolBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SymbolBody {
    symbol: String,
    status: String,
    base_asset: String,
    base_asset_precision: i16,
    quote_asset: String,
    /// What it was called in 2018, and is still called beside the newer name.
    quote_precision: Option<i16>,
    quote_asset_precision: Option<i16>,
    #[serde(default)]
    order_types: Vec<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    permission_sets: Vec<Vec<String>>,
}

#[derive(Copy, Clone, Deserialize)]
#[serde(tag = "filterType", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum Filter {
    #[serde(rename = "PRICE_FILTER")]
    Price {
        #[serde(deserialize_with = "number::text")]
        tick_size: Quantity,
    },
    LotSize(Sizes),
    MarketLotSize(Sizes),
    #[serde(alias = "MIN_NOTIONAL")]
    Notional {
        #[serde(deserialize_with = "number::text")]
        min_notional: Notional,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Copy, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sizes {
    min_qty: Number<Quantity>,
    max_qty: Number<Quantity>,
    step_size: Number<Quantity>,
}

/// Reads what the exchange says of itself.
///
/// # Errors
/// [`Failure::Malformed`].
pub fn exchange_info(body: &[u8]) -> Result<ExchangeInfo, Failure> {
    let Body { server_time, rate_limits, symbols } = json(body)?;
    let told = symbols.len();
    let mut listings: Vec<Listing> = symbols.into_iter().filter_map(listing).collect();
    listings.sort_by_key(|a| a.symbol);
    listings.dedup_by(|a, b| a.symbol == b.symbol);
    let left_out = told - listings.len();
    // the documented example has an empty limit, which limits nothing
    let limits = rate_limits.into_iter().filter_map(|limit| serde_json::from_value(limit).ok()).collect();
    Ok(ExchangeInfo { server_time, limits, listings, left_out })
}

fn listing(body: SymbolBody) -> Option<Listing> {
    let symbol: Symbol = format!("{}/{}", body.base_asset, body.quote_asset).parse().ok()?;
    // the name is what is asked for later
    if body.symbol != format!("{}{}", body.base_asset, body.quote_asset) {
        return None;
    }
    let mut permissions = body.permissions;
    permissions.extend(body.permission_sets.into_iter().flatten());
    permissions.sort();
    permissions.dedup();
    let mut listing = Listing {
        symbol,
        status: body.status,
        tick: None,
        lot: None,
        min_quantity: None,
        max_quantity: None,
        market_lot: None,
        market_min_quantity: None,
        market_max_quantity: None,
        min_notional: None,
        base_digits: body.base_asset_precision,
        quote_digits: body.quote_asset_precision.or(body.quote_precision)?,
        order_types: body.order_types,
        permissions,
    };
    body.filters.into_iter().for_each(|filter| apply(&mut listing, filter));
    Some(listing)
}

/// A size of nought filters nothing.
fn apply(listing: &mut Listing, filter: Filter) {
    let some = |Number(size): Number<Quantity>| Some(size).filter(|size| !size.is_zero());
    match filter {
        Filter::Price { tick_size } => listing.tick = Price::new(tick_size.decimal()).ok(),
        Filter::LotSize(Sizes { min_qty, max_qty, step_size }) => {
            (listing.min_quantity, listing.max_quantity) = (some(min_qty), some(max_qty));
            listing.lot = some(step_size);
        }
        Filter::MarketLotSize(Sizes { min_qty, max_qty, step_size }) => {
            (listing.market_min_quantity, listing.market_max_quantity) = (some(min_qty), some(max_qty));
            listing.market_lot = some(step_size);
        }
        Filter::Notional { min_notional } => listing.min_notional = Some(min_notional).filter(|it| it.is_positive()),
        Filter::Unknown => {}
    }
}
