use crate::support::{COLOUR, admin, app, operator, path, set};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_users_value_holds_before_the_tenants_and_that_before_the_platforms(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    let bob = app.colleague(&ana, "viewer").await;
    let seen = async || {
        let mine = ana.get(&path("mine/test.colour")).await.ok();
        (mine["value"].as_str().unwrap().to_owned(), mine["source"].as_str().unwrap_or("-").to_owned())
    };
    let is = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(seen().await, is("red", "-"));
    root.put(&path("system/test.colour"), &json!({ "value": "blue" })).await.ok();
    assert_eq!(seen().await, is("blue", "system"));
    set(&ana, "test.colour", json!("red")).await;
    assert_eq!(seen().await, is("red", "tenant"));
    let mine = ana.put(&path("mine/test.colour"), &json!({ "value": "blue" })).await.ok();
    assert_eq!((&mine["level"], &mine["version"], &mine["isSet"]), (&json!("user"), &json!(1), &json!(true)));
    assert_eq!(seen().await, is("blue", "user"));
    assert_eq!(bob.get(&path("mine/test.colour")).await.ok()["value"], "red");
    assert_eq!(COLOUR.get(&mut app.tenant(ana.tenant).await).await.unwrap(), "red", "nobody's transaction");
    ana.delete(&path("mine/test.colour")).await.no_content();
    assert_eq!(seen().await, is("red", "tenant"));
    ana.delete(&path("test.colour")).await.no_content();
    root.delete(&path("system/test.colour")).await.no_content();
    assert_eq!(seen().await, is("red", "-"));
}

#[db_test]
async fn what_is_a_users_own_is_nobody_elses(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let bob = app.colleague(&ana, "viewer").await;
    ana.put(&path("mine/test.colour"), &json!({ "value": "blue" })).await.ok();
    ana.put(&path("mine/test.colour"), &json!({ "value": "green" })).await.invalid("value");
    let history = ana.get(&path("mine/test.colour/history")).await.ok();
    assert_eq!((&history[0]["value"], history[1].is_null()), (&json!("blue"), true));
    assert_eq!(bob.get(&path("mine/test.colour/history")).await.ok(), json!([]));
    bob.post(&path("mine/test.colour/rollback"), &json!({ "version": 1 })).await.refused(404, "VERSION_NOT_FOUND");
    ana.delete(&path("mine/test.colour")).await.no_content();
    let back = ana.post(&path("mine/test.colour/rollback"), &json!({ "version": 1 })).await.ok();
    assert_eq!((&back["value"], &back["version"]), (&json!("blue"), &json!(3)));
    let listed = bob.get(&path("mine")).await.ok();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!((names, &listed[0]["value"]), (vec!["test.colour", "test.key"], &json!("red")));
    bob.get(&path("mine/test.most")).await.refused(404, "SETTING_NOT_FOUND");
    app.stranger().get(&path("mine")).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn what_a_user_has_set_is_in_the_archive_of_what_is_known_of_them(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    ana.put(&path("mine/test.colour"), &json!({ "value": "blue" })).await.ok();
    let asked = ana.post("/api/user/export", &json!({})).await.accepted();
    app.run_jobs().await;
    let archive = ana.get(&format!("/api/user/export/{}", asked["id"].as_str().unwrap())).await;
    let name = b"setting_versions.json";
    assert!(archive.bytes.windows(name.len()).any(|part| part == name));
}
