//! What a server leaves in its data directory: `postmaster.pid`.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::process::{FAST, Handle, IMMEDIATE};

pub(crate) const PORT: u16 = 5432;

const FAST_LIMIT: Duration = Duration::from_secs(10);
const IMMEDIATE_LIMIT: Duration = Duration::from_secs(5);

/// The server that wrote the data directory's `postmaster.pid`, whether or not it is still there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) pid: u32,
    pub(crate) socket_dir: PathBuf,
    pub(crate) ready: bool,
}

impl Postmaster {
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// The lines are: process, data directory, start, port, socket directory, address, memory, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let socket_dir = lines.nth(3).unwrap_or_default().into();
        let ready = lines.nth(2).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, socket_dir, ready })
    }

    /// Whether that process is a server on `data`, and not one that got the number of a server long gone. The
    /// command line tells, since every process may read that of another.
    pub(crate) fn lives(&self, data: &Path) -> bool {
        let words = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == data.as_os_str().as_bytes())
    }
}

/// Sees to it that no server runs on `data`: waits out, and asks to end, one whose program has died. The caller holds
/// the lock, so such a server is nobody's.
pub(crate) fn wait_out(data: &Path) -> Result<(), Error> {
    let Some(postmaster) = Postmaster::read(data) else { return Ok(()) };
    let pid = postmaster.pid;
    if postmaster.lives(data)
        && let Ok(handle) = Handle::open(pid)
    {
        tracing::info!(pid, "waiting for the previous PostgreSQL to end");
        handle.signal(FAST);
        if !handle.ends_within(FAST_LIMIT) {
            handle.signal(IMMEDIATE);
            if !handle.ends_within(IMMEDIATE_LIMIT) {
                return Err(Error::StillRunning { dir: data.to_owned(), pid });
            }
        }
    }
    forget(data, &postmaster);
    Ok(())
}

/// Removes what would make PostgreSQL take an unrelated process, which got the number of a dead server, for it.
/// Orphaned sessions of that server are still found, by its shared memory.
fn forget(data: &Path, postmaster: &Postmaster) {
    let socket = postmaster.socket_dir.join(format!(".s.PGSQL.{PORT}"));
    for leftover in [socket.with_extension("lock"), socket, data.join("postmaster.pid")] {
        if fs::remove_file(&leftover).is_ok() {
            tracing::debug!(file = %leftover.display(), "removed what a server left behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "417\n/data\n1700000000\n5432\n/run/x\n\n  123  456\nready   \n";

    #[test]
    fn the_file_of_a_ready_server_is_understood() {
        let expected = Postmaster { pid: 417, socket_dir: "/run/x".into(), ready: true };
        assert_eq!(Postmaster::parse(READY), Some(expected));
    }

    #[test]
    fn a_file_still_being_written_is_not_ready() {
        let starting = READY.replace("ready   ", "starting");
        assert!(!Postmaster::parse(&starting).unwrap().ready);
        assert!(!Postmaster::parse("417\n/data\n").unwrap().ready);
        assert_eq!(Postmaster::parse(""), None);
    }

    #[test]
    fn another_process_with_the_number_of_a_dead_server_is_not_taken_for_it() {
        let own = Postmaster { pid: std::process::id(), socket_dir: "/run/x".into(), ready: true };
        assert!(!own.lives(Path::new("/no/such/data")));
        let program = std::env::args_os().next().unwrap();
        assert!(own.lives(Path::new(&program)));
    }
}
