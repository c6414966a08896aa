//! The tree: what a company begins with, and how it is changed.

use crate::support::*;
use tenants::Kind;
use testkit::{PgPool, db_test, json};
use uuid::Uuid;

#[db_test]
async fn a_company_begins_with_nine_departments(db: PgPool) {
    let (app, ceo) = company(db).await;
    let list = ceo.get(DEPARTMENTS).await;
    assert_eq!(list.body()["meta"], json!({ "page": 1, "limit": 20, "total": 9, "totalPages": 1 }));
    let all = list.ok();
    let keys: Vec<_> = all.as_array().unwrap().iter().map(|it| text(&it["key"])).collect();
    assert_eq!(
        keys,
        [
            "audit",
            "configurations",
            "documents",
            "financial",
            "marketing",
            "sales",
            "security",
            "subscriptions",
            "support"
        ]
    );
    for department in all.as_array().unwrap() {
        assert!(department["description"].is_string() && department["parentId"].is_null(), "{department}");
        assert!(!department["permissions"].as_array().unwrap().is_empty(), "{department}");
        assert_eq!((&department["memberCount"], &department["headId"]), (&json!(0), &json!(null)));
        let version = Uuid::parse_str(&text(&department["id"])).unwrap().get_version_num();
        assert_eq!(version, Uuid::parse_str(&ceo.tenant.to_string()).unwrap().get_version_num());
    }
    let second = ceo.post("/api/tenant", &json!({ "name": "Second" })).await.created();
    let there = ceo.with("x-tenant-id", text(&second["id"]));
    let others = there.get(DEPARTMENTS).await.ok();
    assert_eq!(names(&others), names(&all));
    assert_ne!(others[0]["id"], all[0]["id"]);
    for kind in [Kind::Trader, Kind::Influencer] {
        let alone = app.owner(kind).await;
        for path in ["", "/tree", "/mine"] {
            alone.get(&format!("{DEPARTMENTS}{path}")).await.refused(409, "NOT_A_COMPANY");
        }
        alone.post(DEPARTMENTS, &json!({ "name": "A" })).await.refused(409, "NOT_A_COMPANY");
    }
}

#[db_test]
async fn the_first_nine_are_renamed_and_removed_like_others(db: PgPool) {
    let (_, ceo) = company(db).await;
    let (sales, audit) = (first(&ceo, "sales").await, first(&ceo, "audit").await);
    let changed = ceo.patch(&at(&sales, ""), &json!({ "name": "Vendas", "description": null })).await.ok();
    assert_eq!((&changed["name"], &changed["key"]), (&json!("Vendas"), &json!("sales")));
    assert!(changed["description"].is_null());
    ceo.delete(&at(&audit, "")).await.no_content();
    ceo.get(&at(&audit, "")).await.refused(404, "DEPARTMENT_NOT_FOUND");
    ceo.delete(&at(&audit, "")).await.refused(404, "DEPARTMENT_NOT_FOUND");
    assert_eq!(ceo.get(DEPARTMENTS).await.body()["meta"]["total"], 8);
    assert_eq!(actions(&ceo, &sales).await, ["department.changed"]);
    assert_eq!(trail(&ceo, &sales).await[0]["before"]["name"], "Sales");
    assert_eq!(trail(&ceo, &audit).await[0]["before"]["key"], "audit");
    make(&ceo, "Revision", json!({ "key": "audit" })).await;
}

#[db_test]
async fn departments_are_made_under_one_another_and_shown_as_a_tree(db: PgPool) {
    let (_, ceo) = company(db).await;
    let sales = first(&ceo, "sales").await;
    let body = json!({ "name": " North ", "key": "north", "description": "Up there.", "parentId": sales });
    let north = ceo.post(DEPARTMENTS, &body).await.created();
    assert_eq!((&north["name"], &north["parentId"]), (&json!("North"), &json!(sales)));
    assert_eq!((&north["permissions"], &north["memberCount"]), (&json!([]), &json!(0)));
    assert_eq!(ceo.get(&at(&text(&north["id"]), "")).await.ok(), north);
    make_under(&ceo, "South", &sales).await;
    make_under(&ceo, "Far north", &text(&north["id"])).await;
    let tree = ceo.get(&format!("{DEPARTMENTS}/tree")).await.ok();
    assert_eq!(tree.as_array().unwrap().len(), 9);
    let sales = tree.as_array().unwrap().iter().find(|it| it["key"] == "sales").unwrap();
    assert_eq!(names(&sales["children"]), ["North", "South"]);
    assert_eq!(names(&sales["children"][0]["children"]), ["Far north"]);
    assert_eq!(sales["children"][1]["children"], json!([]));
    assert_eq!(actions(&ceo, &text(&north["id"])).await, ["department.created"]);
}

#[db_test]
async fn names_and_keys_are_the_companys_only_ones(db: PgPool) {
    let (app, ceo) = company(db).await;
    let id = make(&ceo, "Research", json!({ "key": "research" })).await;
    ceo.post(DEPARTMENTS, &json!({ "name": "RESEARCH" })).await.refused(409, "DEPARTMENT_NAME_TAKEN");
    ceo.post(DEPARTMENTS, &json!({ "name": "Other", "key": "research" })).await.refused(409, "DEPARTMENT_KEY_TAKEN");
    ceo.patch(&at(&id, ""), &json!({ "name": "sales" })).await.refused(409, "DEPARTMENT_NAME_TAKEN");
    ceo.patch(&at(&id, ""), &json!({ "name": "RESEARCH" })).await.ok();
    let other = app.owner(Kind::Company).await;
    make(&other, "Research", json!({ "key": "research" })).await;
}

#[db_test]
async fn lists_are_searched_sorted_and_paged(db: PgPool) {
    let (app, ceo) = company(db).await;
    let sales = first(&ceo, "sales").await;
    let north = make_under(&ceo, "North 100%", &sales).await;
    join(&ceo, &north, &ceo).await;
    app.clock().advance(kit::chrono::TimeDelta::seconds(60));
    make(&ceo, "The last one", json!({})).await;
    for (query, expected) in [
        ("q=SALE", vec!["Sales"]),
        ("q=%25", vec!["North 100%"]),
        ("q=nothing", vec![]),
        ("q=subscr&limit=1", vec!["Subscriptions"]),
        ("sort=-memberCount&limit=1", vec!["North 100%"]),
        ("sort=-name&limit=2", vec!["The last one", "Support"]),
        ("sort=-createdAt&limit=1", vec!["The last one"]),
        ("limit=2&page=2", vec!["Documents", "Financial"]),
        ("limit=2&page=99", vec![]),
    ] {
        assert_eq!(names(&ceo.get(&format!("{DEPARTMENTS}?{query}")).await.ok()), expected, "{query}");
    }
    let below = ceo.get(&format!("{DEPARTMENTS}?parent={sales}")).await;
    assert_eq!((below.body()["meta"]["total"].clone(), names(&below.ok())), (json!(1), vec!["North 100%".to_owned()]));
    assert_eq!(ceo.get(&format!("{DEPARTMENTS}?parent={}", Uuid::nil())).await.ok(), json!([]));
}

#[db_test]
async fn what_breaks_a_rule_is_named_by_its_path(db: PgPool) {
    let (_, ceo) = company(db).await;
    let sales = first(&ceo, "sales").await;
    for (body, path) in [
        (json!({}), ""),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "   " }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (json!({ "name": "A", "key": "Sales" }), "key"),
        (json!({ "name": "A", "key": "-a" }), "key"),
        (json!({ "name": "A", "key": "a".repeat(64) }), "key"),
        (json!({ "name": "A", "description": "x".repeat(1001) }), "description"),
        (json!({ "name": "A", "parentId": "north" }), "parentId"),
        (json!({ "name": "A", "parentId": Uuid::nil() }), "parentId"),
        (json!({ "name": "A", "headId": Uuid::nil() }), "headId"),
        (json!({ "name": "A", "permissions": vec!["audit:read"; 101] }), "permissions"),
        (json!({ "name": "A", "permissions": ["x".repeat(101)] }), "permissions[0]"),
        (json!({ "name": "A", "tenantId": Uuid::nil() }), "tenantId"),
    ] {
        ceo.post(DEPARTMENTS, &body).await.invalid(path);
    }
    for (body, path) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (json!({ "key": "other" }), "key"),
        (json!({ "parentId": null }), "parentId"),
        (json!({ "headId": Uuid::nil() }), "headId"),
        (json!({ "description": "x".repeat(1001) }), "description"),
    ] {
        ceo.patch(&at(&sales, ""), &body).await.invalid(path);
    }
    for body in [json!({}), json!({ "parentId": 1 }), json!({ "parentId": null, "to": null })] {
        ceo.post(&at(&sales, "/move"), &body).await.refused(422, "VALIDATION_ERROR");
    }
    for query in ["sort=permissions", "sort=name;drop table departments", "limit=x", "parent=1", "q=%00"] {
        let answer = ceo.get(&format!("{DEPARTMENTS}?{}", query.replace(' ', "%20"))).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text());
    }
    ceo.get(&at("sales", "")).await.refused(400, "BAD_PATH");
    assert_eq!(actions(&ceo, &sales).await, [""; 0]);
}

#[db_test]
async fn a_department_moves_with_all_that_is_below_it_but_never_under_itself(db: PgPool) {
    let (_, ceo) = company(db).await;
    let a = make(&ceo, "A", json!({})).await;
    let b = make_under(&ceo, "B", &a).await;
    let c = make_under(&ceo, "C", &b).await;
    let to = |id: &str| json!({ "parentId": id });
    for under in [&a, &b, &c] {
        ceo.post(&at(&a, "/move"), &to(under)).await.refused(409, "DEPARTMENT_CYCLE");
    }
    let moved = ceo.post(&at(&b, "/move"), &json!({ "parentId": null })).await.ok();
    assert!(moved["parentId"].is_null());
    ceo.post(&at(&a, "/move"), &to(&c)).await.ok();
    assert_eq!(ceo.get(&at(&a, "")).await.ok()["parentId"], json!(c));
    ceo.post(&at(&a, "/move"), &to(&c)).await.ok();
    assert_eq!(actions(&ceo, &a).await, ["department.moved", "department.created"]);
    let entry = &trail(&ceo, &a).await[0];
    assert_eq!((&entry["before"], &entry["after"]), (&json!({ "parentId": null }), &to(&c)));
    ceo.post(&at(&a, "/move"), &to(&Uuid::nil().to_string())).await.invalid("parentId");
}

#[db_test]
async fn at_most_eight_departments_stand_under_one_another(db: PgPool) {
    let (_, ceo) = company(db).await;
    let mut chain = vec![make(&ceo, "Level 1", json!({})).await];
    for level in 2..=8 {
        chain.push(make_under(&ceo, &format!("Level {level}"), chain.last().unwrap()).await);
    }
    let body = json!({ "name": "Level 9", "parentId": chain[7] });
    ceo.post(DEPARTMENTS, &body).await.refused(409, "DEPARTMENT_TOO_DEEP");
    let sales = first(&ceo, "sales").await;
    let under = json!({ "parentId": sales });
    ceo.post(&at(&chain[0], "/move"), &under).await.refused(409, "DEPARTMENT_TOO_DEEP");
    ceo.post(&at(&chain[1], "/move"), &under).await.ok();
    // what would take over stands too deep for what it would take over
    let two = make(&ceo, "Two", json!({})).await;
    make_under(&ceo, "Below two", &two).await;
    let refused = ceo.delete(&at(&two, &format!("?moveTo={}", chain[7]))).await;
    assert_eq!(refused.refused(409, "DEPARTMENT_TOO_DEEP")["context"]["limit"], 8);
    ceo.get(&at(&two, "")).await.ok();
}

#[db_test]
async fn a_department_that_is_not_empty_ends_only_if_another_takes_over(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let (a, b) = (make(&ceo, "A", json!({})).await, make(&ceo, "B", json!({})).await);
    let below = make_under(&ceo, "Below A", &a).await;
    let refused = ceo.delete(&at(&a, "")).await.refused(409, "DEPARTMENT_NOT_EMPTY");
    assert_eq!(refused["context"], json!({ "children": 1, "members": 0 }));
    join(&ceo, &a, &bob).await;
    join(&ceo, &a, &ceo).await;
    join(&ceo, &b, &ceo).await;
    for heir in [&a, &below] {
        ceo.delete(&at(&a, &format!("?moveTo={heir}"))).await.refused(409, "DEPARTMENT_CYCLE");
    }
    ceo.delete(&at(&a, &format!("?moveTo={}", Uuid::nil()))).await.invalid("moveTo");
    ceo.delete(&at(&a, &format!("?moveTo={b}"))).await.no_content();
    ceo.get(&at(&a, "")).await.refused(404, "DEPARTMENT_NOT_FOUND");
    assert_eq!(ceo.get(&at(&below, "")).await.ok()["parentId"], json!(b));
    assert_eq!(ceo.get(&at(&b, "")).await.ok()["memberCount"], 2);
    for member in ceo.get(&at(&b, "/members")).await.ok().as_array().unwrap() {
        assert_eq!(member["isPrimary"], true, "{member}");
    }
    let moved = ["department.deleted", "department.member-moved", "department.member-moved"];
    assert_eq!(actions(&ceo, &a).await[..3], moved);
    assert_eq!(actions(&ceo, &below).await[0], "department.moved");
}
