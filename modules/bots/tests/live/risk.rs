//! What binds all live bots of a tenant, and of the platform.

use crate::{
    common::{status, text},
    floor::{Floor, decimal, moment},
};
use bots::Runner;
use rust_decimal::Decimal;
use std::time::Duration;
use testkit::{Member, PgPool, Value, db_test, json};
use tokio_util::sync::CancellationToken;

const MINUTE: i64 = 60_000;
const LIMITS: &str = "/api/v1/risk/limits/USDT";
const HALTS: &str = "/api/v1/risk/halts";
const PLATFORM: &str = "/api/v1/risk/platform/halts";

impl Floor {
    async fn minutes(&self, runner: &Runner, minutes: usize) {
        for _ in 0..minutes {
            self.pass(MINUTE).await;
            self.work(runner).await;
        }
    }

    /// Until the bot holds coins.
    async fn until_it_holds(&self, runner: &Runner) {
        for _ in 0..120 {
            self.minutes(runner, 1).await;
            if self.holds("BTC").await > Decimal::new(1, 1) {
                return;
            }
        }
        panic!("the bot never enters");
    }

    async fn told(&self, bot: &str, kind: &str) -> Vec<String> {
        self.events(bot).await.into_iter().filter(|it| it.0 == kind).map(|it| it.1).collect()
    }

    async fn entries(&self, bot: &str) -> Vec<Value> {
        let orders = self.ana.get(&format!("/api/v1/orders?botId={bot}&limit=100")).await.ok();
        orders.as_array().unwrap().iter().filter(|it| it["purpose"] == "entry").cloned().collect()
    }

    async fn operator(&self) -> Member {
        let operator = self.app.member([]).await;
        let mut tx = self.app.system().await;
        let done = sqlx::query("update users set role = 'admin' where id = $1").bind(operator.user);
        done.execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        operator
    }
}

#[db_test]
async fn an_order_beyond_the_tenants_limit_is_refused_and_never_sent(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    // it wants to buy for 3,000
    floor.ana.put(LIMITS, &json!({ "maxExposure": "2999" })).await.ok();
    let (bot, runner) = (floor.started("Bound").await, Runner::new(floor.app.app()));
    floor.minutes(&runner, 60).await;
    assert_eq!(floor.asked("/api/v3/allOrders", "symbol=BTCUSDT").await, json!([]));
    let refused = floor.entries(&bot).await;
    assert!(refused.len() > 3 && refused.iter().all(|it| it["status"] == "rejected" && it["reason"] == "Risk"));
    let told = floor.told(&bot, "risk.refused").await;
    assert_eq!(told.len(), refused.len());
    assert!(told.iter().all(|it| it.contains("maxExposure of the tenant is 2999, and it would be 3000: 1 too much")));
    floor.agrees(&bot).await;

    floor.ana.put(LIMITS, &json!({ "maxExposure": "4000" })).await.ok();
    floor.until_it_holds(&runner).await;
    let standing = floor.ana.get("/api/v1/risk").await.ok();
    let usdt = &standing["currencies"][0];
    assert!(decimal(&usdt["exposure"]) > Decimal::from(2_000), "{usdt}");
    assert_eq!((&usdt["limits"][0]["owner"], &usdt["limits"][0]["limit"]), (&json!("tenant"), &json!("maxExposure")));
    assert_eq!(usdt["limits"][0]["used"], usdt["exposure"]);
    floor.agrees(&bot).await;
}

#[db_test]
async fn two_bots_never_use_the_same_room(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    floor.ana.put(LIMITS, &json!({ "maxExposure": "4000" })).await.ok();
    // they decide alike, at the same candles
    let (first, second) = (floor.started("First").await, floor.started("Second").await);
    let runner = Runner::new(floor.app.app());
    floor.until_it_holds(&runner).await;
    let filled = async |bot: &str| floor.entries(bot).await.iter().filter(|it| it["status"] == "filled").count();
    assert_eq!(filled(&first).await + filled(&second).await, 1);
    let refused = [floor.told(&first, "risk.refused").await, floor.told(&second, "risk.refused").await].concat();
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[db_test]
async fn a_days_loss_halts_every_bot_until_midnight_whoever_runs_it(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    floor.app.keep_sessions().await;
    floor.ana.put(LIMITS, &json!({ "maxDailyLoss": "3" })).await.ok();
    let (bot, other) = (floor.started("Loser").await, floor.started("Bystander").await);
    floor.ana.post(&format!("/api/v1/bots/{other}/pause"), &json!({})).await.ok();
    let runner = Runner::new(floor.app.app());
    for _ in 0..120 {
        floor.minutes(&runner, 1).await;
        if !floor.told(&bot, "risk.halted").await.is_empty() {
            break;
        }
    }
    let halts = floor.ana.get(HALTS).await.ok();
    let [halt] = &halts.as_array().unwrap()[..] else { panic!("one halt, not {halts}") };
    assert_eq!((&halt["cause"], &halt["currency"]), (&json!("dailyLoss"), &json!("USDT")));
    let midnight = moment(&halt["until"]);
    assert_eq!(midnight.millis() % 86_400_000, 0);
    assert!(midnight > floor.app.clock().now());
    let entries = floor.entries(&bot).await.len();

    runner.release().await.unwrap();
    let runner = Runner::new(floor.app.app());
    // the other learns of it when it goes on
    floor.ana.post(&format!("/api/v1/bots/{other}/start"), &json!({})).await.ok();
    floor.minutes(&runner, 90).await;
    assert_eq!(floor.entries(&bot).await.len(), entries, "it makes no entry");
    assert_eq!(floor.told(&bot, "risk.halted").await.len(), 1, "it says so once");
    assert_eq!((floor.told(&other, "risk.halted").await.len(), floor.entries(&other).await.len()), (1, 0));
    assert!(floor.holds("BTC").await < Decimal::new(1, 4), "what it held was looked after");
    assert_eq!(floor.ana.get(HALTS).await.ok().as_array().unwrap().len(), 1, "it is halted once");

    let rest = midnight.millis() - floor.app.clock().now().millis();
    floor.pass(rest - 1).await;
    floor.work(&runner).await;
    assert_eq!(floor.told(&bot, "risk.resumed").await.len(), 0);
    floor.pass(1).await;
    floor.work(&runner).await;
    assert_eq!(floor.told(&bot, "risk.resumed").await.len(), 1);
    assert_eq!(floor.ana.get("/api/v1/risk").await.ok()["halts"], json!([]));
}

#[db_test]
async fn whoever_halts_by_hand_keeps_bots_from_entering_and_starting_until_it_is_lifted(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let (bot, runner) = (floor.started("Halted").await, Runner::new(floor.app.app()));
    floor.until_it_holds(&runner).await;
    let halt = floor.ana.post(HALTS, &json!({ "reason": "The news are bad." })).await.created();
    let entries = floor.entries(&bot).await.len();
    floor.minutes(&runner, 60).await;
    assert_eq!(floor.entries(&bot).await.len(), entries);
    assert_eq!(floor.told(&bot, "risk.halted").await, ["The bot makes no entries: The news are bad."]);
    assert!(floor.holds("BTC").await < Decimal::new(1, 4), "it left by its own rules");
    floor.agrees(&bot).await;

    let new = text(&floor.ana.post("/api/v1/bots", &floor.wish("New")).await.created()["id"]);
    let start = format!("/api/v1/bots/{new}/start?confirm=New");
    let refusal = floor.ana.post(&start, &json!({})).await.refused(409, "CHECKLIST_FAILED");
    assert_eq!(refusal["context"]["checks"][0]["code"], "HALTS");

    let lift = format!("{HALTS}/{}/lift", text(&halt["id"]));
    floor.ana.post(&lift, &json!({})).await.ok();
    floor.ana.post(&lift, &json!({})).await.refused(409, "HALT_OVER");
    floor.minutes(&runner, 60).await;
    assert_eq!(floor.told(&bot, "risk.resumed").await.len(), 1);
    assert!(floor.entries(&bot).await.len() > entries);
    floor.agrees(&bot).await;
}

#[db_test]
async fn a_bot_that_sleeps_until_its_next_candle_is_woken_by_a_halt(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let _hears = floor.app.remembers().await;
    let bot = floor.started("Asleep").await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(Runner::new(floor.app.app()).run(stop.clone()));
    let fed = async || floor.ana.get(&format!("/api/v1/bots/{bot}")).await.ok()["candles"].as_u64() > Some(0);
    until(fed).await;
    floor.ana.post(HALTS, &json!({ "reason": "Wake up." })).await.created();
    // the clock stands, so its next candle is a minute away for ever
    until(async || !floor.told(&bot, "risk.halted").await.is_empty()).await;
    stop.cancel();
    running.await.unwrap();
}

/// Waits until it is so, for less than a bot sleeps between its candles.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it comes to be so");
}

#[db_test]
async fn a_halt_takes_waiting_entries_back_from_the_exchange(db: PgPool) {
    let mut strategy = crate::floor::crossing();
    strategy["orders"] = json!({ "entry": { "kind": "limit", "offset": "5" } });
    let floor = Floor::with(db, 3, &strategy).await;
    let (bot, runner) = (floor.started("Waiting").await, Runner::new(floor.app.app()));
    let open = async || floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await.as_array().unwrap().len();
    for _ in 0..120 {
        floor.minutes(&runner, 1).await;
        if open().await > 0 {
            break;
        }
    }
    assert_eq!(open().await, 1);
    floor.ana.post(HALTS, &json!({ "reason": "Stand back.", "currency": "USDT" })).await.created();
    // whoever takes it over knows of no wish to take it back but the halt
    runner.release().await.unwrap();
    let runner = Runner::new(floor.app.app());
    floor.work(&runner).await;
    assert_eq!(open().await, 0);
    assert_eq!(floor.entries(&bot).await[0]["status"], "cancelled");
    floor.agrees(&bot).await;
}

#[db_test]
async fn the_platforms_halt_flattens_every_live_bot_of_every_tenant(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let (first, second) = (floor.started("First").await, floor.started("Second").await);
    let (bob, his) = floor.another("His").await;
    let runner = Runner::new(floor.app.app());
    floor.until_it_holds(&runner).await;
    floor.ana.post(&format!("/api/v1/bots/{second}/pause"), &json!({})).await.ok();
    let wish = json!({ "reason": "The exchange is in trouble.", "stop": "sell" });
    floor.ana.post(PLATFORM, &wish).await.refused(403, "FORBIDDEN");
    let operator = floor.operator().await;
    let halt = operator.post(PLATFORM, &wish).await.created();
    assert_eq!((&halt["stop"], &halt["liftedAt"]), (&json!("sell"), &Value::Null));
    floor.app.run_jobs().await;
    for _ in 0..20 {
        floor.work(&runner).await;
        floor.pass(3_000).await;
    }
    for bot in [&first, &second] {
        assert_eq!(status(&floor.ana, bot).await, "stopped", "{:?}", floor.events(bot).await);
    }
    assert_eq!(status(&bob, &his).await, "stopped");
    assert_eq!(floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await, json!([]));
    assert!(floor.holds("BTC").await < Decimal::new(3, 5));
    let mut tx = floor.app.system().await;
    let trail = "select count(*) from audit_entries
                 where action = 'bot.stopping' and actor_id = $1 and tenant_id = $2";
    let trail = sqlx::query_scalar::<_, i64>(trail).bind(operator.user).bind(floor.ana.tenant);
    assert_eq!(trail.fetch_one(tx.conn()).await.unwrap(), 2, "the trail of the tenant tells who stopped them");

    let standing = floor.ana.get("/api/v1/risk").await.ok();
    assert_eq!(standing["halts"][0]["cause"], "platform");
    let lift = format!("{PLATFORM}/{}/lift", text(&halt["id"]));
    floor.ana.post(&lift, &json!({})).await.refused(403, "FORBIDDEN");
    operator.post(&lift, &json!({})).await.ok();
    assert_eq!(floor.ana.get("/api/v1/risk").await.ok()["halts"], json!([]));
}
