//! A bot on paper against the back-test of the same candles.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use kit::Time;
use std::sync::Arc;
use testkit::{PgPool, Value, db_test, json};
use trading::{
    candle::Candles,
    engine::{Config, Driver, Engine, Input},
    money::{Instrument, Notional},
    position::{Position, Trade},
    risk::Limits,
    simulator::{Rules, Simulator},
    strategy::{ColumnRules, Columns, Document, Program},
    time::Timeframe,
};

const COUNT: usize = 1_500;

fn trades(events: &[Value]) -> Vec<Trade> {
    let closed = events.iter().filter(|event| event["kind"] == "trade.closed");
    closed.map(|event| serde_json::from_value(event["data"].clone()).expect("a trade")).collect()
}

/// Floating figures may differ in the last digits, since one is reckoned from columns.
fn same_figures(a: &Value, b: &Value) {
    for (key, value) in a.as_object().expect("figures") {
        match (value.as_f64(), b[key].as_f64()) {
            (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{key}: {a} is not {b}"),
            _ => assert_eq!(value, &b[key], "{key}"),
        }
    }
}

#[db_test]
async fn a_replay_makes_the_trades_and_figures_of_the_back_test(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    let bot = started(&ana, "Replay", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    assert_eq!(run_out(&Runner::new(app.app())).await, COUNT);

    let report = backtest(&candles, None, None);
    assert!(report.trades.len() > 40, "{} trades prove little", report.trades.len());
    let events = whole_feed(&ana, &format!("/api/v1/bots/{bot}/events")).await;
    assert_eq!(trades(&events), report.trades);
    let performance = ana.get(&format!("/api/v1/bots/{bot}/performance")).await.ok();
    assert_eq!(performance["candles"], COUNT);
    same_figures(&performance["metrics"], &serde_json::to_value(&report.metrics).unwrap());

    let kinds: Vec<_> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    for kind in ["order.placed", "order.filled", "order.cancelled", "entry.skipped"] {
        assert!(kinds.contains(&kind), "no {kind}");
    }
    assert_eq!((kinds[0], kinds[1], kinds[kinds.len() - 1]), ("bot.created", "bot.started", "bot.finished"));
    assert_eq!(status(&ana, &bot).await, "finished");
}

#[db_test]
async fn candles_before_the_beginning_only_warm_up_as_in_a_back_test(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    let (from, to) = (rfc3339(400), rfc3339(1_100));
    let feed = json!({ "kind": "replay", "from": from, "to": to, "speed": "max" });
    let bot = started(&ana, "Part", &strategy, feed).await;
    run_out(&Runner::new(app.app())).await;

    let report = backtest(&candles, Some(&from), Some(&to));
    assert!(!report.trades.is_empty());
    let events = whole_feed(&ana, &format!("/api/v1/bots/{bot}/events")).await;
    assert_eq!(trades(&events), report.trades);
    let performance = ana.get(&format!("/api/v1/bots/{bot}/performance")).await.ok();
    same_figures(&performance["metrics"], &serde_json::to_value(&report.metrics).unwrap());
    let curve = ana.get(&format!("/api/v1/portfolio/equity?botId={bot}")).await.ok();
    assert!(text(&curve[0]["at"]) >= from, "the curve begins with the first candle that trades");
}

#[db_test]
async fn a_bot_keeps_the_filters_of_its_making_and_trades_by_them_as_the_back_test_does(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    let lot = async |lot: &str| {
        let mut tx = app.system().await;
        let change = sqlx::query("update instruments set lot = $1::numeric, tick = 0.5 where symbol = 'BTC/USDT'");
        change.bind(lot).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    };
    lot("0.25").await;
    let mut bot = new_bot("Filtered", &strategy, json!({ "kind": "replay", "speed": "max" }));
    bot.as_object_mut().unwrap().remove("filters");
    let bot = ana.post("/api/v1/bots", &bot).await.created();
    assert_eq!((&bot["filters"][0]["lot"], &bot["filters"][0]["tick"]), (&json!("0.25"), &json!("0.5")));
    lot("0.001").await;
    let id = text(&bot["id"]);
    ana.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
    run_out(&Runner::new(app.app())).await;

    let mut file = settings();
    file["filters"] = bot["filters"].clone();
    let report = backtest_by(file, &candles, None, None);
    assert!(report.trades.len() > 40, "{} trades prove little", report.trades.len());
    let events = whole_feed(&ana, &format!("/api/v1/bots/{id}/events")).await;
    assert_eq!(trades(&events), report.trades);
    let quarter = |value: &Value| {
        (text(value).parse::<rust_decimal::Decimal>().unwrap() * rust_decimal::Decimal::from(4)).fract().is_zero()
    };
    let fills = all_fills(&ana, &id).await;
    assert!(fills.iter().all(|fill| quarter(&fill["quantity"])), "quantities are multiples of the lot");
    assert_ne!(report.trades, backtest(&candles, None, None).trades, "filters make a difference");
}

#[db_test]
async fn a_slow_and_narrow_venue_is_as_slow_and_narrow_as_in_a_back_test(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    let manners = json!({ "latencyMs": 45_000, "limitFill": "through", "slippageOfRange": "0.1" });
    let (mut bot, mut file) = (new_bot("Slow", &strategy, json!({ "kind": "replay", "speed": "max" })), settings());
    for (key, value) in manners.as_object().unwrap() {
        (bot[key], file[key]) = (value.clone(), value.clone());
    }
    let bot = ana.post("/api/v1/bots", &bot).await.created();
    let id = text(&bot["id"]);
    assert_eq!((&bot["latencyMs"], &bot["limitFill"]), (&manners["latencyMs"], &manners["limitFill"]));
    ana.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
    run_out(&Runner::new(app.app())).await;
    let report = backtest_by(file, &candles, None, None);
    assert!(report.trades.len() > 40, "{} trades prove little", report.trades.len());
    let events = whole_feed(&ana, &format!("/api/v1/bots/{id}/events")).await;
    assert_eq!(trades(&events), report.trades);
    assert_ne!(report.trades, backtest(&candles, None, None).trades, "manners make a difference");

    let mut hasty = new_bot("Hasty", &strategy, json!({ "kind": "replay", "speed": "max" }));
    (hasty["fill"], hasty["latencyMs"]) = (json!("close"), json!(1));
    ana.post("/api/v1/bots", &hasty).await.invalid("latencyMs");
    (hasty["fill"], hasty["latencyMs"]) = (json!("nextOpen"), json!(600_001));
    ana.post("/api/v1/bots", &hasty).await.invalid("latencyMs");
}

#[db_test]
async fn a_bot_whose_filters_are_not_known_says_so_and_one_that_wants_none_has_none(db: PgPool) {
    let app = app(db).await;
    let (ana, _) = trader(&app, &candles(20)).await;
    let mut other = strategy("Unlisted");
    other["market"]["symbol"] = json!("XRP/USDT");
    let other = text(&ana.post("/api/v1/strategies", &other).await.created()["id"]);
    let mut bot = new_bot("Unlisted", &other, json!({ "kind": "replay", "speed": "max" }));
    bot["filters"] = json!("exchange");
    let unlisted = ana.post("/api/v1/bots", &bot).await.created();
    assert_eq!(unlisted["filters"], Value::Null);
    let events = whole_feed(&ana, &format!("/api/v1/bots/{}/events", text(&unlisted["id"]))).await;
    let told: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(told, ["bot.created", "bot.unfiltered"]);
    assert_eq!(events[1]["message"], "The filters of XRP/USDT at binance are not known; none were applied.");
    (bot["name"], bot["filters"]) = (json!("Free"), json!("none"));
    let free = ana.post("/api/v1/bots", &bot).await.created();
    assert_eq!(whole_feed(&ana, &format!("/api/v1/bots/{}/events", text(&free["id"]))).await.len(), 1);
    (bot["name"], bot["filters"]) = (json!("Wrong"), json!("some"));
    ana.post("/api/v1/bots", &bot).await.invalid("filters");
}

#[db_test]
async fn orders_that_a_filter_refuses_are_told_once_and_not_at_every_candle(db: PgPool) {
    let app = app(db).await;
    let (ana, _) = trader(&app, &candles(200)).await;
    let mut tiny = strategy("Tiny");
    (tiny["entry"], tiny["sizing"]) = (json!({ "gt": ["close", 0] }), json!({ "kind": "fixedQuote", "quote": "9" }));
    let tiny = text(&ana.post("/api/v1/strategies", &tiny).await.created()["id"]);
    let mut bot = new_bot("Tiny", &tiny, json!({ "kind": "replay", "speed": "max" }));
    bot["filters"] = json!("exchange");
    let id = text(&ana.post("/api/v1/bots", &bot).await.created()["id"]);
    ana.post(&format!("/api/v1/bots/{id}/start"), &json!({})).await.ok();
    run_out(&Runner::new(app.app())).await;
    let events = whole_feed(&ana, &format!("/api/v1/bots/{id}/events")).await;
    let refused: Vec<_> = events.iter().filter(|event| event["kind"] == "order.refused").collect();
    let [refused] = refused[..] else { panic!("one order.refused, not {}", refused.len()) };
    assert_eq!(refused["message"], "An order was held back: the value 9 is below the minimum 10.");
    assert_eq!(all_orders(&ana, &id).await, Vec::<Value>::new());
}

/// Runs the driver of the back-test by hand and writes down its journal.
fn journal_of_driver(candles: &[trading::candle::Candle]) -> Vec<(i64, Input)> {
    let document = Document::parse(&strategy("Often")).expect("a sound strategy");
    let candles = Candles::collect(Timeframe::M5, candles.iter().copied()).expect("sound candles");
    let signals = Program::compile(document.rules().expect("rules"), document.market().timeframe)
        .signals(&Columns::new(&candles));
    let mut rules = settings();
    rules.as_object_mut().unwrap().retain(|key, _| !["initialCash", "filters"].contains(&key.as_str()));
    let rules: Rules = serde_json::from_value(rules).expect("sound rules");
    let instrument = Instrument::unfiltered("BTC/USDT".parse().unwrap());
    let config = Config {
        instrument: instrument.clone(),
        plan: document.plan(),
        limits: Limits::default(),
        cash: "10000".parse().unwrap(),
        prefix: "bot".parse().unwrap(),
        trade_from: None,
    };
    let engine = Engine::new(ColumnRules::new(Arc::new(signals), 0), config);
    let mut driver = Driver::new(engine, Simulator::new(rules, instrument), Timeframe::M5);
    let mut journal = vec![];
    for row in 0..candles.len() {
        driver.on_candle(&candles.get(row), |at, input, _| journal.push((at.millis(), *input)));
    }
    journal
}

#[db_test]
async fn the_journal_is_that_of_the_back_test(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    let bot = started(&ana, "Replay", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    run_out(&Runner::new(app.app())).await;
    let journal = journal(&app, &bot).await;
    assert!(journal.len() > COUNT + 100, "more than candles was taken in");
    assert_eq!(journal, journal_of_driver(&candles));
}

#[db_test]
async fn every_figure_of_the_portfolio_follows_from_the_fills(db: PgPool) {
    let (app, candles) = (app(db).await, candles(COUNT));
    let (ana, strategy) = trader(&app, &candles).await;
    // a place where the bot holds coins
    let mut end = 1_400;
    let open = |end: i64| backtest(&candles, None, Some(&rfc3339(end))).metrics.open_trades == 1;
    while !open(end) {
        end -= 1;
    }
    let feed = json!({ "kind": "replay", "to": rfc3339(end), "speed": "max" });
    let bot = started(&ana, "Holder", &strategy, feed).await;
    run_out(&Runner::new(app.app())).await;

    let amount = |value: &Value| -> Notional { text(value).parse().expect("an amount") };
    let stored = ana.get(&format!("/api/v1/positions?botId={bot}")).await.ok()[0].clone();
    let rebuilt = rebuilt(&app, &bot).await;
    assert!(rebuilt.is_open());
    assert_eq!(text(&stored["quantity"]), rebuilt.quantity().to_string());
    assert_eq!(amount(&stored["cost"]), rebuilt.cost());
    assert_eq!(amount(&stored["realisedPnl"]), rebuilt.realised());
    assert_eq!(amount(&stored["fees"]), rebuilt.fees());
    let price = text(&stored["markPrice"]).parse().unwrap();
    assert_eq!(amount(&stored["unrealisedPnl"]), rebuilt.unrealised(price));

    let portfolio = ana.get("/api/v1/portfolio").await.ok();
    let figures = &portfolio["bots"][0];
    assert_eq!((text(&figures["botId"]), text(&figures["currency"])), (bot.clone(), "USDT".to_owned()));
    assert_eq!(amount(&figures["cash"]), rebuilt.cash());
    assert_eq!(amount(&figures["equity"]), rebuilt.equity(price));
    assert_eq!(amount(&figures["pnl"]), rebuilt.equity(price) - "10000".parse().unwrap());
    assert_eq!(portfolio["totals"][0]["equity"], figures["equity"]);
    let curve = ana.get(&format!("/api/v1/portfolio/equity?botId={bot}&points=5000")).await.ok();
    let last = curve.as_array().unwrap().last().unwrap();
    assert_eq!(amount(&last["equity"]), rebuilt.equity(price));
    assert_eq!(
        ana.get(&format!("/api/v1/portfolio/equity?botId={bot}&points=10")).await.ok().as_array().unwrap().len(),
        10
    );
}

/// The position, from what the API tells of the fills.
async fn rebuilt(app: &testkit::TestApp, bot: &str) -> Position {
    let mut tx = app.system().await;
    let tenant =
        sqlx::query_scalar("select tenant_id from bots where id = $1").bind(bot.parse::<uuid::Uuid>().unwrap());
    let tenant = tenant.fetch_one(tx.conn()).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test reads as the tenant")]
    let mut tx = tx.enter(kit::Scope::new(tenant, None)).await.unwrap();
    let btc = "BTC/USDT".parse().unwrap();
    let holdings = portfolio::rebuild(&mut tx, bot.parse().unwrap(), &[btc], "10000".parse().unwrap()).await.unwrap();
    holdings.positions().next().unwrap().1
}

#[db_test]
async fn a_paced_replay_feeds_what_is_due_by_the_clock(db: PgPool) {
    let (app, candles) = (app(db).await, candles(300));
    let (ana, strategy) = trader(&app, &candles).await;
    let bot = started(&ana, "Slow", &strategy, json!({ "kind": "replay", "speed": 2 })).await;
    let runner = Runner::new(app.app());
    assert_eq!(runner.tick().await.unwrap().candles, 1);
    assert_eq!(runner.tick().await.unwrap().candles, 0);
    app.clock().advance(chrono::TimeDelta::milliseconds(1_500));
    assert_eq!(runner.tick().await.unwrap().candles, 3);
    // another speed takes the bot from its runner, which reads it anew and begins at once
    ana.patch(&format!("/api/v1/bots/{bot}"), &json!({ "speed": 100 })).await.ok();
    assert_eq!(runner.tick().await.unwrap().candles, 1);
    app.clock().advance(chrono::TimeDelta::seconds(1));
    assert_eq!(runner.tick().await.unwrap().candles, 100);
    let bot = ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
    assert_eq!(bot["candles"], 105);
    assert_eq!(bot["lastCandle"], Time::from_millis(candles[104].open_time.millis()).to_string());
}
