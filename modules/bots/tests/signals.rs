//! Bots that are told from outside when to buy and when to sell.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bots::Runner;
use common::*;
use futures::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use kit::chrono::TimeDelta;
use sha2::Sha256;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

fn outside(name: &str) -> Value {
    json!({
        "name": name,
        "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "5m" },
        "signal": {},
        "sizing": { "kind": "fixedQuote", "quote": "1000" }
    })
}

/// Somebody with a bot that is told what to do, a candle a second.
struct Told {
    app: TestApp,
    ana: Member,
    bot: String,
    runner: Runner,
}

impl Told {
    async fn new(db: PgPool) -> Self {
        let app = app(db).await;
        let ana = app.member(PERMISSIONS).await;
        import(&ana, &candles(90)).await;
        let strategy = ana.post("/api/v1/strategies", &outside("Told")).await.created();
        let feed = json!({ "kind": "replay", "speed": 1 });
        let bot = started(&ana, "Told", &text(&strategy["id"]), feed).await;
        let runner = Runner::new(app.app());
        Self { app, ana, bot, runner }
    }

    fn path(&self, what: &str) -> String {
        format!("/api/v1/bots/{}/{what}", self.bot)
    }

    /// Where its alerts are posted to, and what signs them.
    async fn hook(&self, hook: &Value) -> (String, Value) {
        let made = self.ana.put(&self.path("hook"), hook).await.ok();
        let url = text(&made["url"]);
        (url[url.find("/api/").unwrap()..].to_owned(), made["secret"].clone())
    }

    /// A second passes, and the bot with it.
    async fn second(&self) {
        self.app.clock().advance(TimeDelta::seconds(1));
        self.runner.tick().await.unwrap();
    }

    async fn coins(&self) -> Value {
        self.ana.get(&format!("/api/v1/positions?botId={}", self.bot)).await.ok()[0]["quantity"].clone()
    }

    async fn signals(&self) -> Vec<(Value, Value)> {
        let signals = self.ana.get(&self.path("signals")).await.ok();
        signals.as_array().unwrap().iter().map(|it| (it["alertId"].clone(), it["status"].clone())).collect()
    }

    async fn kinds(&self) -> Vec<String> {
        let events = self.ana.get(&self.path("events?limit=100")).await.ok();
        events.as_array().unwrap().iter().map(|it| text(&it["kind"])).collect()
    }
}

fn alert(id: &str, action: &str) -> Value {
    json!({ "id": id, "action": action, "symbol": "BTCUSDT" })
}

#[db_test]
async fn an_alert_is_followed_once(db: PgPool) {
    let told = Told::new(db).await;
    let (hook, secret) = told.hook(&json!({})).await;
    assert_eq!(secret, Value::Null);
    told.second().await;
    let stranger = told.app.stranger();
    let first = stranger.post(&hook, &alert("one", "buy")).await.accepted();
    assert_eq!(first["duplicate"], false);
    let again = stranger.post(&hook, &alert("one", "buy")).await.accepted();
    assert_eq!((&again["duplicate"], &again["id"]), (&json!(true), &first["id"]));
    assert_eq!(told.signals().await, [(json!("one"), json!("waiting"))]);
    told.second().await;
    told.second().await;
    assert_ne!(told.coins().await, "0");
    assert_eq!(told.signals().await, [(json!("one"), json!("taken"))]);
    assert_eq!(stranger.post(&hook, &alert("one", "buy")).await.accepted()["duplicate"], true);

    // another runner makes the bot anew from what it took in
    told.runner.release().await.unwrap();
    let again = Runner::new(told.app.app());
    stranger.upload(&hook, "text/plain", alert("two", "sell").to_string()).await.accepted();
    for _ in 0..2 {
        told.app.clock().advance(TimeDelta::seconds(1));
        again.tick().await.unwrap();
    }
    assert_eq!(told.coins().await, "0");
    let kinds = told.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "signal.taken").count(), 2);
    assert_eq!(kinds.iter().filter(|kind| *kind == "trade.closed").count(), 1);
}

#[db_test]
async fn of_many_alerts_of_one_name_at_once_one_is_followed(db: PgPool) {
    let told = Told::new(db).await;
    let (hook, _) = told.hook(&json!({})).await;
    let (stranger, alert) = (told.app.stranger(), alert("same", "buy"));
    let answers = join_all((0..20).map(|_| stranger.post(&hook, &alert))).await;
    let duplicates = answers.into_iter().filter(|answer| answer.body()["data"]["duplicate"] == true);
    assert_eq!(duplicates.count(), 19);
    assert_eq!(told.signals().await.len(), 1);
}

#[db_test]
async fn only_who_may_signal_does(db: PgPool) {
    let told = Told::new(db).await;
    let (stranger, buy) = (told.app.stranger(), alert("one", "buy"));
    stranger.post("/api/v1/hooks/guessed", &buy).await.refused(404, "HOOK_NOT_FOUND");
    told.ana.get(&told.path("hook")).await.refused(404, "HOOK_NOT_FOUND");

    let (bound, _) = told.hook(&json!({ "networks": ["10.1.2.3/8"] })).await;
    stranger.from("192.0.2.1").post(&bound, &buy).await.refused(403, "ADDRESS_NOT_ALLOWED");
    stranger.from("10.9.9.9").post(&bound, &buy).await.accepted();
    let shown = told.ana.get(&told.path("hook")).await.ok();
    assert_eq!((&shown["networks"], &shown["signed"]), (&json!(["10.0.0.0/8"]), &json!(false)));

    let (signed, secret) = told.hook(&json!({ "signed": true })).await;
    stranger.from("10.9.9.9").post(&bound, &buy).await.refused(404, "HOOK_NOT_FOUND");
    stranger.post(&signed, &buy).await.refused(401, "BAD_SIGNATURE");
    let sign = |body: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_str().unwrap().as_bytes()).unwrap();
        base16ct::lower::encode_string(&mac.chain_update(body).finalize().into_bytes())
    };
    let body = alert("two", "buy").to_string();
    for wrong in [sign("another body"), "sha256=".to_owned(), "zz".to_owned()] {
        let answer = stranger.with("x-signature", wrong).upload(&signed, "application/json", body.clone()).await;
        answer.refused(401, "BAD_SIGNATURE");
    }
    stranger.with("x-signature", sign(&body)).upload(&signed, "application/json", body.clone()).await.accepted();
    let prefixed = stranger.with("x-signature", format!("sha256={}", sign(&body)));
    assert_eq!(prefixed.upload(&signed, "application/json", body).await.accepted()["duplicate"], true);

    told.ana.delete(&told.path("hook")).await.no_content();
    stranger.post(&signed, &buy).await.refused(404, "HOOK_NOT_FOUND");
    told.ana.delete(&told.path("hook")).await.refused(404, "HOOK_NOT_FOUND");
}

#[db_test]
async fn only_its_tenant_makes_an_address_and_only_for_a_bot_that_is_told(db: PgPool) {
    let told = Told::new(db).await;
    let (bob, strategy) = trader(&told.app, &candles(50)).await;
    bob.put(&told.path("hook"), &json!({})).await.refused(404, "BOT_NOT_FOUND");
    bob.get(&told.path("signals")).await.refused(404, "BOT_NOT_FOUND");
    let reader = told.app.member(["bots:read", "bots:write"]).await;
    reader.put(&told.path("hook"), &json!({})).await.refused(403, "FORBIDDEN");
    let feed = json!({ "kind": "replay", "speed": "max" });
    let rules = bob.post("/api/v1/bots", &new_bot("Rules", &strategy, feed)).await.created();
    let path = format!("/api/v1/bots/{}/hook", text(&rules["id"]));
    bob.put(&path, &json!({})).await.refused(409, "TAKES_NO_SIGNALS");
    told.ana.put(&told.path("hook"), &json!({ "networks": ["everywhere"] })).await.invalid("networks[0]");
    told.ana.put(&told.path("hook"), &json!({ "networks": vec!["::1"; 21] })).await.invalid("networks");
}

#[db_test]
async fn what_cannot_be_followed_is_refused_and_can_be_read(db: PgPool) {
    let told = Told::new(db).await;
    let (hook, _) = told.hook(&json!({})).await;
    let stranger = told.app.stranger();
    stranger.upload(&hook, "text/plain", "BTCUSDT crosses up").await.invalid("");
    stranger.post(&hook, &json!({ "id": "x", "action": "buy", "symbol": "ETHUSDT" })).await.invalid("");
    // what was mended comes under its own name, and another fault under the same one is still told
    stranger.post(&hook, &json!({ "id": "x", "action": "up" })).await.invalid("");
    stranger.upload(&hook, "text/plain", "x".repeat(9_000)).await.refused(413, "BODY_TOO_LARGE");
    let signals = told.ana.get(&told.path("signals")).await.ok();
    let told_why: Vec<_> = signals.as_array().unwrap().iter().map(|it| text(&it["message"])).collect();
    assert_eq!(told_why.len(), 3);
    assert!(told_why[0].contains("`action` says `up`") && told_why[1].contains("the bot trades BTC/USDT"));
    assert!(told_why[2].contains("no JSON object"));
    told.second().await;
    assert_eq!(told.coins().await, "0");

    join_all((0..57).map(|_| stranger.upload(&hook, "text/plain", "noise"))).await;
    stranger.post(&hook, &alert("61st", "buy")).await.refused(429, "TOO_MANY_SIGNALS");
    told.app.clock().advance(TimeDelta::seconds(61));
    stranger.post(&hook, &alert("61st", "buy")).await.accepted();
}

#[db_test]
async fn a_bot_does_not_follow_what_came_long_ago(db: PgPool) {
    let told = Told::new(db).await;
    let (hook, _) = told.hook(&json!({})).await;
    told.second().await;
    told.ana.post(&told.path("pause"), &json!({})).await.ok();
    told.app.stranger().post(&hook, &alert("early", "buy")).await.accepted();
    told.app.clock().advance(TimeDelta::seconds(61));
    told.ana.post(&told.path("start"), &json!({})).await.ok();
    told.second().await;
    told.second().await;
    assert_eq!(told.signals().await, [(json!("early"), json!("late"))]);
    assert_eq!(told.coins().await, "0");
    assert!(told.kinds().await.contains(&"signal.late".to_owned()));
}

#[db_test]
async fn the_secret_is_sealed_anew_when_the_platforms_key_is_rotated(db: PgPool) {
    let told = Told::new(db.clone()).await;
    told.hook(&json!({ "signed": true })).await;
    assert_eq!(told.app.rotate(db).await, [("bot_hooks.secret".to_owned(), 1)]);
}
