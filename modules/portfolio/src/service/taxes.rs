//! Lots that are held, and gains of those that were sold.

use crate::{
    lots::{Disposal, Lots, Method},
    store,
};
use bytes::Bytes;
use garde::Validate;
use kit::{Error, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write};
use trading::{
    money::{Notional, Price, Quantity},
    position::Fill,
};
use uuid::Uuid;

/// Which lots are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LotFilter")]
pub(crate) struct LotFilter {
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
    /// Only of this symbol, such as `BTC/USDT`.
    #[garde(length(max = 41))]
    pub(crate) symbol: Option<String>,
    /// Which coins are taken to be sold: the first bought if not said.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) method: Method,
}

/// Which gains are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GainFilter")]
pub(crate) struct GainFilter {
    /// Only of this bot.
    #[garde(skip)]
    pub(crate) bot_id: Option<Uuid>,
    /// Only of this symbol, such as `BTC/USDT`.
    #[garde(length(max = 41))]
    pub(crate) symbol: Option<String>,
    /// Which coins are taken to be sold: the first bought if not said.
    #[serde(default)]
    #[garde(skip)]
    pub(crate) method: Method,
    /// Sold at this moment or later.
    #[garde(skip)]
    pub(crate) from: Option<Time>,
    /// Sold before this moment.
    #[garde(skip)]
    pub(crate) to: Option<Time>,
}

/// Coins that were bought at once and are held.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Lot")]
pub(crate) struct LotAnswer {
    bot_id: Uuid,
    symbol: String,
    acquired_at: Time,
    quantity: Quantity,
    /// What they cost, buying fees included.
    cost: Notional,
    /// What they are worth at the last price.
    value: Notional,
    /// What selling them at that price would earn, before its fee.
    unrealised_pnl: Notional,
}

/// Coins that were sold.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Gain")]
pub(crate) struct GainAnswer {
    bot_id: Uuid,
    symbol: String,
    /// When they were bought; the first of them, where the cost is the average.
    acquired_at: Time,
    disposed_at: Time,
    /// Whole days between the two.
    days_held: i64,
    quantity: Quantity,
    /// What they cost, buying fees included.
    cost: Notional,
    /// What they were sold for, less the selling fee.
    proceeds: Notional,
    gain: Notional,
}

/// What was sold of a symbol in all.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GainTotal")]
pub(crate) struct GainTotal {
    symbol: String,
    sales: usize,
    cost: Notional,
    proceeds: Notional,
    gain: Notional,
}

/// The positions of a tenant with their fills.
pub(super) async fn with_fills(
    tx: &mut TenantTx,
    (bot, symbol): (Option<Uuid>, Option<&str>),
) -> Result<Vec<(store::Row, Vec<Fill>)>> {
    let rows = store::all(tx).await?;
    let wanted = |row: &store::Row| bot.is_none_or(|bot| row.bot_id == bot) && symbol.is_none_or(|it| row.symbol == it);
    let mut positions: Vec<_> = rows.into_iter().filter(wanted).map(|row| (row, vec![])).collect();
    if positions.is_empty() && bot.is_some() {
        return Err(Error::not_found("bot"));
    }
    let bots: Vec<_> = positions.iter().map(|(row, _)| row.bot_id).collect();
    let mut fills = BTreeMap::<(Uuid, String), Vec<Fill>>::new();
    for it in orders::fills_of_bots(tx, &bots).await? {
        fills.entry((it.bot, it.symbol.to_string())).or_default().push(it.fill);
    }
    for (row, of_position) in &mut positions {
        *of_position = fills.remove(&(row.bot_id, row.symbol.clone())).unwrap_or_default();
    }
    Ok(positions)
}

/// The lots that are held, the first bought first.
pub(crate) async fn lots(tx: &mut TenantTx, filter: &LotFilter) -> Result<Vec<LotAnswer>> {
    let mut answers = vec![];
    for (row, fills) in with_fills(tx, (filter.bot_id, filter.symbol.as_deref())).await? {
        let mut lots = Lots::new(filter.method);
        fills.iter().try_for_each(|fill| lots.take(fill, |_| {})).map_err(Error::internal)?;
        let mark: Option<Price> = row.mark_price.map(Price::try_from).transpose().map_err(Error::internal)?;
        answers.extend(lots.held().map(|lot| {
            let value = mark.map_or(Notional::ZERO, |price| price * lot.quantity);
            LotAnswer {
                bot_id: row.bot_id,
                symbol: row.symbol.clone(),
                acquired_at: Time::from_millis(lot.acquired.millis()),
                quantity: lot.quantity,
                cost: lot.cost,
                value,
                unrealised_pnl: value - lot.cost,
            }
        }));
    }
    answers.sort_by_key(|lot| (lot.acquired_at, lot.bot_id));
    Ok(answers)
}

/// What was sold, the last first.
pub(crate) async fn gains(tx: &mut TenantTx, filter: &GainFilter) -> Result<Vec<GainAnswer>> {
    let mut answers = vec![];
    for (row, fills) in with_fills(tx, (filter.bot_id, filter.symbol.as_deref())).await? {
        let mut lots = Lots::new(filter.method);
        for fill in &fills {
            let told = |sold| answers.extend(filter.holds(&sold).then(|| GainAnswer::of(&row, &sold)));
            lots.take(fill, told).map_err(Error::internal)?;
        }
    }
    answers.sort_by_key(|gain| std::cmp::Reverse((gain.disposed_at, gain.acquired_at, gain.bot_id)));
    Ok(answers)
}

/// The same in sum by symbol.
pub(crate) async fn totals(tx: &mut TenantTx, filter: &GainFilter) -> Result<Vec<GainTotal>> {
    let mut totals = BTreeMap::<String, GainTotal>::new();
    for gain in gains(tx, filter).await? {
        let total = totals.entry(gain.symbol.clone()).or_default();
        total.sales += 1;
        total.cost += gain.cost;
        total.proceeds += gain.proceeds;
        total.gain += gain.gain;
    }
    Ok(totals.into_iter().map(|(symbol, total)| GainTotal { symbol, ..total }).collect())
}

/// Gains as a table for whoever declares taxes, the first sold first.
pub(crate) fn csv(gains: &[GainAnswer]) -> Bytes {
    let mut csv = "bot,symbol,acquired,disposed,days_held,quantity,cost,proceeds,gain\n".to_owned();
    for it in gains.iter().rev() {
        let GainAnswer { bot_id, symbol, acquired_at, disposed_at, days_held, quantity, cost, proceeds, gain } = it;
        // writing to a String cannot fail
        let _ = writeln!(
            csv,
            "{bot_id},{symbol},{acquired_at},{disposed_at},{days_held},{quantity},{cost},{proceeds},{gain}"
        );
    }
    csv.into()
}

impl GainFilter {
    fn holds(&self, sold: &Disposal) -> bool {
        let at = Time::from_millis(sold.disposed.millis());
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl GainAnswer {
    fn of(row: &store::Row, sold: &Disposal) -> Self {
        let (acquired_at, disposed_at) =
            (Time::from_millis(sold.acquired.millis()), Time::from_millis(sold.disposed.millis()));
        Self {
            bot_id: row.bot_id,
            symbol: row.symbol.clone(),
            acquired_at,
            disposed_at,
            days_held: (disposed_at - acquired_at).num_days(),
            quantity: sold.quantity,
            cost: sold.cost,
            proceeds: sold.proceeds,
            gain: sold.gain(),
        }
    }
}
