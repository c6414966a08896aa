//! The catalogue of indicators for people (`reference`, which is `docs/indicators.md`) and for
//! programs (`kinds`).
#![allow(clippy::print_stdout, reason = "it prints its result")]

use trading::indicator::{CATALOGUE, reference};

fn main() -> Result<(), serde_json::Error> {
    match std::env::args().nth(1).as_deref() {
        Some("kinds") => println!("{}", serde_json::to_string(CATALOGUE)?),
        _ => print!("{}", reference()),
    }
    Ok(())
}
