use crate::{
    device::{BACKUP_ELIGIBLE, Device, USER_PRESENT, USER_VERIFIED, encoded},
    support::{
        ASK, ASK_NEW, COOKIE, DELETE, LIST, REGISTER, SIGN_IN, app, ask, asked, count, execute, register, set_cookie,
        sign_in, success, trail,
    },
};
use chrono::TimeDelta;
use testkit::{Member, PgPool, TestApp, db_test, json};

const SESSIONS: &str = "select count(*) from sessions";

/// A user and the device they have registered, which counts.
async fn ana(app: &TestApp) -> (Member, Device) {
    let (ana, mut device) = (app.member([]).await, Device { counter: 1, ..Device::new(1) });
    register(&ana, &mut device).await;
    app.run_jobs().await;
    (ana, device)
}

#[db_test]
async fn anybody_is_asked_for_whichever_passkey_their_device_knows(db: PgPool) {
    let app = app(db).await;
    let (ana, device) = ana(&app).await;
    for answer in [app.stranger().get(ASK).await, app.stranger().post(ASK, &json!({ "email": ana.email })).await] {
        let options = success(&answer);
        assert_eq!((&options["rpId"], &options["userVerification"]), (&json!("localhost"), &json!("required")));
        assert!(options["challenge"].as_str().unwrap().len() >= 22, "at least 16 bytes: {options}");
        assert_eq!(options["allowCredentials"], json!([]));
        let cookie = set_cookie(&answer, COOKIE).unwrap();
        assert!(cookie.ends_with("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    let own = json!([{ "type": "public-key", "id": encoded(&device.id), "transports": ["internal", "usb"] }]);
    assert_eq!(success(&ana.get(ASK).await)["allowCredentials"], own);
    assert_eq!(success(&app.member([]).await.get(ASK).await)["allowCredentials"], json!([]));
}

#[db_test]
async fn whoever_has_the_passkey_is_in_without_saying_who_they_are(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    app.clock().advance(TimeDelta::hours(1));
    let answer = sign_in(&app, &mut device).await;
    let body = success(&answer);
    assert_eq!((&body["user"]["id"], &body["session"]["userId"]), (&json!(ana.user), &json!(ana.user)));
    let session = set_cookie(&answer, "better-auth.session_token").unwrap();
    assert!(session.contains("; Max-Age=604800;"), "{session}");
    let cookie = format!("better-auth.session_token={}", session.split(';').next().unwrap());
    let open = app.stranger().with("cookie", cookie).get("/api/auth/get-session").await.body();
    assert_eq!((&open["session"], &open["user"]), (&body["session"], &body["user"]));

    let passkey = &ana.get(LIST).await.body()[0];
    assert_eq!((&passkey["counter"], &passkey["lastUsedAt"]), (&json!(2), &json!("2026-01-05T13:00:00.000Z")));
    let (actor, id, _, after) = trail(&app, "session.opened").await.pop().unwrap();
    assert_eq!((actor, json!(id)), (Some(ana.user), body["session"]["id"].clone()));
    assert_eq!(after.unwrap()["by"], "passkey");
}

#[db_test]
async fn a_passkey_is_two_factors_in_one(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    execute(&app, "update users set two_factor_enabled = true where id = $1", ana.user).await;
    let body = success(&sign_in(&app, &mut device).await);
    assert_eq!((&body["session"]["userId"], &body["user"]["twoFactorEnabled"]), (&json!(ana.user), &json!(true)));
}

#[db_test]
async fn an_answer_is_good_for_one_sign_in(db: PgPool) {
    let app = app(db).await;
    let (_, mut device) = ana(&app).await;
    let (client, options) = ask(&app.stranger(), ASK).await;
    let form = json!({ "response": device.get(&options) });
    let (first, second) = futures::join!(client.post(SIGN_IN, &form), client.post(SIGN_IN, &form));
    let (good, bad) = if first.status == 200 { (first, second) } else { (second, first) };
    success(&good);
    bad.refused(400, "CHALLENGE_NOT_FOUND");
    let (another, _) = ask(&app.stranger(), ASK).await;
    another.post(SIGN_IN, &form).await.refused(400, "AUTHENTICATION_FAILED");
    assert_eq!(count(&app, SESSIONS).await, 2);
}

#[db_test]
async fn a_question_is_answered_within_five_minutes_and_with_its_cookie(db: PgPool) {
    let app = app(db).await;
    let (_, mut device) = ana(&app).await;
    let (client, options) = ask(&app.stranger(), ASK).await;
    let form = json!({ "response": device.get(&options) });
    app.stranger().post(SIGN_IN, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    client.with("origin", "https://evil.example").post(SIGN_IN, &form).await.refused(403, "INVALID_ORIGIN");
    app.clock().advance(TimeDelta::minutes(5));
    client.post(SIGN_IN, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
}

#[db_test]
async fn a_question_of_one_kind_takes_no_answer_of_the_other(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    let answer = ana.get(ASK_NEW).await;
    let form = json!({ "response": device.get(&answer.body()) });
    asked(&app.stranger(), &answer).post(SIGN_IN, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    let answer = ana.get(ASK).await;
    let form = json!({ "response": Device::new(2).create(&answer.body()) });
    asked(&ana, &answer).post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
}

#[db_test]
async fn what_is_no_answer_to_the_question_lets_nobody_in(db: PgPool) {
    let app = app(db).await;
    let (_, right) = ana(&app).await;
    let bobs = encoded(app.member([]).await.user.as_bytes());
    let another_key = Device { id: right.id.clone(), user_handle: right.user_handle.clone(), ..Device::new(2) };
    let wrong = [
        (400, "another origin", Device { origin: "https://evil.example".to_owned(), ..right.clone() }),
        (400, "another port", Device { origin: "http://localhost:3001".to_owned(), ..right.clone() }),
        (400, "another domain", Device { domain: "evil.example".to_owned(), ..right.clone() }),
        (400, "another challenge", Device { challenge: Some(encoded(&[7; 32])), ..right.clone() }),
        (400, "another question", Device { kind: Some("webauthn.create"), ..right.clone() }),
        (400, "within a foreign page", Device { cross_origin: true, ..right.clone() }),
        (400, "nobody there", Device { flags: USER_VERIFIED, ..right.clone() }),
        (400, "a user whom the device does not know", Device { flags: USER_PRESENT, ..right.clone() }),
        (400, "a key that can leave its device now", Device { flags: right.flags | BACKUP_ELIGIBLE, ..right.clone() }),
        (400, "another user", Device { user_handle: Some(bobs), ..right.clone() }),
        (401, "another key", another_key),
    ];
    for (status, what, mut device) in wrong {
        let answer = sign_in(&app, &mut device).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        assert!(set_cookie(&answer, "better-auth.session_token").is_none(), "{what}");
        answer.refused(status, "AUTHENTICATION_FAILED");
    }
    for (place, bad) in [
        ("/response/signature", json!("")),
        ("/response/signature", json!(encoded(&[0x30; 70]))),
        ("/response/authenticatorData", json!("")),
        ("/response/authenticatorData", json!(encoded(&[0; 37]))),
        ("/response/clientDataJSON", json!(encoded(b"[]"))),
        ("/response", json!({})),
        ("/rawId", json!(7)),
        ("", json!(null)),
        ("", json!("text")),
    ] {
        let (client, options) = ask(&app.stranger(), ASK).await;
        let mut response = right.clone().get(&options);
        *response.pointer_mut(place).unwrap() = bad.clone();
        let answer = client.post(SIGN_IN, &json!({ "response": response })).await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{place} {bad}: {}", answer.text());
        assert_eq!(answer.body()["code"], "AUTHENTICATION_FAILED", "{place} {bad}");
    }
    assert_eq!(count(&app, SESSIONS).await, 2, "one of each user, whom the test signed in");
    assert_eq!(sign_in(&app, &mut right.clone()).await.status, 200);
}

#[db_test]
async fn a_counter_that_does_not_go_on_is_a_copys(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    device.counter = 10;
    success(&sign_in(&app, &mut device).await);
    for behind in [9, 10] {
        // it counts on before it answers
        let mut copy = Device { counter: behind, ..device.clone() };
        sign_in(&app, &mut copy).await.refused(400, "AUTHENTICATION_FAILED");
    }
    let mut copy = Device { counter: 0, ..device.clone() };
    sign_in(&app, &mut copy).await.refused(400, "AUTHENTICATION_FAILED");
    let entries = trail(&app, "passkey.clone-suspected").await;
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|(.., after)| after == &Some(json!({ "userId": ana.user }))));
    success(&sign_in(&app, &mut device).await);
}

#[db_test]
async fn a_device_that_never_counts_goes_on_working(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let mut device = Device::new(1);
    register(&ana, &mut device).await;
    for _ in 0..3 {
        success(&sign_in(&app, &mut device).await);
    }
    app.run_jobs().await;
}

#[db_test]
async fn a_passkey_that_nobody_has_or_that_was_removed_lets_nobody_in(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    sign_in(&app, &mut Device::new(9)).await.refused(401, "PASSKEY_NOT_FOUND");
    let id = ana.get(LIST).await.body()[0]["id"].clone();
    success(&ana.post(DELETE, &json!({ "id": id })).await);
    sign_in(&app, &mut device).await.refused(401, "PASSKEY_NOT_FOUND");
    app.run_jobs().await;
}

#[db_test]
async fn who_is_shut_out_stays_out(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = ana(&app).await;
    execute(&app, "update users set banned = true where id = $1", ana.user).await;
    sign_in(&app, &mut device).await.refused(403, "BANNED_USER");
    assert_eq!(count(&app, SESSIONS).await, 1);
}
