//! Who leads a department, and what that allows.

use crate::support::*;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn whoever_leads_a_department_works_in_it(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let made = ceo.post(DEPARTMENTS, &json!({ "name": "Lab", "headId": bob.user })).await.created();
    assert_eq!((&made["headId"], &made["memberCount"]), (&json!(bob.user), &json!(1)));
    let lab = text(&made["id"]);
    let own = bob.get(&format!("{DEPARTMENTS}/mine")).await.ok();
    assert_eq!((&own[0]["isHead"], &own[0]["isPrimary"]), (&json!(true), &json!(true)));
    let changed = ceo.patch(&at(&lab, ""), &json!({ "headId": ceo.user })).await.ok();
    assert_eq!((&changed["headId"], &changed["memberCount"]), (&json!(ceo.user), &json!(2)));
    ceo.patch(&at(&lab, ""), &json!({ "headId": null })).await.ok();
    assert_eq!(ceo.get(&at(&lab, "")).await.ok()["headId"], json!(null));
    let expected = [
        "department.head-dismissed",
        "department.head-appointed",
        "department.member-added",
        "department.head-appointed",
        "department.member-added",
        "department.created",
    ];
    assert_eq!(actions(&ceo, &lab).await, expected);
}

#[db_test]
async fn a_head_who_leaves_the_department_leads_it_no_more(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let (sales, support) = (first(&ceo, "sales").await, first(&ceo, "support").await);
    let lead = json!({ "headId": bob.user });
    ceo.patch(&at(&sales, ""), &lead).await.ok();
    ceo.delete(&place(&sales, &bob)).await.no_content();
    assert_eq!(ceo.get(&at(&sales, "")).await.ok()["headId"], json!(null));
    ceo.patch(&at(&sales, ""), &lead).await.ok();
    ceo.post(&at(&sales, &format!("/members/{}/move", bob.user)), &json!({ "to": support })).await.ok();
    assert_eq!(ceo.get(&at(&sales, "")).await.ok()["headId"], json!(null));
    assert_eq!(ceo.get(&at(&support, "")).await.ok()["headId"], json!(null));
}

#[db_test]
async fn a_head_manages_the_members_of_their_own_department_and_no_others(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = colleague(&app, &ceo, &["departments:read"]).await;
    let eve = app.colleague(&ceo, "viewer").await;
    let (lab, shop) = (make(&ceo, "Lab", json!({})).await, make(&ceo, "Shop", json!({})).await);
    let body = json!({ "userId": eve.user });
    bob.post(&at(&lab, "/members"), &body).await.refused(403, "FORBIDDEN");
    ceo.patch(&at(&lab, ""), &json!({ "headId": bob.user })).await.ok();
    bob.post(&at(&lab, "/members"), &body).await.created();
    bob.patch(&place(&lab, &eve), &json!({ "title": "Chemist" })).await.ok();
    let refused = bob.post(&at(&shop, "/members"), &body).await.refused(403, "FORBIDDEN");
    assert_eq!(refused["context"]["permission"], "departments:manage");
    // to move them away is for who leads there, too
    let (one, many) = (json!({ "to": shop }), json!({ "to": shop, "userIds": [eve.user] }));
    bob.post(&at(&lab, &format!("/members/{}/move", eve.user)), &one).await.refused(403, "FORBIDDEN");
    bob.post(&at(&lab, "/members/move"), &many).await.refused(403, "FORBIDDEN");
    ceo.patch(&at(&shop, ""), &json!({ "headId": bob.user })).await.ok();
    bob.post(&at(&lab, "/members/move"), &many).await.ok();
    bob.delete(&place(&shop, &eve)).await.no_content();
    bob.patch(&at(&lab, ""), &json!({ "headId": eve.user })).await.refused(403, "FORBIDDEN");
    // a former head manages nothing
    ceo.patch(&at(&lab, ""), &json!({ "headId": null })).await.ok();
    bob.post(&at(&lab, "/members"), &body).await.refused(403, "FORBIDDEN");
    eve.delete(&place(&lab, &bob)).await.refused(403, "FORBIDDEN");
}
