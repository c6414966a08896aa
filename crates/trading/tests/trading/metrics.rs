//! The figures of a run, beside those of other programs.
#![allow(clippy::unwrap_used, clippy::float_arithmetic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use crate::common::data;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use trading::metrics::{CATALOGUE, Curve, Ending, Metric, Metrics, Returns, Tally, document};
use trading::money::Notional;
use trading::position::Trade;
use trading::time::{DAY, Timestamp};

#[derive(Deserialize)]
struct Reference {
    days: Vec<(i64, f64)>,
    benchmark: Vec<f64>,
    trades: Vec<(i64, f64, i64, f64, f64, f64)>,
    metrics: BTreeMap<String, f64>,
}

fn reference() -> Reference {
    serde_json::from_str(&std::fs::read_to_string(data("golden/metrics_reference.json")).unwrap()).unwrap()
}

fn notional(value: f64) -> Notional {
    value.to_string().parse().unwrap()
}

fn ending(initial: f64, last: f64, at: i64, prices: (f64, f64)) -> Ending {
    Ending {
        initial: notional(initial),
        equity: notional(last),
        fees: Notional::ZERO,
        funding: Notional::ZERO,
        in_trade: false,
        at: Timestamp::from_millis(at),
        prices: Some(prices),
    }
}

fn trade(entry: (i64, f64), exit: (i64, f64), quantity: f64, pnl: f64) -> Trade {
    let text = |value: f64| value.to_string();
    serde_json::from_value(json!({
        "entryIndex": entry.0, "entryTime": entry.0 * DAY, "entryPrice": text(entry.1),
        "exitIndex": exit.0, "exitTime": exit.0 * DAY, "exitPrice": text(exit.1),
        "quantity": text(quantity), "fees": "0", "pnl": text(pnl), "reason": "exit"
    }))
    .unwrap()
}

fn ours(reference: &Reference) -> Metrics {
    let mut curve = Curve::new(notional(10_000.0));
    for (day, equity) in &reference.days {
        curve.observe(Timestamp::from_millis(day * DAY), *equity, false);
    }
    let ends: Vec<i64> = reference.days.iter().map(|(day, _)| (day + 1) * DAY).collect();
    let prices = &reference.benchmark;
    let curve =
        curve.beside(prices[0], |end| prices[1 + ends.iter().position(|known| *known == end.millis()).unwrap()]);
    let mut tally = Tally::default();
    for (bought, entry, sold, exit, coins, pnl) in &reference.trades {
        tally.add(&trade((*bought, *entry), (*sold, *exit), *coins, *pnl));
    }
    let (last, equity) = (*ends.last().unwrap(), reference.days.last().unwrap().1);
    Metrics::new(curve, &tally, ending(10_000.0, equity, last, (prices[0], prices[prices.len() - 1])))
}

#[test]
fn the_figures_are_those_of_quantstats_empyrical_and_scipy() {
    let reference = reference();
    let ours = ours(&reference);
    for (key, theirs) in &reference.metrics {
        let ours = Metric::find(key).unwrap().of(&ours);
        let near = ours.is_some_and(|ours| (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3));
        assert!(near, "{key}: {ours:?} is not {theirs}");
    }
    assert!(reference.metrics.len() > 45);
}

#[test]
fn the_page_about_metrics_is_the_catalogue() {
    let page = std::fs::read_to_string(data("../docs/metrics.md")).unwrap();
    assert!(page == document(), "run: cargo run -p trading --example metrics_document > docs/metrics.md");
}

#[test]
fn the_schema_explains_every_figure_with_its_formula() {
    let schema = schemars::schema_for!(Metrics).to_value();
    let properties = schema["properties"].as_object().unwrap();
    let keys: BTreeSet<&str> = CATALOGUE.iter().map(|metric| metric.key).collect();
    assert_eq!(keys.len(), CATALOGUE.len());
    assert_eq!(properties.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
    for metric in CATALOGUE {
        let description = properties[metric.key]["description"].as_str().unwrap();
        assert!(description.contains(metric.formula), "{}: {description}", metric.key);
    }
}

#[test]
fn figures_that_were_stored_before_others_were_added_can_still_be_read() {
    let old = json!({
        "finalEquity": "1", "closedTrades": 0, "openTrades": 0, "wins": 0, "totalFees": "0", "netProfit": "0",
        "grossProfit": "0", "grossLoss": "0", "expectancy": null, "bestTrade": null, "worstTrade": null,
        "return": 0.0, "cagr": null, "volatility": null, "sharpe": null, "sortino": null, "calmar": null,
        "maxDrawdown": 0.0, "profitFactor": null, "winRate": null, "exposure": 0.0, "buyAndHold": 0.1
    });
    let read: Metrics = serde_json::from_value(old).unwrap();
    assert_eq!((read.buy_and_hold, read.omega, read.consecutive_losses), (Some(0.1), None, None));
}

#[test]
fn months_and_years_multiply_to_the_whole_return() {
    let reference = reference();
    let mut curve = Curve::new(notional(10_000.0));
    for (day, equity) in &reference.days {
        curve.observe(Timestamp::from_millis(day * DAY), *equity, false);
    }
    let returns = Returns::of(&curve);
    let whole = reference.metrics["return"] + 1.0;
    let product = |gains: &mut dyn Iterator<Item = f64>| gains.map(|gain| 1.0 + gain).product::<f64>();
    for product in [
        product(&mut returns.daily.iter().map(|day| day.1)),
        product(&mut returns.monthly.iter().map(|month| month.gain)),
        product(&mut returns.yearly.iter().map(|year| year.gain)),
    ] {
        assert!((product - whole).abs() < 1e-9, "{product} is not {whole}");
    }
    assert_eq!((returns.daily.len(), returns.monthly.len(), returns.yearly.len()), (500, 17, 3));
    assert_eq!(returns.daily[0].0.millis(), reference.days[0].0 * DAY);
}

#[test]
fn the_largest_drawdown_knows_when_it_began_was_deepest_and_ended() {
    let mut curve = Curve::new(notional(100.0));
    // two candles a day
    for (half, equity) in (0..).zip([100.0, 120.0, 90.0, 110.0, 115.0, 121.0, 119.0, 119.0]) {
        curve.observe(Timestamp::from_millis(half * DAY / 2), equity, true);
    }
    let metrics = Metrics::new(curve, &Tally::default(), ending(100.0, 119.0, 4 * DAY, (1.0, 1.0)));
    let half_days = |at: Option<Timestamp>| at.map(|at| at.millis() * 2 / DAY);
    assert_eq!((metrics.max_drawdown, metrics.max_drawdown_amount), (0.25, Some(notional(30.0))));
    assert_eq!(half_days(metrics.max_drawdown_start), Some(1));
    assert_eq!(half_days(metrics.max_drawdown_valley), Some(2));
    assert_eq!(half_days(metrics.max_drawdown_end), Some(6));
    assert_eq!(metrics.max_drawdown_duration, Some(5 * DAY.unsigned_abs() / 2));
    // ends of days: 120, 110, 121, 119
    assert_eq!((metrics.time_under_water, metrics.longest_under_water), (Some(0.5), Some(2 * DAY.unsigned_abs())));
}

proptest! {
    #[test]
    fn whatever_the_curve_no_figure_is_infinite(
        equity in prop::collection::vec(prop_oneof![Just(0.0), Just(100.0), 0.0..1e12_f64], 0..60),
        step in 1_i64..3,
    ) {
        let mut curve = Curve::new(notional(100.0));
        for (row, equity) in (0_i64..).zip(&equity) {
            curve.observe(Timestamp::from_millis(row * DAY / step), *equity, *equity > 50.0);
        }
        let last = equity.last().copied().unwrap_or(100.0);
        let metrics = Metrics::new(curve, &Tally::default(), ending(100.0, last.round(), 100 * DAY, (0.0, 1.0)));
        for metric in CATALOGUE {
            prop_assert!(metric.of(&metrics).is_none_or(f64::is_finite), "{}", metric.key);
        }
        let json = serde_json::to_value(&metrics).unwrap();
        prop_assert_eq!(serde_json::from_value::<Metrics>(json.clone()).unwrap(), metrics);
        prop_assert!(json["sharpe"] != Value::String(String::new()));
    }
}
