//! What might have come of the same trades with other luck.
//!
//! Each trade counts by what it earned as a part of the equity before it: cash at the start and
//! what the trades before it earned. A run plays as many trades in another order, one after the
//! other, and looks at the equity after each. Run `i` draws from stream `i` of the seed, so that
//! threads do not matter.

#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics")]

use std::ops::ControlFlow;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BacktestError;
use super::random::Random;
use super::study::{Method, MonteCarlo};
use crate::metrics::{amount, approximate, finite, quantile};
use crate::money::Notional;
use crate::position::Trade;

/// Moments at which the fan is drawn, the beginning not counted.
const FAN: usize = 50;
/// The most trades that are played in all runs together.
pub const MAX_PLAYED: usize = 1_000_000_000;

/// What came of all runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonteCarloReport {
    /// How often the trades were played.
    pub runs: usize,
    /// How many trades each run has.
    pub trades: usize,
    /// Cash at the end.
    pub final_equity: Quantiles<Notional>,
    /// The largest `(peak − equity) / peak` after a trade.
    pub max_drawdown: Quantiles<f64>,
    /// The most trades in a row that did not win.
    pub losing_streak: Quantiles<f64>,
    /// The part of the runs whose equity fell as far as counts as ruin.
    pub ruin: f64,
    /// The equity after some trades.
    pub fan: Vec<FanPoint>,
}

/// The equity of all runs after so many trades.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FanPoint {
    /// How many trades were played.
    pub trades: usize,
    /// Cash then.
    pub equity: Quantiles<Notional>,
}

/// The values below which so many percent of the runs lie, between neighbours linearly.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Quantiles")]
#[allow(missing_docs, reason = "the names say it")]
pub struct Quantiles<T> {
    pub p1: T,
    pub p5: T,
    pub p25: T,
    pub p50: T,
    pub p75: T,
    pub p95: T,
    pub p99: T,
}

impl Quantiles<f64> {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let at = |part| quantile(&values, part).unwrap_or(0.0);
        Self { p1: at(0.01), p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) }
    }

    fn money(self) -> Quantiles<Notional> {
        let [p1, p5, p25, p50, p75, p95, p99] = [self.p1, self.p5, self.p25, self.p50, self.p75, self.p95, self.p99]
            .map(|value| amount(value).unwrap_or(Notional::MAX));
        Quantiles { p1, p5, p25, p50, p75, p95, p99 }
    }
}

/// One run.
struct Played {
    last: f64,
    drawdown: f64,
    streak: f64,
    ruined: bool,
    fan: Vec<f64>,
}

/// Plays the trades of a run that began with `cash`, on the current rayon pool. `None` where there
/// is no trade. `progress` is asked in each run whether to end.
///
/// # Errors
/// Where `progress` asks for the end, or [`MAX_PLAYED`] trades do not suffice.
pub fn monte_carlo(
    trades: &[Trade],
    cash: Notional,
    asked: MonteCarlo,
    progress: impl Fn() -> ControlFlow<()> + Sync,
) -> Result<Option<MonteCarloReport>, BacktestError> {
    if trades.is_empty() {
        return Ok(None);
    }
    if trades.len().saturating_mul(asked.runs) > MAX_PLAYED {
        return Err(BacktestError::TooMuchLuck { trades: trades.len(), runs: asked.runs });
    }
    let initial = approximate(cash.decimal());
    let gains = gains(trades, initial);
    let ruin = initial * (1.0 - approximate(asked.ruin.fraction()));
    let one = |run: usize| {
        if progress().is_break() {
            return Err(BacktestError::Cancelled);
        }
        let mut random = Random::new(asked.seed, run as u64);
        Ok(play(&gains, initial, ruin, order(gains.len(), asked.method, &mut random)))
    };
    let runs = (0..asked.runs).into_par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(report(&runs, trades.len())))
}

/// What each trade earned as a part of the equity before it; at worst all.
fn gains(trades: &[Trade], initial: f64) -> Vec<f64> {
    let mut equity = initial;
    let gain = |trade: &Trade| {
        let (earned, before) = (approximate(trade.pnl.decimal()), equity);
        equity += earned;
        finite(earned / before).map_or(-1.0, |gain| gain.max(-1.0))
    };
    trades.iter().map(gain).collect()
}

/// Which trade is played when.
fn order(count: usize, method: Method, random: &mut Random) -> Vec<usize> {
    match method {
        Method::Shuffle => {
            let mut order: Vec<usize> = (0..count).collect();
            random.shuffle(&mut order);
            order
        }
        Method::Bootstrap => (0..count).map(|_| random.below(count)).collect(),
        Method::Block => {
            let length = count.isqrt().max(1);
            let mut order = Vec::with_capacity(count + length);
            while order.len() < count {
                let start = random.below(count);
                order.extend((start..start + length).map(|place| place % count));
            }
            order.truncate(count);
            order
        }
    }
}

fn play(gains: &[f64], initial: f64, ruin: f64, order: Vec<usize>) -> Played {
    let mut run = Played { last: initial, drawdown: 0.0, streak: 0.0, ruined: false, fan: Vec::with_capacity(FAN) };
    let (mut peak, mut streak, moments) = (initial, 0.0_f64, moments(order.len()));
    let mut next = moments.iter().copied().peekable();
    for (played, trade) in (1..).zip(order) {
        run.last *= 1.0 + gains[trade];
        streak = if gains[trade] > 0.0 { 0.0 } else { streak + 1.0 };
        run.streak = run.streak.max(streak);
        peak = peak.max(run.last);
        run.drawdown = run.drawdown.max((peak - run.last) / peak);
        run.ruined |= run.last <= ruin;
        if next.next_if_eq(&played).is_some() {
            run.fan.push(run.last);
        }
    }
    run
}

/// After how many trades the fan is drawn: evenly spread, the last among them.
fn moments(count: usize) -> Vec<usize> {
    let points = count.min(FAN);
    (1..=points).map(|point| point * count / points).collect()
}

fn report(runs: &[Played], trades: usize) -> MonteCarloReport {
    let all = |of: fn(&Played) -> f64| Quantiles::of(runs.iter().map(of).collect());
    let fan = moments(trades).into_iter().enumerate().map(|(point, trades)| {
        let equity = Quantiles::of(runs.iter().filter_map(|run| run.fan.get(point).copied()).collect());
        FanPoint { trades, equity: equity.money() }
    });
    MonteCarloReport {
        runs: runs.len(),
        trades,
        final_equity: all(|run| run.last).money(),
        max_drawdown: all(|run| run.drawdown),
        losing_streak: all(|run| run.streak),
        ruin: runs.iter().filter(|run| run.ruined).count() as f64 / runs.len() as f64,
        fan: fan.collect(),
    }
}
