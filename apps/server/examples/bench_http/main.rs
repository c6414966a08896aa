//! `GET /api/user/profile` with a session cookie, against a bare handler that makes one select by primary key over
//! a pool of the same size. Both run as processes of their own, in turns, on one private PostgreSQL.

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

mod load;
mod servers;

use load::Load;
use serde_json::json;
use servers::{Setting, Started};
use std::time::Duration;

/// How long each server is under load in each round.
const ROUND: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
const CONNECTIONS: usize = 256;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("serve-bare") => servers::bare(),
        Some("serve-product") => servers::product(),
        first => measure(first == Some("--json")),
    }
}

/// The figures of one server over all rounds.
#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu_ms: Vec<f64>,
}

impl Figures {
    fn add(&mut self, load: &Load, cpu: Duration) {
        self.per_second.push(load.per_second());
        self.p50.push(load.percentile(0.50));
        self.p99.push(load.percentile(0.99));
        self.cpu_ms.push(cpu.as_secs_f64() * 1000.0 / load.count() as f64);
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn measure(as_json: bool) {
    let setting = Setting::make();
    let request = load::get("/api/user/profile", &setting.cookie);
    let (mut bare, mut product) = (Figures::default(), Figures::default());
    let (bare_server, product_server) = (Started::new("serve-bare", &setting), Started::new("serve-product", &setting));
    for round in 0..=ROUNDS {
        for (server, figures) in [(&bare_server, &mut bare), (&product_server, &mut product)] {
            let before = server.cpu();
            let load = load::run(server.port, &request, CONNECTIONS, ROUND);
            // the first round warms both up
            if round > 0 {
                figures.add(&load, server.cpu() - before);
            }
        }
    }
    let ratio = median(&product.per_second) / median(&bare.per_second);
    let tail = median(&product.p99) / median(&product.p50);
    let report = json!({
        "connections": CONNECTIONS,
        "bare": { "requestsPerSecond": median(&bare.per_second), "p50Ms": median(&bare.p50), "p99Ms": median(&bare.p99), "cpuMs": median(&bare.cpu_ms) },
        "product": { "requestsPerSecond": median(&product.per_second), "p50Ms": median(&product.p50), "p99Ms": median(&product.p99), "cpuMs": median(&product.cpu_ms) },
        "ratio": ratio,
        "p99OverP50": tail,
    });
    if as_json {
        println!("{report}");
        return;
    }
    for (name, figures) in [("one select, bare", &bare), ("GET /api/user/profile", &product)] {
        println!(
            "{name:<24} {:>8.0} requests/s   p50 {:>6.2} ms   p99 {:>6.2} ms   server CPU {:.4} ms a request",
            median(&figures.per_second),
            median(&figures.p50),
            median(&figures.p99),
            median(&figures.cpu_ms)
        );
    }
    println!(
        "ratio {ratio:.2} of the bare handler; p99 is {tail:.1} × p50; {CONNECTIONS} connections, median of {ROUNDS} rounds"
    );
}
