use private_postgres::PrivatePostgres;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{future::Future, str::FromStr, sync::OnceLock};
use tokio::runtime::Runtime;

/// The cluster that `cargo xtask test` keeps for a whole run. Without it each test program starts its own.
const SHARED: &str = "TEST_DATABASE_URL";

/// Runs a test with a database of its own, made from a migrated template and removed when the test has passed.
///
/// # Panics
/// When the test does, and when it leaves jobs behind that nobody ran.
pub fn run<F: Future<Output = T>, T>(module: &str, name: &str, test: impl FnOnce(PgPool) -> F) -> T {
    let server = server();
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let database = format!("test_{}", fresh_name());
        let mut admin = server.connect().await.expect("the test cluster answers");
        let template = template(&mut admin, server).await;
        let make = format!("create database {database} template {template} strategy file_copy");
        sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut admin).await.expect("a database from the template");
        let options = server.clone().database(&database).application_name(&format!("{module}::{name}"));
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
        let outcome = test(pool.clone()).await;
        let left = left_jobs(&pool).await;
        assert!(left.is_empty(), "the test leaves jobs that were not run (call `app.run_jobs()`): {left:?}");
        pool.close().await;
        let remove = format!("drop database {database} with (force)");
        sqlx::raw_sql(AssertSqlSafe(remove)).execute(&mut admin).await.expect("the database can be removed");
        outcome
    })
}

async fn left_jobs(pool: &PgPool) -> Vec<String> {
    let mut connection = pool.acquire().await.expect("the database answers");
    sqlx::raw_sql("set role botcriptofy_system").execute(&mut *connection).await.expect("the role exists");
    let left = sqlx::query_scalar("select kind from jobs where status in ('queued', 'running')");
    left.fetch_all(&mut *connection).await.expect("jobs can be read")
}

/// The server that all tests of this process share.
fn server() -> &'static PgConnectOptions {
    static SERVER: OnceLock<(PgConnectOptions, Option<Private>)> = OnceLock::new();
    &SERVER
        .get_or_init(|| match std::env::var(SHARED) {
            Ok(url) => (PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is a database's address"), None),
            Err(_) => {
                let private = Private::start();
                let url = private.postgres.connection().url();
                (PgConnectOptions::from_str(&url).expect("the private cluster's address"), Some(private))
            }
        })
        .0
}

/// A cluster of this process's own. It ends with the process.
struct Private {
    postgres: PrivatePostgres,
    _runtime: Runtime,
}

impl Private {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let postgres = runtime.block_on(PrivatePostgres::temporary()).expect("a private PostgreSQL for the tests");
        Self { postgres, _runtime: runtime }
    }
}

/// The name of the database that has all migrations; made once for each state of them.
async fn template(admin: &mut PgConnection, server: &PgConnectOptions) -> String {
    let template = format!("template_{}", schema::fingerprint());
    let known = || {
        sqlx::query_scalar::<_, bool>("select exists (select from pg_database where datname = $1)")
            .bind(template.clone())
    };
    if !known().fetch_one(&mut *admin).await.expect("databases can be listed") {
        // one at a time: other test programs may be at it too
        sqlx::raw_sql("select pg_advisory_lock(7301)").execute(&mut *admin).await.expect("a lock");
        if !known().fetch_one(&mut *admin).await.expect("databases can be listed") {
            let making = format!("making_{}", fresh_name());
            let sql = |text: String| sqlx::raw_sql(AssertSqlSafe(text));
            sql(format!("create database {making}")).execute(&mut *admin).await.expect("a new database");
            schema::migrate(&server.clone().database(&making)).await.expect("the migrations apply");
            let rename = format!("alter database {making} rename to {template}");
            sql(rename).execute(&mut *admin).await.expect("the template gets its name");
        }
        sqlx::raw_sql("select pg_advisory_unlock(7301)").execute(&mut *admin).await.expect("the lock is ours");
    }
    template
}

fn fresh_name() -> String {
    kit::Ids::Random.token(16).to_lowercase()
}
