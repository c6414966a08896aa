//! A small write over HTTP, with its entry in the audit trail and without.

use crate::{
    Figure, Size,
    load::{self, Load},
    median,
    servers::{self, Setting},
};
use audit::Change;
use kit::{Caller, Json, Module, Result, Route, TenantTx, permission, post, routes};
use server::{assemble::assemble, modules, system::Document};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ROUNDS: usize = 5;
/// A few at once: more of them would measure how they wait for each other.
const CONNECTIONS: usize = 4;

permission!(WriteBench = "bench:write");

const BENCH: Module = Module { name: "bench", routes: ROUTES, ..Module::EMPTY };
static ROUTES: &[Route] = routes![recorded, bare];

/// Writes a row and its entry.
#[post("/bench/recorded")]
async fn recorded(caller: Caller<WriteBench>) -> Result<Json<Uuid>> {
    let mut tx = caller.begin().await?;
    let id = write(&mut tx).await?;
    audit::record(&mut tx, Change::new("note", id, "note.written").after("a note")).await?;
    tx.commit().await?;
    Ok(Json(id))
}

/// Writes a row alone.
#[post("/bench/bare")]
async fn bare(caller: Caller<WriteBench>) -> Result<Json<Uuid>> {
    let mut tx = caller.begin().await?;
    let id = write(&mut tx).await?;
    tx.unaudited("what an entry costs is measured against it");
    tx.commit().await?;
    Ok(Json(id))
}

async fn write(tx: &mut TenantTx) -> Result<Uuid> {
    let (id, now) = (tx.new_id(), tx.now());
    let insert = "insert into strategies (id, name, version, created_at, updated_at) values ($1, $2, 1, $3, $3)";
    sqlx::query(insert).bind(id).bind(id.to_string()).bind(now.utc()).execute(tx.conn()).await?;
    Ok(id)
}

pub(crate) fn measure(setting: &Setting, size: Size) -> Figure {
    let runtime = Runtime::new().expect("a runtime");
    let port = runtime.block_on(serve(setting));
    let load = |path: &str| -> f64 {
        let request = load::get(path, &setting.cookie).replacen("GET", "POST", 1);
        let request = request.replacen("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n", 1);
        Load::per_second(&load::run(port, &request, CONNECTIONS, size.round))
    };
    let (mut with, mut without) = (vec![], vec![]);
    for round in 0..=ROUNDS {
        let pair = (load("/bench/recorded"), load("/bench/bare"));
        // the first round warms both up
        if round > 0 {
            with.push(pair.0);
            without.push(pair.1);
        }
    }
    let (with, without) = (median(with), median(without));
    let overhead = without / with;
    Figure {
        name: "a write over HTTP with its audit entry",
        unit: "a second",
        baseline: Some(without),
        figure: with,
        ratio: Some(overhead),
        target: "≤ 1.15 × the time without",
        met: overhead <= 1.15,
    }
}

async fn serve(setting: &Setting) -> u16 {
    let all: Vec<Module> = modules::ALL.iter().copied().chain([BENCH]).collect();
    let app = servers::assembly(&setting.url).app;
    let router = assemble(app.clone(), &all, &Document::default()).router;
    tokio::spawn(app.db().memory().clone().listen(app, CancellationToken::new()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    port
}
