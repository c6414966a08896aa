//! What recognising the caller costs: `GET /api/user/profile` behind the whole pipeline, beside a bare handler that
//! selects one row by its key. `cargo bench -p auth`
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed")]

use axum::{Json, Router, extract::State, routing::get};
use sqlx::postgres::PgPoolOptions;
use std::{fs, net::SocketAddr, path::Path, time::Instant};
use testkit::{PgPool, TestApp, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const REQUESTS: usize = 64_000;
const AT_ONCE: usize = 64;

fn main() {
    testkit::run("auth", "profile", async |db| {
        let app = TestApp::new(db.clone(), []).await;
        let ana = app.member([]).await;
        let mut tx = app.system().await;
        let open = auth::open_session(app.app(), &mut tx, ana.user, true).await.expect("a session");
        tx.commit().await.expect("it lasts");
        let options = (*db.connect_options()).clone();
        let pool = PgPoolOptions::new().max_connections(8).test_before_acquire(false).after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql("set role botcriptofy_system").execute(connection).await.map(|_| ()) })
        });
        let pool = pool.connect_lazy_with(options);
        let bare = Router::new().route("/{id}", get(row)).with_state(pool);
        let (bare, ours) = (serve(bare).await, serve(app.router()).await);

        for round in 1..=3 {
            let theirs = measure(bare, &format!("/{}", ana.user), &open.cookie).await;
            let ours = measure(ours, "/api/user/profile", &open.cookie).await;
            println!("round {round}: bare {theirs}; profile {ours}; {:.0} %", 100.0 * ours.rate / theirs.rate);
        }
    });
}

async fn row(State(pool): State<PgPool>, axum::extract::Path(id): axum::extract::Path<uuid::Uuid>) -> Json<Value> {
    let row: (uuid::Uuid, String, String) = sqlx::query_as("select id, email, name from users where id = $1")
        .bind(id)
        .fetch_one(&pool)
        .await
        .expect("the user");
    Json(testkit::json!({ "success": true, "data": { "id": row.0, "email": row.1, "name": row.2 } }))
}

struct Figures {
    rate: f64,
    cpu_ms: f64,
    database_ms: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0} requests/s, {:.3} ms of CPU each and {:.3} ms of the database's",
            self.rate, self.cpu_ms, self.database_ms
        )
    }
}

/// Asks so many times over connections that are kept, as a load generator on the same machine does.
async fn measure(address: SocketAddr, path: &str, cookie: &str) -> Figures {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n");
    let (began, (cpu, database)) = (Instant::now(), cpu_seconds());
    let callers: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(call(address, request.clone()))).collect();
    for caller in callers {
        caller.await.expect("the caller ends");
    }
    let requests = f64::from(u32::try_from(REQUESTS).unwrap_or(u32::MAX));
    let rate = requests / began.elapsed().as_secs_f64();
    let (cpu_now, database_now) = cpu_seconds();
    let each = |from: f64, to: f64| (to - from) * 1000.0 / requests;
    Figures { rate, cpu_ms: each(cpu, cpu_now), database_ms: each(database, database_now) }
}

async fn call(address: SocketAddr, request: String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut answer = vec![0; 1 << 16];
    for _ in 0..REQUESTS / AT_ONCE {
        stream.write_all(request.as_bytes()).await.expect("the request is sent");
        let mut length = 0;
        while !is_whole(&answer[..length]) {
            length += stream.read(&mut answer[length..]).await.expect("an answer");
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(answer) else { return false };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse().ok()) == Some(body.len())
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// What this process and the database's have used of the processors so far, each in seconds.
fn cpu_seconds() -> (f64, f64) {
    let processes = fs::read_dir("/proc").expect("a Linux machine").flatten().map(|process| process.path());
    let databases = processes.filter(|process| {
        fs::read_to_string(process.join("cmdline"))
            .is_ok_and(|line| line.starts_with("postgres:") && line.contains("test_"))
    });
    (seconds_of(Path::new("/proc/self")), databases.map(|process| seconds_of(&process)).sum())
}

fn seconds_of(process: &Path) -> f64 {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // the fields `utime` and `stime`, in hundredths
    [11, 12].iter().filter_map(|&at: &usize| fields.get(at)?.parse::<f64>().ok()).sum::<f64>() / 100.0
}
