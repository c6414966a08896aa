use crate::support::{admin, app, define, operator, path, trail};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_flag_is_on_for_those_whom_its_rules_are_about(db: PgPool) {
    let app = app(db).await;
    let (ana, bob, root) = (admin(&app).await, admin(&app).await, operator(&app).await);
    let rules = json!([
        { "about": "users", "users": [bob.user], "enabled": false },
        { "about": "tenants", "tenants": [ana.tenant, bob.tenant], "enabled": true },
        { "about": "plans", "plans": ["pro"], "enabled": true },
        { "about": "percentage", "percentage": 0, "by": "tenant", "enabled": true },
    ]);
    let defined = define(&root, "new-chart", json!({ "rules": rules })).await;
    assert_eq!(
        (&defined["key"], &defined["version"], &defined["changedBy"]),
        (&json!("new-chart"), &json!(1), &json!(root.user))
    );
    define(&root, "old-chart", json!({ "default": true })).await;
    let verdict =
        |enabled: bool, reason: &str| json!({ "enabled": enabled, "reason": reason, "tenantMayChoose": false });
    let all = ana.get(&path("flags")).await.ok();
    assert_eq!(all, json!({ "new-chart": verdict(true, "rule"), "old-chart": verdict(true, "default") }));
    assert_eq!(bob.get(&path("flags/new-chart")).await.ok(), verdict(false, "rule"));
    assert_eq!(root.get(&path("flags/new-chart")).await.ok(), verdict(false, "default"));
    let unknown = ana.get(&path("flags/new-charts")).await.refused(404, "FLAG_NOT_FOUND");
    assert_eq!(unknown["context"]["nearest"], "new-chart");

    let mut tx = app.tenant(ana.tenant).await;
    assert!(configurations::flag(&mut tx, "new-chart").await.unwrap());
    assert!(!configurations::flag(&mut tx, "unknown").await.unwrap());
    let mut tx = app.tenant(root.tenant).await;
    assert!(!configurations::flag(&mut tx, "new-chart").await.unwrap());
    assert!(configurations::flag_on_plan(&mut tx, "new-chart", Some("pro")).await.unwrap());
}

#[db_test]
async fn a_flag_that_is_killed_is_off_for_everybody_whatever_the_rest_says(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    define(&root, "new", json!({ "default": true, "tenantMayChoose": true })).await;
    ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
    let killed = root.post(&path("system/flags/new/kill"), &json!({})).await.ok();
    assert_eq!((&killed["definition"]["enabled"], &killed["version"]), (&json!(false), &json!(2)));
    assert_eq!(root.post(&path("system/flags/new/kill"), &json!({})).await.ok()["version"], 2);
    let verdict = ana.get(&path("flags/new")).await.ok();
    assert_eq!((&verdict["enabled"], &verdict["reason"]), (&json!(false), &json!("off")));
    let actions: Vec<_> = trail(&app).await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions, ["flag.changed", "flag.chosen", "flag.killed"]);
}

#[db_test]
async fn a_tenant_chooses_for_itself_where_it_may(db: PgPool) {
    let app = app(db).await;
    let (ana, bob, root) = (admin(&app).await, admin(&app).await, operator(&app).await);
    define(&root, "new", json!({ "tenantMayChoose": true })).await;
    define(&root, "fixed", json!({})).await;
    let chosen = ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
    assert_eq!((&chosen["enabled"], &chosen["reason"]), (&json!(true), &json!("tenant-choice")));
    assert_eq!(bob.get(&path("flags/new")).await.ok()["enabled"], false);
    ana.put(&path("flags/fixed"), &json!({ "enabled": true })).await.refused(403, "FLAG_NOT_YOURS");
    ana.delete(&path("flags/fixed")).await.refused(403, "FLAG_NOT_YOURS");
    ana.put(&path("flags/none"), &json!({ "enabled": true })).await.refused(404, "FLAG_NOT_FOUND");
    ana.put(&path("flags/new"), &json!({ "enabled": "yes" })).await.invalid("enabled");
    assert_eq!(ana.delete(&path("flags/new")).await.ok()["reason"], "default");
    ana.delete(&path("flags/new")).await.ok();
    let reader = app.member(["configurations:read", "configurations:write"]).await;
    reader.put(&path("flags/new"), &json!({ "enabled": true })).await.refused(403, "FORBIDDEN");
    let actions: Vec<_> = trail(&app).await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions, ["flag.changed", "flag.changed", "flag.chosen", "flag.left-to-rules"]);

    ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
    define(&root, "new", json!({ "tenantMayChoose": false })).await;
    assert_eq!(ana.get(&path("flags/new")).await.ok()["enabled"], false, "the choice no longer counts");
}

#[db_test]
async fn every_definition_of_a_flag_is_kept_and_none_is_lost(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    define(&root, "new", json!({ "tenantMayChoose": true })).await;
    ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
    let change = |version: i32| {
        let definition = json!({ "description": "Other.", "enabled": true, "tenantMayChoose": true });
        let (root, body) = (root.clone(), json!({ "definition": definition, "version": version }));
        async move { root.put(&path("system/flags/new"), &body).await }
    };
    change(0).await.refused(409, "FLAG_CHANGED");
    assert_eq!(change(1).await.ok()["version"], 2);
    assert_eq!(change(2).await.ok()["version"], 2, "the same once more changes nothing");
    root.delete(&path("system/flags/new")).await.no_content();
    root.delete(&path("system/flags/new")).await.refused(404, "FLAG_NOT_FOUND");
    ana.get(&path("flags/new")).await.refused(404, "FLAG_NOT_FOUND");
    assert_eq!(root.get(&path("system/flags")).await.ok(), json!([]));
    let history = root.get(&path("system/flags/new/history")).await.ok();
    let versions: Vec<_> = history.as_array().unwrap().iter().map(|it| it["version"].as_i64().unwrap()).collect();
    assert_eq!((versions, &history[0]["definition"]), (vec![3, 2, 1], &json!(null)));
    define(&root, "new", json!({ "tenantMayChoose": true })).await;
    assert_eq!(ana.get(&path("flags/new")).await.ok()["reason"], "default", "what was chosen went with the flag");
    assert_eq!(root.get(&path("system/flags/new")).await.ok()["version"], 4);
}

#[db_test]
async fn a_definition_that_makes_no_sense_is_refused(db: PgPool) {
    let app = app(db).await;
    let root = operator(&app).await;
    let put = |key: &str, definition: testkit::Value| {
        let (root, path) = (root.clone(), path(&format!("system/flags/{key}")));
        async move { root.put(&path, &json!({ "definition": definition })).await }
    };
    let rule = |rule: testkit::Value| json!({ "description": "x", "enabled": true, "rules": [rule] });
    put("New", json!({ "description": "x", "enabled": true })).await.invalid("key");
    put(&"x".repeat(65), json!({ "description": "x", "enabled": true })).await.invalid("key");
    put("new", json!({ "description": "", "enabled": true })).await.invalid("definition.description");
    put("new", json!({ "description": "x" })).await.refused(422, "VALIDATION_ERROR");
    put("new", json!({ "description": "x", "enabled": true, "else": 1 })).await.refused(422, "VALIDATION_ERROR");
    for wrong in [
        json!({ "about": "percentage", "percentage": 101, "by": "user", "enabled": true }),
        json!({ "about": "percentage", "percentage": -1, "by": "user", "enabled": true }),
        json!({ "about": "percentage", "percentage": 1, "by": "moon", "enabled": true }),
        json!({ "about": "users", "users": [], "enabled": true }),
        json!({ "about": "users", "users": ["x"], "enabled": true }),
        json!({ "about": "plans", "plans": [""], "enabled": true }),
        json!({ "about": "plans", "plans": ["x"] }),
        json!({ "about": "weather", "enabled": true }),
    ] {
        put("new", rule(wrong)).await.refused(422, "VALIDATION_ERROR");
    }
    let many = vec![json!({ "about": "plans", "plans": ["x"], "enabled": true }); 51];
    put("new", json!({ "description": "x", "enabled": true, "rules": many })).await.invalid("definition.rules");
}
