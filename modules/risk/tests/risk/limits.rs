//! Limits and halts, as people set them.

use crate::support::{HALTS, LIMITS, app, bot, hold, manager, operator};
use chrono::TimeDelta;
use testkit::{PgPool, Value, db_test, json};

const PLATFORM: &str = "/api/v1/risk/platform/limits";

#[db_test]
async fn limits_are_set_shown_and_removed(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    let wish = json!({ "maxExposure": "1000.50", "maxOrdersPerMinute": 5, "priceCollar": "2.5" });
    let set = ana.put(LIMITS, &wish).await.ok();
    assert_eq!(
        (&set["currency"], &set["maxExposure"], &set["maxDailyLoss"]),
        (&json!("USDT"), &json!("1000.5"), &Value::Null)
    );
    ana.put(LIMITS, &json!({ "maxDailyLoss": "50" })).await.ok();
    let listed = ana.get("/api/v1/risk/limits").await.ok();
    assert_eq!(listed[0]["maxDailyLoss"], "50");
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["maxExposure"]), (1, &Value::Null), "all are set at once");
    ana.delete(LIMITS).await.no_content();
    ana.delete(LIMITS).await.refused(404, "LIMITS_NOT_FOUND");
    assert_eq!(ana.get("/api/v1/risk/limits").await.ok(), json!([]));
    let trail = ana.get("/api/v1/audit?resourceId=USDT").await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["risk_limits.removed", "risk_limits.set", "risk_limits.set"]);
}

#[db_test]
async fn what_cannot_be_a_limit_is_refused_by_its_path(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    for (key, value) in [
        ("maxExposure", json!("0")),
        ("maxExposure", json!("-1")),
        ("maxExposure", json!(5)),
        ("maxOrderNotional", json!("much")),
        ("maxOrdersPerMinute", json!(0)),
        ("maxOrdersPerMinute", json!(100_001)),
        ("maxDrawdownPercent", json!("100.1")),
        ("priceCollar", json!("0")),
        ("leverage", json!("3")),
    ] {
        ana.put(LIMITS, &json!({ key: value })).await.invalid(key);
    }
    ana.put("/api/v1/risk/limits/us-dt", &json!({})).await.refused(400, "BAD_PATH");
    ana.post(HALTS, &json!({ "reason": "" })).await.invalid("reason");
    ana.post(HALTS, &json!({ "reason": "Bad", "currency": "dollars!" })).await.invalid("currency");
    ana.get("/api/v1/risk/value-at-risk?confidence=0.5").await.refused(422, "VALIDATION_ERROR");
    let shock = json!({ "scenarios": [{ "name": "Void", "shock": "-101" }] });
    ana.post("/api/v1/risk/stress", &shock).await.invalid("scenarios[0].shock");
    assert_eq!(ana.get("/api/v1/risk/limits").await.ok(), json!([]));
}

#[db_test]
async fn the_stricter_limit_holds_and_the_standing_tells_whose_it_is(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (manager(&app).await, operator(&app).await);
    ana.put(LIMITS, &json!({ "maxExposure": "1000", "maxDailyLoss": "50" })).await.ok();
    let of_all = format!("{PLATFORM}/USDT");
    root.put(&of_all, &json!({ "maxExposure": "800", "maxDailyLoss": "70" })).await.ok();
    assert_eq!(root.get(PLATFORM).await.ok()[0]["maxExposure"], "800");
    assert_eq!(root.get("/api/v1/risk/limits").await.ok(), json!([]), "the platform's are no tenant's");
    let mut tx = app.tenant(ana.tenant).await;
    let (live, paper) = (bot(&mut tx, "live", "500").await, bot(&mut tx, "paper", "500").await);
    hold(&mut tx, live, "500", "2").await;
    hold(&mut tx, paper, "500", "3").await;
    tx.commit().await.unwrap();
    let standing = ana.get("/api/v1/risk").await.ok();
    let usdt = &standing["currencies"][0];
    assert_eq!((&usdt["exposure"], &usdt["capital"]), (&json!("200"), &json!("500")), "paper ventures nothing");
    assert_eq!(
        usdt["limits"],
        json!([
            { "limit": "maxExposure", "owner": "platform", "allowed": "800", "used": "200", "share": "0.25" },
            { "limit": "maxDailyLoss", "owner": "tenant", "allowed": "50", "used": "0", "share": "0" }
        ])
    );
    root.delete(&of_all).await.no_content();
    root.delete(&of_all).await.refused(404, "LIMITS_NOT_FOUND");
    assert_eq!(ana.get("/api/v1/risk").await.ok()["currencies"][0]["limits"][0]["allowed"], "1000");
}

#[db_test]
async fn a_tenant_never_sees_anothers_limits_or_halts(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (manager(&app).await, manager(&app).await);
    ana.put(LIMITS, &json!({ "maxExposure": "1000" })).await.ok();
    let halt = ana.post(HALTS, &json!({ "reason": "Mine." })).await.created();
    assert_eq!(bob.get("/api/v1/risk/limits").await.ok(), json!([]));
    assert_eq!(bob.get(HALTS).await.ok(), json!([]));
    assert_eq!(bob.get("/api/v1/risk").await.ok(), json!({ "currencies": [], "halts": [] }));
    bob.delete(LIMITS).await.refused(404, "LIMITS_NOT_FOUND");
    let lift = format!("{HALTS}/{}/lift", halt["id"].as_str().unwrap());
    bob.post(&lift, &json!({})).await.refused(404, "HALT_NOT_FOUND");
    assert_eq!(ana.get("/api/v1/risk").await.ok()["halts"][0]["message"], "Mine.");
}

#[db_test]
async fn whoever_may_halt_may_not_lift_nor_set_limits(db: PgPool) {
    let app = app(db).await;
    let halter = app.member(["risk:execute", "risk:write", "risk:read"]).await;
    let reader = app.member(["risk:read"]).await;
    let halt = halter.post(HALTS, &json!({ "reason": "Stop." })).await.created();
    let lift = format!("{HALTS}/{}/lift", halt["id"].as_str().unwrap());
    halter.post(&lift, &json!({})).await.refused(403, "FORBIDDEN");
    halter.put(LIMITS, &json!({})).await.refused(403, "FORBIDDEN");
    halter.delete(LIMITS).await.refused(403, "FORBIDDEN");
    reader.post(HALTS, &json!({ "reason": "Stop." })).await.refused(403, "FORBIDDEN");
    // who manages a tenant manages no platform
    let ana = manager(&app).await;
    ana.put(&format!("{PLATFORM}/USDT"), &json!({})).await.refused(403, "FORBIDDEN");
    ana.get(PLATFORM).await.refused(403, "FORBIDDEN");
    ana.get("/api/v1/risk/platform/halts").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn a_halt_by_hand_holds_until_it_is_lifted_and_is_recorded(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    let halt = ana.post(HALTS, &json!({ "reason": "The news are bad.", "currency": "USDT" })).await.created();
    app.clock().advance(TimeDelta::days(3));
    assert_eq!(ana.get("/api/v1/risk").await.ok()["halts"].as_array().unwrap().len(), 1);
    let lift = format!("{HALTS}/{}/lift", halt["id"].as_str().unwrap());
    let lifted = ana.post(&lift, &json!({})).await.ok();
    assert!(lifted["liftedAt"].is_string());
    ana.post(&lift, &json!({})).await.refused(409, "HALT_OVER");
    assert_eq!(ana.get("/api/v1/risk").await.ok()["halts"], json!([]));
    assert_eq!(ana.get(HALTS).await.ok()[0]["liftedAt"], lifted["liftedAt"]);
    let trail = ana.get(&format!("/api/v1/audit?resourceId={}", halt["id"].as_str().unwrap())).await.ok();
    let actions: Vec<_> = trail.as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["risk_halt.lifted", "risk_halt.began"]);
}
