use crate::{assign, company, decide, role, with};
use tenants::Kind;
use testkit::{Member, PgPool, Value, db_test, json};
use uuid::Uuid;

const CHECK: &str = "/api/v1/security/check-permission";

async fn asked(by: &Member, permission: &str) -> Value {
    by.post(CHECK, &json!({ "permission": permission })).await.ok()
}

#[db_test]
async fn anybody_learns_what_they_may_do_and_why(db: PgPool) {
    let (app, ceo) = company(db).await;
    let ana = app.colleague(&ceo, "manager").await;
    let verdict = asked(&ana, "bots:execute").await;
    assert_eq!(
        verdict,
        json!({
            "permission": "bots:execute", "allowed": true, "tier": "tenant-role", "source": "role:manager",
            "reason": "`bots:execute` is given by the role `manager` in this tenant; a direct revocation would win over it.",
            "tiers": [
                { "tier": "direct", "gives": false, "takes": false, "sources": [] },
                { "tier": "tenant-role", "gives": true, "takes": false, "sources": ["role:manager"] },
                { "tier": "global-role", "gives": false, "takes": false, "sources": [] },
            ],
        })
    );
    let nothing = asked(&ana, "security:manage").await;
    assert_eq!((&nothing["allowed"], &nothing["tier"]), (&json!(false), &Value::Null));
    assert!(nothing["reason"].as_str().unwrap().starts_with("Nothing gives `security:manage`"));
    role(&ceo, "night", &["bots:execute"]).await;
    assign(&ceo, &ana, "night").await.ok();
    decide(&ceo, &ana, "bots:execute", false).await.ok();
    let revoked = asked(&ana, "bots:execute").await;
    assert_eq!((&revoked["allowed"], &revoked["source"]), (&json!(false), &json!("revocation")));
    assert_eq!(revoked["tiers"][0]["takes"], true);
    assert_eq!(revoked["tiers"][1]["sources"], json!(["role:manager", "role:night"]));
    decide(&ceo, &ana, "bots:execute", true).await.ok();
    assert_eq!(asked(&ana, "bots:execute").await["tier"], "direct");
}

#[db_test]
async fn several_are_answered_together(db: PgPool) {
    let (app, ceo) = company(db).await;
    let ana = app.colleague(&ceo, "viewer").await;
    let several = ana.post(CHECK, &json!({ "permissions": ["bots:read", "bots:write"] })).await.ok();
    assert_eq!(several["allowed"], false);
    assert_eq!((&several["verdicts"][0]["allowed"], &several["verdicts"][1]["allowed"]), (&json!(true), &json!(false)));
    assert_eq!(ana.post(CHECK, &json!({ "permissions": ["bots:read"] })).await.ok()["allowed"], true);
    let body = ana.post(CHECK, &json!({ "permission": "bot:read" })).await.invalid("permission");
    assert!(body["message"].as_str().unwrap().contains("`bots:read`"), "{body}");
    ana.post(CHECK, &json!({ "permissions": ["bots:read", "x"] })).await.invalid("permissions[1]");
    ana.post(CHECK, &json!({})).await.invalid("permission");
    ana.post(CHECK, &json!({ "permission": "bots:read", "permissions": ["bots:read"] })).await.invalid("permission");
    ana.post(CHECK, &json!({ "permissions": [] })).await.invalid("permissions");
    ana.post(CHECK, &json!({ "permissions": vec!["bots:read"; 101] })).await.invalid("permissions");
    app.stranger().post(CHECK, &json!({ "permission": "bots:read" })).await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn of_others_learn_those_who_read_security(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    let of = |user: Uuid| json!({ "permission": "bots:read", "userId": user });
    assert_eq!(ceo.post(CHECK, &of(bob.user)).await.ok()["source"], "role:desk");
    bob.post(CHECK, &of(bob.user)).await.ok();
    bob.post(CHECK, &of(ceo.user)).await.refused(403, "FORBIDDEN");
    bob.post(CHECK, &of(Uuid::nil())).await.refused(403, "FORBIDDEN");
    let stranger = app.owner(Kind::Trader).await;
    ceo.post(CHECK, &of(stranger.user)).await.refused(404, "MEMBER_NOT_FOUND");
    ceo.post(CHECK, &of(Uuid::nil())).await.refused(404, "MEMBER_NOT_FOUND");
}

#[db_test]
async fn one_asks_about_ones_own_tenants_and_no_others(db: PgPool) {
    let (app, ceo) = company(db).await;
    let bob = with(&app, &ceo, "desk", &["bots:read"]).await;
    let other = bob.post("/api/tenant", &json!({ "name": "Bob's" })).await.created();
    let at =
        |tenant: &Value, user: Option<Uuid>| json!({ "permission": "bots:write", "tenantId": tenant, "userId": user });
    assert_eq!(bob.post(CHECK, &at(&other["id"], None)).await.ok()["source"], "role:ceo");
    assert_eq!(bob.post(CHECK, &at(&json!(ceo.tenant), None)).await.ok()["allowed"], false);
    bob.post(CHECK, &at(&other["id"], Some(ceo.user))).await.refused(404, "MEMBER_NOT_FOUND");
    ceo.post(CHECK, &at(&other["id"], None)).await.refused(404, "TENANT_NOT_FOUND");
    ceo.post(CHECK, &at(&json!(Uuid::nil()), None)).await.refused(404, "TENANT_NOT_FOUND");
}

#[db_test]
async fn a_key_learns_what_the_key_may_do(db: PgPool) {
    let (app, ceo) = company(db).await;
    let wish = json!({ "permissions": { "bots": ["read"], "security": ["read"] } });
    let made = ceo.post("/api/auth/api-key/create", &wish).await;
    let key = app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap());
    let several = json!({ "permissions": ["bots:read", "bots:write"] });
    let answer = key.post(CHECK, &several).await.ok();
    let allowed = answer["verdicts"].as_array().unwrap().iter().map(|it| it["allowed"].clone()).collect::<Vec<_>>();
    assert_eq!(allowed, [json!(true), json!(false)]);
    let elsewhere = json!({ "permission": "bots:read", "tenantId": Uuid::nil() });
    key.post(CHECK, &elsewhere).await.refused(403, "SESSION_REQUIRED");
}
