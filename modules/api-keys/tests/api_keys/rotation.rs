use crate::support::{Key, ana, app, body, entries, key, read, update};
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

async fn rotate(app: &TestApp, of: &Client, key: &Key, wish: Value) -> Key {
    let mut form = wish;
    form["keyId"] = json!(key.id);
    read(app, body(&of.post("/api/auth/api-key/rotate", &form).await))
}

#[db_test]
async fn the_old_key_holds_beside_the_new_one_until_the_overlap_ends(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let old =
        key(&app, &ana, json!({ "name": "bot", "prefix": "p_", "rateLimitMax": 7, "ipAllowlist": ["::/0"] })).await;
    let new = rotate(&app, &ana, &old, json!({})).await;
    assert!(new.secret != old.secret && new.secret.starts_with("p_") && new.id != old.id);
    for field in ["name", "prefix", "rateLimitMax", "ipAllowlist", "permissions", "expiresAt", "tenantId"] {
        assert_eq!(new.made[field], old.made[field], "{field}");
    }
    let previous = &new.made["previous"];
    assert_eq!((&previous["id"], &previous["replacedBy"]), (&json!(old.id), &json!(new.id)));
    assert_eq!(previous["expiresAt"], "2026-01-06T12:00:00.000Z");
    let entry = &entries(&ana, "api-key.rotated").await[0];
    assert!(entry["resourceId"] == old.id && !entry.to_string().contains(&new.secret));

    let call = async |key: &Key| key.bot.from("::1").get("/things").await;
    app.clock().advance(TimeDelta::days(1) - TimeDelta::milliseconds(1));
    call(&old).await.ok();
    app.clock().advance(TimeDelta::milliseconds(1));
    call(&old).await.refused(401, "KEY_EXPIRED");
    call(&new).await.ok();
}

#[db_test]
async fn an_overlap_is_as_long_as_wished_and_a_week_at_most(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let old = key(&app, &ana, json!({ "expiresIn": 172_800 })).await;
    for bad in [json!(-1), json!(604_801), json!("x")] {
        let form = json!({ "keyId": old.id, "overlapSeconds": bad });
        ana.post("/api/auth/api-key/rotate", &form).await.refused(400, "VALIDATION_ERROR");
    }
    app.clock().advance(TimeDelta::hours(1));
    let new = rotate(&app, &ana, &old, json!({ "overlapSeconds": 604_800 })).await;
    assert_eq!(new.made["previous"]["expiresAt"], old.made["expiresAt"], "an overlap never lengthens a life");
    assert_eq!(new.made["expiresAt"], "2026-01-07T13:00:00.000Z", "the new one lives as long as the old one was to");
    let newest = rotate(&app, &ana, &new, json!({ "overlapSeconds": 0 })).await;
    new.bot.get("/things").await.refused(401, "KEY_EXPIRED");
    newest.bot.get("/things").await.ok();
}

#[db_test]
async fn a_key_is_replaced_once_and_its_end_stays(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let old = key(&app, &ana, json!({})).await;
    let (once, twice) = (json!({ "keyId": old.id }), json!({ "keyId": old.id }));
    let rotate = |form| ana.post("/api/auth/api-key/rotate", form);
    let (one, other) = futures::join!(rotate(&once), rotate(&twice));
    let (done, refused) = if one.status == 200 { (one, other) } else { (other, one) };
    body(&done);
    refused.refused(409, "KEY_ROTATED");
    for longer in [json!({ "expiresIn": 864_000 }), json!({ "expiresIn": null })] {
        update(&ana, &old, longer).await.refused(409, "KEY_ROTATED");
    }
    body(&update(&ana, &old, json!({ "enabled": false })).await);
    old.bot.get("/things").await.refused(401, "KEY_DISABLED");
}

#[db_test]
async fn a_new_key_is_not_given_what_the_user_has_lost(db: PgPool) {
    let app = app(db).await;
    let boss = app.owner(Kind::Company).await;
    let ana = app.colleague(&boss, "manager").await;
    let old = key(&app, &ana, json!({ "permissions": { "things": ["read", "write"] } })).await;
    let mut tx = app.tenant(boss.tenant).await;
    tenants::set_role(&mut tx, ana.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    let new = rotate(&app, &ana, &old, json!({})).await;
    assert_eq!(new.made["permissions"], json!({ "things": ["read"] }));
}
