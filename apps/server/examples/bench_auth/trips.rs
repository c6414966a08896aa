//! How often a session check asks the database: counted by the database itself.

use crate::{load, servers::Setting};
use sqlx::{Connection, PgConnection};
use std::{thread, time::Duration};

/// Questions to the database for each check.
pub(crate) struct Trips {
    pub(crate) cold: f64,
    pub(crate) warm: f64,
}

/// How long a backend may keep its figures to itself.
const SETTLED: Duration = Duration::from_secs(2);
const CHECKS: Duration = Duration::from_secs(2);

pub(crate) fn measure(setting: &Setting, port: u16) -> Trips {
    let check = load::get("/api/auth/me", &setting.cookie);
    // what a server that nobody calls asks meanwhile: it renews its lease
    let before = transactions(setting);
    let start = transactions(setting);
    let idle = start - before;
    load::run(port, &check, 1, Duration::from_millis(1));
    let cold = transactions(setting);
    let checks = load::run(port, &check, 4, CHECKS).count();
    let warm = transactions(setting);
    Trips { cold: cold - start - idle, warm: (warm - cold - idle) / checks as f64 }
}

fn transactions(setting: &Setting) -> f64 {
    thread::sleep(SETTLED);
    on(setting, async |connection| {
        let count = sqlx::query_scalar(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()",
        );
        let count: i64 = count.fetch_one(connection).await.expect("figures");
        count as f64
    })
}

fn on<T>(setting: &Setting, work: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&setting.url).await.expect("the database answers");
        work(&mut connection).await
    })
}
