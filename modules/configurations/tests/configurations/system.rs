use crate::support::{CLOSED, admin, app, operator, path, set, trail};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn operators_set_what_holds_for_all(db: PgPool) {
    let app = app(db).await;
    let (ana, root) = (admin(&app).await, operator(&app).await);
    let shown = root.put(&path("system/test.closed"), &json!({ "value": true, "version": 0 })).await.ok();
    assert_eq!((&shown["level"], &shown["value"], &shown["version"]), (&json!("system"), &json!(true), &json!(1)));
    root.put(&path("system/test.closed"), &json!({ "value": false, "version": 0 }))
        .await
        .refused(409, "SETTING_CHANGED");
    assert!(CLOSED.get(&mut app.system().await).await.unwrap());
    assert!(CLOSED.get(&mut app.tenant(ana.tenant).await).await.unwrap());
    root.put(&path("system/test.most"), &json!({ "value": 9 })).await.ok();
    let theirs = ana.get(&path("test.most")).await.ok();
    assert_eq!(
        (&theirs["value"], &theirs["source"], &theirs["changedBy"]),
        (&json!(9), &json!("system"), &json!(null))
    );
    set(&ana, "test.most", json!(3)).await;
    assert_eq!(ana.get(&path("test.most")).await.ok()["source"], "tenant");
    let all = root.patch(&path("system"), &json!({ "test.most": 8, "test.closed": null })).await.ok();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(["sign-up.open", "test.closed", "test.most"].iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!(root.get(&path("system/test.most")).await.ok()["value"], 8);
    let back = root.post(&path("system/test.most/rollback"), &json!({ "version": 1 })).await.ok();
    assert_eq!((&back["value"], &back["version"]), (&json!(9), &json!(3)));
    assert_eq!(root.get(&path("system/test.most/history")).await.ok().as_array().unwrap().len(), 3);
    root.delete(&path("system/test.most")).await.no_content();
    assert_eq!(root.get(&path("system?q=most")).await.ok()[0]["value"], 5);
    assert_eq!(trail(&app).await.len(), 7);
}

#[db_test]
async fn whoever_runs_a_tenant_does_not_run_the_platform(db: PgPool) {
    let app = app(db).await;
    let owner = app.owner(tenants::Kind::Company).await;
    let flag = json!({ "definition": { "description": "x", "enabled": true } });
    for answer in [
        owner.get(&path("system")).await,
        owner.patch(&path("system"), &json!({ "test.most": 1 })).await,
        owner.get(&path("system/test.most")).await,
        owner.put(&path("system/test.most"), &json!({ "value": 1 })).await,
        owner.delete(&path("system/test.most")).await,
        owner.get(&path("system/test.most/history")).await,
        owner.post(&path("system/test.most/rollback"), &json!({ "version": 1 })).await,
        owner.get(&path("system/flags")).await,
        owner.get(&path("system/flags/new")).await,
        owner.put(&path("system/flags/new"), &flag).await,
        owner.post(&path("system/flags/new/kill"), &json!({})).await,
        owner.delete(&path("system/flags/new")).await,
        owner.get(&path("system/flags/new/history")).await,
    ] {
        answer.refused(403, "FORBIDDEN");
    }
}
