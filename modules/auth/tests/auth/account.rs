use crate::support::{actions, failure, fields, set_cookies, signed_up, success, user};
use testkit::{PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const PATH: &str = "/api/auth/update-user";

#[db_test]
async fn a_user_changes_name_and_picture_and_sees_it_at_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let shown = async || client.get("/api/auth/get-session").await.body()["user"].clone();
    let picture = "https://example.com/ana.png";
    let answer = client.post(PATH, &json!({ "name": "Ana M.", "image": picture })).await;
    assert_eq!(success(&answer), json!({ "success": true, "status": true }));
    assert!(set_cookies(&answer)[0].starts_with("better-auth.session_token="), "the cookie comes again");
    assert_eq!((&shown().await["name"], &shown().await["image"]), (&json!("Ana M."), &json!(picture)));
    success(&client.post(PATH, &json!({ "name": "" })).await);
    assert_eq!((&shown().await["name"], &shown().await["image"]), (&json!(""), &json!(picture)));
    success(&client.post(PATH, &json!({ "image": null, "unknown": 1 })).await);
    assert!(shown().await["image"].is_null());
    assert_eq!(actions(&app).await.iter().filter(|action| *action == "user.profile-changed").count(), 3);
}

#[db_test]
async fn what_a_user_may_not_set_is_refused(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let post = async |body: Value| client.post(PATH, &body).await;
    failure(post(json!({ "email": "x@b.co" })).await, 400, "EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated");
    failure(post(json!({})).await, 400, "NO_FIELDS_TO_UPDATE", "No fields to update");
    for field in ["role", "banned", "banReason", "banExpires", "twoFactorEnabled"] {
        let refused = post(json!({ "name": "x", field: true })).await.refused(400, "FIELD_NOT_ALLOWED");
        assert_eq!(refused["message"], format!("{field} is not allowed to be set"));
    }
    for bad in [
        json!({ "name": 5 }),
        json!({ "name": "x".repeat(201) }),
        json!({ "image": "javascript:alert(1)" }),
        json!({ "image": "x".repeat(2049) }),
        json!({ "image": {} }),
    ] {
        post(bad).await.refused(400, "VALIDATION_ERROR");
    }
    failure(app.stranger().post(PATH, &json!({ "name": "x" })).await, 401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(client.get("/api/auth/get-session").await.body()["user"]["name"], "Ana Souza");
}

#[db_test]
async fn accounts_are_listed_to_their_user_alone(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "bob@example.com").await;
    let (client, open) = signed_up(&app, ANA).await;
    let list = client.get("/api/auth/list-accounts").await.body();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!(
        fields(&list[0]),
        ["id", "accountId", "providerId", "userId", "createdAt", "updatedAt", "scopes"],
        "and no hash"
    );
    let id = &open["user"]["id"];
    assert_eq!((&list[0]["accountId"], &list[0]["userId"], &list[0]["providerId"]), (id, id, &json!("credential")));
    failure(app.stranger().get("/api/auth/list-accounts").await, 401, "UNAUTHORIZED", "Unauthorized");
}

#[db_test]
async fn paths_and_methods_that_the_protocol_does_not_know_are_not_there(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let send = async |method: &str, path: &str| {
        let path = format!("/api/auth/{path}");
        client.send(method, &path, axum::body::Body::from("{}"), Some("application/json")).await
    };
    for (method, path) in [
        ("GET", "update-user"),
        ("GET", "sign-in/email"),
        ("DELETE", "update-user"),
        ("POST", "ok"),
        ("PUT", "get-session"),
        ("GET", "get-session/"),
        ("GET", "Get-Session"),
        ("GET", "nowhere"),
        ("POST", ""),
    ] {
        send(method, path).await.refused(404, "PAGE_NOT_FOUND");
    }
    let head = send("HEAD", "get-session").await;
    assert_eq!(head.status, 404);
    send("POST", "get-session").await.refused(405, "METHOD_NOT_ALLOWED");
    let elsewhere = client.send("DELETE", "/api/user/profile", axum::body::Body::empty(), None).await;
    elsewhere.refused(405, "METHOD_NOT_ALLOWED");
}

#[db_test]
async fn the_error_page_shows_a_code_and_nothing_else_that_it_is_told(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let open = async |query: &str| app.stranger().get(&format!("/api/auth/error{query}")).await;
    let page = open("?error=INVALID_TOKEN").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<code>INVALID_TOKEN</code>"), "{}", page.text());
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!((page.header("cache-control"), page.header("x-frame-options")), ("no-store", "DENY"));
    for odd in ["", "?error=", "?error=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "?error=Call%20us", "?error=%22%3E"] {
        let text = open(odd).await.text();
        assert!(text.contains("<code>UNKNOWN</code>") && !text.contains("script"), "{odd}: {text}");
    }
}
