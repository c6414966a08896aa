use crate::support::{
    PASSWORD, browser, cookies, execute, form, is_in, link, session, sign_in, signed_up, success, user,
};
use axum::body::Body;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use testkit::{PgPool, TestApp, db_test, json};

const ANA: &str = "ana@example.com";

#[db_test]
async fn a_planted_cookie_is_never_adopted(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (_, evil) = signed_up(&app, "eve@example.com").await;
    let planted = format!("better-auth.session_token={}", evil["token"].as_str().expect("a token"));
    for planted in [planted, "better-auth.session_token=x.y".to_owned()] {
        let credentials = json!({ "email": ANA, "password": PASSWORD });
        let answer = browser(&app, &planted).post("/api/auth/sign-in/email", &credentials).await;
        assert_ne!(success(&answer)["token"], evil["token"]);
        assert_eq!(browser(&app, &cookies(&answer)).get("/api/auth/get-session").await.body()["user"]["email"], ANA);
    }
    success(&app.stranger().post("/api/auth/sign-in/magic-link", &json!({ "email": ANA })).await);
    app.run_jobs().await;
    let (eve, _) = session(&app, "eve@example.com").await;
    let led = eve.get(&link(&app, ANA)).await;
    assert_eq!(browser(&app, &cookies(&led)).get("/api/auth/get-session").await.body()["user"]["email"], ANA);
    assert_eq!(eve.get("/api/auth/get-session").await.body()["user"]["email"], "eve@example.com");
}

#[db_test]
async fn a_token_of_no_algorithm_or_of_another_purpose_opens_nothing(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, open) = signed_up(&app, ANA).await;
    let claims = json!({ "email": ANA, "userId": open["user"]["id"], "iat": 0, "exp": 9_999_999_999_i64 });
    let none = BASE64.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
    let forged = format!("{none}.{}.", BASE64.encode(claims.to_string()));
    success(&client.post("/api/auth/delete-user", &json!({})).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    let foreign = link.split(['=', '&']).nth(1).expect("a token");
    for token in [forged.as_str(), foreign] {
        let verify = app.stranger().get(&format!("/api/auth/verify-email?token={token}")).await;
        verify.refused(401, "INVALID_TOKEN");
        let magic = app.stranger().get(&format!("/api/auth/magic-link/verify?token={token}")).await;
        assert!(magic.status != 302 || magic.header("location").ends_with("?error=INVALID_TOKEN"));
        let reset = json!({ "token": token, "newPassword": "another horse battery" });
        assert_eq!(app.stranger().post("/api/auth/reset-password", &reset).await.status, 400);
    }
    assert!(is_in(&client).await && sign_in(&app, ANA, PASSWORD).await == 200);
}

#[db_test]
async fn a_hundred_sign_ins_at_once_are_each_let_in_or_told_to_come_back(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    let (stranger, credentials) = (app.stranger(), json!({ "email": ANA, "password": PASSWORD }));
    let post = || stranger.post("/api/auth/sign-in/email", &credentials);
    let answers = futures::future::join_all((0..100).map(|_| post())).await;
    let (mut tokens, mut busy) = (vec![], 0);
    for answer in answers {
        if answer.status == 503 {
            assert!(!answer.header("retry-after").is_empty());
            busy += 1;
        } else {
            tokens.push(success(&answer)["token"].as_str().expect("a token").to_owned());
        }
    }
    let count = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert!(count >= 30 && count + busy == 100 && tokens.len() == count, "{count} in, {busy} busy");
}

#[db_test]
async fn no_trick_of_writing_makes_an_address_another(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    assert_eq!(sign_in(&app, "AnA@ExAmPlE.cOm", PASSWORD).await, 200);
    for odd in [
        "ana@example.com ",
        " ana@example.com",
        "ana@example.com.",
        "аna@example.com",
        "ana@example.com\u{200b}",
        "ana@ｅxample.com",
        "ana＠example.com",
        "\"ana\"@example.com",
        "ana@example.com\r\n",
        "ana(x)@example.com",
    ] {
        assert_eq!(sign_in(&app, odd, PASSWORD).await, 400, "{odd:?}");
        let asked = app.stranger().post("/api/auth/request-password-reset", &json!({ "email": odd })).await;
        asked.refused(400, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn a_megabyte_of_password_is_refused_before_it_is_hashed(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let (huge, long) = ("x".repeat(1 << 20), "x".repeat(40_000));
    for (password, status) in [(&huge, 413), (&long, 400)] {
        let mut sign_up = form("bob@example.com");
        sign_up["password"] = json!(password);
        for (path, body) in [
            ("sign-up/email", sign_up),
            ("sign-in/email", json!({ "email": ANA, "password": password })),
            ("change-password", json!({ "currentPassword": PASSWORD, "newPassword": password })),
            ("change-password", json!({ "currentPassword": password, "newPassword": PASSWORD })),
            ("verify-password", json!({ "password": password })),
            ("delete-user", json!({ "password": password })),
            ("reset-password", json!({ "token": "x", "newPassword": password })),
        ] {
            let answer = client.post(&format!("/api/auth/{path}"), &body).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        }
    }
}

#[db_test]
async fn no_name_or_page_breaks_out_of_a_mail(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let mut sign_up = form(ANA);
    sign_up["name"] = json!("Ana\r\nBcc: eve@evil.example\r\n\r\n<b>Win</b>");
    success(&app.stranger().post("/api/auth/sign-up/email", &sign_up).await);
    let named = json!({ "email": "bob@example.com", "name": "x\r\nBcc: eve@evil.example" });
    success(&app.stranger().post("/api/auth/sign-in/magic-link", &named).await);
    let paged = json!({ "email": ANA, "redirectTo": "/x?a=\"><b>&\u{2028}c=d" });
    app.stranger().post("/api/auth/request-password-reset", &paged).await.refused(403, "INVALID_REDIRECT_URL");
    let paged = json!({ "email": ANA, "redirectTo": "/x?a=\"><b>&c=d" });
    success(&app.stranger().post("/api/auth/request-password-reset", &paged).await);
    let broken = json!({ "email": ANA, "redirectTo": "/x\r\nBcc: eve@evil.example" });
    app.stranger().post("/api/auth/request-password-reset", &broken).await.refused(403, "INVALID_REDIRECT_URL");
    app.run_jobs().await;
    let mails = app.outbox().emails();
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert!(!mail.to.contains(['\r', '\n']) && !mail.subject.contains(['\r', '\n']));
        assert!(!mail.text.contains("Bcc") && !mail.html.contains("Bcc") && !mail.html.contains("<b>"), "{mail:?}");
    }
}

#[db_test]
async fn looking_at_a_link_without_opening_it_does_not_use_it_up(db: PgPool) {
    let app = TestApp::new(db, []).await;
    user(&app, ANA).await;
    success(&app.stranger().post("/api/auth/sign-in/magic-link", &json!({ "email": ANA })).await);
    app.run_jobs().await;
    let link = link(&app, ANA);
    assert_eq!(app.stranger().send("HEAD", &link, Body::empty(), None).await.status, 404);
    assert!(!app.stranger().get(&link).await.header("location").contains("error"));
}

#[db_test]
async fn no_field_leads_to_another_site(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    let places = [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%2Fevil.example",
        "http://127.0.0.1:3000@evil.example/",
        "http://127.0.0.1:3000.evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
    ];
    let post = async |path: &str, field: &str, place: &str| {
        let body = json!({
            "email": ANA, "newEmail": "bob@example.com", "name": "x", "password": PASSWORD, field: place,
        });
        client.post(&format!("/api/auth/{path}"), &body).await.status.as_u16()
    };
    for place in places {
        for (path, field) in [
            ("sign-up/email", "callbackURL"),
            ("sign-in/email", "callbackURL"),
            ("sign-in/magic-link", "callbackURL"),
            ("sign-in/magic-link", "newUserCallbackURL"),
            ("sign-in/magic-link", "errorCallbackURL"),
            ("send-verification-email", "callbackURL"),
            ("request-password-reset", "redirectTo"),
            ("forget-password", "redirectTo"),
            ("change-email", "callbackURL"),
            ("delete-user", "callbackURL"),
        ] {
            assert_eq!(post(path, field, place).await, 403, "{path} {field} {place}");
        }
        let query: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
        for path in ["verify-email", "reset-password/x", "delete-user/callback", "magic-link/verify"] {
            let answer = client.get(&format!("/api/auth/{path}?token=x&callbackURL={query}")).await;
            answer.refused(403, "INVALID_CALLBACK_URL");
        }
    }
    assert!(is_in(&client).await);
    assert_eq!(app.run_jobs().await, 0, "and no mail carries it");
}

#[db_test]
async fn an_administrator_who_acts_as_a_user_does_not_take_the_account_over(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (client, _) = signed_up(&app, ANA).await;
    execute(&app, "update sessions set impersonated_by = user_id").await;
    for (path, body) in [
        ("change-password", json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" })),
        ("change-email", json!({ "newEmail": "eve@example.com" })),
        ("delete-user", json!({ "password": PASSWORD })),
        ("delete-user", json!({})),
    ] {
        client.post(&format!("/api/auth/{path}"), &body).await.refused(403, "IMPERSONATED");
    }
}
