use crate::support::{PASSWORD, execute, failure, fields, form, link, success, user};
use axum::body::Body;
use testkit::{PgPool, TestApp, Value, db_test, json};

const PATH: &str = "/api/auth/sign-up/email";
const USER: [&str; 12] = [
    "id",
    "name",
    "email",
    "emailVerified",
    "image",
    "createdAt",
    "updatedAt",
    "role",
    "twoFactorEnabled",
    "banned",
    "banReason",
    "banExpires",
];

#[db_test]
async fn a_new_user_gets_no_session_but_a_mail(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut form = form("Ana.Souza@Example.COM");
    form["name"] = json!("You won! https://evil.example");
    let answer = app.stranger().post(PATH, &form).await;
    let body = success(&answer);
    assert_eq!(fields(&body), ["success", "token", "user"]);
    assert!(body["token"].is_null() && !answer.headers.contains_key("set-cookie"));
    assert_eq!(fields(&body["user"]), USER);
    assert_eq!(body["user"]["email"], "ana.souza@example.com");
    assert_eq!((&body["user"]["emailVerified"], &body["user"]["role"]), (&json!(false), &json!("user")));
    assert_eq!(body["user"]["createdAt"], "2026-01-05T12:00:00.000Z");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    app.run_jobs().await;
    let mail = app.outbox().newest_to("ana.souza@example.com");
    assert!(mail.html.contains("/api/auth/verify-email?token="));
    assert!(!mail.html.contains("evil") && !mail.text.contains("evil"), "nobody's words but ours");
    let link = link(&app, "ana.souza@example.com");
    assert!(link.starts_with("/api/auth/verify-email?token=ey") && link.ends_with("&callbackURL=%2F"), "{link}");
}

#[db_test]
async fn a_user_founds_the_kind_of_tenant_they_choose(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for (number, (kind, name, role)) in
        [(None, None, "trader"), (Some("company"), Some("Acme S.A."), "ceo"), (Some("influencer"), None, "influencer")]
            .into_iter()
            .enumerate()
    {
        let email = format!("user{number}@example.com");
        let mut form = form(&email);
        form["tenantType"] = json!(kind.unwrap_or("trader"));
        if let Some(name) = name {
            form["tenantName"] = json!(name);
        }
        success(&app.stranger().post(PATH, &form).await);
        app.run_jobs().await;
        app.stranger().get(&link(&app, &email)).await;
        let (client, _) = crate::support::session(&app, &email).await;
        let tenants = client.get("/api/tenant").await.ok();
        assert_eq!(tenants[0]["type"], kind.unwrap_or("trader"));
        assert_eq!((&tenants[0]["role"], &tenants[0]["isDefault"]), (&json!(role), &json!(true)));
        assert_eq!(tenants[0]["name"], name.unwrap_or("Ana Souza"));
        assert_eq!(tenants.as_array().map(Vec::len), Some(1));
    }
    failure(
        app.stranger()
            .post(PATH, &json!({ "name": "A", "email": "a@b.co", "password": PASSWORD, "tenantType": "bank" }))
            .await,
        400,
        "VALIDATION_ERROR",
        "[body.tenantType] unknown variant `bank`, expected one of `company`, `trader`, `influencer`",
    );
}

#[db_test]
async fn a_taken_address_answers_as_a_free_one_and_nothing_is_stored(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let first = success(&app.stranger().post(PATH, &form("ana@example.com")).await);
    app.run_jobs().await;
    let before = counts(&app).await;
    let mut again = form("ANA@example.com");
    again["name"] = json!("Eve");
    let second = success(&app.stranger().post(PATH, &again).await);
    assert_eq!((fields(&second), fields(&second["user"])), (fields(&first), fields(&first["user"])));
    assert_ne!(second["user"]["id"], first["user"]["id"]);
    assert_eq!((&second["user"]["name"], &second["user"]["email"]), (&json!("Eve"), &json!("ana@example.com")));
    assert_eq!((&second["user"]["emailVerified"], &second["token"]), (&json!(false), &Value::Null));
    assert_eq!(counts(&app).await, before);
    assert_eq!((app.run_jobs().await, app.outbox().emails().len()), (0, 1), "no second mail");
}

async fn counts(app: &TestApp) -> [i64; 6] {
    let mut tx = app.system().await;
    let mut counts = [0; 6];
    for (count, table) in
        counts.iter_mut().zip(["users", "accounts", "tenants", "tenant_members", "jobs", "audit_entries"])
    {
        let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        *count = sqlx::query_scalar(query).fetch_one(tx.conn()).await.expect("a count");
    }
    counts
}

#[db_test]
async fn twenty_sign_ups_with_one_address_at_the_same_time_make_one_user(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (stranger, form) = (app.stranger(), form("ana@example.com"));
    let answers = futures::future::join_all((0..20).map(|_| stranger.post(PATH, &form))).await;
    let mut ids: Vec<_> = answers.iter().map(|answer| success(answer)["user"]["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "every answer has an id of its own");
    app.run_jobs().await;
    // user.created, tenant.created and member.added
    assert_eq!(counts(&app).await, [1, 1, 1, 1, 1, 3]);
    assert_eq!(app.outbox().emails().len(), 1);
}

#[db_test]
async fn what_breaks_a_rule_is_refused_in_the_words_of_the_protocol(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let stranger = app.stranger();
    let with = |field: &str, value: Value| {
        let mut form = form("ana@example.com");
        form[field] = value;
        form
    };
    let without = |field: &str| {
        let mut form = form("ana@example.com");
        form.as_object_mut().expect("an object").remove(field);
        form
    };
    for (form, code, message) in [
        (with("email", json!("ana")), "VALIDATION_ERROR", "[body.email] Invalid email address"),
        (with("email", json!("ana@b.co\u{0}")), "VALIDATION_ERROR", "[body.email] Invalid input: the character NUL"),
        (with("email", json!(5)), "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received number"),
        (with("name", json!(null)), "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received null"),
        (with("name", json!([])), "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received array"),
        (without("name"), "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received undefined"),
        (without("email"), "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received undefined"),
        (without("password"), "VALIDATION_ERROR", "[body.password] Invalid input: expected string, received undefined"),
        (with("password", json!("x".repeat(7))), "PASSWORD_TOO_SHORT", "Password too short"),
        (with("password", json!("x".repeat(129))), "PASSWORD_TOO_LONG", "Password too long"),
        (with("role", json!("admin")), "FIELD_NOT_ALLOWED", "role is not allowed to be set"),
        (with("banned", json!(false)), "FIELD_NOT_ALLOWED", "banned is not allowed to be set"),
        (with("twoFactorEnabled", json!(true)), "FIELD_NOT_ALLOWED", "twoFactorEnabled is not allowed to be set"),
    ] {
        failure(stranger.post(PATH, &form).await, 400, code, message);
    }
    for (field, value) in [("name", "x".repeat(201)), ("image", "x".repeat(2049)), ("tenantName", "x".repeat(201))] {
        stranger.post(PATH, &with(field, json!(value))).await.refused(400, "VALIDATION_ERROR");
    }
    for bad in ["https://evil.example", "//evil.example", "javascript:alert(1)", ""] {
        failure(
            stranger.post(PATH, &with("callbackURL", json!(bad))).await,
            403,
            "INVALID_CALLBACK_URL",
            "Invalid callbackURL",
        );
    }
    let send = async |body: &'static str, kind: Option<&str>| stranger.send("POST", PATH, Body::from(body), kind).await;
    failure(send("{", Some("application/json")).await, 400, "BAD_REQUEST", "Invalid JSON in request body");
    send("[]", Some("application/json")).await.refused(400, "VALIDATION_ERROR");
    send("", Some("application/json")).await.refused(400, "VALIDATION_ERROR");
    send("", None).await.refused(400, "VALIDATION_ERROR");
    send("name=x", Some("text/plain")).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let huge = with("name", json!("x".repeat(70_000)));
    stranger.post(PATH, &huge).await.refused(413, "BODY_TOO_LARGE");
    assert_eq!(counts(&app).await, [0; 6]);
}

#[db_test]
async fn what_nobody_asked_for_is_ignored_and_an_empty_name_is_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut form = form("ana@example.com");
    form["name"] = json!("");
    form["emailVerified"] = json!(true);
    form["id"] = json!("mine");
    form["rememberMe"] = json!(true);
    let body = success(&app.stranger().post(PATH, &form).await);
    assert_eq!((&body["user"]["name"], &body["user"]["emailVerified"]), (&json!(""), &json!(false)));
    assert_ne!(body["user"]["id"], "mine");
    app.run_jobs().await;
}

#[db_test]
async fn a_form_of_plain_html_does_as_well(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let body = "name=Ana+Souza&email=ana%2Bbots%40example.com&password=correct+horse+battery&tenantType=company";
    let kind = Some("application/x-www-form-urlencoded; charset=utf-8");
    let body = success(&app.stranger().send("POST", PATH, Body::from(body), kind).await);
    assert_eq!((&body["user"]["name"], &body["user"]["email"]), (&json!("Ana Souza"), &json!("ana+bots@example.com")));
    app.run_jobs().await;
}

#[db_test]
async fn the_longest_password_counts_to_its_last_letter(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let password = "pä".repeat(64);
    let mut form = form("ana@example.com");
    form["password"] = json!(password);
    success(&app.stranger().post(PATH, &form).await);
    app.run_jobs().await;
    app.stranger().get(&link(&app, "ana@example.com")).await;
    let sign_in = async |password: String| {
        let form = json!({ "email": "ana@example.com", "password": password });
        app.stranger().post("/api/auth/sign-in/email", &form).await.status.as_u16()
    };
    assert_eq!(sign_in(password.clone()).await, 200);
    assert_eq!(sign_in("pä".repeat(63) + "pb").await, 401);
}

#[db_test]
async fn secrets_are_in_no_trail_and_no_job(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "ana@example.com").await;
    let (_, open) = crate::support::session(&app, "ana@example.com").await;
    let token = open["token"].as_str().expect("a token").to_owned();
    let mut tx = app.system().await;
    let everything: Vec<String> = sqlx::query_scalar(
        "select to_jsonb(t)::text from audit_entries t union all select to_jsonb(t)::text from jobs t
         union all select to_jsonb(t)::text from sessions t union all select to_jsonb(t)::text from users t",
    )
    .fetch_all(tx.conn())
    .await
    .expect("the rows");
    assert!(everything.len() > 5);
    for row in &everything {
        assert!(
            !row.contains(PASSWORD) && !row.contains(&token) && !row.contains("$2b$") && !row.contains("eyJ"),
            "{row}"
        );
    }
    let hash: String =
        sqlx::query_scalar("select password_hash from accounts").fetch_one(tx.conn()).await.expect("one");
    assert!(hash.starts_with("$2b$04$"), "{hash}");
}

#[db_test]
async fn what_happened_is_in_the_trail_of_the_users_own_tenant(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "ana@example.com").await;
    let (client, open) = crate::support::session(&app, "ana@example.com").await;
    let trail = client.get("/api/v1/audit").await.ok();
    let entries = trail.as_array().cloned().unwrap_or_default();
    let mut actions: Vec<_> = entries.iter().filter_map(|entry| entry["action"].as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["member.added", "session.opened", "tenant.created", "user.created", "user.email-verified"]);
    assert!(entries.iter().all(|entry| entry["actorId"] == open["user"]["id"]), "{trail}");
}

const CLOSE: &str =
    "insert into setting_versions (name, version, value, changed_at) values ('sign-up.open', 1, 'false', now())";

#[db_test]
async fn where_sign_up_is_closed_nobody_becomes_a_user_by_themselves(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "ana@example.com").await;
    let ask = async |email: &str| {
        app.stranger().post("/api/auth/sign-in/magic-link", &json!({ "email": email })).await;
        app.run_jobs().await;
    };
    ask("carl@example.com").await;
    let promised = link(&app, "carl@example.com");
    execute(&app, CLOSE).await;
    for email in ["bob@example.com", "ana@example.com"] {
        app.stranger().post(PATH, &form(email)).await.refused(403, "SIGN_UP_CLOSED");
    }
    let mails = app.outbox().emails().len();
    ask("bob@example.com").await;
    assert_eq!(app.outbox().emails().len(), mails, "who cannot become a user gets no link to do so");
    let led = app.stranger().get(&promised).await;
    assert!(led.header("location").contains("error=") && !led.headers.contains_key("set-cookie"), "{led:?}");
    ask("ana@example.com").await;
    assert_eq!(app.stranger().get(&link(&app, "ana@example.com")).await.status, 302);
    let credentials = json!({ "email": "ana@example.com", "password": PASSWORD });
    assert_eq!(app.stranger().post("/api/auth/sign-in/email", &credentials).await.status, 200);
}

#[db_test]
async fn mails_are_signed_as_the_platforms_operators_say(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, "ana@example.com").await;
    assert!(!app.outbox().newest_to("ana@example.com").text.contains("\n-- \n"));
    execute(
        &app,
        "insert into setting_versions (name, version, value, changed_at)
         values ('platform.name', 1, '\"Bots & Co\"', now()), ('support.email', 1, '\"help@bots.example\"', now())",
    )
    .await;
    user(&app, "bob@example.com").await;
    let mail = app.outbox().newest_to("bob@example.com");
    assert!(mail.text.ends_with("\n-- \nBots & Co\nhelp@bots.example\n"), "{}", mail.text);
    assert!(mail.html.ends_with("<p>-- <br>Bots &amp; Co<br>help@bots.example</p>\n</html>\n"), "{}", mail.html);
}
