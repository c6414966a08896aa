//! Every task that a developer runs: `cargo xtask <task>`.

mod bench;
mod cluster;
mod licences;
mod new_module;
mod queries;
mod run;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The tasks of a developer.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run all tests on one private PostgreSQL; what follows goes to the test runner
    Test {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Make a module that builds, with a route, a permission, a protected table and a passing test
    NewModule {
        /// Its name in kebab-case, such as `watchlists`
        name: String,
    },
    /// Check every SQL statement against the migrations and renew `.sqlx`
    Sqlx {
        /// Only say whether `.sqlx` is up to date
        #[arg(long)]
        check: bool,
    },
    /// Keep a migrated private PostgreSQL running for `DATABASE_URL`, until it is interrupted
    Db,
    /// Check the licence and the source of every dependency
    Licences,
    /// Renew `openapi.json` from the code
    Openapi,
    /// Measure speed as ratios to a baseline in the same run
    Bench {
        /// What to measure
        what: bench::What,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
        /// Measure other programs on the same data too, where they are installed
        #[arg(long)]
        peers: bool,
    },
}

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Test { rest } => test::run(&rest),
        Task::NewModule { name } => new_module::run(&name),
        Task::Sqlx { check } => queries::run(check),
        Task::Licences => licences::run(),
        Task::Db => cluster::keep(),
        Task::Openapi => {
            run::cargo(&["run", "--package", "server", "--bin", "botcriptofy", "--quiet", "--", "openapi"])
                .stdout_to("openapi.json")
        }
        Task::Bench { what, json, peers } => bench::run(what, json, peers),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
