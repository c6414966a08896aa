use crate::support::{COLOUR, FEE, HELP, HOME, MOST, NAMES, SHOWN, TITLE, admin, app, path, set, trail};
use futures::future::join_all;
use rust_decimal::Decimal;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_setting_is_set_shown_and_taken_back(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let at_first = ana.get(&path("test.most")).await.ok();
    assert_eq!(
        at_first,
        json!({ "name": "test.most", "level": "tenant", "description": "How many there may be.", "value": 5,
                "source": null, "default": 5, "secret": false, "isSet": false, "version": 0, "changedAt": null,
                "changedBy": null })
    );
    let changed = set(&ana, "test.most", json!(7)).await;
    assert_eq!((&changed["value"], &changed["source"], &changed["version"]), (&json!(7), &json!("tenant"), &json!(1)));
    assert_eq!((&changed["isSet"], &changed["changedBy"]), (&json!(true), &json!(ana.user)));
    assert_eq!(MOST.get(&mut app.tenant(ana.tenant).await).await.unwrap(), 7);
    assert_eq!(set(&ana, "test.most", json!(7)).await["version"], 1, "the same once more changes nothing");
    ana.delete(&path("test.most")).await.no_content();
    ana.delete(&path("test.most")).await.no_content();
    let back = ana.get(&path("test.most")).await.ok();
    assert_eq!((&back["value"], &back["source"], &back["isSet"]), (&json!(5), &json!(null), &json!(false)));
    assert_eq!((back["version"].clone(), MOST.get(&mut app.tenant(ana.tenant).await).await.unwrap()), (json!(2), 5));

    let trail = trail(&app).await;
    let actions: Vec<_> = trail.iter().map(|(action, id, ..)| (action.as_str(), id.as_str())).collect();
    assert_eq!(actions, [("setting.changed", "test.most"), ("setting.reset", "test.most")]);
    assert_eq!(trail[0].3, json!({ "version": 1, "isSet": true, "value": 7 }));
    assert_eq!((&trail[1].2, &trail[1].3), (&trail[0].3, &json!({ "version": 2, "isSet": false })));
}

#[db_test]
async fn each_kind_of_value_is_kept_within_its_limits(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let sound = [
        ("test.shown", json!(false)),
        ("test.most", json!(10)),
        ("test.fee", json!("0.25")),
        ("test.title", json!("Olá olá!")),
        ("test.colour", json!("blue")),
        ("test.names", json!(["ana", "bob"])),
        ("test.home", json!("https://a.example/x")),
        ("test.help", json!("help@a.example")),
    ];
    for (name, value) in sound {
        assert_eq!(set(&ana, name, value.clone()).await["value"], value, "{name}");
    }
    let wrong = [
        ("test.shown", json!("yes")),
        ("test.shown", json!(null)),
        ("test.most", json!(0)),
        ("test.most", json!(11)),
        ("test.most", json!(1.5)),
        ("test.most", json!("7")),
        ("test.most", json!(1e300)),
        ("test.fee", json!(0.25)),
        ("test.fee", json!("-1")),
        ("test.fee", json!("100.01")),
        ("test.fee", json!("9".repeat(400))),
        ("test.title", json!("Nine long")),
        ("test.title", json!({ "a": 1 })),
        ("test.colour", json!("green")),
        ("test.names", json!(["a", "b", "c"])),
        ("test.names", json!("ana")),
        ("test.home", json!("javascript:alert(1)")),
        ("test.help", json!("nobody")),
    ];
    for (name, value) in wrong {
        ana.put(&path(name), &json!({ "value": value })).await.invalid("value");
    }
    ana.put(&path("test.names"), &json!({ "value": ["ana", "longer"] })).await.invalid("value[1]");
    ana.put(&path("test.most"), &json!({ "value": 1, "else": 1 })).await.refused(422, "VALIDATION_ERROR");
    ana.put(&path("test.most"), &json!({ "value": 1, "version": -1 })).await.invalid("version");

    let mut tx = app.tenant(ana.tenant).await;
    assert!(!SHOWN.get(&mut tx).await.unwrap());
    assert_eq!(MOST.get(&mut tx).await.unwrap(), 10);
    assert_eq!(FEE.get(&mut tx).await.unwrap(), Decimal::new(25, 2));
    assert_eq!(
        (TITLE.get(&mut tx).await.unwrap(), COLOUR.get(&mut tx).await.unwrap()),
        ("Olá olá!".into(), "blue".into())
    );
    assert_eq!(NAMES.get(&mut tx).await.unwrap(), ["ana", "bob"]);
    assert_eq!(HOME.get(&mut tx).await.unwrap().as_deref(), Some("https://a.example/x"));
    assert_eq!(HELP.get(&mut tx).await.unwrap().as_deref(), Some("help@a.example"));
}

#[db_test]
async fn what_nobody_has_set_is_the_preset(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let mut tx = app.tenant(ana.tenant).await;
    assert!(SHOWN.get(&mut tx).await.unwrap());
    assert_eq!(FEE.get(&mut tx).await.unwrap(), Decimal::ONE);
    assert_eq!(NAMES.get(&mut tx).await.unwrap(), ["ana"]);
    assert_eq!((HOME.get(&mut tx).await.unwrap(), HELP.get(&mut tx).await.unwrap()), (None, None));
}

#[db_test]
async fn settings_are_listed_by_name_and_searched(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let names = |list: testkit::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(ana.get("/api/v1/configurations").await.ok());
    assert!(all.is_sorted() && all.len() == 9 && !all.contains(&"test.closed".to_owned()), "{all:?}");
    assert_eq!(names(ana.get("/api/v1/configurations?q=WHAT").await.ok()).len(), 4);
    assert_eq!(names(ana.get("/api/v1/configurations?q=most").await.ok()), ["test.most"]);
    ana.get(&format!("/api/v1/configurations?q={}", "x".repeat(101))).await.invalid("q");

    let schema = ana.get("/api/v1/configurations/schema").await.ok();
    let of = |name: &str| schema.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(of("test.most")["schema"], json!({ "type": "integer", "minimum": 1, "maximum": 10 }));
    assert_eq!(of("test.most")["default"], 5);
    assert_eq!(of("test.colour")["levels"], json!(["system", "tenant", "user"]));
    assert_eq!((&of("test.key")["secret"], &of("test.key")["schema"]["writeOnly"]), (&json!(true), &json!(true)));
    assert_eq!(of("test.closed")["levels"], json!(["system"]));
}

#[db_test]
async fn an_unknown_name_is_told_the_nearest_and_one_of_another_level_where_it_belongs(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let unknown = ana.get(&path("test.moost")).await.refused(404, "SETTING_NOT_FOUND");
    assert_eq!(unknown["context"]["nearest"], "test.most");
    let far = ana.put(&path("nothing-like-it"), &json!({ "value": 1 })).await.refused(404, "SETTING_NOT_FOUND");
    assert_eq!(far["context"], json!({}));
    let higher = ana.put(&path("test.closed"), &json!({ "value": true })).await.refused(404, "SETTING_NOT_FOUND");
    assert_eq!(higher["context"]["levels"], json!(["system"]));
    ana.delete(&path("test.closed")).await.refused(404, "SETTING_NOT_FOUND");
    ana.get(&path("test.closed/history")).await.refused(404, "SETTING_NOT_FOUND");
}

#[db_test]
async fn a_tenant_never_sees_or_changes_anothers_settings(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (admin(&app).await, admin(&app).await);
    set(&ana, "test.most", json!(7)).await;
    assert_eq!(bob.get(&path("test.most")).await.ok()["value"], 5);
    assert_eq!(bob.get(&path("test.most/history")).await.ok(), json!([]));
    bob.post(&path("test.most/rollback"), &json!({ "version": 1 })).await.refused(404, "VERSION_NOT_FOUND");
    assert_eq!(set(&bob, "test.most", json!(8)).await["version"], 1);
    assert_eq!(ana.get(&path("test.most")).await.ok()["value"], 7);
    let mut tx = app.tenant(bob.tenant).await;
    let seen: i64 = sqlx::query_scalar("select count(*) from setting_versions").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(seen, 1);
    let stolen = sqlx::query(
        "insert into setting_versions (tenant_id, name, version, value, changed_at) values ($1, 'test.most', 9, '1', now())",
    );
    assert!(stolen.bind(ana.tenant).execute(tx.conn()).await.is_err());
    let mut tx = app.tenant(bob.tenant).await;
    let platforms = sqlx::query(
        "insert into setting_versions (tenant_id, name, version, value, changed_at) values (null, 'test.most', 9, '1', now())",
    );
    assert!(platforms.execute(tx.conn()).await.is_err());
}

#[db_test]
async fn whoever_lacks_the_permission_is_refused(db: PgPool) {
    let app = app(db).await;
    let reader = app.member(["configurations:read"]).await;
    reader.get("/api/v1/configurations").await.ok();
    for answer in [
        reader.put(&path("test.most"), &json!({ "value": 1 })).await,
        reader.delete(&path("test.most")).await,
        reader.post(&path("test.most/rollback"), &json!({ "version": 1 })).await,
        reader.patch("/api/v1/configurations", &json!({ "test.most": 1 })).await,
    ] {
        assert_eq!(answer.refused(403, "FORBIDDEN")["context"]["permission"], "configurations:write");
    }
    app.member([]).await.get("/api/v1/configurations").await.refused(403, "FORBIDDEN");
    app.stranger().get(&path("test.most")).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn the_history_holds_every_version_and_any_of_them_can_hold_again(db: PgPool) {
    let app = app(db.clone()).await;
    let ana = admin(&app).await;
    for value in [6, 7, 8] {
        set(&ana, "test.most", json!(value)).await;
    }
    ana.delete(&path("test.most")).await.no_content();
    let back = ana.post(&path("test.most/rollback"), &json!({ "version": 2 })).await.ok();
    assert_eq!((&back["value"], &back["version"]), (&json!(7), &json!(5)));
    let history = ana.get(&path("test.most/history?limit=3")).await;
    let next = history.body()["meta"]["next"].as_str().unwrap().to_owned();
    let values: Vec<_> = history.ok().as_array().unwrap().iter().map(|it| it["value"].clone()).collect();
    assert_eq!(values, [json!(7), json!(null), json!(8)]);
    let rest = ana.get(&path(&format!("test.most/history?before={next}"))).await.ok();
    assert_eq!((&rest[0]["version"], &rest[1]["version"], rest[2].is_null()), (&json!(2), &json!(1), true));
    let unset = ana.post(&path("test.most/rollback"), &json!({ "version": 4 })).await.ok();
    assert_eq!((&unset["value"], &unset["isSet"]), (&json!(5), &json!(false)));
    ana.post(&path("test.most/rollback"), &json!({ "version": 99 })).await.refused(404, "VERSION_NOT_FOUND");
    ana.post(&path("test.most/rollback"), &json!({ "version": 0 })).await.invalid("version");
    ana.get(&path("test.most/history?before=x")).await.invalid("before");
    assert_eq!(trail(&app).await.last().unwrap().0, "setting.rolled-back");
    for change in ["update setting_versions set value = '1'", "update feature_flags set version = 1"] {
        assert!(sqlx::query(sqlx::AssertSqlSafe(change)).execute(&db).await.is_err(), "{change}");
    }
}

#[db_test]
async fn a_change_that_another_came_before_is_refused_if_it_says_so(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let based_on = |version: i32, value: i64| {
        let (ana, body) = (ana.clone(), json!({ "value": value, "version": version }));
        async move { ana.put(&path("test.most"), &body).await }
    };
    based_on(0, 6).await.ok();
    let refused = based_on(0, 7).await.refused(409, "SETTING_CHANGED");
    assert_eq!(refused["context"]["version"], 1);
    let answers = join_all((1..=8).map(|value| based_on(1, value))).await;
    let done = answers.iter().filter(|it| it.status == 200).count();
    let lost = answers.iter().filter(|it| it.status == 409).count();
    // one of them wishes what is there already, which may come before the winner or be too late like all others
    assert!(done <= 2 && done + lost == 8 && ana.get(&path("test.most")).await.ok()["version"] == 2, "{done}, {lost}");
}

#[db_test]
async fn changes_at_once_all_leave_their_version(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let answers = join_all((1..=8).map(|value| {
        let ana = ana.clone();
        async move { set(&ana, "test.title", json!(format!("{value}"))).await }
    }));
    let mut versions: Vec<_> = answers.await.iter().map(|it| it["version"].as_i64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
}

#[db_test]
async fn many_are_set_at_once_or_none(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let wrong = json!({ "test.most": 99, "test.names": ["ana", "longer"], "test.title": "Fine" });
    let refused = ana.patch("/api/v1/configurations", &wrong).await.invalid("test.most");
    assert_eq!(refused["errors"][1]["path"], "test.names[1]");
    let unknown = json!({ "test.most": 6, "test.moost": 6 });
    let unknown = ana.patch("/api/v1/configurations", &unknown).await.refused(404, "SETTING_NOT_FOUND");
    assert_eq!(
        (&unknown["context"]["name"], &unknown["context"]["nearest"]),
        (&json!("test.moost"), &json!("test.most"))
    );
    ana.patch("/api/v1/configurations", &json!({})).await.refused(422, "VALIDATION_ERROR");
    ana.patch("/api/v1/configurations", &json!([1])).await.refused(422, "VALIDATION_ERROR");
    assert!(trail(&app).await.is_empty());

    set(&ana, "test.title", json!("Old")).await;
    let all = ana.patch("/api/v1/configurations", &json!({ "test.most": 6, "test.title": null })).await.ok();
    let value = |name: &str| all.as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()["value"].clone();
    assert_eq!((value("test.most"), value("test.title")), (json!(6), json!("Hello")));
    assert_eq!(trail(&app).await.len(), 3);
}

#[db_test]
async fn a_value_that_is_no_longer_within_the_limits_counts_as_none(db: PgPool) {
    let app = app(db).await;
    let ana = admin(&app).await;
    let mut tx = app.tenant(ana.tenant).await;
    let old = "insert into setting_versions (name, version, value, changed_at) values ('test.most', 1, '1000', now())";
    sqlx::query(old).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(MOST.get(&mut app.tenant(ana.tenant).await).await.unwrap(), 5);
    let shown = ana.get(&path("test.most")).await.ok();
    assert_eq!((&shown["value"], &shown["source"], &shown["version"]), (&json!(5), &json!(null), &json!(1)));
    set(&ana, "test.most", json!(6)).await;
    ana.post(&path("test.most/rollback"), &json!({ "version": 1 })).await.invalid("version");
}
