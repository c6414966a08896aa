use crate::support::{ana, app, body, key, update};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_key_changes_where_it_is_told_to_and_stays_otherwise(db: PgPool) {
    let app = app(db).await;
    let ana = ana(&app).await;
    let key = key(&app, &ana, json!({ "name": "bot", "expiresIn": 86_400 })).await;
    let mut expected = key.made.clone();
    expected.as_object_mut().unwrap().remove("key");
    let changes = [
        (json!({ "name": "grid" }), json!({ "name": "grid" })),
        (json!({ "enabled": false }), json!({ "enabled": false })),
        (json!({ "expiresIn": 172_800 }), json!({ "expiresAt": "2026-01-07T12:00:00.000Z" })),
        (json!({ "expiresIn": null }), json!({ "expiresAt": null })),
        (
            json!({ "permissions": { "things": ["write", "read"] } }),
            json!({ "permissions": { "things": ["read", "write"] } }),
        ),
        (json!({ "permissions": null }), json!({ "permissions": null })),
        (json!({ "ipAllowlist": ["::1", "::1"] }), json!({ "ipAllowlist": ["::1/128"] })),
        (json!({ "ipAllowlist": [] }), json!({ "ipAllowlist": null })),
        (json!({ "rateLimitMax": 10 }), json!({ "rateLimitMax": 10 })),
        (json!({ "rateLimitTimeWindow": 1_000 }), json!({ "rateLimitTimeWindow": 1_000 })),
        (json!({ "rateLimitEnabled": true }), json!({})),
    ];
    for (wish, change) in changes {
        expected.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(body(&update(&ana, &key, wish.clone()).await), expected, "{wish}");
        assert_eq!(body(&ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await), expected, "{wish}");
    }
}

#[db_test]
async fn an_update_that_gains_anything_is_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(["things:read"]).await;
    let key = key(&app, &ana, json!({ "ipAllowlist": ["10.0.0.1"] })).await;
    for (wish, status, code) in [
        (json!({}), 400, "NO_VALUES_TO_UPDATE"),
        (json!({ "metadata": { "a": 1 } }), 400, "NO_VALUES_TO_UPDATE"),
        (json!({ "tenantId": ana.tenant, "referenceId": ana.user, "key": "k" }), 400, "NO_VALUES_TO_UPDATE"),
        (json!({ "remaining": 1_000 }), 400, "SERVER_ONLY_PROPERTY"),
        (json!({ "refillAmount": 1, "refillInterval": 1 }), 400, "SERVER_ONLY_PROPERTY"),
        (json!({ "rateLimitEnabled": false }), 400, "SERVER_ONLY_PROPERTY"),
        (json!({ "rateLimitMax": 6_001 }), 400, "VALIDATION_ERROR"),
        (json!({ "rateLimitTimeWindow": 1_000 }), 400, "VALIDATION_ERROR"),
        (json!({ "expiresIn": 60 }), 400, "EXPIRES_IN_IS_TOO_SMALL"),
        (json!({ "expiresIn": 32_000_000 }), 400, "EXPIRES_IN_IS_TOO_LARGE"),
        (json!({ "name": "" }), 400, "INVALID_NAME_LENGTH"),
        (json!({ "ipAllowlist": ["anywhere"] }), 400, "VALIDATION_ERROR"),
        (json!({ "permissions": { "things": ["write"] } }), 403, "INSUFFICIENT_API_KEY_PERMISSIONS"),
    ] {
        update(&ana, &key, wish).await.refused(status, code);
    }
    let mut made = key.made.clone();
    made.as_object_mut().unwrap().remove("key");
    assert_eq!(body(&ana.get(&format!("/api/auth/api-key/get?id={}", key.id)).await), made);
}
