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

/// Has the database count the calls of `identify`, from the next connection on.
pub(crate) fn prepare(setting: &Setting) {
    on(setting, async |connection| {
        let count =
            "do $$ begin execute format('alter database %I set track_functions = pl', current_database()); end $$";
        sqlx::raw_sql(count).execute(connection).await.expect("the setting is changed");
    });
}

pub(crate) fn measure(setting: &Setting, port: u16) -> Trips {
    let check = load::get("/api/auth/me", &setting.cookie);
    let start = asked(setting);
    load::run(port, &check, 1, Duration::from_millis(1));
    let cold = asked(setting);
    let checks = load::run(port, &check, 4, CHECKS).count();
    Trips { cold: cold - start, warm: (asked(setting) - cold) / checks as f64 }
}

fn asked(setting: &Setting) -> f64 {
    thread::sleep(SETTLED);
    on(setting, async |connection| {
        let calls = sqlx::query_scalar("select calls from pg_stat_user_functions where funcname = 'identify'");
        calls.fetch_optional(connection).await.expect("figures").unwrap_or(0_i64) as f64
    })
}

fn on<T>(setting: &Setting, work: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&setting.url).await.expect("the database answers");
        work(&mut connection).await
    })
}
