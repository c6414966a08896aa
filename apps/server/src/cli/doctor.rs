use super::{Context, Failure, print, runtime};
use crate::{config::Settings, database::Database};
use serde::Serialize;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
};

/// Check everything that the server needs, and say what is wrong and what to do
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// What was found of one thing.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    /// What is there, or what is wrong and what to do.
    detail: String,
}

pub(super) fn run(_: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    let mut findings = vec![data_directory(&settings.data_dir), port(&settings)];
    findings.extend(runtime()?.block_on(database(&settings)));
    findings.push(mail(&settings));
    let ill = findings.iter().filter(|finding| !finding.ok).count();
    if context.json {
        let text = serde_json::to_string_pretty(&findings).map_err(|error| Failure::Failed(error.to_string()))?;
        print(&(text + "\n"))?;
    } else {
        let line = |it: &Finding| format!("{} {:15} {}\n", if it.ok { "✓" } else { "✗" }, it.what, it.detail);
        print(&findings.iter().map(line).collect::<String>())?;
    }
    if ill == 0 { Ok(()) } else { Err(Failure::Failed(format!("{ill} of {} things are not well", findings.len()))) }
}

fn finding<T, E: std::fmt::Display>(what: &'static str, found: Result<T, E>, well: impl FnOnce(T) -> String) -> Finding {
    match found {
        Ok(found) => Finding { what, ok: true, detail: well(found) },
        Err(error) => Finding { what, ok: false, detail: error.to_string() },
    }
}

fn data_directory(path: &Path) -> Finding {
    let probe = path.join(".doctor");
    let written = fs::create_dir_all(path).and_then(|()| fs::write(&probe, b"")).and_then(|()| fs::remove_file(&probe));
    let written = written.map_err(|error| format!("{}: {error}; set BOTCRIPTOFY_DATA_DIR", path.display()));
    finding("data directory", written, |()| format!("{} can be written", path.display()))
}

fn port(settings: &Settings) -> Finding {
    let address = SocketAddr::new(settings.host, settings.port);
    let free = TcpListener::bind(address);
    let free = free.map_err(|error| format!("{address}: {error}; a server may be running, else set HOST or PORT"));
    finding("port", free, |_| format!("{address} is free"))
}

async fn database(settings: &Settings) -> Vec<Finding> {
    let database = match Database::beside(settings).await {
        Ok(database) => database,
        Err(error) => return vec![finding("database", Err::<(), _>(error), |()| String::new())],
    };
    let version = finding("database", version(&database.options).await, |version| format!("PostgreSQL {version} answers"));
    let pending = schema::pending(&database.options).await.map_err(|error| error.to_string());
    let pending = pending.and_then(|names| match names.as_slice() {
        [] => Ok(()),
        names => Err(format!("{} are pending; the next start applies them, or `botcriptofy migrate`", names.len())),
    });
    let migrations = finding("migrations", pending, |()| "the database is up to date".to_owned());
    let closed = finding("shutdown", database.close().await, |()| "the database ends cleanly".to_owned());
    [version, migrations].into_iter().chain((!closed.ok).then_some(closed)).collect()
}

/// The version, if it is one that the platform's SQL is written for.
async fn version(options: &PgConnectOptions) -> Result<String, String> {
    let mut connection = options.connect().await.map_err(|error| format!("it does not answer: {error}; see DATABASE_URL"))?;
    let (name, number): (String, i32) =
        sqlx::query_as("select current_setting('server_version'), current_setting('server_version_num')::int")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| error.to_string())?;
    if number < 150_000 { Err(format!("PostgreSQL {name} is too old: version 15 or newer is needed")) } else { Ok(name) }
}

fn mail(settings: &Settings) -> Finding {
    let detail = match settings.smtp_url {
        Some(_) => "sent by SMTP (whether the server takes it shows when the first one is sent)".to_owned(),
        None => format!("written to {} (set SMTP_URL to send it)", settings.data_dir.join("mail").display()),
    };
    Finding { what: "mail", ok: true, detail }
}
