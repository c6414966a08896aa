//! What bots tell of their profit, and the halts that follow.

use crate::support::{HALTS, LIMITS, amount, app, bot, manager, operator};
use chrono::TimeDelta;
use risk::Cause;
use testkit::{Member, PgPool, TestApp, db_test, json};
use uuid::Uuid;

/// Live bots, each of 500.
async fn bots(app: &TestApp, of: &Member, count: usize) -> Vec<Uuid> {
    let mut tx = app.tenant(of.tenant).await;
    let mut made = vec![];
    for _ in 0..count {
        made.push(bot(&mut tx, "live", "500").await);
    }
    tx.commit().await.unwrap();
    made
}

/// The causes of what begins when a bot tells this.
async fn told(app: &TestApp, of: &Member, bot: Uuid, profit: &str) -> Vec<Cause> {
    let mut tx = app.tenant(of.tenant).await;
    let begun = risk::report(&mut tx, "USDT", &[(bot, amount(profit))]).await.unwrap();
    tx.commit().await.unwrap();
    begun.iter().map(|halt| halt.cause).collect()
}

async fn lift(of: &Member) {
    let halts = of.get(HALTS).await.ok();
    let newest = format!("{HALTS}/{}/lift", halts[0]["id"].as_str().unwrap());
    of.post(&newest, &json!({})).await.ok();
}

#[db_test]
async fn a_day_counts_what_all_bots_have_lost_and_ends_at_midnight(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxDailyLoss": "50" })).await.ok();
    let bots = bots(&app, &ana, 2).await;
    assert_eq!(told(&app, &ana, bots[0], "20").await, []);
    assert_eq!(told(&app, &ana, bots[0], "-30").await, []);
    assert_eq!(told(&app, &ana, bots[1], "-19.99").await, []);
    assert_eq!(told(&app, &ana, bots[1], "-20").await, [Cause::DailyLoss]);
    assert_eq!(told(&app, &ana, bots[1], "-25").await, [], "it is halted already");
    let halt = ana.get("/api/v1/risk").await.ok()["halts"][0].clone();
    assert_eq!(halt["message"], "The day has lost 50 USDT; the limit of the tenant is 50.");
    app.clock().advance(TimeDelta::days(1));
    let standing = ana.get("/api/v1/risk").await.ok();
    assert_eq!((&standing["halts"], &standing["currencies"][0]["profitToday"]), (&json!([]), &json!("0")));
    // what was lost before midnight is no loss of this day
    assert_eq!(told(&app, &ana, bots[0], "-60").await, []);
    assert_eq!(told(&app, &ana, bots[1], "-45").await, [Cause::DailyLoss]);
    assert_eq!(ana.get("/api/v1/risk").await.ok()["currencies"][0]["profit"], "-105");
}

#[db_test]
async fn that_a_bot_is_deleted_hides_no_loss(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxDailyLoss": "50", "maxDrawdownPercent": "11" })).await.ok();
    let bots = bots(&app, &ana, 2).await;
    assert_eq!(told(&app, &ana, bots[0], "-30").await, []);
    let mut tx = app.tenant(ana.tenant).await;
    sqlx::query("delete from bots where id = $1").bind(bots[0]).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ana.get("/api/v1/risk").await.ok()["currencies"][0]["profitToday"], "-30");
    // 50 of the 500 that are left are a tenth
    assert_eq!(told(&app, &ana, bots[1], "-20").await, [Cause::DailyLoss]);
    assert_eq!(told(&app, &ana, bots[1], "-25").await, [Cause::Drawdown]);
}

#[db_test]
async fn a_limit_that_is_lowered_below_the_loss_halts_at_the_next_report(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    let bots = bots(&app, &ana, 1).await;
    assert_eq!(told(&app, &ana, bots[0], "-30").await, []);
    ana.put(LIMITS, &json!({ "maxDailyLoss": "20" })).await.ok();
    assert_eq!(told(&app, &ana, bots[0], "-30").await, [Cause::DailyLoss]);
}

#[db_test]
async fn what_was_lost_before_a_lift_does_not_halt_again(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxDailyLoss": "50" })).await.ok();
    let bots = bots(&app, &ana, 1).await;
    assert_eq!(told(&app, &ana, bots[0], "-55").await, [Cause::DailyLoss]);
    lift(&ana).await;
    assert_eq!(told(&app, &ana, bots[0], "-104").await, []);
    assert_eq!(told(&app, &ana, bots[0], "-105").await, [Cause::DailyLoss]);
}

#[db_test]
async fn a_drawdown_is_measured_from_the_peak_and_lasts_beyond_the_day(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (manager(&app).await, operator(&app).await);
    root.put("/api/v1/risk/platform/limits/USDT", &json!({ "maxDrawdownPercent": "10" })).await.ok();
    let bots = bots(&app, &ana, 2).await;
    assert_eq!(told(&app, &ana, bots[0], "150").await, []);
    app.clock().advance(TimeDelta::days(2));
    assert_eq!(told(&app, &ana, bots[1], "-99").await, []);
    assert_eq!(told(&app, &ana, bots[1], "-100").await, [Cause::Drawdown]);
    app.clock().advance(TimeDelta::days(2));
    let standing = ana.get("/api/v1/risk").await.ok();
    assert_eq!(
        (&standing["currencies"][0]["peak"], &standing["currencies"][0]["profit"]),
        (&json!("150"), &json!("50"))
    );
    assert_eq!(standing["currencies"][0]["drawdownPercent"], "10");
    let words = "The profit in USDT is 10 % of the capital below its peak; the limit of the platform is 10 %.";
    assert_eq!(standing["halts"][0]["message"], words);
    lift(&ana).await;
    assert_eq!(told(&app, &ana, bots[1], "-199").await, []);
    assert_eq!(told(&app, &ana, bots[1], "-200").await, [Cause::Drawdown]);
}

#[db_test]
async fn two_losses_at_once_are_one_halt(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxDailyLoss": "50" })).await.ok();
    let bots = bots(&app, &ana, 2).await;
    let (one, other) = futures::join!(told(&app, &ana, bots[0], "-30"), told(&app, &ana, bots[1], "-30"));
    assert_eq!([one, other].concat(), [Cause::DailyLoss], "each sees what the other has lost");
}
