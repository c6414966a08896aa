use crate::{CandleOrigin, store};
use kit::{Error, Paging, Result, TenantTx, Time};
use schemars::JsonSchema;
use serde::Serialize;
use trading::money::{Price, Quantity};
use uuid::Uuid;

/// A stored candle that got other figures.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CandleCorrection")]
pub(crate) struct Correction {
    pub(crate) open_time: Time,
    pub(crate) before: Figures,
    pub(crate) after: Figures,
    /// The user who brought the new figures; `null` for the platform itself.
    pub(crate) corrected_by: Option<Uuid>,
    pub(crate) corrected_at: Time,
}

/// The figures of a candle.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CandleFigures")]
pub(crate) struct Figures {
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
    /// Coins traded.
    pub(crate) volume: Quantity,
    /// Where they come from.
    pub(crate) origin: CandleOrigin,
}

pub(crate) async fn corrections(tx: &mut TenantTx, series: Uuid, paging: &Paging) -> Result<(Vec<Correction>, i64)> {
    if !store::sees(tx, series).await? {
        return Err(Error::not_found("series"));
    }
    store::list_corrections(tx, series, paging).await
}
