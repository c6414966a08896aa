use crate::{
    device::{AAGUID, BACKED_UP, BACKUP_ELIGIBLE, Device, USER_PRESENT, USER_VERIFIED, encoded},
    support::{
        ASK_NEW, COOKIE, DELETE, LIST, REGISTER, app, app_at, ask, asked, count, execute, register, set_cookie,
        sign_in, success, trail,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use testkit::{PgPool, Value, db_test, json};

const KEPT: &str = "select count(*) from passkeys";

#[db_test]
async fn a_device_is_asked_for_a_key_that_knows_its_user_and_their_account(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let answer = ana.get(ASK_NEW).await;
    let options = success(&answer);
    assert_eq!(options["rp"], json!({ "name": "BotCriptoFy", "id": "localhost" }));
    let user = json!({ "id": encoded(ana.user.as_bytes()), "name": ana.email, "displayName": ana.email });
    assert_eq!(options["user"], user);
    assert!(options["challenge"].as_str().unwrap().len() >= 22, "at least 16 bytes: {options}");
    let es256 = json!({ "type": "public-key", "alg": -7 });
    assert!(options["pubKeyCredParams"].as_array().unwrap().contains(&es256), "{options}");
    assert_eq!((&options["attestation"], &options["excludeCredentials"]), (&json!("none"), &json!([])));
    let selection = &options["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!("required"), &json!("required")));
    let cookie = set_cookie(&answer, COOKIE).unwrap();
    assert!(cookie.ends_with("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_ne!(ana.get(ASK_NEW).await.body()["challenge"], options["challenge"]);
}

#[db_test]
async fn the_page_may_say_which_kind_of_device_and_what_it_calls_the_account(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let options = success(&ana.get(&format!("{ASK_NEW}?authenticatorAttachment=cross-platform&name=Ana")).await);
    assert_eq!(options["authenticatorSelection"]["authenticatorAttachment"], "cross-platform");
    assert_eq!((&options["user"]["name"], &options["user"]["displayName"]), (&json!("Ana"), &json!(ana.email)));
    assert_eq!(success(&ana.get(&format!("{ASK_NEW}?name=")).await)["user"]["name"], json!(ana.email));
    for query in ["authenticatorAttachment=phone".to_owned(), format!("name={}", "x".repeat(201))] {
        ana.get(&format!("{ASK_NEW}?{query}")).await.refused(400, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn a_device_is_registered_shown_recorded_and_told_of(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let mut device = Device { flags: USER_PRESENT | USER_VERIFIED | BACKUP_ELIGIBLE | BACKED_UP, ..Device::new(1) };
    let mut passkey = register(&ana, &mut device).await;
    passkey.as_object_mut().unwrap().remove("success");
    let id = passkey["id"].clone();
    let expected = json!({
        "id": id,
        "name": "Phone",
        "publicKey": BASE64_STANDARD.encode(device.public_key()),
        "userId": ana.user,
        "credentialID": encoded(&device.id),
        "counter": 0,
        "deviceType": "multiDevice",
        "backedUp": true,
        "transports": "internal,usb",
        "createdAt": "2026-01-05T12:00:00.000Z",
        "lastUsedAt": null,
        "aaguid": AAGUID,
    });
    assert_eq!(passkey, expected);
    assert_eq!(ana.get(LIST).await.body(), json!([passkey]));
    let known = json!([{ "type": "public-key", "id": encoded(&device.id), "transports": ["internal", "usb"] }]);
    assert_eq!(ana.get(ASK_NEW).await.body()["excludeCredentials"], known);

    let after = json!({ "name": "Phone", "aaguid": AAGUID, "transports": ["internal", "usb"] });
    let id = id.as_str().unwrap().to_owned();
    assert_eq!(trail(&app, "passkey.added").await, [(Some(ana.user), id, None, Some(after))]);
    app.run_jobs().await;
    let mail = app.outbox().newest_to(&ana.email);
    assert_eq!(mail.subject, "A passkey was added to your account");
    assert!(mail.text.contains("http://localhost:3000") && !mail.text.contains("Phone"), "{}", mail.text);
}

#[db_test]
async fn a_key_that_cannot_leave_its_device_is_shown_as_such(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let passkey = register(&ana, &mut Device { counter: 7, ..Device::new(1) }).await;
    assert_eq!((&passkey["deviceType"], &passkey["backedUp"]), (&json!("singleDevice"), &json!(false)));
    assert_eq!(passkey["counter"], 7);
    app.run_jobs().await;
}

#[db_test]
async fn a_name_is_trimmed_and_may_be_missing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    for (number, name, kept) in
        [(1, json!("  Key  "), json!("Key")), (2, json!("  "), Value::Null), (3, Value::Null, Value::Null)]
    {
        let (client, options) = ask(&ana, ASK_NEW).await;
        let form = json!({ "response": Device::new(number).create(&options), "name": name });
        assert_eq!(success(&client.post(REGISTER, &form).await)["name"], kept);
    }
    let (client, options) = ask(&ana, ASK_NEW).await;
    for name in [json!("x".repeat(201)), json!(7), json!("a\0b")] {
        let form = json!({ "response": Device::new(4).create(&options), "name": name });
        client.post(REGISTER, &form).await.refused(400, "VALIDATION_ERROR");
    }
    app.run_jobs().await;
}

#[db_test]
async fn only_a_fresh_session_registers_and_removes(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = (app.member([]).await, Device::new(1));
    let (client, options) = ask(&ana, ASK_NEW).await;
    let form = json!({ "response": device.create(&options) });
    let stranger = app.stranger();
    for answer in [stranger.get(ASK_NEW).await, stranger.post(REGISTER, &form).await, stranger.get(LIST).await] {
        answer.refused(401, "UNAUTHORIZED");
    }
    app.clock().advance(TimeDelta::days(1));
    ana.get(ASK_NEW).await.refused(403, "SESSION_NOT_FRESH");
    client.post(REGISTER, &form).await.refused(403, "SESSION_NOT_FRESH");
    ana.post(DELETE, &json!({ "id": ana.user })).await.refused(403, "SESSION_NOT_FRESH");
    assert_eq!(ana.get(LIST).await.body(), json!([]));
}

#[db_test]
async fn an_administrator_who_acts_as_the_user_registers_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    execute(&app, "update sessions set impersonated_by = $1 where user_id = $1", ana.user).await;
    ana.get(ASK_NEW).await.refused(403, "IMPERSONATED");
    for path in [REGISTER, DELETE] {
        ana.post(path, &json!({ "response": {}, "id": "x" })).await.refused(403, "IMPERSONATED");
    }
}

#[db_test]
async fn a_question_is_answered_once(db: PgPool) {
    let app = app(db).await;
    let (ana, mut device) = (app.member([]).await, Device::new(1));
    let (client, options) = ask(&ana, ASK_NEW).await;
    let form = json!({ "response": device.create(&options) });
    success(&client.post(REGISTER, &form).await);
    client.post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");

    let (client, options) = ask(&ana, ASK_NEW).await;
    client.post(REGISTER, &json!({ "response": {} })).await.refused(400, "FAILED_TO_VERIFY_REGISTRATION");
    let form = json!({ "response": Device::new(2).create(&options) });
    client.post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    app.run_jobs().await;
}

#[db_test]
async fn a_question_is_answered_within_five_minutes(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let (late, late_options) = ask(&ana, ASK_NEW).await;
    app.clock().advance(TimeDelta::milliseconds(1));
    let (client, options) = ask(&ana, ASK_NEW).await;
    app.clock().advance(TimeDelta::minutes(5) - TimeDelta::milliseconds(1));
    success(&client.post(REGISTER, &json!({ "response": Device::new(1).create(&options) })).await);
    let form = json!({ "response": Device::new(2).create(&late_options) });
    late.post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    ask(&ana, ASK_NEW).await;
    app.clock().advance(TimeDelta::minutes(5));
    ask(&ana, ASK_NEW).await;
    assert_eq!(count(&app, "select count(*) from passkey_challenges").await, 1, "what has ended is forgotten");
    app.run_jobs().await;
}

#[db_test]
async fn an_answer_needs_the_cookie_of_its_question(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let answer = ana.get(ASK_NEW).await;
    let form = json!({ "response": Device::new(1).create(&answer.body()) });
    ana.post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    let cookie = set_cookie(&answer, COOKIE).unwrap();
    let token = cookie.split(['.', '%']).next().unwrap();
    for bad in [token.to_owned(), format!("{token}.AAAA"), "A".repeat(32), String::new()] {
        let client = ana.with("cookie", format!("{COOKIE}={bad}")).with("origin", "http://localhost:3000");
        client.post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    }
    let refused = asked(&bob, &answer).post(REGISTER, &form).await;
    refused.refused(401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY");
    asked(&ana, &answer).post(REGISTER, &form).await.refused(400, "CHALLENGE_NOT_FOUND");
    assert_eq!(count(&app, KEPT).await, 0);
}

#[db_test]
async fn a_foreign_page_registers_nothing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let (client, options) = ask(&ana, ASK_NEW).await;
    let form = json!({ "response": Device::new(1).create(&options) });
    client.with("origin", "https://evil.example").post(REGISTER, &form).await.refused(403, "INVALID_ORIGIN");
}

#[db_test]
async fn what_is_no_answer_to_the_question_is_refused(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let right = Device::new(1);
    let wrong = [
        ("another origin", Device { origin: "https://evil.example".to_owned(), ..right.clone() }),
        ("another port", Device { origin: "http://localhost:3001".to_owned(), ..right.clone() }),
        ("a sub-domain", Device { origin: "http://evil.localhost:3000".to_owned(), ..right.clone() }),
        ("another scheme", Device { origin: "https://localhost:3000".to_owned(), ..right.clone() }),
        ("another domain", Device { domain: "evil.example".to_owned(), ..right.clone() }),
        ("another challenge", Device { challenge: Some(encoded(&[7; 32])), ..right.clone() }),
        ("no challenge", Device { challenge: Some(String::new()), ..right.clone() }),
        ("another question", Device { kind: Some("webauthn.get"), ..right.clone() }),
        ("within a foreign page", Device { cross_origin: true, ..right.clone() }),
        ("nobody there", Device { flags: USER_VERIFIED, ..right.clone() }),
        ("a user whom the device does not know", Device { flags: USER_PRESENT, ..right.clone() }),
        ("a key that is backed up but cannot be", Device { flags: right.flags | BACKED_UP, ..right.clone() }),
        ("no id", Device { id: vec![], ..right.clone() }),
        ("too short an id", Device { id: vec![1; 15], ..right.clone() }),
        ("too long an id", Device { id: vec![1; 1024], ..right.clone() }),
    ];
    for (what, mut device) in wrong {
        let (client, options) = ask(&ana, ASK_NEW).await;
        let answer = client.post(REGISTER, &json!({ "response": device.create(&options) })).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        answer.refused(400, "FAILED_TO_VERIFY_REGISTRATION");
    }
    for (place, bad) in [
        ("/response/attestationObject", json!("")),
        ("/response/attestationObject", json!("oA")),
        ("/response/attestationObject", json!(encoded(&[0x9b; 2000]))),
        ("/response/attestationObject", json!("***")),
        ("/response/clientDataJSON", json!(encoded(b"{}"))),
        ("/response/clientDataJSON", json!(null)),
        ("/response", json!([])),
        ("", json!(null)),
        ("", json!("text")),
        ("", json!([[[[[]]]]])),
    ] {
        let (client, options) = ask(&ana, ASK_NEW).await;
        let mut response = right.clone().create(&options);
        *response.pointer_mut(place).unwrap() = bad.clone();
        let answer = client.post(REGISTER, &json!({ "response": response })).await;
        assert_eq!(answer.status, 400, "{place} {bad}: {}", answer.text());
        answer.refused(400, "FAILED_TO_VERIFY_REGISTRATION");
    }
    assert_eq!(count(&app, KEPT).await, 0);
}

#[db_test]
async fn whatever_byte_is_changed_nothing_breaks(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let whole = Device::new(1).create(&json!({ "challenge": "AAAA", "user": {} }));
    let text = whole["response"]["attestationObject"].as_str().unwrap().to_owned();
    for at in (0..text.len()).step_by(7) {
        let (client, options) = ask(&ana, ASK_NEW).await;
        let mut response = Device::new(1).create(&options);
        let other = if text.as_bytes()[at] == b'_' { "-" } else { "_" };
        let mut changed = text.clone();
        changed.replace_range(at..=at, other);
        response["response"]["attestationObject"] = json!(changed);
        let answer = client.post(REGISTER, &json!({ "response": response })).await;
        // what no signature covers, such as the device's model, may be anything
        assert!([200, 400].contains(&answer.status.as_u16()), "{at}: {}", answer.text());
    }
    app.run_jobs().await;
}

#[db_test]
async fn a_key_is_registered_once(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let mut device = Device::new(1);
    register(&ana, &mut device).await;
    for (user, code) in [(&ana, "FAILED_TO_VERIFY_REGISTRATION"), (&bob, "PREVIOUSLY_REGISTERED")] {
        let (client, options) = ask(user, ASK_NEW).await;
        let form = json!({ "response": device.clone().create(&options) });
        client.post(REGISTER, &form).await.refused(400, code);
    }
    assert_eq!(count(&app, "select count(*) from audit_entries where action = 'passkey.added'").await, 1);
    app.run_jobs().await;
}

#[db_test]
async fn a_user_has_fifty_passkeys_at_most(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    for number in 0..50 {
        register(&ana, &mut Device::new(number)).await;
    }
    ana.get(ASK_NEW).await.refused(409, "TOO_MANY_PASSKEYS");
    app.run_jobs().await;
}

#[db_test]
async fn pages_of_trusted_origins_use_the_passkeys_too(db: PgPool) {
    let app = app_at(db, "http://localhost:3000", &["http://app.localhost:4000"], None).await;
    let ana = app.member([]).await;
    let mut device = Device { origin: "http://app.localhost:4000".to_owned(), ..Device::new(1) };
    register(&ana, &mut device).await;
    assert_eq!(sign_in(&app, &mut device).await.status, 200);
    app.run_jobs().await;
}

#[db_test]
async fn pages_beside_the_platform_share_passkeys_of_the_domain_above(db: PgPool) {
    let page = "http://app.localhost:4000";
    let app = app_at(db, "http://api.localhost:3000", &[page], Some("localhost")).await;
    let ana = app.member([]).await.with("origin", page);
    let mut device = Device { origin: page.to_owned(), ..Device::new(1) };
    let answer = ana.get(ASK_NEW).await;
    assert_eq!(answer.body()["rp"]["id"], "localhost");
    let form = json!({ "response": device.create(&answer.body()) });
    success(&asked(&ana, &answer).with("origin", page).post(REGISTER, &form).await);
    app.run_jobs().await;
}

#[db_test]
async fn a_bare_address_has_no_passkeys(db: PgPool) {
    let app = app_at(db, "http://127.0.0.1:3000", &[], None).await;
    let ana = app.member([]).await;
    ana.get(ASK_NEW).await.refused(409, "PASSKEYS_NEED_A_DOMAIN");
    app.stranger().get(crate::support::ASK).await.refused(409, "PASSKEYS_NEED_A_DOMAIN");
}
