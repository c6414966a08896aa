//! Prints `docs/metrics.md`.
#![allow(clippy::print_stdout, reason = "it prints its result")]

fn main() {
    print!("{}", trading::metrics::document());
}
