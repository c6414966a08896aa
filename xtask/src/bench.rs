mod start;

use crate::{
    Outcome,
    run::{cargo, script},
};
use clap::ValueEnum;

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
pub enum What {
    /// A profile with a session cookie against a bare handler that makes one select
    Http,
    /// Sign-ins against hashing alone, health beside them, and what a session check asks of the database
    Auth,
    /// Reads behind the walls between tenants, permissions, and writes with their audit entries, against the same without
    Tenancy,
    /// An SMA cross over a year of minutes against the plain loop; with `--peers` against other engines
    Backtest,
    /// Every indicator over a year of minutes; with `--peers` against TA-Lib's C library
    Indicators,
    /// Messages that reach 10,000 subscriptions over WebSockets, against a bare loop of queues and sockets
    Stream,
    /// A step of the engine, the way from a closed candle to the orders at the exchange, and ten thousand paper bots
    Execution,
    /// How soon a sweep that runs has ended after its cancel was answered
    Cancel,
    /// A candle file against a raw COPY
    Import,
    /// From start to healthy, cold and warm, and the memory at rest
    Start,
}

/// Builds and runs a measurement; it prints its figures.
pub fn run(what: What, json: bool, peers: bool) -> Outcome {
    let (package, example) = match what {
        What::Http => ("server", "bench_http"),
        What::Auth => ("server", "bench_auth"),
        What::Tenancy => ("server", "bench_tenancy"),
        What::Backtest if peers => return script("e2e/peers/run", &["speed", "--json"][..1 + usize::from(json)]).run(),
        What::Backtest => ("trading", "bench_backtest"),
        What::Indicators => ("trading", "bench_indicators"),
        What::Stream => ("stream", "bench_stream"),
        What::Execution => ("bots", "bench_execution"),
        What::Cancel => ("backtests", "bench_cancel"),
        What::Import => ("market-data", "bench_import"),
        What::Start => return start::run(json),
    };
    let mut arguments = vec!["run", "--quiet", "--release", "--package", package, "--example", example];
    let flags = [(json, "--json"), (peers, "--peers")];
    arguments.push("--");
    arguments.extend(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| flag));
    cargo(&arguments).run()
}
