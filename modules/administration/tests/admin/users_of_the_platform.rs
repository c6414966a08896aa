use crate::support::{PASSWORD, act, actors, admin, app, done, lives, made, sign_in, success, super_admin, user};
use tenants::Kind;
use testkit::{PgPool, Value, db_test, json};
use uuid::Uuid;

#[db_test]
async fn a_user_is_made_who_can_sign_in_and_has_a_tenant(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    let made = made(&admin, "Ana@Example.com").await;
    assert_eq!((&made["email"], &made["emailVerified"]), (&json!("ana@example.com"), &json!(true)));
    assert_eq!((&made["role"], &made["name"]), (&json!("user"), &json!("Made")));
    let open = success(sign_in(&app, "ana@example.com", PASSWORD).await);
    let ana = app.stranger().with("authorization", format!("Bearer {}", open["token"].as_str().unwrap()));
    let tenant = ana.get("/api/auth/me").await.ok()["tenant"].clone();
    assert_eq!((&tenant["name"], &tenant["type"]), (&json!("Made"), &json!("trader")));
    let tenant = Uuid::parse_str(tenant["id"].as_str().unwrap()).unwrap();
    assert_eq!(actors(&app, Some(tenant), "user.created").await, [(Some(admin.user), None)]);
}

#[db_test]
async fn a_user_without_a_password_or_a_verified_address_cannot_sign_in_by_password(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    done(&admin, "create-user", json!({ "email": "a@example.com", "name": "", "data": { "emailVerified": true } }))
        .await;
    done(&admin, "create-user", json!({ "email": "b@example.com", "name": "B", "password": PASSWORD })).await;
    sign_in(&app, "a@example.com", "").await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    sign_in(&app, "a@example.com", PASSWORD).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    sign_in(&app, "b@example.com", PASSWORD).await.refused(403, "EMAIL_NOT_VERIFIED");
}

#[db_test]
async fn what_makes_no_user_is_refused(db: PgPool) {
    let app = app(db).await;
    let (admin, root) = (admin(&app).await, super_admin(&app).await);
    let form = |field: &str, value: Value| {
        let mut form = json!({ "email": "new@example.com", "name": "New", "password": PASSWORD });
        form[field] = value;
        form
    };
    for (field, value, status, code) in [
        ("email", json!(admin.email.to_uppercase()), 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
        ("email", json!("nobody"), 400, "INVALID_EMAIL"),
        ("password", json!("short"), 400, "PASSWORD_TOO_SHORT"),
        ("password", json!("x".repeat(129)), 400, "PASSWORD_TOO_LONG"),
        ("role", json!("emperor"), 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        ("role", json!([]), 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        ("role", json!("admin"), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"),
        ("role", json!(["user", "super_admin"]), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"),
        ("data", json!({ "role": "admin" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"),
    ] {
        act(&admin, "create-user", form(field, value)).await.refused(status, code);
    }
    let made = done(&root, "create-user", form("role", json!("admin"))).await;
    assert_eq!(made["user"]["role"], "admin");
}

#[db_test]
async fn a_users_fields_are_set_right(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    let data = json!({
        "name": "Ana", "email": "Ana.New@Example.com", "emailVerified": false, "image": "https://example.com/a.png",
        "unknown": 1, "locale": "pt",
    });
    let changed = done(&admin, "update-user", json!({ "userId": ana.user, "data": data })).await;
    assert_eq!((&changed["name"], &changed["email"]), (&json!("Ana"), &json!("ana.new@example.com")));
    assert_eq!((&changed["emailVerified"], &changed["image"]), (&json!(false), &json!("https://example.com/a.png")));
    app.clock().advance(chrono::TimeDelta::seconds(1));
    let changed = done(&admin, "update-user", json!({ "userId": ana.user, "data": { "image": null } })).await;
    assert_eq!((&changed["image"], &changed["name"]), (&Value::Null, &json!("Ana")));
    assert_eq!(ana.get("/api/user/profile").await.ok()["locale"], "en");
    let entries = ana.get("/api/v1/audit?action=user.changed").await.ok();
    assert_eq!(entries[0]["actorId"], json!(admin.user));
    assert_eq!((&entries[1]["before"]["name"], &entries[1]["after"]["name"]), (&json!("Test User"), &json!("Ana")));
    assert_eq!(actors(&app, None, "user.changed").await, vec![(Some(admin.user), None); 2]);
}

#[db_test]
async fn a_role_and_a_ban_may_be_set_among_the_fields_by_the_same_rules(db: PgPool) {
    let app = app(db).await;
    let (admin, root, ana) = (admin(&app).await, super_admin(&app).await, user(&app).await);
    let update = async |by: &testkit::Client, data: Value| {
        act(by, "update-user", json!({ "userId": ana.user, "data": data })).await
    };
    update(&admin, json!({ "role": "admin" })).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE");
    assert_eq!(success(update(&admin, json!({ "role": "user" })).await)["role"], "user");
    let banned = success(update(&admin, json!({ "banned": true, "banExpires": "2026-02-01T00:00:00.000Z" })).await);
    assert_eq!((&banned["banned"], &banned["banReason"]), (&json!(true), &json!("No reason")));
    assert_eq!(banned["banExpires"], "2026-02-01T00:00:00.000Z");
    assert!(!lives(&ana).await);
    assert_eq!(success(update(&admin, json!({ "banned": false })).await)["banned"], false);
    assert_eq!(success(update(&root, json!({ "role": "admin" })).await)["role"], "admin");
    let own = act(&root, "update-user", json!({ "userId": root.user, "data": { "banned": true } })).await;
    own.refused(400, "YOU_CANNOT_BAN_YOURSELF");
}

#[db_test]
async fn what_an_administrator_may_not_set_is_refused_and_nothing_of_it_stays(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    for (data, status, code) in [
        (json!({}), 400, "NO_DATA_TO_UPDATE"),
        (json!({ "favouriteColour": "blue" }), 400, "NO_DATA_TO_UPDATE"),
        (json!({ "name": "X", "password": PASSWORD }), 400, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER"),
        (json!({ "name": "X", "id": admin.user }), 400, "USER_ID_CANNOT_BE_UPDATED"),
        (json!({ "name": "X", "twoFactorEnabled": false }), 400, "FIELD_NOT_ALLOWED"),
        (json!({ "name": "X", "email": admin.email }), 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
        (json!({ "name": "X", "email": "no address" }), 400, "INVALID_EMAIL"),
        (json!({ "name": "X", "role": "emperor" }), 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        (json!({ "name": "X", "role": "admin" }), 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"),
    ] {
        act(&admin, "update-user", json!({ "userId": ana.user, "data": data })).await.refused(status, code);
    }
    assert_eq!(ana.get("/api/user/profile").await.ok()["name"], "Test User");
    let own = json!({ "userId": admin.user, "data": { "email": "other@example.com" } });
    act(&admin, "update-user", own).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL");
}

#[db_test]
async fn a_removed_user_is_gone_at_once(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    assert_eq!(done(&admin, "remove-user", json!({ "userId": ana.user })).await, json!({ "success": true }));
    assert!(!lives(&ana).await);
    admin.get(&format!("/api/auth/admin/get-user?id={}", ana.user)).await.refused(404, "USER_NOT_FOUND");
    act(&admin, "remove-user", json!({ "userId": ana.user })).await.refused(404, "USER_NOT_FOUND");
    assert_eq!(actors(&app, None, "user.removed").await, [(Some(admin.user), None)]);
    assert_eq!(actors(&app, Some(ana.tenant), "user.removed").await, [(Some(admin.user), None)]);
    made(&admin, &ana.email).await;
}

#[db_test]
async fn nobody_removes_themselves_or_the_only_owner_of_others_company(db: PgPool) {
    let app = app(db).await;
    let (admin, owner) = (admin(&app).await, app.owner(Kind::Company).await);
    act(&admin, "remove-user", json!({ "userId": admin.user })).await.refused(400, "YOU_CANNOT_REMOVE_YOURSELF");
    let colleague = app.colleague(&owner, "viewer").await;
    let refusal = act(&admin, "remove-user", json!({ "userId": owner.user })).await.refused(409, "SOLE_OWNER");
    assert_eq!(refusal["context"]["tenants"], json!([owner.tenant]));
    assert!(lives(&owner).await);
    done(&admin, "remove-user", json!({ "userId": colleague.user })).await;
    done(&admin, "remove-user", json!({ "userId": owner.user })).await;
}

#[db_test]
async fn a_password_is_given_and_the_sessions_of_the_old_one_end(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    let id = made(&admin, "ana@example.com").await["id"].clone();
    let open = success(sign_in(&app, "ana@example.com", PASSWORD).await);
    let ana = app.stranger().with("authorization", format!("Bearer {}", open["token"].as_str().unwrap()));
    let set =
        async |password: &str| act(&admin, "set-user-password", json!({ "userId": id, "newPassword": password })).await;
    set("short").await.refused(400, "PASSWORD_TOO_SHORT");
    set(&"x".repeat(129)).await.refused(400, "PASSWORD_TOO_LONG");
    assert!(lives(&ana).await);
    assert_eq!(success(set("another good password").await), json!({ "success": true, "status": true }));
    assert!(!lives(&ana).await);
    sign_in(&app, "ana@example.com", PASSWORD).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(sign_in(&app, "ana@example.com", "another good password").await.status, 200);
    let own = json!({ "userId": admin.user, "newPassword": "another good password" });
    act(&admin, "set-user-password", own).await.refused(403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD");
}

#[db_test]
async fn a_user_who_had_no_password_gets_one(db: PgPool) {
    let app = app(db).await;
    let (admin, ana) = (admin(&app).await, user(&app).await);
    done(&admin, "set-user-password", json!({ "userId": ana.user, "newPassword": PASSWORD })).await;
    assert_eq!(sign_in(&app, &ana.email, PASSWORD).await.status, 200);
    assert_eq!(actors(&app, Some(ana.tenant), "user.password-set").await, [(Some(admin.user), None)]);
}
