//! The two servers, each a process of its own, so that its processor time is its own.

use axum::{Json, Router, extract::State, routing::get};
use kit::{Origin, Reason};
use private_postgres::PrivatePostgres;
use serde::Serialize;
use server::{
    assemble::{Assembly, product as assemble_product},
    config::{Config, Keys, Secret, Secrets, Sources},
    logging::{self, Output},
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    str::FromStr,
    time::Duration,
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SECRET: &str = "a secret of no less than thirty-two characters";
/// The connections of either pool: the platform's default.
const POOL: u32 = 20;

pub(crate) const EMAIL: &str = "bench@test.example";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A database with one user who has a session.
pub(crate) struct Setting {
    pub(crate) cookie: String,
    pub(crate) url: String,
    user: Uuid,
    _postgres: PrivatePostgres,
    _runtime: Runtime,
}

impl Setting {
    pub(crate) fn make() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (postgres, url, user, cookie) = runtime.block_on(async {
            let postgres = PrivatePostgres::temporary().await.expect("a private PostgreSQL");
            let url = postgres.connection().url();
            let options = PgConnectOptions::from_str(&url).expect("an address");
            schema::migrate(&options).await.expect("the migrations apply");
            let Assembly { app, .. } = assembly(&url);
            let email = users::Email::parse(EMAIL).expect("an address");
            let user = users::NewUser { email: &email, name: "Bench", image: None, email_verified: true };
            let hash = auth::hash_new_password(&app, PASSWORD).await.expect("a hash");
            let password_hash = Some(hash.as_str());
            let new = auth::NewAccount { user, password_hash, kind: tenants::Kind::Trader, tenant_name: "Bench" };
            let system =
                async || app.db().system(Reason::Operator, Origin::internal("bench")).await.expect("a transaction");
            let made = auth::sign_up(system().await, &new).await.expect("a user");
            made.tx.commit().await.expect("the user stays");
            let mut tx = system().await;
            let session = auth::open_session(&app, &mut tx, made.user.id, true).await.expect("a session");
            tx.commit().await.expect("the session stays");
            (postgres, url, made.user.id, session.cookie)
        });
        Self { cookie, url, user, _postgres: postgres, _runtime: runtime }
    }
}

pub(crate) fn assembly(url: &str) -> Assembly {
    // a single client shall not be too much
    let sources = Sources::default().with(server::config::Origin::Environment, [("RATE_LIMITS", "off")]);
    let config = Config::of(&sources).expect("the defaults are sound");
    let options = PgConnectOptions::from_str(url).expect("an address");
    let secrets = Secrets { sign_in: Secret::new(SECRET), encryption: Keys { current: [7; 32], older: vec![] } };
    assemble_product(&config.settings, &secrets, options, 3000).expect("the product")
}

/// A server under measurement.
pub(crate) struct Started {
    pub(crate) port: u16,
    process: Child,
}

impl Started {
    pub(crate) fn new(role: &str, setting: &Setting) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .arg(role)
            .env("BENCH_URL", &setting.url)
            .env("BENCH_USER", setting.user.to_string())
            .stdout(Stdio::piped())
            .stderr(if role == "serve-product" { Stdio::null() } else { Stdio::inherit() })
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let out = process.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("the server tells its port");
        Self { port: line.trim().parse().expect("a port"), process }
    }

    /// The processor time that it has used, user and system.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("its figures");
        let after_name = stat.rsplit_once(')').expect("its name").1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|it| it.parse::<u64>().expect("ticks")).sum();
        // USER_HZ is 100 on Linux
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn announced(listener: &TcpListener) {
    println!("{}", listener.local_addr().expect("an address").port());
}

fn listen(serve: impl AsyncFnOnce(TcpListener)) {
    Runtime::new().expect("a runtime").block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        announced(&listener);
        serve(listener).await;
    });
}

/// The whole product, with its log written to nowhere.
pub(crate) fn product() {
    let url = std::env::var("BENCH_URL").expect("BENCH_URL");
    let config = Config::of(&Sources::default()).expect("the defaults are sound");
    // the log is written as in production, but to the standard error, which is thrown away
    let _logs = logging::init(&config.settings.logs(Output::Stderr)).expect("logs");
    listen(async |listener| {
        let Assembly { app, router, .. } = assembly(&url);
        tokio::spawn(app.db().memory().clone().listen(app, CancellationToken::new()));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).await.expect("it serves");
    });
}

#[derive(Serialize, sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
}

/// A handler that makes one select by primary key.
pub(crate) fn bare() {
    let url = std::env::var("BENCH_URL").expect("BENCH_URL");
    let user: Uuid = std::env::var("BENCH_USER").expect("BENCH_USER").parse().expect("a user");
    listen(async |listener| {
        let options = PgConnectOptions::from_str(&url).expect("an address");
        let pool = PgPoolOptions::new()
            .max_connections(POOL)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql("set role botcriptofy_system").execute(connection).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        let select = async move |State(pool): State<PgPool>| {
            let row: Row = sqlx::query_as("select id, email, name from users where id = $1")
                .bind(user)
                .fetch_one(&pool)
                .await
                .expect("the user");
            Json(row)
        };
        let router = Router::new().route("/api/user/profile", get(select)).with_state(pool);
        axum::serve(listener, router).await.expect("it serves");
    });
}
