//! Bots whose scripts fail.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use testkit::{Member, PgPool, Value, db_test, json};

/// A script that buys at its sixth candle and does something else at its fifty-first.
fn document(name: &str, then: &str) -> Value {
    let source =
        format!("state.n = (state.n ?? 0) + 1;\nif state.n == 6 {{ enter(); }}\nif state.n == 51 {{ {then} }}");
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
        "script": { "source": source },
        "sizing": { "kind": "percentEquity", "percent": "50" },
        "protect": { "takeProfit": [{ "percent": "900" }] }
    })
}

async fn scripted(member: &Member, name: &str, then: &str) -> String {
    let strategy = member.post("/api/v1/strategies", &document(name, then)).await.created();
    started(member, name, &text(&strategy["id"]), json!({ "kind": "replay", "speed": "max" })).await
}

async fn last_event(member: &Member, bot: &str) -> Value {
    member.get(&format!("/api/v1/bots/{bot}/events?limit=1")).await.ok()[0].clone()
}

async fn held(member: &Member, bot: &str) -> Value {
    member.get(&format!("/api/v1/positions?botId={bot}")).await.ok()[0]["quantity"].clone()
}

#[db_test]
async fn a_script_that_fails_stops_its_bot_where_it_stands_and_no_other(db: PgPool) {
    let (app, candles) = (app(db).await, candles(300));
    let (ana, strategy) = trader(&app, &candles).await;
    let cases = [
        ("Loops", "loop { }", "line 3, column 25: it took more than 10000 steps at one candle"),
        ("Allocates", "let a = []; loop { push(a, 1); }", "a list has at most 1000 items"),
        ("Grows", "let s = \"x\"; loop { s += s; }", "exceeds its limit"),
        ("Recurs", "f(1); } fn f(x) { f(x + 1)", "its functions call each other too deep"),
        ("Throws", "throw \"enough\";", "line 3, column 20: enough"),
    ];
    let good = started(&ana, "Good", &strategy, json!({ "kind": "replay", "speed": "max" })).await;
    let honest = scripted(&ana, "Honest", "").await;
    let mut failing = vec![];
    for (name, then, why) in cases {
        failing.push((scripted(&ana, name, then).await, why));
    }
    run_out(&Runner::new(app.app())).await;
    for bot in [&good, &honest] {
        let shown = ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
        assert_eq!((&shown["status"], &shown["candles"]), (&json!("finished"), &json!(300)));
    }
    let honest = held(&ana, &honest).await;
    assert_ne!(honest, "0");
    for (bot, why) in failing {
        let shown = ana.get(&format!("/api/v1/bots/{bot}")).await.ok();
        assert_eq!((&shown["status"], &shown["candles"]), (&json!("failed"), &json!(51)), "{why}");
        let event = last_event(&ana, &bot).await;
        let message = text(&event["message"]);
        assert!(event["kind"] == "bot.failed" && message.contains(why), "{message}");
        let at = candles[50].open_time.millis();
        let told = (&event["data"]["code"], &event["data"]["failure"]["candle"]);
        assert_eq!(told, (&json!("SCRIPT_FAILED"), &json!(at)), "{event}");
        assert_eq!(held(&ana, &bot).await, honest, "what it bought it still holds");
        let open = ana.get(&format!("/api/v1/orders?botId={bot}&status=accepted")).await.ok();
        assert_eq!(open[0]["purpose"], "takeProfit", "and what it had ordered waits");
    }
}

#[db_test]
async fn a_bot_whose_script_failed_fails_again_when_it_is_started_and_can_be_stopped(db: PgPool) {
    let (app, candles) = (app(db).await, candles(300));
    let (ana, _) = trader(&app, &candles).await;
    let runner = Runner::new(app.app());
    for (name, coins) in [("Sells", "sell"), ("Keeps", "keep")] {
        let bot = scripted(&ana, name, "throw \"enough\";").await;
        run_out(&runner).await;
        let (path, had) = (format!("/api/v1/bots/{bot}"), held(&ana, &bot).await);
        let first = last_event(&ana, &bot).await;
        ana.post(&format!("{path}/start"), &json!({})).await.ok();
        assert_eq!(run_out(&runner).await, 0, "nothing is fed to it");
        let again = last_event(&ana, &bot).await;
        assert_eq!((&again["message"], status(&ana, &bot).await.as_str()), (&first["message"], "failed"));
        ana.post(&format!("{path}/stop?coins={coins}"), &json!({})).await.ok();
        run_out(&runner).await;
        assert_eq!(status(&ana, &bot).await, "stopped");
        let left = if coins == "keep" { had } else { json!("0") };
        assert_eq!(held(&ana, &bot).await, left);
    }
}
