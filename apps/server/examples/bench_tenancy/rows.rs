//! Reads of a tenant's rows: under row level security and without it, among one tenant and among many.

use crate::{Figure, Size, median};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::{str::FromStr, time::Instant};
use uuid::Uuid;

const OURS: Uuid = Uuid::from_u128(1);
const ROWS: i32 = 1_000;
const SECURED: &str = "strategies";
/// The same rows and indexes, without row level security.
const OPEN: &str = "open_strategies";

pub(crate) async fn measure(url: &str, size: Size) -> Vec<Figure> {
    let mut connection = PgConnectOptions::from_str(url).expect("an address").connect().await.expect("the database");
    run(&mut connection, &format!("create table {OPEN} (like {SECURED} including all)")).await;
    fill(&mut connection, SECURED, 1, 1).await;
    fill(&mut connection, OPEN, 1, 1).await;
    let mut figures = vec![];
    let alone = reads(&mut connection, SECURED, List, size).await;
    for (name, read) in
        [("a list of 20 of 1,000 rows under row security", List), ("a row by its id under row security", ById)]
    {
        let open = reads(&mut connection, OPEN, read, size).await;
        let secured = reads(&mut connection, SECURED, read, size).await;
        let ratio = open / secured;
        let (baseline, ratio_shown) = (Some(open), Some(ratio));
        figures.push(Figure {
            name,
            unit: "µs",
            baseline,
            figure: secured,
            ratio: ratio_shown,
            target: "≥ 0.5 of the speed without",
            met: ratio >= 0.5,
        });
    }
    fill(&mut connection, SECURED, 2, size.tenants).await;
    let among = reads(&mut connection, SECURED, List, size).await;
    let ratio = among / alone;
    if ratio > 1.2 {
        explain(&mut connection).await;
    }
    let name = "a list of 20 among 1,000 tenants, 1,000 rows each";
    figures.push(Figure {
        name,
        unit: "µs",
        baseline: Some(alone),
        figure: among,
        ratio: Some(ratio),
        target: "≤ 1.2 × one tenant",
        met: ratio <= 1.2,
    });
    connection.close().await.expect("it ends");
    figures
}

#[derive(Clone, Copy)]
enum Read {
    List,
    ById,
}
use Read::{ById, List};

impl Read {
    fn of(self, table: &str) -> String {
        match self {
            Self::List => format!(
                "select id, name, version, updated_at from {table} where tenant_id = $1 order by updated_at desc limit 20"
            ),
            Self::ById => format!("select id, name, version, updated_at from {table} where tenant_id = $1 and id = $2"),
        }
    }
}

/// Begins as a request does, or as one would without row level security.
fn begin(table: &str) -> String {
    if table == OPEN {
        return "begin".to_owned();
    }
    format!("begin; set local role botcriptofy_app; set local app.tenant_id = '{OURS}'; set local app.user_id = ''")
}

/// The median microseconds of a whole transaction that makes the read.
async fn reads(connection: &mut PgConnection, table: &str, read: Read, size: Size) -> f64 {
    let (begin, statement) = (begin(table), read.of(table));
    let mut took = vec![];
    for number in 0..size.reads {
        let id = Uuid::from_u128((1 << 32) + 1 + (number % ROWS as usize) as u128);
        let began = Instant::now();
        run(connection, &begin).await;
        let query = sqlx::query(AssertSqlSafe(statement.as_str())).bind(OURS);
        let query = if matches!(read, ById) { query.bind(id) } else { query };
        let rows = query.fetch_all(&mut *connection).await.expect("rows");
        run(connection, "commit").await;
        took.push(began.elapsed().as_secs_f64() * 1e6);
        assert_eq!(rows.len(), if matches!(read, ById) { 1 } else { 20 });
    }
    median(took)
}

/// Gives each of these tenants its rows, those of all tenants in turn.
async fn fill(connection: &mut PgConnection, table: &str, first: i32, last: i32) {
    // COPY is refused upon a table with row level security
    let filled = format!(
        "begin; set local role botcriptofy_system;
         insert into tenants (id, kind, name, slug, created_at, updated_at)
         select lpad(to_hex(t), 32, '0')::uuid, 'trader', 'Bench', 'bench-' || t, now(), now()
         from generate_series({first}, {last}) t on conflict do nothing;
         set local role {role};
         insert into {table} (tenant_id, id, name, version, created_at, updated_at)
         select lpad(to_hex(t), 32, '0')::uuid, lpad(to_hex((t::bigint << 32) + n), 32, '0')::uuid, 'Strategy ' || n, 1,
                now(), now() - n * interval '1 minute'
         from generate_series(1, {ROWS}) n, generate_series({first}, {last}) t;
         commit; vacuum analyze {table}",
        role = if table == OPEN { "none" } else { "botcriptofy_system" },
    );
    for statement in filled.split(';') {
        run(connection, statement).await;
    }
}

async fn explain(connection: &mut PgConnection) {
    run(connection, &begin(SECURED)).await;
    let plan = format!("explain (analyze, buffers) {}", List.of(SECURED).replace("$1", &format!("'{OURS}'")));
    let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(plan)).fetch_all(&mut *connection).await.expect("a plan");
    run(connection, "rollback").await;
    println!("{}", lines.join("\n"));
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.expect("the statement runs");
}
