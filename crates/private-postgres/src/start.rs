//! Starting the server of a cluster.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Connection;
use crate::cluster::{Cluster, Maker};
use crate::error::{At, Error};
use crate::find::{self, Binaries};
use crate::options::{Durability, Options};
use crate::place;
use crate::postmaster::{self, PORT, Postmaster};
use crate::process::{FAST, Process};
use crate::user::Account;

/// A program that was killed may take a moment to let go of the lock.
const LOCK_LIMIT: Duration = Duration::from_secs(1);
/// Sessions of a killed server may take a while to notice.
const RETRY_LIMIT: Duration = Duration::from_secs(10);
/// Recovery after a crash replays at most what `max_wal_size` holds.
const READY_LIMIT: Duration = Duration::from_secs(300);

pub(crate) struct Started {
    pub(crate) process: Process,
    pub(crate) lock: Lock,
    pub(crate) connection: Connection,
    pub(crate) superuser: Connection,
    pub(crate) version: String,
}

pub(crate) fn start(options: &Options) -> Result<Started, Error> {
    options.check()?;
    let begun = Instant::now();
    let account = Account::choose()?;
    let base = place::choose(options, &account)?;
    let lock = Lock::take(&base)?;
    let binaries = binaries(options, &base, &account)?;
    let data = base.join(binaries.major.to_string()).join("data");
    postmaster::wait_out(&data)?;
    let cluster = Maker { base: &base, binaries: &binaries, account: &account, options }.cluster()?;
    let socket_dir = place::socket_dir(&cluster.dir, &account)?;
    let command = || server(&cluster, &binaries, &account, &socket_dir, options);
    let process = run(command, &data)?;
    let elapsed_ms = begun.elapsed().as_millis();
    tracing::info!(version = binaries.version, pid = process.pid(), data = %data.display(), elapsed_ms, "PostgreSQL runs");
    let (connection, superuser) = cluster.connections(&socket_dir, &options.database);
    Ok(Started { process, lock, connection, superuser, version: binaries.version })
}

pub(crate) fn running(options: &Options) -> Result<Option<Connection>, Error> {
    options.check()?;
    let Some(base) = place::existing(options) else { return Ok(None) };
    let Some(major) = place::newest_major(&base) else { return Ok(None) };
    let data = base.join(major.to_string()).join("data");
    let Some(postmaster) = Postmaster::read(&data).filter(|found| found.ready && found.lives(&data)) else {
        return Ok(None);
    };
    let (connection, _) = Cluster::open(&base, major)?.connections(&postmaster.socket_dir, &options.database);
    Ok(Some(connection))
}

/// Whether no process holds the cluster below `data_dir`, be it a program or a server on its own.
pub(crate) fn is_free(data_dir: &Path) -> bool {
    let base = data_dir.join("postgres");
    let held = File::open(base.join("lock")).is_ok_and(|lock| lock.try_lock().is_err());
    let data = place::newest_major(&base).map(|major| base.join(major.to_string()).join("data"));
    let served = data.is_some_and(|data| Postmaster::read(&data).is_some_and(|found| found.lives(&data)));
    !held && !served
}

/// The programs that fit the cluster which exists, or the best there are.
fn binaries(options: &Options, base: &Path, account: &Account) -> Result<Binaries, Error> {
    let packages = options.search.packages.clone().unwrap_or_else(|| base.join("packages"));
    let wanted = place::newest_major(base);
    find::find(&options.search, &packages, account, wanted).map_err(|tried| match wanted {
        Some(major) => Error::OtherVersion { dir: base.join(major.to_string()), major, tried },
        None => Error::NotFound { tried },
    })
}

fn run(command: impl Fn() -> Command, data: &Path) -> Result<Process, Error> {
    let deadline = Instant::now() + RETRY_LIMIT;
    loop {
        let process = Process::spawn(command(), FAST).at(data)?;
        let Err(log) = wait_until_ready(&process, data) else { return Ok(process) };
        let orphans = log.contains("pre-existing shared memory block");
        if !orphans || Instant::now() > deadline {
            return Err(Error::Start { dir: data.to_owned(), log });
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The error is the end of the server's log.
fn wait_until_ready(process: &Process, data: &Path) -> Result<(), String> {
    let deadline = Instant::now() + READY_LIMIT;
    while !process.ends_within(Duration::from_millis(1)) {
        let ready = |found: &Postmaster| found.pid == process.pid() && found.ready;
        if Postmaster::read(data).as_ref().is_some_and(ready) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("not ready after {} s\n{}", READY_LIMIT.as_secs(), process.last_words()));
        }
    }
    process.outcome()?;
    Err(process.last_words())
}

fn server(cluster: &Cluster, binaries: &Binaries, account: &Account, socket_dir: &Path, options: &Options) -> Command {
    let mut command = account.command(&binaries.postgres(), &cluster.dir);
    command.arg("-D").arg(cluster.data());
    let mut set = |name: &str, value: &str| {
        command.arg("-c").arg(format!("{name}={value}"));
    };
    let connections = options.max_connections.to_string();
    let port = PORT.to_string();
    for (name, value) in [
        ("listen_addresses", ""),
        ("port", &port),
        ("unix_socket_permissions", "0700"),
        ("password_encryption", "scram-sha-256"),
        ("max_connections", &connections),
        ("shared_buffers", "96MB"),
        ("effective_cache_size", "512MB"),
        ("min_wal_size", "64MB"),
        ("max_wal_size", "512MB"),
        ("random_page_cost", "1.1"),
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_destination", "stderr"),
        ("logging_collector", "off"),
        ("log_checkpoints", "off"),
        ("log_line_prefix", "[%p] %d "),
    ] {
        set(name, value);
    }
    if options.durability == Durability::ForTests {
        // A vacuum at work, which is nobody's to end, would keep a database of a test from being dropped.
        for name in ["fsync", "synchronous_commit", "full_page_writes", "autovacuum"] {
            set(name, "off");
        }
        // Nobody replicates a test.
        set("wal_level", "minimal");
        set("max_wal_senders", "0");
    }
    command.arg("-c").arg(socket_setting(socket_dir));
    command
}

/// The setting is a list, so the one path in it is quoted.
fn socket_setting(dir: &Path) -> OsString {
    let mut setting = OsString::from("unix_socket_directories=");
    let quoted = format!("\"{}\"", dir.to_string_lossy().replace('"', "\"\""));
    setting.push(quoted);
    setting
}

/// Held as long as a program runs the cluster, and let go by the kernel however that program ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    fn take(base: &Path) -> Result<Self, Error> {
        let path: PathBuf = base.join("lock");
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).at(&path)?;
        let deadline = Instant::now() + LOCK_LIMIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error).at(&path),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    let mut holder = String::new();
                    file.read_to_string(&mut holder).at(&path)?;
                    return Err(Error::InUse { dir: base.to_owned(), holder: holder.trim().to_owned() });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
            }
        }
        file.set_len(0).at(&path)?;
        file.rewind().at(&path)?;
        writeln!(file, "{}", std::process::id()).at(&path)?;
        Ok(Self { _file: file })
    }
}
