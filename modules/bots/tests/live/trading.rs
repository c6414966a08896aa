//! A live bot where nothing goes wrong.

use crate::floor::{CASH, Floor, decimal, moment};
use bots::Runner;
use rust_decimal::Decimal;
use testkit::{PgPool, db_test, json};

const MINUTE: i64 = 60_000;

#[db_test]
async fn a_live_bot_buys_and_sells_on_its_account_and_knows_what_it_has(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let bot = floor.started("Live").await;
    let runner = Runner::new(floor.app.app());
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    floor.agrees(&bot).await;
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    let fills = crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await;
    assert!(fills.len() > 10, "{}", fills.len());
    assert!(fills.iter().any(|fill| fill["feeAsset"] == "BTC") && fills.iter().any(|fill| fill["feeAsset"] == "USDT"));
    // what is left is less than the exchange trades
    assert!(floor.holds("BTC").await < Decimal::new(1, 5));
    let shown = floor.ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
    assert_eq!((&shown["mode"], &shown["connectionId"]), (&json!("live"), &json!(floor.connection)));
    assert_eq!(shown["feed"]["kind"], "live");

    // the exchange's prices are not those of a simulated venue, but the signals are the same
    let difference = floor.ana.get(&format!("/api/v1/bots/{bot}/difference")).await.ok();
    let (own, tried) = (&difference["bot"], &difference["backtest"]);
    assert_eq!(own["trades"], tried["trades"], "{difference}");
    assert_ne!(own["fees"], tried["fees"], "{difference}");
    let missed = |it: &testkit::Value| it["bot"].is_null() || it["backtest"].is_null();
    assert!(!difference["trades"].as_array().unwrap().iter().any(missed), "{difference}");
}

#[db_test]
async fn what_closed_before_the_start_or_long_ago_opens_no_position(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    floor.pass(90 * MINUTE).await;
    let bot = floor.started("Late").await;
    let runner = Runner::new(floor.app.app());
    floor.work(&runner).await;
    let orders = floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok();
    assert_eq!(orders, json!([]), "what closed before the start only warms up");
    // nobody runs it for an hour
    floor.pass(60 * MINUTE).await;
    floor.work(&runner).await;
    let orders = floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok();
    assert_eq!(orders, json!([]), "what closed long ago is no news");
    let shown = floor.ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
    assert!(moment(&shown["lastCandle"]) > moment(&shown["feed"]["from"]));
    for _ in 0..40 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    assert_ne!(floor.ana.get(&format!("/api/v1/orders?botId={bot}")).await.ok(), json!([]));
    floor.agrees(&bot).await;
}

#[db_test]
async fn not_even_the_first_candle_that_was_missed_opens_a_position(db: PgPool) {
    let mut strategy = crate::floor::crossing();
    (strategy["entry"], strategy["exit"]) = (json!({ "gt": ["close", 0] }), json!({ "lt": ["close", 0] }));
    let floor = Floor::with(db, 3, &strategy).await;
    let bot = floor.started("Eager").await;
    let runner = Runner::new(floor.app.app());
    floor.work(&runner).await;
    // the last candle has closed 46 seconds ago, too
    floor.pass(60 * MINUTE + 45_000).await;
    floor.work(&runner).await;
    let path = format!("/api/v1/orders?botId={bot}");
    assert_eq!(floor.ana.get(&path).await.ok(), json!([]));
    floor.pass(15_000).await;
    floor.work(&runner).await;
    assert_ne!(floor.ana.get(&path).await.ok(), json!([]));
}

#[db_test]
async fn a_stop_and_a_target_stand_as_a_pair(db: PgPool) {
    let mut strategy = crate::floor::crossing();
    strategy["protect"] =
        json!({ "stopLoss": { "percent": "1" }, "takeProfit": [{ "percent": "0.3", "sell": "100" }] });
    strategy["orders"] = json!({ "pair": "oco" });
    let floor = Floor::with(db, 5, &strategy).await;
    let bot = floor.started("Paired").await;
    let runner = Runner::new(floor.app.app());
    for _ in 0..80 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    floor.stop(&bot, &runner).await;
    floor.agrees(&bot).await;
    let orders = floor.ana.get(&format!("/api/v1/orders?botId={bot}&limit=100")).await.ok();
    let of = |purpose: &str, status: &str| {
        orders.as_array().unwrap().iter().filter(|it| it["purpose"] == purpose && it["status"] == status).count()
    };
    assert!(of("takeProfit", "filled") > 0, "{orders}");
    assert!(of("stopLoss", "expired") + of("stopLoss", "cancelled") > 0, "{orders}");
}

#[db_test]
async fn a_paper_bot_follows_the_live_market_too(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let wish = json!({
        "name": "Paper", "mode": "paper", "strategyId": floor.strategy, "initialCash": CASH.to_string(),
        "feed": { "kind": "live" }
    });
    let bot = crate::common::text(&floor.ana.post("/api/v1/bots", &wish).await.created()["id"]);
    floor.ana.post(&format!("/api/v1/bots/{bot}/start"), &json!({})).await.ok();
    let runner = Runner::new(floor.app.app());
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
    }
    let fills = crate::common::whole_feed(&floor.ana, &format!("/api/v1/fills?botId={bot}")).await;
    assert!(fills.len() > 5);
    assert_eq!(floor.holds("USDT").await, Decimal::from(crate::floor::DEPOSIT), "nothing is sent");
    assert_ne!(decimal(&floor.ana.get(&format!("/api/v1/positions?botId={bot}")).await.ok()[0]["fees"]), Decimal::ZERO);
}

#[db_test]
async fn the_kill_switch_stops_all_of_the_tenants_bots_and_nobody_elses(db: PgPool) {
    let floor = Floor::new(db, 3).await;
    let (first, second) = (floor.started("First").await, floor.started("Second").await);
    let waiting = crate::common::text(&floor.ana.post("/api/v1/bots", &floor.wish("Third")).await.created()["id"]);
    let runner = Runner::new(floor.app.app());
    // until both hold something, behind a stop
    for _ in 0..60 {
        floor.pass(MINUTE).await;
        floor.work(&runner).await;
        if floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await.as_array().unwrap().len() == 2 {
            break;
        }
    }
    floor.ana.post(&format!("/api/v1/bots/{first}/pause"), &json!({})).await.ok();
    floor.ana.delete(&format!("/api/v1/bots/{first}")).await.refused(409, "ORDERS_OPEN");
    // what it has spent is not asked for again
    floor.ana.post(&format!("/api/v1/bots/{first}/start"), &json!({})).await.ok();
    floor.ana.post(&format!("/api/v1/bots/{first}/pause"), &json!({})).await.ok();
    let permissions: Vec<_> = crate::common::PERMISSIONS.into_iter().collect();
    let bob = floor.app.member_with(&permissions).await;
    assert_eq!(bob.post("/api/v1/bots/stop", &json!({})).await.ok(), json!({ "stopping": [] }));
    let stopping = floor.ana.post("/api/v1/bots/stop", &json!({})).await.ok();
    assert_eq!(stopping["stopping"].as_array().unwrap().len(), 2);
    for _ in 0..20 {
        floor.work(&runner).await;
        floor.pass(3_000).await;
    }
    for bot in [&first, &second] {
        assert_eq!(crate::common::status(&floor.ana, bot).await, "stopped", "{:?}", floor.events(bot).await);
    }
    assert_eq!(crate::common::status(&floor.ana, &waiting).await, "created");
    assert_eq!(floor.asked("/api/v3/openOrders", "symbol=BTCUSDT").await, json!([]));
    assert!(floor.holds("BTC").await < Decimal::new(2, 5));
}
