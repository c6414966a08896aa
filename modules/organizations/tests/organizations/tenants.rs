//! Invitations under `/api/tenant`.

use crate::support::{app, fields, unverify, user};
use ::tenants::Kind;
use testkit::{Member, PgPool, db_test, json};
use uuid::Uuid;

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

#[db_test]
async fn a_member_is_added_by_an_invitation(db: PgPool) {
    let app = app(db).await;
    let (ceo, bob, carl) = (app.owner(Kind::Company).await, user(&app).await, user(&app).await);
    for (rest, who) in [("/members", &bob), ("/invitations", &carl)] {
        let sent = ceo.post(&path(&ceo, rest), &json!({ "email": who.email, "role": "funcionario" })).await.created();
        let names = ["id", "tenantId", "email", "role", "status", "inviterId", "expiresAt", "createdAt"];
        assert_eq!((fields(&sent), &sent["role"]), (names.to_vec(), &json!("funcionario")));
        assert_eq!(app.run_jobs().await, 1);
        let invitation = path(&ceo, &format!("/invitations/{}", sent["id"].as_str().unwrap()));
        let member = who.post(&format!("{invitation}/accept"), &json!({})).await.ok();
        assert_eq!((&member["role"], &member["userId"]), (&json!("funcionario"), &json!(who.user)));
        who.post(&format!("{invitation}/accept"), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
        assert_eq!(who.get(&path(&ceo, "")).await.ok()["role"], "funcionario");
        let again = ceo.post(&path(&ceo, rest), &json!({ "email": who.email, "role": "viewer" })).await;
        again.refused(409, "ALREADY_A_MEMBER");
    }
    let list = ceo.get(&path(&ceo, "/invitations?status=accepted")).await;
    assert_eq!(list.body()["meta"]["total"], 2);
    assert_eq!(ceo.get(&path(&ceo, "/invitations?status=pending")).await.ok(), json!([]));
}

#[db_test]
async fn an_invitation_is_sent_again_taken_back_and_declined(db: PgPool) {
    let app = app(db).await;
    let (ceo, bob) = (app.owner(Kind::Company).await, user(&app).await);
    let new = json!({ "email": bob.email, "role": "viewer" });
    let sent = ceo.post(&path(&ceo, "/invitations"), &new).await.created();
    ceo.post(&path(&ceo, "/invitations"), &new).await.refused(409, "ALREADY_INVITED");
    let invitation = path(&ceo, &format!("/invitations/{}", sent["id"].as_str().unwrap()));
    app.clock().advance(kit::chrono::TimeDelta::hours(50));
    let late = bob.post(&format!("{invitation}/accept"), &json!({})).await;
    late.refused(404, "INVITATION_NOT_FOUND");
    let again = ceo.post(&format!("{invitation}/resend"), &json!({})).await.ok();
    assert_eq!((&again["id"], &again["expiresAt"]), (&sent["id"], &json!("2026-01-09T14:00:00.000Z")));
    assert_eq!(app.run_jobs().await, 2);

    ceo.delete(&invitation).await.no_content();
    ceo.delete(&invitation).await.refused(404, "INVITATION_NOT_FOUND");
    ceo.post(&format!("{invitation}/resend"), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
    bob.post(&format!("{invitation}/accept"), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");

    let sent = ceo.post(&path(&ceo, "/invitations"), &new).await.created();
    let invitation = path(&ceo, &format!("/invitations/{}", sent["id"].as_str().unwrap()));
    bob.post(&format!("{invitation}/decline"), &json!({})).await.no_content();
    bob.post(&format!("{invitation}/decline"), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
    app.run_jobs().await;
}

#[db_test]
async fn of_anothers_invitation_nobody_learns_anything(db: PgPool) {
    let app = app(db).await;
    let (ceo, bob, eve) = (app.owner(Kind::Company).await, user(&app).await, app.owner(Kind::Company).await);
    let sent = ceo.post(&path(&ceo, "/members"), &json!({ "email": bob.email, "role": "admin" })).await.created();
    app.run_jobs().await;
    let rest = format!("/invitations/{}", sent["id"].as_str().unwrap());
    for answer in ["accept", "decline"] {
        let at = |of: &Member| format!("{}/{answer}", path(of, &rest));
        eve.post(&at(&ceo), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
        bob.post(&at(&eve), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
        app.stranger().post(&at(&ceo), &json!({})).await.refused(401, "UNAUTHORIZED");
    }
    eve.post(&format!("{}/resend", path(&eve, &rest)), &json!({})).await.refused(404, "INVITATION_NOT_FOUND");
    eve.delete(&path(&eve, &rest)).await.refused(404, "INVITATION_NOT_FOUND");
    for rest in [rest.as_str(), "/invitations"] {
        eve.delete(&path(&ceo, rest)).await;
        eve.get(&path(&ceo, "/invitations")).await.refused(404, "TENANT_NOT_FOUND");
    }
    assert_eq!(eve.get(&path(&eve, "/invitations")).await.ok(), json!([]));
    unverify(&app, &bob).await;
    bob.post(&format!("{}/accept", path(&ceo, &rest)), &json!({})).await.refused(403, "EMAIL_NOT_VERIFIED");
    assert_eq!(ceo.get(&path(&ceo, "/invitations")).await.ok()[0]["status"], "pending");
}

#[db_test]
async fn only_those_who_manage_members_invite_and_nobody_above_their_own(db: PgPool) {
    let app = app(db).await;
    let ceo = app.owner(Kind::Company).await;
    let new = |role: &str| json!({ "email": "x@example.com", "role": role });
    for role in ["manager", "funcionario", "viewer"] {
        let member = app.colleague(&ceo, role).await;
        member.post(&path(&ceo, "/members"), &new("viewer")).await.refused(403, "FORBIDDEN");
        member.post(&path(&ceo, "/invitations"), &new("viewer")).await.refused(403, "FORBIDDEN");
        member.get(&path(&ceo, "/invitations")).await.refused(403, "FORBIDDEN");
    }
    let admin = app.colleague(&ceo, "admin").await;
    admin.post(&path(&ceo, "/members"), &new("ceo")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    for (body, at) in [
        (json!({ "email": "x", "role": "viewer" }), "email"),
        (json!({ "email": "x@example.com", "role": "" }), "role"),
        (json!({ "email": "x@example.com", "role": "boss" }), "role"),
        (json!({ "email": "x@example.com", "role": "owner" }), "role"),
    ] {
        ceo.post(&path(&ceo, "/members"), &body).await.invalid(at);
    }
    let more = json!({ "email": "x@example.com", "role": "viewer", "status": "accepted" });
    ceo.post(&path(&ceo, "/members"), &more).await.refused(422, "VALIDATION_ERROR");
}

#[db_test]
async fn the_tenant_of_one_person_takes_viewers_only(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (user(&app).await, user(&app).await);
    let invite =
        async |role: &str| ana.post(&path(&ana, "/members"), &json!({ "email": bob.email, "role": role })).await;
    invite("trader").await.refused(409, "ONE_PERSON_TENANT");
    let sent = invite("viewer").await.created();
    app.run_jobs().await;
    let id = sent["id"].as_str().unwrap();
    let by_protocol = json!({ "invitationId": id });
    let answer = bob.post(&crate::support::path("accept-invitation"), &by_protocol).await;
    answer.refused(400, "INVITATION_NOT_FOUND");
    assert_eq!(bob.get(&crate::support::path("list-user-invitations")).await.body(), json!([]));
    bob.post(&path(&ana, &format!("/invitations/{id}/accept")), &json!({})).await.ok();
    assert_eq!(bob.get(&path(&ana, "")).await.ok()["role"], "viewer");
    assert_eq!(bob.get(&crate::support::path("list")).await.body(), json!([]), "it is no organisation");
    let member = path(&ana, &format!("/members/{}", bob.user));
    ana.patch(&member, &json!({ "role": "trader" })).await.refused(409, "ONE_PERSON_TENANT");
    ana.post(&path(&ana, "/transfer-ownership"), &json!({ "userId": bob.user }))
        .await
        .refused(409, "ONE_PERSON_TENANT");
    ana.delete(&path(&ana, &format!("/members/{}", Uuid::nil()))).await.refused(404, "MEMBER_NOT_FOUND");
    ana.delete(&member).await.no_content();
}
