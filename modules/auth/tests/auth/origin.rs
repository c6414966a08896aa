use crate::support::{PASSWORD, form, session, success, user};
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

const ANA: &str = "ana@example.com";
const OURS: &str = "http://127.0.0.1:3000";
const EVIL: &str = "https://evil.example";

/// What a call is answered, by its headers: `None` where it is accepted.
type Row = (&'static [(&'static str, &'static str)], Option<&'static str>);

async fn check(client: &Client, path: &str, body: &Value, rows: &[Row]) {
    for (headers, refusal) in rows {
        let caller = headers.iter().fold(client.clone(), |caller, (name, value)| caller.with(name, value));
        let answer = caller.post(path, body).await;
        match refusal {
            None => assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text()),
            Some(code) => drop(answer.refused(403, code)),
        }
    }
}

async fn app(db: PgPool) -> TestApp {
    TestApp::with(db, [], |mut parts| {
        parts.settings.trusted_origins = vec!["https://app.example.com".to_owned()];
        parts
    })
    .await
}

#[db_test]
async fn what_comes_with_a_cookie_comes_from_a_trusted_page(db: PgPool) {
    let app = app(db).await;
    let stranger = app.stranger().with("cookie", "theme=dark");
    check(
        &stranger,
        "/api/auth/sign-out",
        &json!({}),
        &[
            (&[("origin", OURS)], None),
            (&[("origin", "https://app.example.com")], None),
            (&[("referer", "https://app.example.com/settings?a=b")], None),
            (&[("origin", EVIL)], Some("INVALID_ORIGIN")),
            (&[("origin", "https://app.example.com.evil.example")], Some("INVALID_ORIGIN")),
            (&[("origin", "http://127.0.0.1:3001")], Some("INVALID_ORIGIN")),
            (&[("referer", "https://evil.example/http://127.0.0.1:3000")], Some("INVALID_ORIGIN")),
            (&[("origin", EVIL), ("referer", OURS)], Some("INVALID_ORIGIN")),
            (&[("origin", "null")], Some("MISSING_OR_NULL_ORIGIN")),
            (&[], Some("MISSING_OR_NULL_ORIGIN")),
        ],
    )
    .await;
}

#[db_test]
async fn what_comes_without_a_cookie_may_come_from_anywhere(db: PgPool) {
    let app = app(db).await;
    check(
        &app.stranger(),
        "/api/auth/sign-out",
        &json!({}),
        &[
            (&[], None),
            (&[("origin", EVIL)], None),
            (&[("origin", "null")], None),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], None),
        ],
    )
    .await;
}

#[db_test]
async fn nobody_is_signed_in_or_up_by_a_foreign_page(db: PgPool) {
    let app = app(db).await;
    user(&app, ANA).await;
    let rows: &[Row] = &[
        (&[], None),
        (&[("origin", OURS)], None),
        (&[("origin", OURS), ("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")], None),
        (
            &[
                ("referer", "https://app.example.com/sign-in"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "cors"),
            ],
            None,
        ),
        (&[("origin", EVIL)], Some("INVALID_ORIGIN")),
        (&[("referer", "https://evil.example/")], Some("INVALID_ORIGIN")),
        (&[("origin", "null")], Some("MISSING_OR_NULL_ORIGIN")),
        (&[("sec-fetch-mode", "cors")], Some("MISSING_OR_NULL_ORIGIN")),
        (&[("sec-fetch-dest", "empty")], Some("MISSING_OR_NULL_ORIGIN")),
        (
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
        ),
        (
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("origin", OURS)],
            Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
        ),
    ];
    let stranger = app.stranger();
    check(&stranger, "/api/auth/sign-in/email", &json!({ "email": ANA, "password": PASSWORD }), rows).await;
    check(&stranger, "/api/auth/sign-up/email", &form(ANA), rows).await;
}

#[db_test]
async fn reading_is_free_of_all_that(db: PgPool) {
    let app = app(db).await;
    user(&app, ANA).await;
    let (client, _) = session(&app, ANA).await;
    for origin in ["null", EVIL] {
        success(&client.with("origin", origin).get("/api/auth/get-session").await);
    }
}
