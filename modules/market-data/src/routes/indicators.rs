use crate::{
    ReadMarketData,
    indicators::{self, Computation, IndicatorKind, Values},
};
use kit::{Caller, Json, Result, get, post};

/// Lists the kinds of indicators with their parameters, defaults and outputs.
#[get("/api/v1/indicators")]
pub(super) async fn list_indicators(_: Caller<ReadMarketData>) -> Result<Json<Vec<IndicatorKind>>> {
    Ok(Json(indicators::catalogue()))
}

/// Computes an indicator on the candles of a market.
#[post("/api/v1/indicators/compute")]
pub(super) async fn compute_indicator(
    caller: Caller<ReadMarketData>,
    Json(computation): Json<Computation>,
) -> Result<Json<Values>> {
    let mut tx = caller.begin().await?;
    Ok(Json(indicators::compute(&mut tx, &computation).await?))
}
