//! The account that runs PostgreSQL: the program's own, except that root steps down.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::{At, Error};

/// The environment the server's programs see: nothing of the program's own, which may hold secrets or PG* variables.
const KEPT_VARIABLES: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    uid: u32,
    gid: u32,
    /// Whether the program is root and must become this account.
    steps_down: bool,
}

impl Account {
    pub(crate) fn choose() -> Result<Self, Error> {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self { name: format!("uid {}", uid.as_raw()), uid: uid.as_raw(), gid, steps_down: false });
        }
        let accounts = fs::read_to_string("/etc/passwd").at("/etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| listed(&accounts, name)).ok_or(Error::NoAccount)
    }

    /// A command that runs as this account, in `dir`, with a bare environment.
    pub(crate) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env_clear().env("LC_ALL", "C").env("TZ", "UTC");
        command.envs(KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        if self.steps_down {
            // The standard library also clears the supplementary groups when root changes the user.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes the account the owner of `path`.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if self.steps_down { chown(path, Some(self.uid), Some(self.gid)).at(path) } else { Ok(()) }
    }

    pub(crate) fn owns(&self, metadata: &Metadata) -> bool {
        metadata.uid() == self.uid
    }

    /// Whether the account may pass through `dir` and every directory above it, by their permission bits.
    pub(crate) fn may_enter(&self, dir: &Path) -> bool {
        let Ok(dir) = dir.canonicalize() else { return false };
        !self.steps_down || dir.ancestors().all(|dir| fs::metadata(dir).is_ok_and(|metadata| self.may_pass(&metadata)))
    }

    fn may_pass(&self, metadata: &Metadata) -> bool {
        let bit = match () {
            () if metadata.uid() == self.uid => 0o100,
            () if metadata.gid() == self.gid => 0o010,
            () => 0o001,
        };
        metadata.mode() & bit != 0
    }
}

/// The account called `name` in the text of `/etc/passwd`, unless it is root under another name.
fn listed(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok().filter(|uid| *uid != 0)?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name: name.to_owned(), uid, gid, steps_down: true })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_list_of_accounts() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";
        let account = listed(accounts, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert_eq!(listed(accounts, "nobody"), None);
    }

    #[test]
    fn root_under_another_name_is_not_chosen() {
        assert_eq!(listed("postgres:x:0:0::/:/bin/sh\n", "postgres"), None);
        assert_eq!(listed("postgres:x:broken\n", "postgres"), None);
    }
}
