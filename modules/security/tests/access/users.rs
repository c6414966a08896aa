use crate::{assign, company, decide, entries, officer, place, reads_audit, role, with};
use testkit::{PgPool, Value, db_test, json};
use uuid::Uuid;

#[db_test]
async fn a_member_has_further_roles_beside_the_first_one(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    role(&ceo, "reader", &["audit:read"]).await;
    let given = assign(&ceo, &bob, "reader").await.ok();
    assert_eq!(
        (&given["role"], &given["first"], &given["createdBy"]),
        (&json!("reader"), &json!(false), &json!(ceo.user))
    );
    assert!(reads_audit(&bob).await);
    let roles = ceo.get(&place(&bob, "/roles")).await.ok();
    assert_eq!((&roles[0]["role"], &roles[0]["first"]), (&json!("desk"), &json!(true)));
    assert_eq!(roles[1], given);
    ceo.delete(&place(&bob, "/roles/reader")).await.no_content();
    assert!(!reads_audit(&bob).await);
    ceo.delete(&place(&bob, "/roles/reader")).await.refused(404, "USER_ROLE_NOT_FOUND");
    ceo.delete(&place(&bob, "/roles/desk")).await.refused(404, "USER_ROLE_NOT_FOUND");
    for action in ["role.assigned", "role.unassigned"] {
        let entries = entries(&ceo, action).await;
        assert_eq!((entries.len(), &entries[0]["resourceId"]), (1, &json!(bob.user)), "{action}");
    }
}

#[db_test]
async fn a_further_role_ends_when_it_was_said_to(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    role(&ceo, "reader", &["audit:read"]).await;
    let wish = |at: &str| json!({ "role": "reader", "expiresAt": at });
    let path = place(&bob, "/roles");
    ceo.post(&path, &wish("2026-01-05T12:00:00Z")).await.invalid("expiresAt");
    ceo.post(&path, &wish("yesterday")).await.invalid("expiresAt");
    ceo.post(&path, &wish("2026-01-05T13:00:00Z")).await.ok();
    app.clock().advance(chrono(3599));
    assert!(reads_audit(&bob).await);
    app.clock().advance(chrono(1));
    assert!(!reads_audit(&bob).await);
    assert_eq!(ceo.get(&path).await.ok().as_array().unwrap().len(), 1);
    ceo.delete(&place(&bob, "/roles/reader")).await.refused(404, "USER_ROLE_NOT_FOUND");
    ceo.post(&path, &wish("2026-01-06T00:00:00Z")).await.ok();
    assert!(reads_audit(&bob).await, "it is given anew");
}

fn chrono(seconds: i64) -> kit::chrono::TimeDelta {
    kit::chrono::TimeDelta::seconds(seconds)
}

#[db_test]
async fn a_further_role_is_one_of_the_tenants_own_making(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &[]).await;
    for system in ["admin", "ceo", "viewer"] {
        assign(&ceo, &bob, system).await.refused(409, "SYSTEM_ROLE");
    }
    assign(&ceo, &bob, "nobody").await.invalid("role");
    assign(&ceo, &bob, "").await.invalid("role");
    ceo.post(&place(&bob, "/roles"), &json!({ "role": "desk", "granted": true }))
        .await
        .refused(422, "VALIDATION_ERROR");
    let nobody = format!("/api/v1/security/users/{}/roles", Uuid::nil());
    ceo.get(&nobody).await.refused(404, "MEMBER_NOT_FOUND");
    ceo.post(&nobody, &json!({ "role": "desk" })).await.refused(404, "MEMBER_NOT_FOUND");
    ceo.get("/api/v1/security/users/bob/roles").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn nobody_gives_or_takes_a_role_above_their_own(db: PgPool) {
    let (app, ceo) = company(db).await;
    let eve = officer(&app, &ceo, &["bots:read"]).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    role(&ceo, "reader", &["audit:read"]).await;
    role(&ceo, "watch", &["bots:read"]).await;
    let body = assign(&eve, &bob, "reader").await.refused(403, "PERMISSION_NOT_HELD");
    assert_eq!(body["context"]["permissions"], json!(["audit:read"]));
    assign(&eve, &bob, "watch").await.ok();
    assign(&eve, &eve, "watch").await.refused(403, "OWN_RIGHTS");
    assign(&ceo, &bob, "reader").await.ok();
    eve.delete(&place(&bob, "/roles/reader")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    eve.delete(&place(&bob, "/roles/watch")).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    let shorter = json!({ "role": "watch", "expiresAt": "2026-01-05T12:00:01Z" });
    eve.post(&place(&bob, "/roles"), &shorter).await.refused(403, "ROLE_ABOVE_YOUR_OWN");
    ceo.delete(&place(&bob, "/roles/reader")).await.no_content();
    eve.delete(&place(&bob, "/roles/watch")).await.no_content();
}

#[db_test]
async fn what_somebody_holds_is_told_with_its_reasons(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read", "orders:read"]).await;
    role(&ceo, "reader", &["audit:read"]).await;
    assign(&ceo, &bob, "reader").await.ok();
    decide(&ceo, &bob, "ai:read", true).await.ok();
    decide(&ceo, &bob, "orders:read", false).await.ok();
    let all = ceo.get(&place(&bob, "/permissions")).await.ok();
    let held = |permission: &str, tier: &str, source: &str| json!({ "permission": permission, "tier": tier, "source": source });
    assert_eq!(
        all["effective"],
        json!([
            held("ai:read", "direct", "grant"),
            held("audit:read", "tenant-role", "role:reader"),
            held("bots:read", "tenant-role", "role:desk"),
        ])
    );
    let names = |of: &Value| of.as_array().unwrap().iter().map(|it| it["permission"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&all["grants"]), names(&all["revocations"])),
        (vec![json!("ai:read")], vec![json!("orders:read")])
    );
    bob.get(&place(&bob, "/permissions")).await.refused(403, "FORBIDDEN");
}
