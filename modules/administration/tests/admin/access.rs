use crate::support::{NOBODY, act, admin, app, done, super_admin, user};
use testkit::{PgPool, Value, db_test, json};

/// Every action that only administrators take, and how others are refused.
const ACTIONS: [(&str, &str); 12] = [
    ("create-user", "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS"),
    ("update-user", "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS"),
    ("set-role", "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"),
    ("ban-user", "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"),
    ("unban-user", "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"),
    ("unlock-user", "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"),
    ("impersonate-user", "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS"),
    ("list-user-sessions", "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS"),
    ("revoke-user-session", "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS"),
    ("revoke-user-sessions", "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS"),
    ("remove-user", "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS"),
    ("set-user-password", "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD"),
];

/// A body with everything that any action asks for.
fn body(user: &str) -> Value {
    json!({
        "userId": user, "role": "user", "email": "x@example.com", "name": "X", "sessionToken": user,
        "newPassword": "a long new password", "data": { "name": "X" },
    })
}

#[db_test]
async fn strangers_are_asked_to_sign_in(db: PgPool) {
    let app = app(db).await;
    for path in ["list-users", "get-user"] {
        app.stranger().get(&format!("/api/auth/admin/{path}")).await.refused(401, "UNAUTHORIZED");
    }
    let others = ["stop-impersonating", "has-permission"].map(|action| (action, ""));
    for (action, _) in ACTIONS.into_iter().chain(others) {
        act(&app.stranger(), action, json!({})).await.refused(401, "UNAUTHORIZED");
    }
}

#[db_test]
async fn users_are_no_administrators_whatever_they_are_in_a_tenant(db: PgPool) {
    let app = app(db).await;
    let owner = app.owner(tenants::Kind::Company).await;
    let colleague = app.colleague(&owner, "viewer").await;
    for (path, code) in
        [("list-users", "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS"), ("get-user", "YOU_ARE_NOT_ALLOWED_TO_GET_USER")]
    {
        owner.get(&format!("/api/auth/admin/{path}?id={}", colleague.user)).await.refused(403, code);
    }
    for (action, code) in ACTIONS {
        act(&owner, action, body(&colleague.user.to_string())).await.refused(403, code);
        act(&owner, action, json!({})).await.refused(403, code);
    }
    assert!(crate::support::lives(&colleague).await);
}

#[db_test]
async fn an_administrator_cannot_touch_another_one_and_a_super_administrator_can(db: PgPool) {
    let app = app(db).await;
    let (admin, other, root) = (admin(&app).await, admin(&app).await, super_admin(&app).await);
    for target in [&other, &root] {
        for (action, code) in ACTIONS {
            let code = match action {
                "create-user" | "revoke-user-session" => continue,
                "impersonate-user" => "YOU_CANNOT_IMPERSONATE_ADMINS",
                _ => code,
            };
            act(&admin, action, body(&target.user.to_string())).await.refused(403, code);
        }
        assert!(crate::support::lives(target).await);
    }
    let sessions = done(&root, "list-user-sessions", json!({ "userId": root.user })).await;
    let handle = sessions["sessions"][0]["token"].clone();
    let code = "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS";
    act(&admin, "revoke-user-session", json!({ "sessionToken": handle })).await.refused(403, code);

    for action in [
        "update-user",
        "ban-user",
        "unban-user",
        "unlock-user",
        "list-user-sessions",
        "set-user-password",
        "remove-user",
    ] {
        done(&root, action, body(&other.user.to_string())).await;
    }
}

#[db_test]
async fn what_is_asked_must_be_well_formed(db: PgPool) {
    let app = app(db).await;
    let admin = admin(&app).await;
    for (action, body) in [
        ("ban-user", json!({})),
        ("ban-user", json!({ "userId": [] })),
        ("ban-user", json!({ "userId": NOBODY, "banReason": "x".repeat(501) })),
        ("ban-user", json!({ "userId": NOBODY, "banExpiresIn": -1 })),
        ("ban-user", json!({ "userId": NOBODY, "banExpiresIn": 1e300 })),
        ("ban-user", json!({ "userId": NOBODY, "banExpiresIn": "soon" })),
        ("set-role", json!({ "userId": NOBODY })),
        ("set-role", json!({ "userId": NOBODY, "role": 5 })),
        ("set-role", json!({ "userId": NOBODY, "role": vec!["user"; 101] })),
        ("create-user", json!({ "email": "x@example.com" })),
        ("create-user", json!({ "email": "x@example.com", "name": "\0" })),
        ("create-user", json!({ "email": "x@example.com", "name": "X", "data": { "image": "\0" } })),
        ("create-user", json!({ "email": "x@example.com", "name": "x".repeat(201) })),
        ("update-user", json!({ "userId": NOBODY, "data": { "emailVerified": "yes" } })),
        ("update-user", json!({ "userId": NOBODY, "data": "name" })),
        ("revoke-user-session", json!({ "sessionToken": "x".repeat(201) })),
        ("set-user-password", json!({ "userId": NOBODY })),
    ] {
        act(&admin, action, body).await.refused(400, "VALIDATION_ERROR");
    }
    let unknown =
        ["ban-user", "unban-user", "unlock-user", "set-role", "update-user", "remove-user", "impersonate-user"];
    for id in [json!(NOBODY), json!("nobody"), json!(7), json!("' or true --"), json!("")] {
        for action in unknown {
            let mut body = body(NOBODY);
            body["userId"] = id.clone();
            act(&admin, action, body).await.refused(404, "USER_NOT_FOUND");
        }
    }
}

#[db_test]
async fn everybody_learns_what_they_may_do(db: PgPool) {
    let app = app(db).await;
    let may = async |by: &testkit::Client, permissions: Value| {
        let answer = act(by, "has-permission", json!({ "permissions": permissions })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.body()["error"], Value::Null);
        answer.body()["success"] == true
    };
    let (admin, root, user) = (admin(&app).await, super_admin(&app).await, user(&app).await);
    for one in [json!({ "user": ["ban"] }), json!({ "user": ["list", "get"], "session": ["revoke"] })] {
        assert!(may(&admin, one.clone()).await && may(&root, one.clone()).await && !may(&user, one).await);
    }
    for none in [json!({ "user": ["fly"] }), json!({ "bots": ["read"] }), json!({})] {
        assert!(!may(&admin, none).await);
    }
    let older = act(&admin, "has-permission", json!({ "permission": { "user": ["ban"] } })).await;
    assert_eq!(older.body()["success"], true);
    act(&admin, "has-permission", json!({})).await.refused(400, "BAD_REQUEST");
}
