//! Positions held against the fills that made them.

use super::differs;
use crate::store;
use kit::{Error, Result, TenantTx};
use orders::BotFill;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use trading::{money::Symbol, position::Holdings};
use uuid::Uuid;

/// What was checked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PortfolioProof")]
pub(crate) struct Proof {
    /// How many positions were made anew from their fills.
    checked: usize,
    /// Those that are stored otherwise; there should be none.
    pub(crate) differing: Vec<Differing>,
}

/// A position that its fills do not make.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DifferingPosition")]
pub(crate) struct Differing {
    pub(crate) bot_id: Uuid,
    symbol: String,
}

/// Makes every position of the tenant anew from its fills alone. Nobody writes any of them meanwhile.
pub(crate) async fn prove(tx: &mut TenantTx) -> Result<Proof> {
    store::hold(tx).await?;
    let rows = store::all(tx).await?;
    let checked = rows.len();
    let mut bots: Vec<_> = rows.iter().map(|row| row.bot_id).collect();
    bots.dedup();
    let mut fills = BTreeMap::<Uuid, Vec<BotFill>>::new();
    for fill in orders::fills_of_bots(tx, &bots).await? {
        fills.entry(fill.bot).or_default().push(fill);
    }
    let mut differing = vec![];
    for rows in rows.chunk_by(|one, other| one.bot_id == other.bot_id) {
        let of_this = rows.first().and_then(|row| fills.get(&row.bot_id));
        differing.extend(of_bot(rows, of_this.map_or(&[], Vec::as_slice))?);
    }
    Ok(Proof { checked, differing })
}

/// Which positions of a bot its fills do not make.
fn of_bot(rows: &[store::Row], fills: &[BotFill]) -> Result<Vec<Differing>> {
    let symbols: Vec<Symbol> =
        rows.iter().map(|row| row.symbol.parse()).collect::<Result<_, _>>().map_err(Error::internal)?;
    let cash: Decimal = rows.iter().map(|row| row.initial_cash).sum();
    let mut holdings = Holdings::with_cash(symbols, cash.try_into().map_err(Error::internal)?);
    let made = fills.iter().try_for_each(|it| holdings.apply(&it.symbol, &it.fill).map(drop));
    let pairs = rows.iter().zip(holdings.positions());
    let differing = pairs.filter(|(row, (_, position))| made.is_err() || differs(row, position));
    Ok(differing.map(|(row, _)| Differing { bot_id: row.bot_id, symbol: row.symbol.clone() }).collect())
}
