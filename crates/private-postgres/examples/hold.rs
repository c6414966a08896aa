//! Holds a private PostgreSQL for tests, prints its process id and URL, and waits to be killed:
//! `hold DIRECTORY`. Ends the server and itself when its standard input is closed.

use std::io::{Read, Write, stdin, stdout};

use private_postgres::{Error, Options, PrivatePostgres};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let postgres = PrivatePostgres::start(Options::new(dir)).await?;
    let line = format!("{} {}\n", postgres.pid(), postgres.connection().url());
    let standard = |source| Error::Io { path: "standard input and output".into(), source };
    stdout().write_all(line.as_bytes()).and_then(|()| stdout().flush()).map_err(standard)?;
    let closed = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()));
    drop(closed.await);
    postgres.stop().await
}
