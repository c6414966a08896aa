//! Where the cluster lives.

use std::fs::{self, DirBuilder};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{At, Error};
use crate::options::Options;
use crate::user::Account;

const PRIVATE: u32 = 0o700;
const PASSABLE: u32 = 0o711;

/// The directories where the clusters of `options` may live, first choice first. Nothing is created.
fn candidates(options: &Options, data_dir: &Path) -> Vec<PathBuf> {
    let name = digest(data_dir);
    let elsewhere = options.state_dirs.iter().map(|dir| dir.join(&name));
    std::iter::once(data_dir.join("postgres")).chain(elsewhere).collect()
}

/// The directory in which a cluster of `options` lives already.
pub(crate) fn existing(options: &Options) -> Option<PathBuf> {
    let data_dir = options.data_dir.canonicalize().ok()?;
    candidates(options, &data_dir).into_iter().find(|dir| newest_major(dir).is_some())
}

/// The newest major version of which `dir` holds a cluster.
pub(crate) fn newest_major(dir: &Path) -> Option<u32> {
    let entries = fs::read_dir(dir).ok()?.flatten();
    let majors = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    majors.filter(|major: &u32| dir.join(major.to_string()).join("data/PG_VERSION").is_file()).max()
}

/// The directory for the clusters, created if need be: where one lives already, else the first which `account` can
/// reach. A cluster that can no longer be reached is an error, never silently replaced by an empty one elsewhere.
pub(crate) fn choose(options: &Options, account: &Account) -> Result<PathBuf, Error> {
    fs::create_dir_all(&options.data_dir).at(&options.data_dir)?;
    let data_dir = options.data_dir.canonicalize().at(&options.data_dir)?;
    if let Some(dir) = existing(options) {
        let reached = account.may_enter(&dir);
        return if reached { Ok(dir) } else { Err(Error::Blocked { account: account.name.clone(), dir }) };
    }
    let mut refused = Vec::new();
    for (rank, dir) in candidates(options, &data_dir).into_iter().enumerate() {
        match prepare(&dir, account, rank > 0) {
            Ok(()) => {
                if rank > 0 {
                    let (account, data_dir) = (&account.name, data_dir.display());
                    tracing::warn!(dir = %dir.display(), "{account} cannot reach {data_dir}: PostgreSQL's data lives elsewhere");
                }
                return Ok(dir);
            }
            Err(reason) => refused.push(format!("{}: {reason}", dir.display())),
        }
    }
    Err(Error::Unreachable { account: account.name.clone(), dirs: refused })
}

fn prepare(dir: &Path, account: &Account, shared_parent: bool) -> Result<(), String> {
    let parent = dir.parent().unwrap_or(dir);
    if shared_parent {
        fs::create_dir_all(parent.parent().unwrap_or(parent)).map_err(|error| error.to_string())?;
        create(parent, PASSABLE).map_err(|error| error.to_string())?;
        // Another user who owned it could exchange what lives in it.
        let metadata = parent.symlink_metadata().map_err(|error| error.to_string())?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if !ours || !metadata.is_dir() || metadata.mode() & 0o022 != 0 {
            return Err("its parent belongs to others".to_owned());
        }
    }
    if !account.may_enter(parent) {
        return Err(format!("{} may not pass the directories above it", account.name));
    }
    create(dir, PRIVATE).and_then(|()| account.own(dir)).map_err(|error| error.to_string())
}

/// Creates one directory with exactly this mode, unless it exists.
pub(crate) fn create(dir: &Path, mode: u32) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(mode).create(dir).at(dir)?;
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(mode)).at(dir)
}

/// The longest name a socket can have, in bytes.
const SOCKET_PATH_LIMIT: usize = 107;

/// The directory for the socket of the cluster in `cluster`: inside it, or, where the path is too long for a socket,
/// a private directory with a short name.
pub(crate) fn socket_dir(cluster: &Path, account: &Account) -> Result<PathBuf, Error> {
    let inside = cluster.join("socket");
    if inside.as_os_str().len() + "/.s.PGSQL.5432".len() <= SOCKET_PATH_LIMIT {
        create(&inside, PRIVATE)?;
        account.own(&inside)?;
        return Ok(inside);
    }
    let mut tried = Vec::new();
    for root in ["/run", "/tmp", "/var/tmp"] {
        let dir = Path::new(root).join(format!("botcriptofy-{}", digest(cluster)));
        match take_socket_dir(&dir, account) {
            Ok(()) => return Ok(dir),
            Err(reason) => tried.push(format!("{}: {reason}", dir.display())),
        }
    }
    Err(Error::NoSocketDir { tried })
}

fn take_socket_dir(dir: &Path, account: &Account) -> Result<(), String> {
    create(dir, PRIVATE).map_err(|error| error.to_string())?;
    // In a directory where everybody may write, another user may have been there first.
    let metadata = dir.symlink_metadata().map_err(|error| error.to_string())?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw() || account.owns(&metadata);
    if !ours || !metadata.is_dir() || metadata.mode() & 0o077 != 0 {
        return Err("belongs to others".to_owned());
    }
    account.own(dir).map_err(|error| error.to_string())?;
    if account.may_enter(dir) { Ok(()) } else { Err(format!("{} cannot reach it", account.name)) }
}

/// A short name for a path.
fn digest(path: &Path) -> String {
    let hash = Sha256::digest(path.as_os_str().as_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_cluster_is_the_highest_number_that_holds_one() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(newest_major(root.path()), None);
        for (name, cluster) in [("15", true), ("9", true), ("17", true), ("18", false), ("18.new", true)] {
            let data = root.path().join(name).join("data");
            fs::create_dir_all(&data).unwrap();
            if cluster {
                fs::write(data.join("PG_VERSION"), name).unwrap();
            }
        }
        assert_eq!(newest_major(root.path()), Some(17));
    }

    #[test]
    fn different_directories_have_different_short_names() {
        assert_eq!(digest(Path::new("/a")), digest(Path::new("/a")));
        assert_ne!(digest(Path::new("/a")), digest(Path::new("/b")));
    }
}
