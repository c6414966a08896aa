//! What becomes of the bots of a tenant that the platform suspends.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use chrono::TimeDelta;
use common::*;
use testkit::{Member, PgPool, TestApp, db_test, json};

/// An operator of the platform.
async fn operator(app: &TestApp) -> Member {
    let admin = app.member([]).await;
    let mut tx = app.system().await;
    let done = sqlx::query("update users set role = 'admin' where id = $1").bind(admin.user);
    done.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    admin
}

async fn fed(app: &TestApp, runner: &Runner) -> (usize, usize) {
    app.clock().advance(TimeDelta::seconds(1));
    let tick = runner.tick().await.unwrap();
    (tick.held, tick.candles)
}

#[db_test]
async fn the_bots_of_a_suspended_tenant_stand_still_and_go_on_where_they_were(db: PgPool) {
    let app = app(db).await;
    let (admin, (ana, strategy), candles) = (operator(&app).await, trader(&app, &candles(600)).await, 100);
    let bot = started(&ana, "Held up", &strategy, json!({ "kind": "replay", "speed": candles })).await;
    let (runner, other) = (Runner::new(app.app()), Runner::new(app.app()));
    assert_eq!(fed(&app, &runner).await.0, 1);
    assert_eq!(fed(&app, &runner).await, (1, candles));
    let token = "select lease_token from bots";
    let lease_token = async || -> i64 { sqlx::query_scalar(token).fetch_one(app.system().await.conn()).await.unwrap() };
    let (before, held) = (journal(&app, &bot).await, lease_token().await);

    let at = |verb: &str| format!("/api/tenant/{}/{verb}", ana.tenant);
    admin.post(&at("suspend"), &json!({ "reason": "Unpaid invoices" })).await.ok();
    assert!(lease_token().await > held, "whoever runs it at this moment writes nothing more");
    for runner in [&runner, &other, &runner] {
        assert_eq!(fed(&app, runner).await, (0, 0));
    }
    assert_eq!(journal(&app, &bot).await, before);
    for verb in ["start", "pause", "stop"] {
        let path = format!("/api/v1/bots/{bot}/{verb}");
        ana.post(&path, &json!({})).await.refused(403, "TENANT_SUSPENDED");
    }

    admin.post(&at("unsuspend"), &json!({})).await.ok();
    assert_eq!(status(&ana, &bot).await, "running");
    assert_eq!(fed(&app, &other).await.0, 1);
    assert_eq!(fed(&app, &other).await, (1, candles));
    assert!(journal(&app, &bot).await.starts_with(&before));
}
