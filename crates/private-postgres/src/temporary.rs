//! Directories for clusters that only a test needs.

use std::fs::{self, DirEntry, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use crate::error::{At, Error};
use crate::start;

const PREFIX: &str = "botcriptofy-test-";

/// A younger directory may belong to a process that has not yet taken its lock.
const IN_THE_MAKING: Duration = Duration::from_secs(60);

/// A new directory below `root`, which the account that runs PostgreSQL may pass.
pub(crate) fn create(root: &Path) -> Result<TempDir, Error> {
    sweep(root);
    let passable = Permissions::from_mode(0o711);
    let dir = tempfile::Builder::new().prefix(PREFIX).permissions(passable.clone()).tempdir_in(root).at(root)?;
    // The umask must not take it back.
    fs::set_permissions(dir.path(), passable).at(dir.path())?;
    Ok(dir)
}

/// Removes what test processes left that ended without cleaning up.
fn sweep(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        if is_abandoned(&entry) && start::is_free(&entry.path()) {
            tracing::debug!(dir = %entry.path().display(), "removing an abandoned cluster");
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

fn is_abandoned(entry: &DirEntry) -> bool {
    let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
    named
        && entry.metadata().is_ok_and(|metadata| {
            let old = metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > IN_THE_MAKING));
            metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw() && old
        })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn age(dir: &Path) {
        let past = SystemTime::now() - 2 * IN_THE_MAKING;
        fs::File::open(dir).unwrap().set_modified(past).unwrap();
    }

    #[test]
    fn only_old_directories_that_nobody_holds_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let [held, left, young, other] = ["botcriptofy-test-a", "botcriptofy-test-b", "botcriptofy-test-c", "else"]
            .map(|name| root.path().join(name));
        for dir in [&held, &left, &young, &other] {
            fs::create_dir_all(dir.join("postgres")).unwrap();
        }
        for dir in [&held, &left] {
            fs::write(dir.join("postgres/lock"), "1").unwrap();
        }
        for dir in [&held, &left, &other] {
            age(dir);
        }
        let lock = fs::File::open(held.join("postgres/lock")).unwrap();
        lock.lock().unwrap();

        let new = create(root.path()).unwrap();

        assert!(held.exists() && young.exists() && other.exists() && !left.exists());
        assert_eq!(fs::metadata(new.path()).unwrap().mode() & 0o777, 0o711);
    }
}
