//! Bots, orders, fills and the portfolio as their users see them.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use testkit::{PgPool, Value, db_test, json};

fn replay() -> Value {
    json!({ "kind": "replay", "speed": "max" })
}

#[db_test]
async fn a_bot_is_created_read_renamed_listed_and_deleted(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let bot = ana.post("/api/v1/bots", &new_bot("First", &strategy, replay())).await.created();
    assert_eq!((&bot["status"], &bot["kind"], &bot["mode"]), (&json!("created"), &json!("strategy"), &json!("paper")));
    assert_eq!((&bot["symbols"], &bot["timeframe"]), (&json!(["BTC/USDT"]), &json!("5m")));
    assert_eq!(
        (&bot["strategyVersion"], &bot["initialCash"], &bot["candles"]),
        (&json!(1), &json!("10000"), &json!(0))
    );
    assert_eq!((&bot["fees"]["paidIn"], &bot["slippageBps"]), (&json!("received"), &json!("3")));
    assert_eq!(bot["feed"], replay());
    let path = format!("/api/v1/bots/{}", text(&bot["id"]));
    assert_eq!(ana.get(&path).await.ok(), bot);

    ana.post("/api/v1/bots", &new_bot("First", &strategy, replay())).await.refused(409, "BOT_NAME_TAKEN");
    ana.post("/api/v1/bots", &new_bot("Second", &strategy, replay())).await.created();
    ana.patch(&path, &json!({ "name": "Second" })).await.refused(409, "BOT_NAME_TAKEN");
    assert_eq!(ana.patch(&path, &json!({ "name": "Prime" })).await.ok()["name"], "Prime");
    let names = |list: Value| list.as_array().unwrap().iter().map(|bot| text(&bot["name"])).collect::<Vec<_>>();
    assert_eq!(names(ana.get("/api/v1/bots?sort=name").await.ok()), ["Prime", "Second"]);
    assert_eq!(names(ana.get("/api/v1/bots?q=SEC&status=created").await.ok()), ["Second"]);
    assert_eq!(ana.get("/api/v1/bots?status=running").await.ok(), json!([]));
    assert_eq!(ana.get("/api/v1/portfolio").await.ok()["totals"][0]["equity"], "20000");

    ana.delete(&format!("/api/v1/strategies/{strategy}")).await.refused(403, "FORBIDDEN");
    ana.delete(&path).await.no_content();
    ana.get(&path).await.refused(404, "BOT_NOT_FOUND");
}

#[db_test]
async fn a_bot_keeps_the_version_of_its_strategy(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(50)).await;
    let mut newer = common::strategy("Often");
    newer["sizing"]["percent"] = json!("10");
    let bot = ana.post("/api/v1/bots", &new_bot("Old", &strategy, replay())).await.created();
    ana.put(&format!("/api/v1/strategies/{strategy}"), &newer).await.ok();
    let path = format!("/api/v1/bots/{}", text(&bot["id"]));
    assert_eq!(ana.get(&path).await.ok()["strategyVersion"], 1);
    assert_eq!(ana.post("/api/v1/bots", &new_bot("New", &strategy, replay())).await.created()["strategyVersion"], 2);
    let mut wanted = new_bot("Never", &strategy, replay());
    wanted["strategyVersion"] = json!(3);
    ana.post("/api/v1/bots", &wanted).await.refused(404, "STRATEGY_VERSION_NOT_FOUND");
}

#[db_test]
async fn a_tenant_never_sees_or_touches_anothers_bots(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(200)).await;
    let bob = app.member(PERMISSIONS).await;
    let bot = started(&ana, "Hers", &strategy, replay()).await;
    run_out(&Runner::new(app.app())).await;
    let order = text(&ana.get("/api/v1/orders").await.ok()[0]["id"]);

    for list in ["bots", "orders", "fills", "positions"] {
        assert_ne!(ana.get(&format!("/api/v1/{list}")).await.ok(), json!([]), "{list}");
        assert_eq!(bob.get(&format!("/api/v1/{list}")).await.ok(), json!([]), "{list}");
    }
    for list in [format!("orders?botId={bot}"), format!("fills?botId={bot}"), format!("fills?orderId={order}")] {
        assert_ne!(ana.get(&format!("/api/v1/{list}")).await.ok(), json!([]), "{list}");
        assert_eq!(bob.get(&format!("/api/v1/{list}")).await.ok(), json!([]), "{list}");
    }
    assert_eq!(bob.get("/api/v1/portfolio").await.ok(), json!({ "totals": [], "bots": [] }));
    for path in [format!("bots/{bot}"), format!("bots/{bot}/events"), format!("bots/{bot}/performance")] {
        ana.get(&format!("/api/v1/{path}")).await.ok();
        bob.get(&format!("/api/v1/{path}")).await.refused(404, "BOT_NOT_FOUND");
    }
    ana.get(&format!("/api/v1/orders/{order}")).await.ok();
    bob.get(&format!("/api/v1/orders/{order}")).await.refused(404, "ORDER_NOT_FOUND");
    bob.get(&format!("/api/v1/portfolio/equity?botId={bot}")).await.refused(404, "BOT_NOT_FOUND");
    for verb in ["start", "pause", "stop"] {
        bob.post(&format!("/api/v1/bots/{bot}/{verb}"), &json!({})).await.refused(404, "BOT_NOT_FOUND");
    }
    bob.patch(&format!("/api/v1/bots/{bot}"), &json!({ "name": "His" })).await.refused(404, "BOT_NOT_FOUND");
    bob.delete(&format!("/api/v1/bots/{bot}")).await.refused(404, "BOT_NOT_FOUND");
    bob.post("/api/v1/bots", &new_bot("Thief", &strategy, replay())).await.refused(404, "STRATEGY_NOT_FOUND");
    assert_eq!(ana.get(&format!("/api/v1/bots/{bot}")).await.ok()["name"], "Hers");
}

#[db_test]
async fn each_right_opens_its_own_routes_and_no_other(db: PgPool) {
    let app = app(db).await;
    let none = app.member(["audit:read"]).await;
    let id = uuid::Uuid::nil();
    let bot = format!("/api/v1/bots/{id}");
    for path in ["/api/v1/bots", &bot, &format!("{bot}/events"), &format!("{bot}/performance")] {
        assert_eq!(none.get(path).await.refused(403, "FORBIDDEN")["context"]["permission"], "bots:read", "{path}");
    }
    for path in ["/api/v1/orders", &format!("/api/v1/orders/{id}"), "/api/v1/fills"] {
        assert_eq!(none.get(path).await.refused(403, "FORBIDDEN")["context"]["permission"], "orders:read", "{path}");
    }
    for path in ["/api/v1/positions", "/api/v1/portfolio", &format!("/api/v1/portfolio/equity?botId={id}")] {
        assert_eq!(none.get(path).await.refused(403, "FORBIDDEN")["context"]["permission"], "portfolio:read", "{path}");
    }
    let reader = app.member(["bots:read", "bots:write"]).await;
    for verb in ["start", "pause", "stop"] {
        let refusal = reader.post(&format!("{bot}/{verb}"), &json!({})).await.refused(403, "FORBIDDEN");
        assert_eq!(refusal["context"]["permission"], "bots:execute");
    }
    assert_eq!(reader.delete(&bot).await.refused(403, "FORBIDDEN")["context"]["permission"], "bots:delete");
    let runner = app.member(["bots:read", "bots:execute", "bots:delete"]).await;
    assert_eq!(
        runner.post("/api/v1/bots", &json!({})).await.refused(403, "FORBIDDEN")["context"]["permission"],
        "bots:write"
    );
    runner.patch(&bot, &json!({})).await.refused(403, "FORBIDDEN");
    runner.post(&format!("{bot}/start"), &json!({})).await.refused(404, "BOT_NOT_FOUND");
}

#[db_test]
async fn bad_input_is_refused_by_its_path(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(20)).await;
    let good = new_bot("Good", &strategy, replay());
    let cases = [
        ("name", json!(""), "name"),
        ("name", json!("x".repeat(101)), "name"),
        ("name", json!(7), "name"),
        ("kind", json!("grid"), "kind"),
        ("mode", json!("real"), "mode"),
        ("mode", json!("live"), "connectionId"),
        ("strategyId", json!("no id"), "strategyId"),
        ("strategyVersion", json!(0), "strategyVersion"),
        ("initialCash", json!("0"), "initialCash"),
        ("initialCash", json!("-5"), "initialCash"),
        ("initialCash", json!("1000000000001"), "initialCash"),
        ("initialCash", json!(100), "initialCash"),
        ("fees", json!({ "maker": "1.5" }), "fees.maker"),
        ("fill", json!("yesterday"), "fill"),
        ("slippageBps", json!("-1"), "slippageBps"),
        ("volumeShare", json!("2"), "volumeShare"),
        ("feed", json!({ "kind": "live", "speed": "max" }), "feed.speed"),
        ("feed", json!({ "kind": "replay" }), "feed.speed"),
        ("feed", json!({ "kind": "later" }), "feed.kind"),
        ("feed", json!({ "kind": "replay", "speed": 0 }), "feed.speed"),
        ("feed", json!({ "kind": "replay", "speed": 10_001 }), "feed.speed"),
        ("feed", json!({ "kind": "replay", "speed": "fast" }), "feed.speed"),
        ("feed", json!({ "kind": "replay", "speed": "max", "from": "now" }), "feed.from"),
        ("feed", json!({ "kind": "replay", "speed": "max", "from": rfc3339(2), "to": rfc3339(2) }), "feed.to"),
    ];
    for (key, value, path) in cases {
        let mut bad = good.clone();
        bad[key] = value;
        ana.post("/api/v1/bots", &bad).await.invalid(path);
    }
    let mut unknown = good.clone();
    unknown["leverage"] = json!(100);
    ana.post("/api/v1/bots", &unknown).await.refused(422, "VALIDATION_ERROR");
    let bot = text(&ana.post("/api/v1/bots", &good).await.created()["id"]);
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "initialCash": "5" })).await.refused(422, "VALIDATION_ERROR");
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "name": "" })).await.invalid("name");
    ana.post(&format!("/api/v1/bots/{bot}/stop?coins=burn"), &json!({})).await.refused(422, "VALIDATION_ERROR");
    for path in [
        "/api/v1/bots?status=asleep",
        "/api/v1/bots?sort=secret",
        "/api/v1/orders?status=lost",
        "/api/v1/orders?botId=7",
        "/api/v1/orders?sort=id;drop",
        "/api/v1/fills?before=yesterday",
        "/api/v1/portfolio/equity",
        &format!("/api/v1/portfolio/equity?botId={bot}&points=5001"),
        &format!("/api/v1/bots/{bot}/events?after=x"),
    ] {
        ana.get(path).await.refused(422, "VALIDATION_ERROR");
    }
    ana.get("/api/v1/bots/seven").await.refused(400, "BAD_PATH");
    ana.get(&format!("/api/v1/orders/{}", uuid::Uuid::nil())).await.refused(404, "ORDER_NOT_FOUND");
}

#[db_test]
async fn a_bot_refuses_what_its_status_does_not_allow(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(200)).await;
    let bot = text(&ana.post("/api/v1/bots", &new_bot("Turned", &strategy, replay())).await.created()["id"]);
    let path = format!("/api/v1/bots/{bot}");
    let turn = async |verb: &str| ana.post(&format!("{path}/{verb}"), &json!({})).await;
    turn("pause").await.refused(409, "BOT_STATE");
    assert_eq!(turn("start").await.ok()["status"], "running");
    turn("start").await.refused(409, "BOT_STATE");
    ana.delete(&path).await.refused(409, "BOT_STATE");
    assert_eq!(turn("pause").await.ok()["status"], "paused");
    turn("pause").await.refused(409, "BOT_STATE");
    assert_eq!(turn("start").await.ok()["status"], "running");
    run_out(&Runner::new(app.app())).await;
    for verb in ["start", "pause", "stop"] {
        let refusal = turn(verb).await.refused(409, "BOT_STATE");
        assert_eq!(refusal["context"]["status"], "finished");
    }
    ana.delete(&path).await.no_content();
    assert_eq!(ana.get("/api/v1/orders").await.ok(), json!([]));
    assert_eq!(ana.get("/api/v1/positions").await.ok(), json!([]));
}

#[db_test]
async fn what_is_done_to_a_bot_and_every_order_it_places_is_audited(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(200)).await;
    let bot = started(&ana, "Watched", &strategy, replay()).await;
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "name": "Seen" })).await.ok();
    run_out(&Runner::new(app.app())).await;
    ana.delete(&format!("/api/v1/bots/{bot}")).await.no_content();

    let mut tx = app.system().await;
    let trail = sqlx::query_as::<_, (String, Option<uuid::Uuid>, Option<Value>, Option<Value>)>(
        "select action, actor_id, before, after from audit_entries
         where tenant_id = $1 and resource in ('bot', 'order') order by id",
    );
    let trail = trail.bind(ana.tenant).fetch_all(tx.conn()).await.unwrap();
    let of = |action: &str| trail.iter().filter(|entry| entry.0 == action).collect::<Vec<_>>();
    for (action, before, after) in [
        ("bot.created", None, Some("created")),
        ("bot.started", Some("created"), Some("running")),
        ("bot.updated", Some("running"), Some("running")),
        ("bot.deleted", Some("finished"), None),
    ] {
        let [entry] = of(action)[..] else { panic!("one {action}") };
        assert_eq!(entry.1, Some(ana.user), "{action}");
        let status = |state: &Option<Value>| state.as_ref().map(|state| text(&state["status"]));
        assert_eq!((status(&entry.2).as_deref(), status(&entry.3).as_deref()), (before, after), "{action}");
    }
    let [finished] = of("bot.finished")[..] else { panic!("one bot.finished") };
    assert_eq!(finished.1, None, "nobody but the platform did it");
    let placed = of("order.placed");
    assert!(placed.len() > 5);
    let first = format!("{}-1", prefix(&bot));
    let mut orders = placed.iter().filter_map(|entry| entry.3.as_ref());
    let entry = orders.find(|order| order["clientOrderId"] == first).expect("the first order");
    assert_eq!((text(&entry["botId"]), &entry["purpose"]), (bot, &json!("entry")));
}

#[db_test]
async fn orders_and_fills_tell_what_a_bot_has_traded(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(400)).await;
    let bot = started(&ana, "Trader", &strategy, replay()).await;
    run_out(&Runner::new(app.app())).await;
    let filled = ana.get(&format!("/api/v1/orders?botId={bot}&status=filled&limit=100")).await;
    let total = filled.body()["meta"]["total"].as_i64().unwrap();
    let filled = filled.ok();
    assert!(total > 10);
    for order in filled.as_array().unwrap() {
        let fills = ana.get(&format!("/api/v1/fills?orderId={}", text(&order["id"]))).await.ok();
        let sum = |key: &str| -> rust_decimal::Decimal {
            fills
                .as_array()
                .unwrap()
                .iter()
                .map(|fill| text(&fill[key]).parse::<rust_decimal::Decimal>().unwrap())
                .sum()
        };
        assert_eq!(sum("quantity"), text(&order["filledQuantity"]).parse().unwrap());
        let numbers: Vec<_> =
            fills.as_array().unwrap().iter().rev().map(|fill| fill["tradeNumber"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    }
    let one = filled[0].clone();
    assert_eq!(ana.get(&format!("/api/v1/orders/{}", text(&one["id"]))).await.ok(), one);
    assert_eq!(ana.get("/api/v1/orders?symbol=ETH/USDT").await.ok(), json!([]));

    // the pages of the fills make the whole, forwards and backwards
    let forwards = whole_feed(&ana, &format!("/api/v1/fills?botId={bot}")).await;
    let (mut backwards, mut before) = (vec![], String::new());
    loop {
        let page = ana.get(&format!("/api/v1/fills?botId={bot}&limit=7{before}")).await;
        let next = page.body()["meta"]["next"].clone();
        backwards.extend(page.ok().as_array().unwrap().iter().cloned());
        let Some(next) = next.as_str() else { break };
        before = format!("&before={next}");
    }
    backwards.reverse();
    assert_eq!(forwards, backwards);
}

#[db_test]
async fn a_tenant_has_a_limited_number_of_bots(db: PgPool) {
    let app = app(db).await;
    let (ana, strategy) = trader(&app, &candles(20)).await;
    for number in 0..50 {
        ana.post("/api/v1/bots", &new_bot(&format!("Bot {number}"), &strategy, replay())).await.created();
    }
    ana.post("/api/v1/bots", &new_bot("One too many", &strategy, replay())).await.refused(409, "BOT_LIMIT");
}
