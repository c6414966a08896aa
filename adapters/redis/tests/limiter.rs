//! Against a real Redis on the loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests is told what was skipped")]

use kit::{Charge, EVERYTHING, Limiter, Limits, LocalLimits, Subject, Time};
use proptest::{strategy::ValueTree, test_runner::TestRunner};
use redis_limits::RedisLimiter;
use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use testkit::limits;
use tokio::runtime::Runtime;

const NOON: i64 = 1_767_614_400_000;
/// Longer than a busy machine takes.
const LONG: Duration = Duration::from_secs(30);

/// A Redis of the test's own.
struct Server {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// `None`, with the reason printed, on a machine without one that is not for continuous integration.
    fn start() -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        match Self::on(port) {
            Err(missing) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: redis-server cannot be run ({missing})");
                None
            }
            started => Some(started.unwrap()),
        }
    }

    fn on(port: u16) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()?;
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "redis-server does not listen");
            sleep(Duration::from_millis(10));
        }
        Ok(Self { port, process, _folder: folder })
    }

    /// The limiter, when it is connected.
    async fn limiter(&self, patience: Duration) -> RedisLimiter {
        let limiter = RedisLimiter::at(&format!("redis://127.0.0.1:{}/0", self.port), patience).unwrap();
        while limiter.forget(charge(1).subject).await.is_err() {}
        limiter
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn charge(limit: u32) -> Charge {
    Charge { subject: Subject::at(Ipv4Addr::new(192, 0, 2, 1).into()), bucket: EVERYTHING, limit }
}

#[test]
fn redis_behaves_as_every_limiter() {
    let Some(server) = Server::start() else { return };
    Runtime::new().unwrap().block_on(async { limits::behaves(&server.limiter(LONG).await).await });
}

#[test]
fn redis_says_the_same_as_memory_of_thousands_of_sequences() {
    let Some(server) = Server::start() else { return };
    let mut runner = TestRunner::deterministic();
    Runtime::new().unwrap().block_on(async {
        let (redis, memory) = (server.limiter(LONG).await, LocalLimits::default());
        for run in 0..3_000 {
            let sequence = proptest::strategy::Strategy::new_tree(&limits::sequences(), &mut runner).unwrap().current();
            let theirs = limits::said(&redis, &sequence, run).await;
            assert_eq!(theirs, limits::said(&memory, &sequence, run).await, "{sequence:?}");
        }
    });
}

#[test]
fn processes_that_share_a_redis_count_together() {
    let Some(server) = Server::start() else { return };
    Runtime::new().unwrap().block_on(async {
        let two = [server.limiter(LONG).await, server.limiter(LONG).await];
        let two = two.map(|limiter| Arc::new(Limits::shared(Arc::new(limiter))));
        let calls = (0..100).map(|number| {
            let limits = two[number % 2].clone();
            tokio::spawn(async move { limits.charge(&charge(37), Time::from_millis(NOON)).await.admitted })
        });
        let admitted = futures::future::join_all(calls).await;
        assert_eq!(admitted.into_iter().filter(|admitted| *admitted.as_ref().unwrap()).count(), 37);
    });
}

#[test]
fn while_redis_is_away_each_process_counts_by_itself_and_nobody_waits() {
    let Some(server) = Server::start() else { return };
    Runtime::new().unwrap().block_on(async {
        let port = server.port;
        let limits = Limits::shared(Arc::new(server.limiter(Duration::from_millis(500)).await));
        let at = |second: i64| Time::from_millis(NOON + 1_000 * second);
        assert_eq!(limits.charge(&charge(10), at(0)).await.remaining, 9);
        assert!(limits.reach().await.unwrap().is_ok());
        drop(server);

        let began = Instant::now();
        let remaining = [limits.charge(&charge(10), at(0)).await, limits.charge(&charge(10), at(0)).await];
        assert_eq!(remaining.map(|verdict| verdict.remaining), [9, 8], "it begins anew in memory");
        assert!(limits.reach().await.unwrap().is_err());
        for _ in 0..10_000 {
            limits.charge(&charge(10), at(0)).await;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "one waits, the others do not: {:?}", began.elapsed());
        assert!(limits.forget(charge(10).subject).await.is_err(), "what cannot be lifted everywhere is not lifted");

        let _again = Server::on(port).unwrap();
        let mut second = 0;
        while limits.reach().await.unwrap().is_err() {
            second += 1;
            assert!(second < 1_000, "Redis is back and is not asked");
        }
        // the fresh Redis knows nothing of what the memory has counted
        assert_eq!(limits.charge(&charge(10), at(3_600)).await.remaining, 9);
        assert_eq!(limits.states(charge(10).subject).await.unwrap().len(), 1);
    });
}

#[test]
fn a_url_of_something_else_is_refused_and_one_over_tls_is_taken() {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    assert!(RedisLimiter::at("http://127.0.0.1/", LONG).is_err());
    let nobody = RedisLimiter::at("rediss://127.0.0.1:1/", Duration::from_millis(500)).unwrap();
    let answer = runtime.block_on(nobody.charge(&charge(1), Time::from_millis(NOON)));
    assert_eq!(answer.unwrap_err().code(), "LIMITS_UNAVAILABLE");
}
