//! What bots cost while they run: a step of the engine, the way from a candle that has closed to the orders at the
//! exchange, and ten thousand paper bots in one process. PostgreSQL is a durable one: every commit is flushed.
//! `--small` makes a little of everything, to see that it runs; `--only=NAME` makes one of `engine`, `wire` and `paper`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that cannot be made has nobody to tell but a person"
)]

mod cost;
mod desk;
mod engine;
mod paper;
mod tape;
mod wire;

use private_postgres::{Options, PrivatePostgres};
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::{future::Future, str::FromStr};
use testkit::PgPool;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    steps: i64,
    /// Tenants of live bots, bots of each, and how many of them signal at each candle.
    live: [usize; 3],
    candles: usize,
    /// Tenants of paper bots, and bots of each.
    paper: [usize; 2],
    minutes: usize,
}

const WHOLE: Size = Size { steps: 1_000_000, live: [20, 50, 50], candles: 40, paper: [200, 50], minutes: 3 };
const SMALL: Size = Size { steps: 10_000, live: [2, 4, 4], candles: 4, paper: [2, 5], minutes: 2 };

/// One figure beside what it is measured against.
#[derive(Serialize)]
struct Figure {
    name: &'static str,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<f64>,
    figure: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// The most that it may be; `None` where nothing is promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<f64>,
}

impl Figure {
    fn new(name: &'static str, unit: &'static str, figure: f64) -> Self {
        Self { name, unit, baseline: None, figure, ratio: None, target: None }
    }

    fn beside(self, baseline: f64) -> Self {
        Self { baseline: Some(baseline), ratio: Some(self.figure / baseline), ..self }
    }

    fn below(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let only = arguments.iter().find_map(|argument| argument.strip_prefix("--only="));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let size = if asked("--small") { SMALL } else { WHOLE };
    let mut figures = vec![];
    if wanted("engine") {
        figures.extend(engine::measure(size));
    }
    if wanted("wire") {
        figures.extend(durably(|db| wire::measure(db, size)));
    }
    if wanted("paper") {
        figures.extend(durably(|db| paper::measure(db, size)));
    }
    if asked("--json") {
        println!("{}", serde_json::to_string(&figures).unwrap());
        return;
    }
    println!("{:<58} {:>10} {:>10} {:>7}  target", "", "baseline", "figure", "ratio");
    for Figure { name, unit, baseline, figure, ratio, target } in figures {
        let shown = |figure: Option<f64>| figure.map_or_else(String::new, |figure| format!("{figure:.2}"));
        let verdict = target.map_or_else(String::new, |target| {
            format!("< {target}: {}", if figure < target { "met" } else { "MISSED" })
        });
        let told = format!("{name}, {unit}");
        println!("{told:<58} {:>10} {figure:>10.2} {:>7}  {verdict}", shown(baseline), shown(ratio));
    }
}

/// Runs a measurement on a database of its own, which loses nothing that it has committed.
fn durably<F: Future<Output = T>, T>(measure: impl FnOnce(PgPool) -> F) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let files = tempfile::tempdir().unwrap();
        let postgres = PrivatePostgres::start(Options::new(files.path())).await.unwrap();
        let options = PgConnectOptions::from_str(&postgres.connection().url()).unwrap();
        schema::migrate(&options).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
        let measured = measure(pool.clone()).await;
        pool.close().await;
        postgres.stop().await.unwrap();
        measured
    })
}

/// The figure below which so many per cent of them are.
fn percentile(figures: &mut [f64], percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() * percent).div_ceil(100) - 1]
}
