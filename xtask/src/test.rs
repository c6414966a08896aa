use crate::{Outcome, cluster::Cluster, run::cargo};
use std::process::{Command, Stdio};

/// Runs every test, on one PostgreSQL for the whole run; by nextest where it is installed.
pub fn run(rest: &[String]) -> Outcome {
    let cluster = Cluster::start()?;
    let url = cluster.own_url();
    let nextest = Command::new("cargo-nextest").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let runner: &[&str] = if nextest.is_ok_and(|status| status.success()) { &["nextest", "run"] } else { &["test"] };
    let mut arguments: Vec<&str> = runner.to_vec();
    if !rest.iter().any(|it| it.starts_with("-p") || it.starts_with("--package")) {
        arguments.push("--workspace");
    }
    // one that fails hides no other
    arguments.push("--no-fail-fast");
    arguments.extend(rest.iter().map(String::as_str));
    cargo(&arguments).env("TEST_DATABASE_URL", url).run()
}
