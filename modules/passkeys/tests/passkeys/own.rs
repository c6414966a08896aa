use crate::{
    device::{AAGUID, Device},
    support::{DELETE, LIST, ORIGIN, UPDATE, app, execute, register, success, trail},
};
use auth::{Mail, Mailer};
use chrono::TimeDelta;
use futures::future::BoxFuture;
use kit::Error;
use passkeys::PasskeySettings;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use testkit::{PgPool, TestApp, db_test, json};

#[db_test]
async fn a_user_sees_their_own_passkeys_and_no_others(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let first = register(&ana, &mut Device::new(1)).await;
    app.clock().advance(TimeDelta::milliseconds(1));
    let second = register(&ana, &mut Device::new(2)).await;
    let bobs = register(&bob, &mut Device::new(3)).await;
    let shown = ana.get(LIST).await.body();
    let ids: Vec<_> = shown.as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&first["id"], &second["id"]]);
    let shown = bob.get(LIST).await.body();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["id"]), (1, &bobs["id"]));
    app.run_jobs().await;
}

#[db_test]
async fn a_passkey_gets_another_name(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let mut passkey = register(&ana, &mut Device::new(1)).await;
    let answer = success(&ana.post(UPDATE, &json!({ "id": passkey["id"], "name": "  Old phone " })).await);
    passkey["name"] = json!("Old phone");
    passkey.as_object_mut().unwrap().remove("success");
    assert_eq!((&answer["passkey"], &ana.get(LIST).await.body()[0]), (&passkey, &passkey));
    let (actor, id, before, after) = trail(&app, "passkey.renamed").await.pop().unwrap();
    assert_eq!((actor, json!(id)), (Some(ana.user), passkey["id"].clone()));
    assert_eq!((before, after), (Some(json!({ "name": "Phone" })), Some(json!({ "name": "Old phone" }))));
    for name in [json!(""), json!("  "), json!("x".repeat(201)), json!(null), json!(1)] {
        let form = json!({ "id": passkey["id"], "name": name });
        ana.post(UPDATE, &form).await.refused(400, "VALIDATION_ERROR");
    }
    execute(&app, "update sessions set impersonated_by = $1 where user_id = $1", ana.user).await;
    ana.post(UPDATE, &json!({ "id": passkey["id"], "name": "Mine" })).await.refused(403, "IMPERSONATED");
    app.run_jobs().await;
}

#[db_test]
async fn a_passkey_is_removed_recorded_and_told_of(db: PgPool) {
    let app = app(db).await;
    let ana = app.member([]).await;
    let passkey = register(&ana, &mut Device::new(1)).await;
    app.run_jobs().await;
    let answer = success(&ana.post(DELETE, &json!({ "id": passkey["id"] })).await);
    assert_eq!(answer["status"], true);
    assert_eq!(ana.get(LIST).await.body(), json!([]));
    ana.post(DELETE, &json!({ "id": passkey["id"] })).await.refused(404, "PASSKEY_NOT_FOUND");
    let (actor, id, before, after) = trail(&app, "passkey.removed").await.pop().unwrap();
    assert_eq!((actor, json!(id)), (Some(ana.user), passkey["id"].clone()));
    let was = json!({ "name": "Phone", "aaguid": AAGUID, "transports": ["internal", "usb"] });
    assert_eq!((before, after), (Some(was), None));
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(&ana.email).subject, "A passkey was removed from your account");
}

#[db_test]
async fn somebody_elses_passkey_does_not_exist(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let passkey = register(&ana, &mut Device::new(1)).await;
    let nobodys = "00000000-0000-7000-8000-000000000000";
    for id in [passkey["id"].clone(), json!(nobodys), json!("x"), json!("")] {
        bob.post(UPDATE, &json!({ "id": id, "name": "Mine" })).await.refused(404, "PASSKEY_NOT_FOUND");
        bob.post(DELETE, &json!({ "id": id })).await.refused(404, "PASSKEY_NOT_FOUND");
    }
    assert_eq!(ana.get(LIST).await.body()[0]["name"], "Phone");
    assert_eq!(trail(&app, "passkey.removed").await, []);
    app.run_jobs().await;
}

#[db_test]
async fn a_stranger_manages_nothing(db: PgPool) {
    let app = app(db).await;
    for (path, form) in [(UPDATE, json!({ "id": "x", "name": "y" })), (DELETE, json!({ "id": "x" }))] {
        app.stranger().post(path, &form).await.refused(401, "UNAUTHORIZED");
    }
}

/// A mail server that is away at first.
#[derive(Default)]
struct Away(AtomicU32);

const ABSENCES: u32 = 10;

impl Mailer for Away {
    fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, kit::Result<()>> {
        let away = self.0.fetch_add(1, Ordering::SeqCst) < ABSENCES;
        Box::pin(async move { if away { Err(Error::unavailable("MAIL_UNAVAILABLE", "Away.", 60)) } else { Ok(()) } })
    }
}

#[db_test]
async fn a_mail_waits_for_its_server_for_half_an_hour_and_more(db: PgPool) {
    let server = Arc::new(Away::default());
    let mailer: Arc<dyn Mailer> = server.clone();
    let app = TestApp::with(db, [passkeys::module()], |mut parts| {
        ORIGIN.clone_into(&mut parts.settings.base_url);
        parts.provide(PasskeySettings::default()).provide(mailer)
    })
    .await;
    let ana = app.member([]).await;
    register(&ana, &mut Device::new(1)).await;
    for _ in 0..60 {
        app.run_jobs().await;
        app.clock().advance(TimeDelta::minutes(1));
    }
    assert_eq!(server.0.load(Ordering::SeqCst), ABSENCES + 1, "sent, and not again");
}
