//! What strong passwords cost: sign-ins a second against hashing alone on all cores, how `GET /health` fares while 64
//! clients sign in without pause, and how often a session check asks the database, warm and cold.

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

#[path = "../bench_http/load.rs"]
mod load;
#[path = "../bench_http/servers.rs"]
#[expect(dead_code, reason = "the bare server is the other measurement's")]
mod servers;
mod trips;

use load::Load;
use serde_json::json;
use servers::{EMAIL, PASSWORD, Setting, Started};
use std::{
    thread,
    time::{Duration, Instant},
};

const ROUND: Duration = Duration::from_secs(8);
const CLIENTS: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("serve-product") => servers::product(),
        first => measure(first == Some("--json")),
    }
}

fn measure(as_json: bool) {
    let setting = Setting::make();
    let server = Started::new("serve-product", &setting);
    // first: the many sessions of the load make the oldest give way
    let trips = trips::measure(&setting, server.port);
    let hashes = hashing_alone();
    // apart from the next: who asks for the health without pause takes a part of the processors
    let signed_in = sign_ins(server.port).per_second();
    let idle = health(server.port);
    let busy = thread::scope(|scope| {
        scope.spawn(|| sign_ins(server.port));
        health(server.port)
    });
    let (ratio, slower) = (signed_in / hashes, busy.percentile(0.99) / idle.percentile(0.99));
    let report = json!({
        "hashesPerSecond": hashes, "signInsPerSecond": signed_in, "ratio": ratio, "clients": CLIENTS,
        "healthP99Ms": { "idle": idle.percentile(0.99), "busy": busy.percentile(0.99), "ratio": slower },
        "questionsPerSessionCheck": { "cold": trips.cold, "warm": trips.warm },
    });
    if as_json {
        println!("{report}");
        return;
    }
    println!("hashing alone       {hashes:>7.1} a second on all cores");
    println!(
        "sign-ins            {signed_in:>7.1} a second by {CLIENTS} clients: {:.0} % of hashing alone",
        ratio * 100.0
    );
    println!(
        "GET /health, p99    {:>7.2} ms idle, {:.2} ms meanwhile: {slower:.1} ×",
        idle.percentile(0.99),
        busy.percentile(0.99)
    );
    println!("a session check     {:>7.2} questions to the database cold, {:.4} warm", trips.cold, trips.warm);
}

/// How many passwords a second the cores verify when they do nothing else.
fn hashing_alone() -> f64 {
    let hash = bcrypt::hash(PASSWORD, 10).expect("a hash");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let count = || {
        let mut count = 0_u32;
        while began.elapsed() < ROUND {
            assert!(bcrypt::verify(PASSWORD, &hash).expect("a sound hash"));
            count += 1;
        }
        f64::from(count)
    };
    let all: f64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it counts")).sum()
    });
    all / began.elapsed().as_secs_f64()
}

fn health(port: u16) -> Load {
    load::run(port, &load::get("/health", "a=b"), 1, ROUND)
}

fn sign_ins(port: u16) -> Load {
    load::run(port, &sign_in(), CLIENTS, ROUND)
}

fn sign_in() -> String {
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let length = body.len();
    format!(
        "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}
