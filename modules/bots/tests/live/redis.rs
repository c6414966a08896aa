//! A Redis that goes away: it counts calls, and bots need it for nothing.
#![allow(clippy::print_stderr, reason = "whoever runs the tests is told what was skipped")]

use crate::floor::{Floor, crossing};
use bots::Runner;
use kit::{LimitSettings, Limits};
use redis_limits::RedisLimiter;
use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use testkit::{PgPool, db_test};

/// A Redis of the test's own, which keeps nothing.
struct Redis {
    port: u16,
    process: Child,
}

impl Redis {
    /// `None`, with the reason printed, on a machine without one that is not for continuous integration.
    fn start() -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .spawn();
        match process {
            Err(missing) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: redis-server cannot be run ({missing})");
                None
            }
            started => Some(Self { port, process: started.unwrap() }),
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[db_test]
async fn a_redis_that_goes_away_stops_neither_bots_nor_callers(db: PgPool) {
    let Some(redis) = Redis::start() else { return };
    let limiter = RedisLimiter::at(&format!("redis://127.0.0.1:{}/0", redis.port), Duration::from_millis(500)).unwrap();
    let floor = Floor::around(db, 3, &crossing(), |mut parts| {
        parts.limits = Limits::shared(Arc::new(limiter));
        parts.settings.limits = Some(LimitSettings::default());
        parts
    })
    .await;
    let limits = floor.app.app().limits();
    while limits.reach().await.unwrap().is_err() {}
    let bot = floor.started("Alone").await;
    let runner = Runner::new(floor.app.app());
    let trades = async || {
        for _ in 0..25 {
            floor.pass_a_close().await;
            floor.work(&runner).await;
            floor.ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
        }
        crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await.len()
    };
    let before = trades().await;
    assert!(limits.reach().await.unwrap().is_ok());
    drop(redis);
    assert!(trades().await > before + 2);
    assert!(limits.reach().await.unwrap().is_err(), "it is still there");
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
}
