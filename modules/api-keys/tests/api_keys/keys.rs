use crate::support::{ana, app, body, entries, key, sql};
use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{PgPool, db_test, json};

const CREATE: &str = "/api/auth/api-key/create";

#[db_test]
async fn a_new_key_has_the_protocols_shape_and_is_shown_this_once(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let wish = json!({ "name": "grid bot", "prefix": "bot_", "expiresIn": 86_400, "ipAllowlist": ["10.0.0.1/8"] });
    let key = key(&app, &ana, wish).await;
    let letters = key.secret.strip_prefix("bot_").unwrap();
    assert!(letters.len() == 64 && letters.bytes().all(|byte| byte.is_ascii_alphabetic()), "{}", key.secret);
    let mut made = key.made.clone();
    for field in ["id", "key", "start"] {
        made.as_object_mut().unwrap().remove(field);
    }
    let noon = "2026-01-05T12:00:00.000Z";
    let shown = json!({
        "success": true, "configId": "default", "name": "grid bot", "prefix": "bot_", "referenceId": ana.user,
        "enabled": true, "expiresAt": "2026-01-06T12:00:00.000Z", "createdAt": noon, "updatedAt": noon,
        "lastRequest": null, "requestCount": 0, "remaining": null, "refillInterval": null, "refillAmount": null,
        "lastRefillAt": null, "rateLimitEnabled": true, "rateLimitTimeWindow": 60_000, "rateLimitMax": 1_200,
        "permissions": { "things": ["read"] }, "metadata": null, "tenantId": ana.tenant,
        "ipAllowlist": ["10.0.0.0/8"], "replacedBy": null,
    });
    assert_eq!(made, shown);
    assert_eq!(key.made["start"], key.secret[..6]);

    let shown = ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await;
    assert!(body(&shown).get("key").is_none() && !shown.text().contains(&key.secret));
    let list = ana.get("/api/auth/api-key/list").await;
    assert!(!list.text().contains(&key.secret));
    let stored = "select string_agg(k::text, '') from api_keys k";
    let stored: String = sqlx::query_scalar(stored).fetch_one(app.system().await.conn()).await.unwrap();
    assert!(stored.contains(&key.id) && !stored.contains(&key.secret[6..]));
}

#[db_test]
async fn making_changing_and_deleting_a_key_are_in_the_trail_without_the_key(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({ "name": "bot" })).await;
    ana.post("/api/auth/api-key/update", &json!({ "keyId": key.id, "enabled": false })).await;
    ana.post("/api/auth/api-key/delete", &json!({ "keyId": key.id })).await;
    for (action, state) in [("created", "after"), ("updated", "after"), ("deleted", "before")] {
        let entries = entries(&ana, &format!("api-key.{action}")).await;
        assert_eq!(entries.len(), 1, "{action}");
        assert_eq!(entries[0]["resourceId"], key.id);
        assert_eq!(entries[0]["actorId"], json!(ana.user));
        assert_eq!(entries[0][state]["name"], "bot");
        assert!(!entries[0].to_string().contains(&key.secret));
    }
    assert_eq!(entries(&ana, "api-key.updated").await[0]["before"]["enabled"], true);
}

#[db_test]
async fn a_key_cannot_be_made_out_of_bounds(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let day = 86_400;
    for (wish, code) in [
        (json!({ "expiresIn": day - 1 }), "EXPIRES_IN_IS_TOO_SMALL"),
        (json!({ "expiresIn": 365 * day + 1 }), "EXPIRES_IN_IS_TOO_LARGE"),
        (json!({ "expiresIn": i64::MAX }), "EXPIRES_IN_IS_TOO_LARGE"),
        (json!({ "expiresIn": 0 }), "VALIDATION_ERROR"),
        (json!({ "expiresIn": "tomorrow" }), "VALIDATION_ERROR"),
        (json!({ "prefix": "bot key" }), "VALIDATION_ERROR"),
        (json!({ "prefix": "" }), "VALIDATION_ERROR"),
        (json!({ "prefix": "b".repeat(33) }), "INVALID_PREFIX_LENGTH"),
        (json!({ "name": "" }), "INVALID_NAME_LENGTH"),
        (json!({ "name": "ã".repeat(33) }), "INVALID_NAME_LENGTH"),
        (json!({ "name": 7 }), "VALIDATION_ERROR"),
        (json!({ "metadata": { "a": 1 } }), "METADATA_DISABLED"),
        (json!({ "remaining": 10 }), "SERVER_ONLY_PROPERTY"),
        (json!({ "refillAmount": 10 }), "SERVER_ONLY_PROPERTY"),
        (json!({ "refillInterval": 10 }), "SERVER_ONLY_PROPERTY"),
        (json!({ "rateLimitEnabled": false }), "SERVER_ONLY_PROPERTY"),
        (json!({ "rateLimitMax": 0 }), "VALIDATION_ERROR"),
        (json!({ "rateLimitMax": 6_001 }), "VALIDATION_ERROR"),
        (json!({ "rateLimitTimeWindow": 1_000 }), "VALIDATION_ERROR"),
        (json!({ "rateLimitTimeWindow": i64::MAX }), "VALIDATION_ERROR"),
        (json!({ "permissions": { "Things": ["read"] } }), "VALIDATION_ERROR"),
        (json!({ "permissions": { "things:read": ["x"] } }), "VALIDATION_ERROR"),
        (json!({ "permissions": { "things": ["*"] } }), "VALIDATION_ERROR"),
        (json!({ "permissions": ["things:read"] }), "VALIDATION_ERROR"),
        (json!({ "ipAllowlist": ["localhost"] }), "VALIDATION_ERROR"),
        (json!({ "ipAllowlist": vec!["::1"; 21] }), "VALIDATION_ERROR"),
    ] {
        ana.post(CREATE, &wish).await.refused(400, code);
    }
    assert_eq!(body(&ana.get("/api/auth/api-key/list").await)["total"], 0);
    let edge = json!({ "expiresIn": 365 * day, "prefix": "b".repeat(32), "name": "ã".repeat(32), "remaining": null,
                       "rateLimitEnabled": true, "rateLimitMax": 6_000, "userId": ana.user, "id": "mine" });
    body(&ana.post(CREATE, &edge).await);
}

#[db_test]
async fn a_key_is_given_no_more_than_its_user_holds(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["things:read"]).await;
    let wish = json!({ "permissions": { "things": ["read", "write"] } });
    let refusal = ana.post(CREATE, &wish).await.refused(403, "INSUFFICIENT_API_KEY_PERMISSIONS");
    assert_eq!(refusal["context"]["permission"], "things:write");
    let key = key(&app, &ana, json!({})).await;
    for more in [json!({ "things": ["write"] }), json!({ "things": ["read"], "members": ["read"] })] {
        let wish = json!({ "keyId": key.id, "permissions": more });
        ana.post("/api/auth/api-key/update", &wish).await.refused(403, "INSUFFICIENT_API_KEY_PERMISSIONS");
    }
    assert_eq!(
        body(&ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await)["permissions"],
        json!({ "things": ["read"] })
    );
    let all = app.owner(Kind::Company).await;
    body(&all.post(CREATE, &json!({ "permissions": { "things": ["read", "write", "read"] } })).await);
}

#[db_test]
async fn only_a_fresh_session_of_the_users_own_makes_and_changes_keys(db: PgPool) {
    let app = app(db.clone()).await;
    let (ana, bob) = (ana(&app).await, app.member([]).await);
    let key = key(&app, &ana, json!({})).await;
    let (change, rotate) = (json!({ "keyId": key.id, "enabled": true }), json!({ "keyId": key.id }));
    let making = [(CREATE, json!({})), ("/api/auth/api-key/update", change), ("/api/auth/api-key/rotate", rotate)];
    for (path, form) in &making {
        app.stranger().post(path, form).await.refused(401, "UNAUTHORIZED_SESSION");
        ana.with("authorization", "Bearer nonsense").post(path, form).await.refused(401, "UNAUTHORIZED_SESSION");
    }
    for foreign in [CREATE, "/api/auth/api-key/update"] {
        let form = json!({ "keyId": key.id, "enabled": true, "userId": bob.user });
        ana.post(foreign, &form).await.refused(401, "UNAUTHORIZED_SESSION");
    }
    for path in ["/api/auth/api-key/list", "/api/auth/api-key/get?id=x"] {
        app.stranger().get(path).await.refused(401, "UNAUTHORIZED");
    }
    app.stranger().post("/api/auth/api-key/delete", &json!({ "keyId": key.id })).await.refused(401, "UNAUTHORIZED");

    sql(&db, format!("update sessions set impersonated_by = '{}' where user_id = '{}'", bob.user, ana.user)).await;
    for (path, form) in &making {
        ana.post(path, form).await.refused(403, "IMPERSONATED");
    }
    sql(&db, "update sessions set impersonated_by = null".to_owned()).await;
    app.clock().advance(TimeDelta::days(1));
    for (path, form) in &making {
        ana.post(path, form).await.refused(403, "SESSION_NOT_FRESH");
    }
    // to end a key is never too late
    body(&ana.post("/api/auth/api-key/delete", &json!({ "keyId": key.id })).await);
    key.bot.get("/things").await.refused(401, "INVALID_API_KEY");
}

#[db_test]
async fn keys_are_listed_in_order_and_by_pages(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    for name in ["b", "c", "a"] {
        key(&app, &ana, json!({ "name": name })).await;
        app.clock().advance(TimeDelta::seconds(1));
    }
    let names = async |query: &str| {
        let list = body(&ana.get(&format!("/api/auth/api-key/list{query}")).await);
        let names = list["apiKeys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(""), list)
    };
    let (all, list) = names("").await;
    assert_eq!((all.as_str(), &list["total"]), ("bca", &json!(3)));
    assert!(list.get("limit").is_none() && list.get("offset").is_none());
    assert_eq!(names("?sortBy=name&sortDirection=desc").await.0, "cba");
    let (page, list) = names("?sortBy=name&limit=1&offset=1").await;
    assert_eq!(
        (page.as_str(), &list["limit"], &list["offset"], &list["total"]),
        ("b", &json!(1), &json!(1), &json!(3))
    );
    for bad in ["?limit=x", "?limit=-1", "?sortBy=key_hash", "?sortDirection=up"] {
        ana.get(&format!("/api/auth/api-key/list{bad}")).await.refused(400, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn nobody_elses_key_can_be_seen_changed_or_ended(db: PgPool) {
    let app = app(db).await;
    let boss = app.owner(Kind::Company).await;
    let (colleague, other) = (app.colleague(&boss, "admin").await, ana(&app).await);
    let key = key(&app, &boss, json!({})).await;
    for nosy in [&colleague, &other] {
        for id in [key.id.as_str(), "00000000-0000-7000-8000-000000000000", "x", "' or 1=1 --"] {
            let id = json!({ "keyId": id, "enabled": false });
            for verb in ["update", "delete", "rotate"] {
                nosy.post(&format!("/api/auth/api-key/{verb}"), &id).await.refused(404, "KEY_NOT_FOUND");
            }
        }
        nosy.get(&format!("/api/auth/api-key/get?id={}", key.id)).await.refused(404, "KEY_NOT_FOUND");
        assert_eq!(body(&nosy.get("/api/auth/api-key/list").await)["total"], 0);
    }
    key.bot.get("/things").await.ok();
}

#[db_test]
async fn keys_are_made_and_seen_in_one_tenant(db: PgPool) {
    let app = app(db).await;
    let (ana, boss) = (app.owner(Kind::Trader).await, app.owner(Kind::Company).await);
    let mut tx = app.tenant(boss.tenant).await;
    tenants::add_member(&mut tx, ana.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    let at_work = ana.with("x-tenant-id", boss.tenant);
    let work = key(&app, &at_work, json!({})).await;
    assert_eq!(work.made["tenantId"], json!(boss.tenant));
    at_work
        .post(CREATE, &json!({ "permissions": { "things": ["write"] } }))
        .await
        .refused(403, "INSUFFICIENT_API_KEY_PERMISSIONS");
    ana.get(&format!("/api/auth/api-key/get?id={}", work.id)).await.refused(404, "KEY_NOT_FOUND");
    assert_eq!(work.bot.get("/things").await.ok(), json!({ "user": ana.user, "tenant": boss.tenant }));
}

#[db_test]
async fn a_user_has_so_many_keys_and_no_more(db: PgPool) {
    let app = app(db.clone()).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({})).await;
    sql(
        &db,
        format!(
            "insert into api_keys (id, tenant_id, user_id, start, key_hash, permissions, rate_limit_max,
                                   rate_limit_time_window, created_at, updated_at)
             select gen_random_uuid(), '{}', '{}', 'x', n::text::bytea, '{{}}', 1, 1000, now(), now()
             from generate_series(1, 98) n",
            ana.tenant, ana.user
        ),
    )
    .await;
    let form = json!({});
    let last = futures::future::join_all((0..5).map(|_| ana.post(CREATE, &form))).await;
    assert_eq!(last.iter().filter(|answer| answer.status == 200).count(), 1);
    last.into_iter().filter(|answer| answer.status != 200).for_each(|answer| {
        answer.refused(409, "TOO_MANY_KEYS");
    });
    ana.post("/api/auth/api-key/rotate", &json!({ "keyId": key.id })).await.refused(409, "TOO_MANY_KEYS");
}

#[db_test]
async fn there_is_no_way_to_verify_a_key_over_http(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({})).await;
    assert_eq!(ana.post("/api/auth/api-key/verify", &json!({ "key": key.secret })).await.status, 404);
}
