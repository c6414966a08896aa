//! What the present positions may lose in a few days, by what their markets did before.

use crate::{
    positions::{Holding, Mode},
    statistics, store,
};
use garde::Validate;
use kit::{Error, Result, TenantTx};
use market_data::Market;
use rust_decimal::{Decimal, prelude::FromPrimitive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trading::{
    candle::Field,
    metrics::approximate,
    time::{Timeframe, Timestamp},
};

const DAY: i64 = 86_400_000;
/// The fewest days that say anything about bad ones.
const FEWEST: usize = 30;
const USUAL_WINDOW: i64 = 250;

/// How sure one wants to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VarConfidence")]
pub(crate) enum Confidence {
    #[default]
    #[serde(rename = "0.95")]
    Usual,
    #[serde(rename = "0.99")]
    High,
}

impl Confidence {
    fn share(self) -> f64 {
        match self {
            Self::Usual => 0.95,
            Self::High => 0.99,
        }
    }

    /// The quantile of the standard normal distribution.
    fn quantile(self) -> f64 {
        match self {
            Self::Usual => 1.644_853_626_951_471_5,
            Self::High => 2.326_347_874_040_840_8,
        }
    }
}

/// How it is reckoned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "VarMethod")]
pub(crate) enum Method {
    /// From the worst of the days that were.
    #[default]
    Historic,
    /// As if days were distributed normally.
    Parametric,
}

/// What is asked.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct Question {
    /// How sure one wants to be: `0.95` if not said.
    #[serde(default)]
    confidence: Confidence,
    /// In how many days: 1 if not said.
    #[garde(range(min = 1, max = 30))]
    days: Option<i32>,
    /// From how many days of the past: 250 if not said.
    #[garde(range(min = 30, max = 2_000))]
    window: Option<i64>,
    /// `historic` if not said.
    #[serde(default)]
    method: Method,
}

/// What the positions of a currency may lose.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValueAtRisk {
    mode: Mode,
    currency: String,
    /// What the positions are worth.
    value: Decimal,
    /// A larger loss is less likely than the confidence leaves.
    value_at_risk: Decimal,
    confidence: Confidence,
    method: Method,
    days: i32,
    /// From the changes of how many days it was reckoned: of those of which the candles of all the markets are stored.
    observations: usize,
}

/// The closes of a market, by the days that they opened.
type Closes = BTreeMap<i64, f64>;
/// The same of all markets, by exchange and symbol.
type Markets<'a> = BTreeMap<(&'a str, &'a str), Closes>;

/// Reckons it for each currency, of live and of paper bots apart.
///
/// # Errors
/// 409 `HISTORY_MISSING` where too few days of a market are stored.
pub(crate) async fn reckon(tx: &mut TenantTx, question: &Question) -> Result<Vec<ValueAtRisk>> {
    let holdings = store::figures::holdings(tx).await?;
    let window = question.window.unwrap_or(USUAL_WINDOW);
    let traded: BTreeSet<_> = holdings.iter().map(Holding::market).collect();
    let mut markets = Markets::new();
    for market in traded {
        markets.insert(market, closes(tx, market, window).await?);
    }
    let mut groups: BTreeMap<_, Vec<&Holding>> = BTreeMap::new();
    for it in &holdings {
        groups.entry((it.mode, it.currency.as_str())).or_default().push(it);
    }
    groups.into_iter().map(|((mode, currency), held)| question.answer(mode, currency, &held, &markets)).collect()
}

/// The daily closes of a market in the window, today's unfinished candle left out.
async fn closes(tx: &mut TenantTx, (exchange, symbol): (&str, &str), window: i64) -> Result<Closes> {
    let market = Market {
        exchange: exchange.parse().map_err(|fault: String| Error::internal(fault))?,
        symbol: symbol.parse().map_err(Error::internal)?,
        timeframe: Timeframe::D1,
    };
    let today = tx.now().millis().div_euclid(DAY) * DAY;
    let since = Timestamp::from_millis(today - (window + 1) * DAY);
    let series = match market_data::series(tx, &market).await {
        Err(failure) if failure.code() == "MARKET_NOT_FOUND" => return Ok(Closes::new()),
        found => found?,
    };
    let candles = market_data::load(tx, &series, Some(since), Some(Timestamp::from_millis(today))).await?;
    let closes = candles.column(Field::Close);
    Ok(candles.open_times().iter().copied().zip(closes.iter().copied()).collect())
}

impl Question {
    fn answer(&self, mode: Mode, currency: &str, held: &[&Holding], markets: &Markets<'_>) -> Result<ValueAtRisk> {
        let positions: Vec<_> =
            held.iter().filter_map(|it| Some((approximate(it.value), markets.get(&it.market())?))).collect();
        let outcomes = outcomes(&positions);
        if outcomes.len() < FEWEST {
            return Err(missing(held, markets, outcomes.len()));
        }
        let days = self.days.unwrap_or(1);
        let lost = match self.method {
            Method::Historic => statistics::historic(&outcomes, self.confidence.share(), days.into()),
            Method::Parametric => statistics::parametric(&outcomes, self.confidence.quantile(), days.into()),
        };
        let value_at_risk = Decimal::from_f64(lost).ok_or_else(|| Error::internal("the figure has no bounds"))?;
        Ok(ValueAtRisk {
            mode,
            currency: currency.to_owned(),
            value: held.iter().map(|it| it.value).sum::<Decimal>().normalize(),
            value_at_risk: value_at_risk.round_dp(8).normalize(),
            confidence: self.confidence,
            method: self.method,
            days,
            observations: outcomes.len(),
        })
    }
}

/// What the positions would have brought in each day of which all markets are known, and the day before.
fn outcomes(positions: &[(f64, &Closes)]) -> Vec<f64> {
    let Some((_, first)) = positions.first() else { return vec![] };
    let of_day = |day: &i64| {
        let change = |(value, closes): &(f64, &Closes)| {
            let (before, after) = (closes.get(&(day - DAY))?, closes.get(day)?);
            Some(value * (after / before - 1.0))
        };
        positions.iter().map(change).sum::<Option<f64>>()
    };
    first.keys().filter_map(of_day).collect()
}

fn missing(held: &[&Holding], markets: &Markets<'_>, observations: usize) -> Error {
    let mut stored: Vec<_> = held
        .iter()
        .map(|it| {
            let days = markets.get(&it.market()).map_or(0, BTreeMap::len);
            format!("{} of {}: {days}", it.symbol, it.exchange)
        })
        .collect();
    stored.sort();
    stored.dedup();
    let message = format!(
        "{FEWEST} days are needed whose candles and those of the day before are stored for every market held, and there are \
         {observations}. Daily candles in the window: {}. Import some, or have them fetched: POST \
         /api/v1/market-data/backfills.",
        stored.join(", ")
    );
    Error::conflict("HISTORY_MISSING", message).with("observations", observations).with("needed", FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_if_every_market_knows_it_and_the_day_before() {
        let btc: Closes = [(0, 100.0), (DAY, 110.0), (2 * DAY, 99.0), (4 * DAY, 90.0)].into();
        let eth: Closes = [(0, 10.0), (DAY, 9.0), (2 * DAY, 9.9), (3 * DAY, 9.9), (4 * DAY, 9.9)].into();
        let found = outcomes(&[(1_000.0, &btc), (200.0, &eth)]);
        assert_eq!(found.len(), 2);
        assert!((found[0] - (100.0 - 20.0)).abs() < 1e-9 && (found[1] - (-100.0 + 20.0)).abs() < 1e-9, "{found:?}");
    }
}
