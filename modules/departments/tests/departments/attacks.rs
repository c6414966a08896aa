//! What is another company's is out of reach by every way there is, and what happens at once ends as if it had not.

use crate::support::*;
use futures::future::join_all;
use tenants::Kind;
use testkit::{Member, PgPool, TestApp, db_test, json};
use uuid::Uuid;

/// Two companies: what is attacked, with a department that people work in, and who attacks.
struct Stage {
    _app: TestApp,
    victim: Member,
    thief: Member,
    theirs: String,
    own: String,
}

async fn stage(db: PgPool) -> Stage {
    let (app, victim) = company(db).await;
    let thief = app.owner(Kind::Company).await;
    let theirs = make(&victim, "Treasury", json!({ "headId": victim.user })).await;
    let own = make(&thief, "Den", json!({ "headId": thief.user })).await;
    Stage { _app: app, victim, thief, theirs, own }
}

#[db_test]
async fn a_tenant_never_sees_anothers_departments(db: PgPool) {
    let Stage { victim, thief, theirs, .. } = &stage(db).await;
    for path in ["", "/members", "/members?q=test"] {
        thief.get(&at(theirs, path)).await.refused(404, "DEPARTMENT_NOT_FOUND");
    }
    let seen = picture(thief).await.to_string() + &thief.get(&format!("{DEPARTMENTS}/mine")).await.text();
    for secret in [theirs.clone(), "Treasury".to_owned(), victim.email.clone(), victim.user.to_string()] {
        assert!(!seen.contains(&secret), "{secret} in {seen}");
    }
    let by_query = format!("{DEPARTMENTS}?tenant_id={}", victim.tenant);
    thief.get(&by_query).await.refused(404, "TENANT_NOT_FOUND");
    thief.with("x-tenant-id", victim.tenant).get(DEPARTMENTS).await.refused(404, "TENANT_NOT_FOUND");
    assert_eq!(thief.get(&format!("{DEPARTMENTS}?parent={theirs}")).await.ok(), json!([]));
}

#[db_test]
async fn anothers_departments_cannot_be_changed_by_path(db: PgPool) {
    let Stage { victim, thief, theirs, own, .. } = &stage(db).await;
    let before = picture(victim).await;
    let missing = "DEPARTMENT_NOT_FOUND";
    thief.patch(&at(theirs, ""), &json!({ "name": "Mine" })).await.refused(404, missing);
    thief.patch(&at(theirs, ""), &json!({ "headId": thief.user })).await.refused(404, missing);
    thief.patch(&at(theirs, ""), &json!({ "permissions": [] })).await.refused(404, missing);
    thief.delete(&at(theirs, "")).await.refused(404, missing);
    thief.delete(&at(theirs, &format!("?moveTo={own}"))).await.refused(404, missing);
    thief.post(&at(theirs, "/move"), &json!({ "parentId": own })).await.refused(404, missing);
    thief.post(&at(theirs, "/members"), &json!({ "userId": thief.user })).await.refused(404, missing);
    let to = json!({ "to": own, "userIds": [victim.user] });
    thief.post(&at(theirs, "/members/move"), &to).await.refused(404, missing);
    thief.patch(&place(theirs, victim), &json!({ "title": "Robbed" })).await.refused(404, missing);
    thief.delete(&place(theirs, victim)).await.refused(404, missing);
    thief
        .post(&at(theirs, &format!("/members/{}/move", victim.user)), &json!({ "to": own }))
        .await
        .refused(404, missing);
    for path in [place(own, victim), at(own, &format!("/members/{}", Uuid::nil()))] {
        thief.delete(&path).await.refused(404, "DEPARTMENT_MEMBER_NOT_FOUND");
        thief.patch(&path, &json!({ "title": "Mine" })).await.refused(404, "DEPARTMENT_MEMBER_NOT_FOUND");
    }
    assert_eq!(picture(victim).await, before);
}

#[db_test]
async fn anothers_ids_in_a_body_or_a_query_are_unknown_and_change_nothing(db: PgPool) {
    let Stage { victim, thief, theirs, own, .. } = &stage(db).await;
    let before = (picture(victim).await, picture(thief).await);
    for (body, path) in [
        (json!({ "name": "A", "parentId": theirs }), "parentId"),
        (json!({ "name": "A", "headId": victim.user }), "headId"),
    ] {
        thief.post(DEPARTMENTS, &body).await.invalid(path);
    }
    thief.patch(&at(own, ""), &json!({ "headId": victim.user })).await.invalid("headId");
    thief.post(&at(own, "/move"), &json!({ "parentId": theirs })).await.invalid("parentId");
    thief.delete(&at(own, &format!("?moveTo={theirs}"))).await.invalid("moveTo");
    thief.post(&at(own, "/members"), &json!({ "userId": victim.user })).await.invalid("userId");
    thief.post(&at(own, &format!("/members/{}/move", thief.user)), &json!({ "to": theirs })).await.invalid("to");
    let audit = first(thief, "audit").await;
    for (to, users, path) in [
        (theirs, vec![thief.user], "to"),
        (&audit, vec![victim.user], "userIds"),
        (&audit, vec![thief.user, victim.user], "userIds"),
    ] {
        thief.post(&at(own, "/members/move"), &json!({ "to": to, "userIds": users })).await.invalid(path);
    }
    assert_eq!((picture(victim).await, picture(thief).await), before);
}

#[db_test]
async fn two_moves_that_together_would_make_a_circle_do_not(db: PgPool) {
    let (_app, ceo) = company(db).await;
    for round in 0..10 {
        let a = make(&ceo, &format!("A{round}"), json!({})).await;
        let b = make(&ceo, &format!("B{round}"), json!({})).await;
        let (under_a, under_b) = (json!({ "parentId": a }), json!({ "parentId": b }));
        let (a_path, b_path) = (at(&a, "/move"), at(&b, "/move"));
        let answers = tokio::join!(ceo.post(&a_path, &under_b), ceo.post(&b_path, &under_a));
        let mut told = [answers.0, answers.1].map(|it| (it.status.as_u16(), text_or_null(&it.body()["code"])));
        told.sort();
        assert_eq!(told, [(200, String::new()), (409, "DEPARTMENT_CYCLE".to_owned())]);
    }
}

fn text_or_null(value: &testkit::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[db_test]
async fn a_department_that_somebody_joins_while_it_is_deleted_ends_empty_or_not_at_all(db: PgPool) {
    let (_app, ceo) = company(db).await;
    for round in 0..10 {
        let id = make(&ceo, &format!("Round {round}"), json!({})).await;
        let (path, members, body) = (at(&id, ""), at(&id, "/members"), json!({ "userId": ceo.user }));
        let (deleted, joined) = tokio::join!(ceo.delete(&path), ceo.post(&members, &body));
        let outcome = (deleted.status.as_u16(), joined.status.as_u16());
        assert!([(204, 404), (409, 201)].contains(&outcome), "{outcome:?}");
    }
}

#[db_test]
async fn however_many_join_at_once_each_stands_for_one_department(db: PgPool) {
    let (_app, ceo) = company(db).await;
    let mut ids = vec![];
    for key in ["sales", "support", "audit", "security", "documents", "financial"] {
        ids.push(first(&ceo, key).await);
    }
    let body = json!({ "userId": ceo.user, "isPrimary": true });
    let joined = join_all(ids.iter().map(|id| {
        let (path, body, ceo) = (at(id, "/members"), &body, &ceo);
        async move { ceo.post(&path, body).await }
    }));
    for answer in joined.await {
        answer.created();
    }
    let again =
        join_all((0..6).map(|_| async { ceo.post(&at(&ids[0], "/members"), &body).await.status.as_u16() })).await;
    assert_eq!(again, [409; 6]);
    let own = ceo.get(&format!("{DEPARTMENTS}/mine")).await.ok();
    let primary = own.as_array().unwrap().iter().filter(|it| it["isPrimary"] == true).count();
    assert_eq!((own.as_array().unwrap().len(), primary), (6, 1));
}

#[db_test]
async fn a_company_has_two_hundred_departments_at_most_however_many_are_made_at_once(db: PgPool) {
    let (_app, ceo) = company(db).await;
    for number in 0..188 {
        make(&ceo, &format!("Department {number}"), json!({})).await;
    }
    let made = join_all((0..8).map(|number| {
        let (ceo, body) = (&ceo, json!({ "name": format!("At once {number}") }));
        async move { ceo.post(DEPARTMENTS, &body).await.status.as_u16() }
    }));
    assert_eq!(made.await.iter().filter(|status| **status == 201).count(), 3);
    let refused = ceo.post(DEPARTMENTS, &json!({ "name": "One more" })).await.refused(403, "DEPARTMENT_LIMIT");
    assert_eq!(refused["context"]["limit"], 200);
}

#[db_test]
async fn hostile_names_are_names(db: PgPool) {
    let (_app, ceo) = company(db).await;
    for name in
        ["'; drop table departments; --", "<script>alert(1)</script>", "{{7*7}}", "../../etc", "𝔘𝔫𝔦", "\u{202e}gnp"]
    {
        let id = make(&ceo, name, json!({ "description": name })).await;
        let department = ceo.get(&at(&id, "")).await.ok();
        assert_eq!((&department["name"], &department["description"]), (&json!(name), &json!(name)));
    }
    ceo.post(DEPARTMENTS, &json!({ "name": "a\u{0}b" })).await.invalid("name");
}
