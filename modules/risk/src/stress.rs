//! What the present positions would lose if prices fell at once.

use crate::{
    limits::{Bounds, Limit},
    positions::{Holding, Mode},
    profit::{self, Figures},
    store,
};
use garde::Validate;
use kit::{Result, TenantTx};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// By how many per cent all prices move where nobody says otherwise.
const USUAL: [i64; 3] = [-10, -30, -50];
const MOST_SHOCK: i64 = 1_000;

/// What is to be tried.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stress {
    /// Falls of all prices by 10, 30 and 50 per cent if none is named.
    #[serde(default)]
    #[garde(length(max = 20), dive)]
    scenarios: Vec<Scenario>,
}

/// A move of prices.
#[derive(Clone, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "StressScenario")]
pub(crate) struct Scenario {
    #[garde(length(chars, min = 1, max = 100))]
    name: String,
    /// By how many per cent every price moves that is not named: `-30` is a fall of 30 %.
    #[serde(default)]
    #[garde(custom(possible))]
    shock: Decimal,
    /// By how many per cent the prices of these assets move, such as `{"BTC": "-40"}`.
    #[serde(default)]
    #[garde(custom(all_possible))]
    shocks: BTreeMap<String, Decimal>,
}

fn possible(shock: &Decimal, (): &()) -> garde::Result {
    let fits = *shock >= -Decimal::ONE_HUNDRED && *shock <= Decimal::from(MOST_SHOCK);
    if fits { Ok(()) } else { Err(garde::Error::new(format!("must be from -100 to {MOST_SHOCK} per cent"))) }
}

fn all_possible(shocks: &BTreeMap<String, Decimal>, (): &()) -> garde::Result {
    if shocks.len() > 100 || shocks.keys().any(|asset| asset.len() > 20) {
        return Err(garde::Error::new("may name at most 100 assets, of 20 characters each"));
    }
    shocks.values().try_for_each(|shock| possible(shock, &()))
}

/// What comes of a scenario.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StressOutcome")]
pub(crate) struct Outcome {
    name: String,
    totals: Vec<Total>,
    bots: Vec<BotLoss>,
}

/// Of all bots of a currency.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StressTotal")]
struct Total {
    mode: Mode,
    currency: String,
    value: Decimal,
    /// Negative where they would earn.
    loss: Decimal,
    /// Which limits of live bots would be broken.
    breaks: Vec<Limit>,
}

/// Of a bot.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StressLoss")]
struct BotLoss {
    bot_id: Uuid,
    name: String,
    mode: Mode,
    currency: String,
    value: Decimal,
    loss: Decimal,
}

/// Tries each scenario on what the tenant's bots hold.
pub(crate) async fn stress(tx: &mut TenantTx, wish: &Stress) -> Result<Vec<Outcome>> {
    let holdings = store::figures::holdings(tx).await?;
    let figures = store::figures::all(tx, None).await?;
    let bounds: BTreeMap<_, _> = store::limits::all_bounds(tx).await?.into_iter().collect();
    let standing: Vec<_> = figures
        .into_iter()
        .map(|it| {
            let bounds = bounds.get(&it.currency).copied().unwrap_or_default();
            (it, bounds)
        })
        .collect();
    let usual = || USUAL.into_iter().map(Scenario::of_all).collect();
    let scenarios = if wish.scenarios.is_empty() { usual() } else { wish.scenarios.clone() };
    Ok(scenarios.into_iter().map(|scenario| scenario.outcome(&holdings, &standing)).collect())
}

impl Scenario {
    fn of_all(percent: i64) -> Self {
        Self { name: format!("{percent} %"), shock: percent.into(), shocks: BTreeMap::new() }
    }

    fn loss(&self, holding: &Holding) -> Decimal {
        let shock = self.shocks.get(holding.asset()).unwrap_or(&self.shock);
        (-holding.value * shock / Decimal::ONE_HUNDRED).normalize()
    }

    fn outcome(self, holdings: &[Holding], standing: &[(Figures, Bounds)]) -> Outcome {
        let mut totals: BTreeMap<(Mode, &str), Total> = BTreeMap::new();
        let mut bots = vec![];
        let mut largest: BTreeMap<&str, Decimal> = BTreeMap::new();
        for it in holdings {
            let (loss, mode, currency, value) = (self.loss(it), it.mode, it.currency.clone(), it.value.normalize());
            let total = totals.entry((mode, &it.currency)).or_insert_with(|| {
                let (value, loss, currency) = (Decimal::ZERO, Decimal::ZERO, currency.clone());
                Total { mode, currency, value, loss, breaks: vec![] }
            });
            (total.value, total.loss) = ((total.value + value).normalize(), (total.loss + loss).normalize());
            if mode == Mode::Live {
                let left = largest.entry(&it.currency).or_default();
                *left = (value - loss).max(*left);
            }
            bots.push(BotLoss { bot_id: it.bot_id, name: it.name.clone(), mode, currency, value, loss });
        }
        for total in totals.values_mut().filter(|total| total.mode == Mode::Live) {
            let (currency, loss) = (&total.currency, total.loss);
            let found = standing.iter().find(|(figures, _)| figures.currency == *currency);
            let left = largest.get(currency.as_str()).copied().unwrap_or_default();
            total.breaks = found.map(|(figures, bounds)| broken(figures, bounds, loss, left)).unwrap_or_default();
        }
        Outcome { name: self.name, totals: totals.into_values().collect(), bots }
    }
}

/// The limits that a loss would break, the largest position being worth so much then.
fn broken(figures: &Figures, bounds: &Bounds, loss: Decimal, largest: Decimal) -> Vec<Limit> {
    let after = Figures {
        profit: figures.profit - loss,
        peak: figures.peak.max(figures.profit - loss),
        today: figures.today - loss,
        exposure: figures.exposure - loss,
        largest,
        ..figures.clone()
    };
    let breaks = |limit: &Limit| {
        bounds.of(*limit).is_some_and(|bound| match limit {
            Limit::MaxDailyLoss => profit::lost(&after, bound).is_some(),
            Limit::MaxDrawdownPercent => profit::fallen(&after, bound).is_some(),
            Limit::MaxExposure => after.exposure > bound.allowed,
            Limit::MaxPositionNotional => after.largest > bound.allowed,
            Limit::MaxOrderNotional | Limit::MaxOrdersPerMinute | Limit::PriceCollar => false,
        })
    };
    Limit::ALL.into_iter().filter(breaks).collect()
}
