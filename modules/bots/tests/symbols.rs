//! Bots that trade several symbols on one account.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use std::{collections::BTreeMap, ops::ControlFlow};
use testkit::{Member, PgPool, TestApp, Value, db_test, json};
use trading::{
    backtest::{Answer, BacktestFile, History, Report},
    candle::{Candle, Candles},
    position::Trade,
    time::Timeframe,
};

const COUNT: usize = 700;
const SYMBOLS: [&str; 2] = ["BTC/USDT", "ETH/USDT"];

/// Another market: it goes the other way, and misses candles that the first has.
fn other(candles: &[Candle]) -> Vec<Candle> {
    let mirrored = candles.iter().rev().zip(candles).enumerate().filter(|(index, _)| index % 50 != 7);
    mirrored.map(|(_, (price, time))| Candle { open_time: time.open_time, ..*price }).collect()
}

fn balanced(name: &str) -> Value {
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbols": SYMBOLS, "timeframe": "5m" },
        "rebalance": { "weights": { "BTC/USDT": "50", "ETH/USDT": "40" }, "threshold": "1", "every": "30m" }
    })
}

fn crossing(name: &str) -> Value {
    let mut document = strategy(name);
    document["market"] = json!({ "exchange": "binance", "symbols": SYMBOLS, "timeframe": "5m" });
    document
}

/// A member with the candles of both markets.
async fn holder(app: &TestApp) -> (Member, [Vec<Candle>; 2]) {
    let (member, first) = (app.member(PERMISSIONS).await, candles(COUNT));
    let second = other(&first);
    import(&member, &first).await;
    let path = "/api/v1/market-data/candles/import?exchange=binance&symbol=ETH/USDT&timeframe=5m";
    member.upload(path, "text/csv", csv(&second)).await.ok();
    (member, [first, second])
}

async fn begun(member: &Member, document: &Value) -> String {
    let strategy = text(&member.post("/api/v1/strategies", document).await.created()["id"]);
    started(member, &text(&document["name"]), &strategy, json!({ "kind": "replay", "speed": "max" })).await
}

fn tried(document: &Value, markets: &[Vec<Candle>; 2]) -> Report {
    let mut file = settings();
    file["strategy"] = document.clone();
    let file = BacktestFile::parse(&file).unwrap();
    let of = |(symbol, candles): (&&str, &Vec<Candle>)| {
        (symbol.parse().unwrap(), Candles::collect(Timeframe::M5, candles.iter().copied()).unwrap())
    };
    let history = History { markets: SYMBOLS.iter().zip(markets).map(of).collect() };
    match file.execute(&history, |_, _| ControlFlow::Continue(())).unwrap() {
        Answer::Report(report) => *report,
        Answer::Sweep(_) => panic!("no sweep was asked for"),
    }
}

async fn trades(member: &Member, bot: &str) -> Vec<Trade> {
    let events = whole_feed(member, &format!("/api/v1/bots/{bot}/events")).await;
    let closed = events.iter().filter(|event| event["kind"] == "trade.closed");
    closed.map(|event| serde_json::from_value(event["data"].clone()).unwrap()).collect()
}

#[db_test]
async fn they_trade_as_the_back_test_does(db: PgPool) {
    let app = app(db).await;
    let (ana, markets) = holder(&app).await;
    for document in [balanced("Balanced"), crossing("Crossing")] {
        let bot = begun(&ana, &document).await;
        let fed = run_out(&Runner::new(app.app())).await;
        assert_eq!(fed, COUNT, "a moment has the candles of both");
        let report = tried(&document, &markets);
        assert!(report.trades.len() > 30, "{} trades prove little", report.trades.len());
        assert_eq!(trades(&ana, &bot).await, report.trades);
        let performance = ana.get(&format!("/api/v1/bots/{bot}/performance")).await.ok();
        assert_eq!(performance["candles"], markets[0].len() + markets[1].len());
        let (ours, theirs) = (&performance["metrics"], serde_json::to_value(&report.metrics).unwrap());
        for (key, value) in theirs.as_object().unwrap() {
            match (value.as_f64(), ours[key].as_f64()) {
                (Some(theirs), Some(ours)) => {
                    assert!((theirs - ours).abs() <= 1e-9 * theirs.abs().max(1.0), "{key}: {ours} is not {theirs}");
                }
                _ => assert_eq!(value, &ours[key], "{key}"),
            }
        }
        let told = ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
        assert_eq!((&told["symbols"], &told["status"]), (&json!(SYMBOLS), &json!("finished")));
        let difference = ana.get(&format!("/api/v1/bots/{bot}/difference")).await.ok();
        assert_eq!(difference["same"], true, "{difference}");
    }
}

#[db_test]
async fn they_go_on_where_another_runner_has_left_them(db: PgPool) {
    let app = app(db).await;
    let (ana, markets) = holder(&app).await;
    let strategy = text(&ana.post("/api/v1/strategies", &balanced("Balanced")).await.created()["id"]);
    let feed = json!({ "kind": "replay", "speed": 10 });
    let bot = started(&ana, "Handed on", &strategy, feed).await;
    while status(&ana, &bot).await == "running" {
        // each runner holds it for a few seconds, then another takes over
        let runner = Runner::new(app.app());
        for _ in 0..3 {
            runner.tick().await.unwrap();
            app.clock().advance(chrono::TimeDelta::seconds(1));
        }
        app.clock().advance(chrono::TimeDelta::seconds(6));
    }
    assert_eq!(status(&ana, &bot).await, "finished");
    assert_eq!(trades(&ana, &bot).await, tried(&balanced("Balanced"), &markets).trades);
}

#[db_test]
async fn the_account_is_one_and_each_symbol_is_told_apart(db: PgPool) {
    let app = app(db).await;
    let (ana, markets) = holder(&app).await;
    let bot = begun(&ana, &balanced("Balanced")).await;
    run_out(&Runner::new(app.app())).await;
    let report = tried(&balanced("Balanced"), &markets);

    let positions = ana.get(&format!("/api/v1/positions?botId={bot}&sort=symbol")).await.ok();
    let symbols: Vec<_> = positions.as_array().unwrap().iter().map(|it| text(&it["symbol"])).collect();
    assert_eq!(symbols, SYMBOLS);
    let portfolio = ana.get("/api/v1/portfolio").await.ok();
    let [figures] = &portfolio["bots"].as_array().unwrap()[..] else { panic!("one bot, not {portfolio}") };
    assert_eq!((&figures["symbols"], &figures["initialCash"]), (&json!(SYMBOLS), &json!("10000")));
    assert_eq!(figures["equity"], portfolio["totals"][0]["equity"]);
    let equity: rust_decimal::Decimal = text(&figures["equity"]).parse().unwrap();
    assert_eq!(equity.round_dp(6), report.equity.last().unwrap().1.decimal().round_dp(6));
    assert_eq!(ana.get("/api/v1/portfolio/proof").await.ok(), json!({ "checked": 2, "differing": [] }));

    let (orders, fills) = (all_orders(&ana, &bot).await, all_fills(&ana, &bot).await);
    let mut by_symbol = BTreeMap::<String, usize>::new();
    for order in &orders {
        *by_symbol.entry(text(&order["symbol"])).or_default() += 1;
        // the lanes number their orders in turns
        let lane = SYMBOLS.iter().position(|symbol| order["symbol"] == *symbol).unwrap() as i64;
        assert_eq!((order["number"].as_i64().unwrap() - 1) % 2, lane, "{order}");
    }
    assert!(by_symbol.len() == 2 && by_symbol.values().all(|count| *count > 5), "{by_symbol:?}");
    for fill in &fills {
        let order = orders.iter().find(|order| order["number"] == fill["number"]).unwrap();
        assert_eq!(fill["symbol"], order["symbol"]);
    }
    let events = whole_feed(&ana, &format!("/api/v1/bots/{bot}/events")).await;
    for event in events.iter().filter(|event| event["kind"] == "order.filled") {
        let symbol = text(&event["data"]["symbol"]);
        assert!(text(&event["message"]).starts_with(&format!("{symbol}: Order ")), "{event}");
    }
    let period = "/api/v1/portfolio/statement?from=2023-12-31T00:00:00Z&to=2030-01-01T00:00:00Z";
    let statement = ana.get(period).await.ok();
    assert_eq!((&statement[0]["added"], &statement[0]["closing"]["equity"]), (&json!("10000"), &figures["equity"]));
}

#[db_test]
async fn an_alert_is_about_the_symbol_that_it_names_or_about_all(db: PgPool) {
    let app = app(db).await;
    let (ana, _) = holder(&app).await;
    let document = json!({
        "name": "Told",
        "market": { "exchange": "binance", "symbols": SYMBOLS, "timeframe": "5m" },
        "signal": {},
        "sizing": { "kind": "percentEquity", "percent": "30" }
    });
    let strategy = text(&ana.post("/api/v1/strategies", &document).await.created()["id"]);
    let bot = started(&ana, "Told", &strategy, json!({ "kind": "replay", "speed": 1 })).await;
    let hook = ana.put(&format!("/api/v1/bots/{bot}/hook"), &json!({})).await.ok();
    let path = text(&hook["url"]).split_once("/api").map(|(_, path)| format!("/api{path}")).unwrap();
    let (runner, stranger) = (Runner::new(app.app()), app.stranger());
    let held = async || {
        for _ in 0..4 {
            runner.tick().await.unwrap();
            app.clock().advance(chrono::TimeDelta::seconds(1));
        }
        let positions = ana.get(&format!("/api/v1/positions?botId={bot}&sort=symbol")).await.ok();
        let open = positions.as_array().unwrap().iter().filter(|it| it["quantity"] != "0");
        open.map(|it| text(&it["symbol"])).collect::<Vec<_>>()
    };
    assert_eq!(held().await, [""; 0]);
    let send = async |alert: Value| stranger.post(&path, &alert).await;
    send(json!({ "id": "1", "action": "buy", "symbol": "ETHUSDT" })).await.accepted();
    assert_eq!(held().await, ["ETH/USDT"]);
    send(json!({ "id": "2", "action": "buy" })).await.accepted();
    assert_eq!(held().await, SYMBOLS);
    send(json!({ "id": "3", "action": "sell", "symbol": "BINANCE:BTCUSDT" })).await.accepted();
    assert_eq!(held().await, ["ETH/USDT"]);
    send(json!({ "id": "4", "action": "buy", "symbol": "XRPUSDT" })).await.invalid("");
    let signals = ana.get(&format!("/api/v1/bots/{bot}/signals")).await.ok();
    let symbols: Vec<_> = signals.as_array().unwrap().iter().map(|it| it["symbol"].clone()).collect();
    assert_eq!(symbols, [json!(null), json!("BTC/USDT"), json!(null), json!("ETH/USDT")]);
}
