//! Child processes that end with their parent and whose last words are kept.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::sync::watch;

use crate::Error;

const LOG_LINES: usize = 40;
const LOG_LINE_BYTES: u64 = 2000;
const FAST_STOP: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP: Duration = Duration::from_secs(5);

/// PostgreSQL's fast shutdown: roll back, disconnect, checkpoint, end.
pub(crate) const FAST: Signal = Signal::INT;
/// PostgreSQL's immediate shutdown: end now, recover at the next start.
pub(crate) const IMMEDIATE: Signal = Signal::QUIT;

/// Lets the kernel send `signal` to the child when the thread that spawns it ends, and keeps the terminal's Ctrl-C
/// from the child, so that the program decides when its database ends.
#[expect(unsafe_code, reason = "only a child can ask for its parent-death signal, between fork and exec")]
pub(crate) fn bind_to_parent(command: &mut Command, signal: Signal) {
    let parent = rustix::process::getpid();
    command.process_group(0);
    // SAFETY: the closure makes two system calls and neither allocates nor locks. The standard library runs it after
    // it has changed the user, which matters because that clears the parent-death signal.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(signal))?;
            // The parent may have died before the request; then the signal never comes.
            if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
        });
    }
}

/// A process by a handle that, unlike its number, never comes to mean another process.
#[derive(Debug)]
pub(crate) struct Handle(OwnedFd);

impl Handle {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self(rustix::process::pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// Sends `signal`; a process that has ended already takes no notice.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Err(error) = rustix::process::pidfd_send_signal(&self.0, signal)
            && error != rustix::io::Errno::SRCH
        {
            tracing::warn!(%error, ?signal, "a process could not be signalled");
        }
    }

    /// Whether the process ends within `limit`.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        let limit = Timespec::try_from(limit).ok();
        let mut handles = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut handles, limit.as_ref()).is_ok_and(|ended| ended > 0)
    }
}

/// A child and the thread that spawned it, which lives as long as the child does.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    handle: Handle,
    log: Log,
    stopping: Arc<AtomicBool>,
    /// Whether it ended well, once it has.
    ended: watch::Receiver<Option<bool>>,
}

impl Process {
    /// Spawns `command` from a thread of its own; `signal` reaches the child when this program dies.
    pub(crate) fn spawn(mut command: Command, signal: Signal) -> io::Result<Self> {
        bind_to_parent(&mut command, signal);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let (log, stopping) = (Log::default(), Arc::new(AtomicBool::new(false)));
        let (end, ended) = watch::channel(None);
        let (spawned, spawn) = mpsc::channel();
        let (thread_log, thread_stopping) = (log.clone(), stopping.clone());
        thread::Builder::new().name("postgres".to_owned()).spawn(move || {
            match command.spawn().and_then(|child| Ok((Handle::open(child.id())?, child))) {
                Err(error) => drop(spawned.send(Err(error))),
                Ok((handle, child)) => {
                    drop(spawned.send(Ok((child.id(), handle))));
                    let well = attend(child, &thread_log, &thread_stopping);
                    end.send_replace(Some(well));
                }
            }
        })?;
        let (pid, handle) = spawn.recv().map_err(io::Error::other)??;
        Ok(Self { pid, handle, log, stopping, ended })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        self.handle.ends_within(limit)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.stopping.store(true, Ordering::Relaxed);
        self.handle.signal(signal);
    }

    pub(crate) fn exited(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.clone();
        async move { drop(ended.wait_for(Option::is_some).await) }
    }

    /// The last lines the child has printed so far.
    pub(crate) fn last_words(&self) -> String {
        self.log.text()
    }

    /// How a child that has ended did so; the error is the last lines it printed.
    pub(crate) fn outcome(&self) -> Result<(), String> {
        for _ in 0..200 {
            match *self.ended.borrow() {
                Some(true) => return Ok(()),
                Some(false) => break,
                // The thread is about to read the rest of the pipe.
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
        Err(self.log.text())
    }

    /// Ends the child: a fast shutdown, then an immediate one, then by force.
    pub(crate) fn stop(&self) -> Result<(), Error> {
        self.signal(FAST);
        if self.ends_within(FAST_STOP) {
            return Ok(());
        }
        self.signal(IMMEDIATE);
        if !self.ends_within(IMMEDIATE_STOP) {
            self.signal(Signal::KILL);
            self.ends_within(IMMEDIATE_STOP);
        }
        Err(Error::NotClean { pid: self.pid })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "a child process did not end cleanly");
        }
    }
}

/// Reads what the child prints until it and its own children have ended, then reaps it. Whether it ended well.
fn attend(mut child: Child, log: &Log, stopping: &AtomicBool) -> bool {
    if let Some(stderr) = child.stderr.take() {
        log.read(BufReader::new(stderr));
    }
    let status = child.wait();
    let well = status.as_ref().is_ok_and(ExitStatus::success);
    if !well && !stopping.load(Ordering::Relaxed) {
        tracing::warn!(pid = child.id(), ?status, "a child process ended by itself");
    }
    well
}

/// The last lines a child printed.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    fn read(&self, mut reader: impl BufRead) {
        let mut line = Vec::new();
        // A line longer than the limit is taken in pieces.
        while let Ok(1..) = reader.by_ref().take(LOG_LINE_BYTES).read_until(b'\n', &mut line) {
            self.push(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }

    fn push(&self, line: &str) {
        if line.contains("PANIC:") {
            tracing::error!("{line}");
        } else {
            tracing::debug!("{line}");
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
