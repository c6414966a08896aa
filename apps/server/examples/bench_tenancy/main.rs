//! What the walls between tenants cost: reads under row level security against the same without it, a warm check of a
//! permission, a thousand tenants against one, and a write with its entry in the audit trail against one without.
//! `--small` makes a little of everything, to see that it runs.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made has nobody to tell but a person"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

mod checks;
#[path = "../bench_http/load.rs"]
#[expect(dead_code, reason = "how late the slowest were is the other measurements'")]
mod load;
mod rows;
#[path = "../bench_http/servers.rs"]
#[expect(dead_code, reason = "the servers in processes of their own are the other measurements'")]
mod servers;
mod writes;

use serde::Serialize;
use servers::Setting;
use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    tenants: i32,
    reads: usize,
    checks: u32,
    round: Duration,
}

const WHOLE: Size = Size { tenants: 1_000, reads: 2_000, checks: 1_000_000, round: Duration::from_secs(4) };
const SMALL: Size = Size { tenants: 20, reads: 50, checks: 1_000, round: Duration::from_millis(200) };

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
    target: &'static str,
    met: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let size = if asked("--small") { SMALL } else { WHOLE };
    let setting = Setting::make();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut figures = runtime.block_on(rows::measure(&setting.url, size));
    figures.extend(runtime.block_on(checks::measure(&setting, size)));
    figures.push(writes::measure(&setting, size));
    if asked("--json") {
        println!("{}", serde_json::to_string(&figures).expect("figures are JSON"));
        return;
    }
    println!("{:<52} {:>10} {:>10} {:>7}  target", "", "baseline", "figure", "ratio");
    for Figure { name, unit, baseline, figure, ratio, target, met } in figures {
        let shown = |figure: Option<f64>| figure.map_or_else(String::new, |figure| format!("{figure:.2}"));
        let told = format!("{name}, {unit}");
        let verdict = if met { "met" } else { "MISSED" };
        println!("{told:<52} {:>10} {figure:>10.2} {:>7}  {target}: {verdict}", shown(baseline), shown(ratio));
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
