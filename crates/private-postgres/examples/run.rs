//! Runs a private PostgreSQL and prints how to connect to it, until Ctrl-C:
//! `cargo run -p private-postgres --example run -- [--tests] [DIRECTORY]`.

use std::io::Write;

use private_postgres::{Error, Options, PrivatePostgres};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let (flags, dirs): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let dir = dirs.first().map_or("data", String::as_str);
    let options = if flags.iter().any(|flag| flag == "--tests") { Options::for_tests(dir) } else { Options::new(dir) };
    // Listened to before the URL is printed: who reads it may interrupt at once.
    let interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    let mut interrupts = interrupts.map_err(|source| Error::Io { path: "signals".into(), source })?;
    let postgres = PrivatePostgres::start(options).await?;
    // Written and flushed in one go, so that a program which runs this one can wait for the line.
    let line = format!("{} {}\n", postgres.pid(), postgres.connection().url());
    let printed = std::io::stdout().write_all(line.as_bytes()).and_then(|()| std::io::stdout().flush());
    printed.map_err(|source| Error::Io { path: "standard output".into(), source })?;
    tokio::select! {
        _ = interrupts.recv() => {}
        () = postgres.exited() => {}
    }
    postgres.stop().await
}
