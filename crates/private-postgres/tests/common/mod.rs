//! What the tests of the supervisor share.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use private_postgres::{Options, PrivatePostgres};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Row};
use tempfile::TempDir;

/// A directory which other accounts may pass, as the data directory of a service may be.
pub(crate) fn data_dir() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("its owner may open it");
    dir
}

pub(crate) async fn start(dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(Options::for_tests(dir)).await.expect("a private PostgreSQL")
}

/// The major version, as the cluster's directory is called.
pub(crate) fn major(postgres: &PrivatePostgres) -> String {
    postgres.version().chars().take_while(char::is_ascii_digit).collect()
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

pub(crate) async fn run(url: &str, sql: &'static str) {
    connect(url).await.execute(sql).await.expect("the statement runs");
}

/// The one text in the answer to `sql`.
pub(crate) async fn text(url: &str, sql: &'static str) -> String {
    connect(url).await.fetch_one(sql).await.expect("one row").get(0)
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a process of this number runs; a zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
}

/// Polls until `condition` holds, or fails with `what` after `limit`.
pub(crate) async fn eventually(what: &str, limit: Duration, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} within {limit:?}");
        tokio::task::yield_now().await;
    }
}

/// Another program with a private PostgreSQL.
pub(crate) struct Holder {
    program: Child,
    pub(crate) pid: u32,
    pub(crate) url: String,
}

impl Holder {
    pub(crate) fn start(dir: &Path) -> Self {
        let mut program = Command::new(example("hold"));
        program.arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = program.spawn().expect("the example `hold` is built");
        let mut line = String::new();
        let stdout = program.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let (pid, url) = line.trim().split_once(' ').expect("a process id and a URL");
        Self { program, pid: pid.parse().expect("a number"), url: url.to_owned() }
    }

    pub(crate) fn program(&self) -> u32 {
        self.program.id()
    }

    /// Ends the program as `kill -9` does.
    pub(crate) fn kill(mut self) -> (u32, String) {
        self.program.kill().expect("it runs");
        self.program.wait().expect("it is a child");
        (self.pid, self.url)
    }
}

/// Cargo builds examples beside the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let target = test.ancestors().nth(2).expect("the directory of the profile");
    target.join("examples").join(name)
}
