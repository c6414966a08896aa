//! Positions held against the fills that made them.

use super::{differs, taxes::with_fills};
use crate::store;
use kit::{Error, Result, TenantTx};
use schemars::JsonSchema;
use serde::Serialize;
use trading::position::Position;
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
    let positions = with_fills(tx, (None, None)).await?;
    let (checked, mut differing) = (positions.len(), vec![]);
    for (row, fills) in positions {
        let mut position = Position::with_cash(row.initial_cash.try_into().map_err(Error::internal)?);
        let made = fills.iter().try_for_each(|fill| position.apply(fill).map(drop));
        if made.is_err() || differs(&row, &position) {
            differing.push(Differing { bot_id: row.bot_id, symbol: row.symbol });
        }
    }
    Ok(Proof { checked, differing })
}
