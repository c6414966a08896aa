//! What goes wrong, by seeds: whatever does, no order is lost or doubled, and what a bot believes is what its exchange
//! has. `FAULT_SEEDS=1000` runs that many.

use crate::floor::Floor;
use bots::Runner;
use futures::{FutureExt, future::BoxFuture};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::{env, future::poll_fn, panic, sync::Mutex, task::Poll, thread};
use testkit::{PgPool, Value, db_test, json};

const MINUTE: i64 = 60_000;
/// So many seeds of an ordinary run, …
const SEEDS: u64 = 16;
/// … and so many at once: most of the time each waits for an answer that does not come.
const AT_ONCE: usize = 8;

/// Polls a future so often, and leaves it where it stands then. Says whether it has ended.
async fn for_polls(polls: usize, work: &mut BoxFuture<'_, ()>) -> bool {
    let mut left = polls;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Something that goes wrong at the exchange.
fn mishap(dice: &mut StdRng) -> Value {
    match dice.random_range(0..10) {
        0..7 => mishap_of_requests(dice),
        7 => json!({ "kind": "clock-drift", "ms": dice.random_range(-4_000..4_000) }),
        _ => mishap_of_streams(dice),
    }
}

fn mishap_of_requests(dice: &mut StdRng) -> Value {
    let paths = [("/api/v3/order", "POST"), ("/api/v3/order", "DELETE"), ("/api/v3/order", "GET"), ("/api/v3/", "GET")];
    let (path, method) = *paths.choose(dice).unwrap();
    let count = dice.random_range(1..4);
    let kinds = [
        "timeout-before",
        "timeout-after",
        "error-before",
        "error-after",
        "maintenance",
        "partial-fill",
        "too-many-requests",
        "banned",
        "slow",
    ];
    let kind = *kinds.choose(dice).unwrap();
    // whoever is told to wait does so by the machine's time
    json!({
        "kind": kind, "path": path, "method": method, "count": count,
        "fraction": "0.4", "ms": 40, "retryAfter": 0,
    })
}

fn mishap_of_streams(dice: &mut StdRng) -> Value {
    let kinds = ["drop-messages", "duplicate-messages", "reorder-messages", "cut-connection"];
    let (kind, path) = (*kinds.choose(dice).unwrap(), *["", "user"].choose(dice).unwrap());
    let (count, seed) = (dice.random_range(1..6), dice.random::<u32>());
    json!({ "kind": kind, "path": path, "count": count, "probability": "0.5", "seed": seed })
}

/// A bot's hour in which the seed decides what goes wrong. Answers how often it has traded.
async fn an_hour(db: PgPool, seed: u64) -> usize {
    let floor = Floor::new(db, seed).await;
    let mut dice = StdRng::seed_from_u64(seed);
    let bot = floor.started("Unlucky").await;
    let mut runner = Runner::new(floor.app.app());
    for _ in 0..45 {
        floor.pass_a_close().await;
        if dice.random_bool(0.4) {
            floor.fault(mishap(&mut dice)).await;
        }
        if dice.random_bool(0.1) {
            floor.mend().await;
        }
        if dice.random_bool(0.3) {
            // the process is killed, or stands still and wakes up when another has taken over
            let polls = dice.random_range(1..60);
            let (old, wakes) = (std::mem::replace(&mut runner, Runner::new(floor.app.app())), dice.random_bool(0.5));
            let mut work = async { floor.work(&old).await }.boxed();
            let ended = for_polls(polls, &mut work).await;
            let sleeper = (wakes && !ended).then_some(work);
            floor.pass(6_000).await;
            floor.work(&runner).await;
            if let Some(work) = sleeper {
                // late enough for what was not sent to be given up
                floor.pass(14_000).await;
                floor.work(&runner).await;
                work.await;
            }
        }
        floor.turns(&runner, dice.random_range(1..=4)).await;
        floor.pass(2_500).await;
        floor.turns(&runner, dice.random_range(1..=4)).await;
    }
    floor.mend().await;
    floor.pass(MINUTE).await;
    floor.work(&runner).await;
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await.len()
}

#[db_test]
async fn a_process_that_wakes_up_late_places_nothing(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = floor.started("Sleeper").await;
    let (sleeper, heir) = (Runner::new(floor.app.app()), Runner::new(floor.app.app()));
    floor.door.set_closed(true);
    let mut work = async {
        for _ in 0..60 {
            floor.pass(MINUTE).await;
            floor.work(&sleeper).await;
        }
    }
    .boxed();
    // it stands still after the order is written and before it is sent
    tokio::select! {
        () = &mut work => panic!("it never wants to trade"),
        () = floor.door.is_reached() => {}
    }
    let orders = async || floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok();
    assert_eq!(orders().await[0]["status"], "submitted");
    for _ in 0..4 {
        floor.pass(6_000).await;
        floor.work(&heir).await;
    }
    let given_up = orders().await;
    assert_eq!((given_up.as_array().unwrap().len(), &given_up[0]["status"]), (1, &json!("expired")), "{given_up}");
    floor.door.set_closed(false);
    work.as_mut().await;
    let theirs = floor.asked("/api/v3/allOrders", "symbol=BTCUSDT").await;
    let sent: Vec<_> = theirs.as_array().unwrap().iter().map(|it| it["clientOrderId"].clone()).collect();
    assert!(!sent.contains(&given_up[0]["clientOrderId"]), "{theirs}");
    floor.stop(&bot, &heir).await;
    floor.agrees(&bot).await;
}

#[db_test]
async fn a_database_that_is_away_for_a_while_loses_nothing(db: PgPool) {
    let floor = Floor::new(db.clone(), 5).await;
    let bot = floor.started("Waiting").await;
    let runner = Runner::new(floor.app.app());
    for _ in 0..30 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    let keeper = PgPool::connect_with((*db.connect_options()).clone().database("postgres")).await.unwrap();
    let name: String = sqlx::query_scalar("select current_database()").fetch_one(&db).await.unwrap();
    let opened = async |opened: bool| {
        let statement = format!("alter database \"{name}\" with allow_connections {opened}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&keeper).await.unwrap();
    };
    opened(false).await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    sqlx::query(cut).bind(&name).execute(&keeper).await.unwrap();
    for _ in 0..3 {
        floor.pass(10_000).await;
        assert!(runner.tick().await.is_err(), "nothing is done that cannot be written");
    }
    opened(true).await;
    for _ in 0..30 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
}

/// How many seeds, and from which on.
fn seeds() -> std::ops::Range<u64> {
    let count = env::var("FAULT_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(SEEDS);
    let first = env::var("FAULT_SEED").ok().and_then(|first| first.parse().ok()).unwrap_or(1);
    first..first + count
}

/// Runs a seed; answers how often it has traded, and nothing where it was violated.
#[allow(clippy::print_stdout, reason = "whoever runs many is told how far they are")]
fn outcome(seed: u64) -> Option<usize> {
    let run = || testkit::run(module_path!(), "no_order_is_lost_or_doubled", |db| an_hour(db, seed));
    let outcome = panic::catch_unwind(run).ok();
    println!("FAULT_SEED={seed}: {}", outcome.map_or("violated".to_owned(), |fills| format!("{fills} fills")));
    outcome
}

#[test]
fn no_order_is_lost_or_doubled_whatever_goes_wrong() {
    let seeds = seeds();
    let (count, left, outcomes) = (seeds.end - seeds.start, Mutex::new(seeds), Mutex::new(vec![]));
    let work = || {
        // a statement of its own: the lock is not kept while the seed runs
        while let Some(seed) = { left.lock().unwrap().next() } {
            let outcome = outcome(seed);
            outcomes.lock().unwrap().push((seed, outcome));
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let outcomes = outcomes.into_inner().unwrap();
    let violated: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_none()).map(|(seed, _)| seed).collect();
    assert!(violated.is_empty(), "violated by the seeds {violated:?}");
    let fills: usize = outcomes.iter().filter_map(|(_, outcome)| *outcome).sum();
    assert!(fills as u64 > 5 * count, "they have traded {fills} times only");
}
