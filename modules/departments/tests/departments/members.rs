//! Who works in a department.

use crate::support::*;
use std::io::Cursor;
use testkit::{PgPool, db_test, json};
use uuid::Uuid;

#[db_test]
async fn members_of_the_company_work_in_departments(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let sales = first(&ceo, "sales").await;
    let body = json!({ "userId": bob.user, "title": "Seller" });
    let member = ceo.post(&at(&sales, "/members"), &body).await.created();
    assert_eq!((&member["title"], &member["email"]), (&json!("Seller"), &json!(bob.email)));
    assert_eq!((&member["isPrimary"], &member["isHead"]), (&json!(true), &json!(false)));
    ceo.post(&at(&sales, "/members"), &body).await.refused(409, "ALREADY_IN_DEPARTMENT");
    let list = ceo.get(&at(&sales, "/members")).await;
    assert_eq!((list.body()["meta"]["total"].clone(), list.ok()), (json!(1), json!([member])));
    assert_eq!(ceo.get(&at(&sales, "")).await.ok()["memberCount"], 1);
    let changed = ceo.patch(&place(&sales, &bob), &json!({ "title": null })).await.ok();
    assert!(changed["title"].is_null());
    ceo.delete(&place(&sales, &bob)).await.no_content();
    ceo.delete(&place(&sales, &bob)).await.refused(404, "DEPARTMENT_MEMBER_NOT_FOUND");
    assert_eq!(
        actions(&ceo, &sales).await,
        ["department.member-removed", "department.member-changed", "department.member-added"]
    );
    assert_eq!(trail(&ceo, &sales).await[1]["before"]["title"], "Seller");
}

#[db_test]
async fn one_person_is_in_several_departments_and_stands_for_one(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let (sales, support, audit) =
        (first(&ceo, "sales").await, first(&ceo, "support").await, first(&ceo, "audit").await);
    join(&ceo, &sales, &bob).await;
    app.clock().advance(kit::chrono::TimeDelta::seconds(1));
    assert_eq!(join(&ceo, &support, &bob).await["isPrimary"], false);
    let body = json!({ "userId": bob.user, "isPrimary": true, "title": "Reviser" });
    assert_eq!(ceo.post(&at(&audit, "/members"), &body).await.created()["isPrimary"], true);
    let mine = |list: &testkit::Value| {
        let own = list.as_array().unwrap().iter();
        own.map(|it| (text(&it["name"]), it["isPrimary"] == true)).collect::<Vec<_>>()
    };
    let path = format!("{DEPARTMENTS}/mine");
    let own = bob.get(&path).await.ok();
    assert_eq!(mine(&own), [("Audit".into(), true), ("Sales".into(), false), ("Support".into(), false)]);
    assert_eq!((&own[0]["title"], &own[0]["isHead"]), (&json!("Reviser"), &json!(false)));
    ceo.patch(&place(&support, &bob), &json!({ "isPrimary": true })).await.ok();
    assert_eq!(mine(&bob.get(&path).await.ok())[0], ("Support".into(), true));
    // whoever leaves it stands for the one they are in the longest
    ceo.delete(&place(&support, &bob)).await.no_content();
    assert_eq!(mine(&bob.get(&path).await.ok()), [("Sales".into(), true), ("Audit".into(), false)]);
    assert_eq!(ceo.get(&path).await.ok(), json!([]));
}

#[db_test]
async fn people_move_one_by_one_or_all_at_once(db: PgPool) {
    let (app, ceo) = company(db).await;
    let (bob, eve) = (app.colleague(&ceo, "viewer").await, app.colleague(&ceo, "viewer").await);
    let (sales, support) = (first(&ceo, "sales").await, first(&ceo, "support").await);
    ceo.post(&at(&sales, "/members"), &json!({ "userId": bob.user, "title": "Seller" })).await.created();
    join(&ceo, &sales, &eve).await;
    let to = json!({ "to": support });
    let moved = ceo.post(&at(&sales, &format!("/members/{}/move", bob.user)), &to).await.ok();
    assert_eq!((&moved["title"], &moved["isPrimary"]), (&json!("Seller"), &json!(true)));
    ceo.post(&at(&sales, &format!("/members/{}/move", bob.user)), &to)
        .await
        .refused(404, "DEPARTMENT_MEMBER_NOT_FOUND");
    let back = json!({ "to": sales, "userIds": [bob.user, bob.user] });
    assert_eq!(ceo.post(&at(&support, "/members/move"), &back).await.ok().as_array().unwrap().len(), 1);
    join(&ceo, &support, &eve).await;
    let both = json!({ "to": support, "userIds": [bob.user, eve.user] });
    let moved = ceo.post(&at(&sales, "/members/move"), &both).await.ok();
    assert!(moved.as_array().unwrap().iter().all(|it| it["isPrimary"] == true), "{moved}");
    assert_eq!(moved.as_array().unwrap().len(), 2);
    assert_eq!(ceo.get(&at(&sales, "/members")).await.ok(), json!([]));
    let entry = &trail(&ceo, &support).await[1];
    assert_eq!(entry["action"], "department.member-moved");
    assert_eq!(entry["after"], json!({ "departmentId": sales, "userId": bob.user }));
}

#[db_test]
async fn whoever_leaves_the_company_leaves_its_departments(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let sales = first(&ceo, "sales").await;
    ceo.patch(&at(&sales, ""), &json!({ "headId": bob.user })).await.ok();
    bob.post(&format!("/api/tenant/{}/leave", ceo.tenant), &json!({})).await.no_content();
    let department = ceo.get(&at(&sales, "")).await.ok();
    assert_eq!((&department["headId"], &department["memberCount"]), (&json!(null), &json!(0)));
    ceo.post(&at(&sales, "/members"), &json!({ "userId": bob.user })).await.invalid("userId");
}

#[db_test]
async fn members_are_searched_sorted_and_paged(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let sales = first(&ceo, "sales").await;
    join(&ceo, &sales, &ceo).await;
    ceo.post(&at(&sales, "/members"), &json!({ "userId": bob.user, "title": "Zeal" })).await.created();
    for (query, expected) in [
        ("q=zEA", vec![&bob]),
        ("sort=-email", vec![&bob, &ceo]),
        ("sort=email&limit=1", vec![&ceo]),
        ("sort=title", vec![&bob, &ceo]),
        ("q=_", vec![]),
    ] {
        let found = ceo.get(&at(&sales, &format!("/members?{query}"))).await.ok();
        let found: Vec<_> = found.as_array().unwrap().iter().map(|it| it["userId"].clone()).collect();
        let expected: Vec<_> = expected.iter().map(|it| json!(it.user)).collect();
        assert_eq!(found, expected, "{query}");
    }
    ceo.get(&at(&sales, "/members?sort=password_hash")).await.invalid("sort");
    ceo.get(&at(&Uuid::nil().to_string(), "/members")).await.refused(404, "DEPARTMENT_NOT_FOUND");
}

#[db_test]
async fn what_breaks_a_rule_of_members_is_named_by_its_path(db: PgPool) {
    let (_, ceo) = company(db).await;
    let (sales, nobody) = (first(&ceo, "sales").await, Uuid::nil());
    join(&ceo, &sales, &ceo).await;
    let members = at(&sales, "/members");
    for (body, path) in [
        (json!({ "userId": nobody }), "userId"),
        (json!({ "userId": 1 }), "userId"),
        (json!({ "userId": nobody, "title": "x".repeat(101) }), "title"),
        (json!({ "userId": nobody, "role": "admin" }), "role"),
    ] {
        ceo.post(&members, &body).await.invalid(path);
    }
    for (body, path) in [
        (json!({ "title": "" }), "title"),
        (json!({ "title": "x".repeat(101) }), "title"),
        (json!({ "isPrimary": false }), "isPrimary"),
        (json!({ "isHead": true }), "isHead"),
    ] {
        ceo.patch(&place(&sales, &ceo), &body).await.invalid(path);
    }
    let to = |to: &str, users: testkit::Value| json!({ "to": to, "userIds": users });
    let many: Vec<_> = (0..101).map(Uuid::from_u128).collect();
    for (body, path) in [
        (to(&sales, json!([ceo.user])), "to"),
        (to(&nobody.to_string(), json!([ceo.user])), "to"),
        (to(&sales, json!([])), "userIds"),
        (to(&sales, json!(many)), "userIds"),
        (to(&first(&ceo, "audit").await, json!([ceo.user, nobody])), "userIds"),
    ] {
        ceo.post(&at(&sales, "/members/move"), &body).await.invalid(path);
    }
    ceo.patch(&at(&sales, &format!("/members/{nobody}")), &json!({})).await.refused(404, "DEPARTMENT_MEMBER_NOT_FOUND");
    assert_eq!(ceo.get(&members).await.ok().as_array().unwrap().len(), 1);
}

#[db_test]
async fn the_archive_of_what_is_known_of_somebody_tells_their_departments(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let sales = first(&ceo, "sales").await;
    join(&ceo, &sales, &ceo).await;
    ceo.post(&at(&sales, "/members"), &json!({ "userId": bob.user, "title": "Seller" })).await.created();
    let asked = bob.post("/api/user/export", &json!({})).await.accepted();
    app.run_jobs().await;
    let archive = bob.get(&format!("/api/user/export/{}", text(&asked["id"]))).await;
    let mut archive = zip::ZipArchive::new(Cursor::new(archive.bytes.to_vec())).unwrap();
    let told: testkit::Value = serde_json::from_reader(archive.by_name("memberships.json").unwrap()).unwrap();
    let departments = told[0]["departments"].as_array().unwrap();
    assert_eq!(departments.len(), 1, "{told}");
    assert_eq!((&departments[0]["name"], &departments[0]["title"]), (&json!("Sales"), &json!("Seller")));
}
