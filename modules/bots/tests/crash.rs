//! Bots whose runner is killed, and runners that come too late.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use chrono::TimeDelta;
use common::*;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

/// Longer than a lease lasts.
const DEAD: TimeDelta = TimeDelta::seconds(6);

/// Polls a future so often and drops it then, wherever it stands: what a kill does.
async fn killed_after<F: Future>(polls: usize, work: F) -> Option<F::Output> {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// All that a bot has come to, without what tells it from another of the same making.
async fn outcome(app: &TestApp, member: &Member, bot: &str) -> Value {
    let position = member.get(&format!("/api/v1/positions?botId={bot}")).await.ok();
    let curve = member.get(&format!("/api/v1/portfolio/equity?botId={bot}&points=5000")).await.ok();
    let performance = member.get(&format!("/api/v1/bots/{bot}/performance")).await.ok();
    let mut position = position[0].clone();
    position.as_object_mut().expect("a position").retain(|key, _| key != "botId" && key != "updatedAt");
    let journal: Vec<_> = journal(app, bot).await.iter().map(|(at, input)| json!([at, input])).collect();
    json!({
        "status": status(member, bot).await,
        "orders": all_orders(member, bot).await,
        "fills": all_fills(member, bot).await,
        "journal": journal,
        "position": position,
        "equity": curve,
        "performance": performance,
    })
}

#[db_test]
async fn a_bot_killed_anywhere_ends_as_one_that_nobody_killed(db: PgPool) {
    let (app, candles) = (app(db).await, candles(900));
    let (ana, strategy) = trader(&app, &candles).await;
    let calm = started(&ana, "Calm", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    run_out(&Runner::new(app.app())).await;

    let bot = started(&ana, "Killed", &strategy, json!({ "kind": "replay", "speed": 20 })).await;
    let mut killed = 0;
    for turn in 0..90 {
        // where the answers come at once there are few polls: half of the kills come early
        let polls = if turn % 4 < 2 { turn / 2 % 23 } else { turn / 2 % 4 };
        let runner = Runner::new(app.app());
        // now the making anew is killed, now a later transaction
        if turn % 2 == 0 {
            runner.tick().await.unwrap();
        }
        app.clock().advance(TimeDelta::milliseconds(500));
        killed += usize::from(Box::pin(killed_after(polls, runner.tick())).await.is_none());
        drop(runner);
        app.clock().advance(DEAD);
    }
    assert!(killed > 45, "only {killed} of the kills came before the end of the work");
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "speed": "max" })).await.ok();
    run_out(&Runner::new(app.app())).await;

    let (calm, killed) = (outcome(&app, &ana, &calm).await, outcome(&app, &ana, &bot).await);
    assert!(calm["fills"].as_array().unwrap().len() > 50);
    for (part, expected) in calm.as_object().unwrap() {
        assert_eq!(&killed[part], expected, "{part}");
    }
}

#[db_test]
async fn a_runner_that_went_silent_loses_its_bots_and_writes_nothing_more(db: PgPool) {
    let (app, candles) = (app(db).await, candles(400));
    let (ana, strategy) = trader(&app, &candles).await;
    let bot = started(&ana, "Wanted", &strategy, json!({ "kind": "replay", "speed": 10 })).await;
    let (first, second) = (Runner::new(app.app()), Runner::new(app.app()));
    assert_eq!((first.tick().await.unwrap().held, second.tick().await.unwrap().held), (1, 0));
    app.clock().advance(DEAD);
    assert_eq!(second.tick().await.unwrap().held, 1);
    app.clock().advance(TimeDelta::seconds(1));
    assert_eq!(first.tick().await.unwrap(), bots::Tick::default());
    assert_eq!(second.tick().await.unwrap().candles, 10);
    assert_eq!(ana.get(&format!("/api/v1/bots/{bot}")).await.ok()["candles"], 12);
}

#[db_test]
async fn a_runner_that_says_goodbye_leaves_its_bots_to_others_at_once(db: PgPool) {
    let (app, candles) = (app(db).await, candles(400));
    let (ana, strategy) = trader(&app, &candles).await;
    started(&ana, "Handed over", &strategy, json!({ "kind": "replay", "speed": 10 })).await;
    let (first, second) = (Runner::new(app.app()), Runner::new(app.app()));
    first.tick().await.unwrap();
    first.release().await.unwrap();
    assert_eq!(second.tick().await.unwrap().held, 1);
}

#[db_test]
async fn a_paused_bot_goes_on_where_it_was(db: PgPool) {
    let (app, candles) = (app(db).await, candles(600));
    let (ana, strategy) = trader(&app, &candles).await;
    let calm = started(&ana, "Calm", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    let runner = Runner::new(app.app());
    run_out(&runner).await;
    let bot = started(&ana, "Paused", &strategy, json!({ "kind": "replay", "speed": 50 })).await;
    for _ in 0..5 {
        runner.tick().await.unwrap();
        app.clock().advance(TimeDelta::seconds(1));
        runner.tick().await.unwrap();
        ana.post(&format!("/api/v1/bots/{bot}/pause"), &json!({})).await.ok();
        app.clock().advance(TimeDelta::hours(1));
        assert_eq!(runner.tick().await.unwrap(), bots::Tick::default(), "a paused bot is fed nothing");
        ana.post(&format!("/api/v1/bots/{bot}/start"), &json!({})).await.ok();
    }
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "speed": "max" })).await.ok();
    run_out(&runner).await;
    assert_eq!(outcome(&app, &ana, &bot).await, outcome(&app, &ana, &calm).await);
}

#[db_test]
async fn a_stopped_bot_takes_its_orders_back_and_sells_its_coins(db: PgPool) {
    let (app, candles) = (app(db).await, candles(600));
    let (ana, strategy) = trader(&app, &candles).await;
    let runner = Runner::new(app.app());
    for (name, coins, left) in [("Seller", "sell", false), ("Keeper", "keep", true)] {
        let bot = started(&ana, name, &strategy, json!({ "kind": "replay", "speed": 20 })).await;
        let open = format!("/api/v1/positions?botId={bot}&open=true");
        while ana.get(&open).await.ok() == json!([]) {
            runner.tick().await.unwrap();
            app.clock().advance(TimeDelta::milliseconds(50));
        }
        let stopping = ana.post(&format!("/api/v1/bots/{bot}/stop?coins={coins}"), &json!({})).await.ok();
        assert_eq!(stopping["status"], "stopping");
        run_out(&runner).await;
        assert_eq!(status(&ana, &bot).await, "stopped");
        assert_eq!(ana.get(&open).await.ok() != json!([]), left, "{name}");
        let orders = all_orders(&ana, &bot).await;
        let finals = ["filled", "cancelled", "rejected"];
        assert!(orders.iter().all(|order| finals.contains(&order["status"].as_str().unwrap())), "{orders:?}");
        assert_eq!(orders.last().unwrap()["purpose"] == "stopped", !left);
    }
}

#[db_test]
async fn a_bot_without_candles_fails_says_what_to_do_and_disturbs_nobody(db: PgPool) {
    let (app, candles) = (app(db).await, candles(300));
    let (ana, strategy) = trader(&app, &candles).await;
    let bob = app.member(PERMISSIONS).await;
    let his = bob.post("/api/v1/strategies", &common::strategy("Often")).await.created();
    let his = text(&his["id"]);
    let poor = started(&bob, "Poor", &his, json!({ "kind": "replay", "speed": "max" })).await;
    let late = json!({ "kind": "replay", "from": "2030-01-01T00:00:00Z", "speed": "max" });
    let late = started(&ana, "Late", &strategy, late).await;
    let good = started(&ana, "Good", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    let runner = Runner::new(app.app());
    run_out(&runner).await;
    assert_eq!(status(&ana, &good).await, "finished");
    for (member, bot, says) in
        [(&bob, &poor, "/api/v1/market-data/candles/import"), (&ana, &late, "no candles of BTC/USDT")]
    {
        assert_eq!(status(member, bot).await, "failed");
        let event = member.get(&format!("/api/v1/bots/{bot}/events?limit=1")).await.ok()[0].clone();
        assert_eq!(event["kind"], "bot.failed");
        let message = text(&event["message"]);
        assert!(message.contains(says) && message.ends_with("Then start it again."), "{message}");
    }
    import(&bob, &candles).await;
    bob.post(&format!("/api/v1/bots/{poor}/start"), &json!({})).await.ok();
    run_out(&runner).await;
    assert_eq!(status(&bob, &poor).await, "finished");
}

#[db_test]
async fn a_bot_whose_figures_were_tampered_with_fails_instead_of_trading_on(db: PgPool) {
    let (app, candles) = (app(db).await, candles(300));
    let (ana, strategy) = trader(&app, &candles).await;
    let bot = started(&ana, "Tampered", &strategy, json!({ "kind": "replay", "speed": 100 })).await;
    let runner = Runner::new(app.app());
    runner.tick().await.unwrap();
    let mut tx = app.system().await;
    sqlx::query("update positions set cash = cash + 1").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    app.clock().advance(DEAD);
    assert_eq!(Runner::new(app.app()).tick().await.unwrap().candles, 0);
    assert_eq!(status(&ana, &bot).await, "failed");
}

#[db_test]
async fn nobody_changes_the_journal_fills_or_events(db: PgPool) {
    let app = app(db).await;
    for table in ["bot_journal", "fills", "bot_events", "equity_points"] {
        for statement in [format!("delete from {table}"), format!("update {table} set bot_id = bot_id")] {
            let mut tx = app.system().await;
            let refused = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(tx.conn()).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
        }
    }
}

/// Waits until it is so, for as long as a test may take.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect("it comes to be so");
}

#[db_test]
async fn the_service_runs_bots_by_itself_and_gives_them_back_when_it_is_told_to_end(db: PgPool) {
    let (app, candles) = (app(db).await, candles(1_200));
    let (ana, strategy) = trader(&app, &candles).await;
    let [service] = bots::module().services else { panic!("one service") };
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn((service.run)(app.app().clone(), stop.clone()));
    let fast = started(&ana, "Fast", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    let slow = started(&ana, "Slow", &strategy, json!({ "kind": "replay", "speed": 0.001 })).await;
    until(async || status(&ana, &fast).await == "finished").await;
    until(async || ana.get(&format!("/api/v1/bots/{slow}")).await.ok()["candles"] == 1).await;
    stop.cancel();
    running.await.expect("the service ends well");
    assert_eq!(status(&ana, &slow).await, "running");
    assert_eq!(Runner::new(app.app()).tick().await.unwrap().held, 1, "another takes it over at once");
}
