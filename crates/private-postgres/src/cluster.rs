//! The cluster's files: created whole or not at all, with the passwords beside them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::Connection;
use crate::error::{At, Error};
use crate::find::Binaries;
use crate::options::{Durability, Options};
use crate::place;
use crate::postmaster::PORT;
use crate::process::bind_to_parent;
use crate::user::Account;

const SUPERUSER: &str = "postgres";
const OWNER: &str = "botcriptofy";

/// Upper and lower case by Unicode; where the system lacks the first locale, by ASCII alone. Both sort by code point,
/// so that no index depends on the system's collation.
const CHARACTER_TYPES: [&str; 2] = ["C.UTF-8", "C"];

#[derive(Serialize, Deserialize)]
struct Credentials {
    superuser: String,
    owner: String,
    /// The databases created so far.
    databases: Vec<String>,
}

/// A cluster of one major version: `data`, the passwords and the socket in one directory.
pub(crate) struct Cluster {
    pub(crate) dir: PathBuf,
    credentials: Credentials,
}

impl Cluster {
    /// The cluster below `base` as it is.
    pub(crate) fn open(base: &Path, major: u32) -> Result<Self, Error> {
        let dir = base.join(major.to_string());
        let credentials = Credentials::read(&dir)?;
        Ok(Self { dir, credentials })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The connections of the database's owner and of the superuser.
    pub(crate) fn connections(&self, socket_dir: &Path, database: &str) -> (Connection, Connection) {
        let connection = |user: &str, password: &str| Connection {
            socket_dir: socket_dir.to_owned(),
            port: PORT,
            user: user.to_owned(),
            password: password.to_owned(),
            database: database.to_owned(),
        };
        let Credentials { superuser, owner, .. } = &self.credentials;
        (connection(OWNER, owner), connection(SUPERUSER, superuser))
    }
}

impl Credentials {
    fn random() -> Self {
        Self { superuser: password(), owner: password(), databases: Vec::new() }
    }

    fn file(dir: &Path) -> PathBuf {
        dir.join("credentials.json")
    }

    fn read(dir: &Path) -> Result<Self, Error> {
        let path = Self::file(dir);
        let text = fs::read(&path).at(&path)?;
        serde_json::from_slice(&text).map_err(|source| Error::Credentials { path, source })
    }

    fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = Self::file(dir);
        let text = serde_json::to_vec(self).at(&path)?;
        let scratch = path.with_extension("new");
        write_secret(&scratch, &text)?;
        fs::rename(&scratch, &path).at(&path)?;
        sync(dir)
    }
}

/// Sixty-four hexadecimal digits from the system's generator.
fn password() -> String {
    rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_secret(path: &Path, text: &[u8]) -> Result<(), Error> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).at(path)?;
    file.write_all(text).and_then(|()| file.sync_all()).at(path)
}

fn sync(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|dir| dir.sync_all()).at(dir)
}

/// Creates and opens clusters below `base`.
pub(crate) struct Maker<'a> {
    pub(crate) base: &'a Path,
    pub(crate) binaries: &'a Binaries,
    pub(crate) account: &'a Account,
    pub(crate) options: &'a Options,
}

impl Maker<'_> {
    /// The cluster, created if there is none, with the database in it. No server may run on it.
    pub(crate) fn cluster(&self) -> Result<Cluster, Error> {
        let major = self.binaries.major;
        if !self.base.join(major.to_string()).exists() {
            self.create(major)?;
        }
        let mut cluster = Cluster::open(self.base, major)?;
        if !cluster.credentials.databases.contains(&self.options.database) {
            self.add_database(&mut cluster)?;
        }
        Ok(cluster)
    }

    /// A new cluster gets its name only when it is whole and, if it shall be durable, on the disk.
    fn create(&self, major: u32) -> Result<(), Error> {
        let dir = self.base.join(format!("{major}.new"));
        if dir.exists() {
            fs::remove_dir_all(&dir).at(&dir)?;
        }
        place::create(&dir, 0o700)?;
        self.account.own(&dir)?;
        let mut cluster = Cluster { dir: dir.clone(), credentials: Credentials::random() };
        self.initdb(&cluster)?;
        let (owner, database) = (&cluster.credentials.owner, &self.options.database);
        let role = format!("CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{owner}'\n");
        self.sql(&cluster, &(role + &create_database(database)), false)?;
        if self.options.durability == Durability::Durable {
            let mut command = self.command(&self.binaries.initdb(), &cluster);
            let output = command.args(["--sync-only", "-D"]).arg(cluster.data()).output();
            succeeded(&output.at(self.binaries.initdb())?, &cluster)?;
        }
        cluster.credentials.databases.push(database.clone());
        cluster.credentials.write(&dir)?;
        let whole = self.base.join(major.to_string());
        fs::rename(&dir, &whole).at(&whole)?;
        sync(self.base)
    }

    fn initdb(&self, cluster: &Cluster) -> Result<(), Error> {
        let pwfile = cluster.dir.join("password");
        write_secret(&pwfile, cluster.credentials.superuser.as_bytes())?;
        self.account.own(&pwfile)?;
        let mut log = String::new();
        for character_type in CHARACTER_TYPES {
            let mut command = self.command(&self.binaries.initdb(), cluster);
            command.arg("-D").arg(cluster.data());
            command.args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"]);
            command.args(["--auth-local=scram-sha-256", "--auth-host=reject", "--username", SUPERUSER]);
            command.arg(format!("--lc-ctype={character_type}")).arg("--pwfile").arg(&pwfile);
            let output = command.stdin(Stdio::null()).output().at(self.binaries.initdb())?;
            if output.status.success() {
                return fs::remove_file(&pwfile).at(&pwfile);
            }
            log = complaint(&output);
            if !log.contains("invalid locale") {
                break;
            }
        }
        Err(Error::Create { dir: cluster.dir.clone(), log })
    }

    fn add_database(&self, cluster: &mut Cluster) -> Result<(), Error> {
        let database = &self.options.database;
        self.sql(cluster, &create_database(database), self.options.durability == Durability::Durable)?;
        cluster.credentials.databases.push(database.clone());
        cluster.credentials.write(&cluster.dir)
    }

    /// Runs SQL, one command a line, on a cluster that no server runs, since a package need not bring a client.
    /// What exists already is left as it is, so that an interrupted run can be repeated.
    fn sql(&self, cluster: &Cluster, commands: &str, fsync: bool) -> Result<(), Error> {
        let mut command = self.command(&self.binaries.postgres(), cluster);
        command.arg("--single").arg("-D").arg(cluster.data());
        // A failed command, which may hold a password, is not to be printed.
        command.args(["-c", "log_min_error_statement=panic", "-c", if fsync { "fsync=on" } else { "fsync=off" }]);
        command.arg("template1").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let postgres = self.binaries.postgres();
        let mut child = command.spawn().at(&postgres)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(commands.as_bytes()).at(&postgres)?;
        }
        let output = child.wait_with_output().at(&postgres)?;
        let log = String::from_utf8_lossy(&output.stderr);
        if log.lines().any(|line| line.contains("ERROR:") && !line.ends_with("already exists")) {
            return Err(Error::Create { dir: cluster.dir.clone(), log: complaint(&output) });
        }
        succeeded(&output, cluster)
    }

    fn command(&self, program: &Path, cluster: &Cluster) -> Command {
        let mut command = self.account.command(program, &cluster.dir);
        bind_to_parent(&mut command, Signal::TERM);
        command
    }
}

fn create_database(name: &str) -> String {
    format!("CREATE DATABASE {name} OWNER {OWNER}\n")
}

fn succeeded(output: &Output, cluster: &Cluster) -> Result<(), Error> {
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Create { dir: cluster.dir.clone(), log: complaint(output) })
}

/// The end of what a program printed to complain.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<_> = text.lines().rev().take(20).collect();
    lines.reverse();
    format!("{}\n{}", output.status, lines.join("\n"))
}
