//! How a tenant stands to its limits.

use crate::{
    halts::Halt,
    limits::{Bounds, Limit, Owner},
    profit::Figures,
    store,
};
use kit::{Result, TenantTx};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// How the tenant's live bots stand.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RiskStanding")]
pub(crate) struct Standing {
    /// By the quote currencies that are traded or limited.
    currencies: Vec<CurrencyStanding>,
    /// What keeps live bots from making entries at the moment.
    halts: Vec<Halt>,
}

/// How those of a currency stand.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CurrencyStanding {
    currency: String,
    /// What the live bots that are at work began with.
    capital: Decimal,
    /// All positions of live bots at their last prices, and what their waiting purchases would cost.
    exposure: Decimal,
    /// What live bots have earned in this UTC day, held coins at their last prices.
    profit_today: Decimal,
    /// What they have earned since ever, those that were deleted too.
    profit: Decimal,
    /// The most that it was, since a halt for its sake was last lifted.
    peak: Decimal,
    /// How far the profit is below its peak, in per cent of the capital.
    drawdown_percent: Decimal,
    /// Orders in the last minute that opened or enlarged a position.
    orders_last_minute: i64,
    /// The limits that hold: the stricter one of the tenant's and the platform's.
    limits: Vec<Held>,
}

/// A limit that holds.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HeldLimit")]
struct Held {
    limit: Limit,
    /// Who has set it.
    owner: Owner,
    allowed: Decimal,
    /// How much of it is used; `null` for what is checked order by order.
    used: Option<Decimal>,
    /// The same as a fraction, to four digits.
    share: Option<Decimal>,
}

pub(crate) async fn show(tx: &mut TenantTx) -> Result<Standing> {
    let bounds: BTreeMap<_, _> = store::limits::all_bounds(tx).await?.into_iter().collect();
    let currencies = store::figures::all(tx, None).await?;
    let stand = |it: Figures| CurrencyStanding::of(bounds.get(&it.currency).copied().unwrap_or_default(), it);
    let currencies = currencies.into_iter().map(stand).collect();
    Ok(Standing { currencies, halts: store::halts::in_force(tx, None).await? })
}

impl CurrencyStanding {
    fn of(bounds: Bounds, figures: Figures) -> Self {
        let held = |limit| {
            let bound = bounds.of(limit)?;
            let used = used(limit, &figures).map(|it| it.normalize());
            let share = used.and_then(|used| used.checked_div(bound.allowed)).map(|it| it.round_dp(4).normalize());
            Some(Held { limit, owner: bound.owner, allowed: bound.allowed, used, share })
        };
        Self {
            limits: Limit::ALL.into_iter().filter_map(held).collect(),
            capital: figures.capital.normalize(),
            exposure: figures.exposure.normalize(),
            profit_today: figures.today.normalize(),
            profit: figures.profit.normalize(),
            peak: figures.peak.normalize(),
            drawdown_percent: figures.drawdown().normalize(),
            orders_last_minute: figures.orders,
            currency: figures.currency,
        }
    }
}

fn used(limit: Limit, figures: &Figures) -> Option<Decimal> {
    match limit {
        Limit::MaxPositionNotional => Some(figures.largest),
        Limit::MaxExposure => Some(figures.exposure),
        Limit::MaxOrdersPerMinute => Some(figures.orders.into()),
        Limit::MaxDailyLoss => Some(figures.loss()),
        Limit::MaxDrawdownPercent => Some(figures.drawdown()),
        Limit::MaxOrderNotional | Limit::PriceCollar => None,
    }
}
