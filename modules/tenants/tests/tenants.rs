//! Tenants, as their members see them.

use tenants::Kind;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

/// Makes a user a member of a further tenant.
async fn join(app: &TestApp, of: &Member, who: &Member, role: &str) -> kit::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a test puts a user into a tenant")]
    let scope = kit::Scope::new(of.tenant, None);
    let mut tx = app.system().await.enter(scope).await?;
    tenants::add_member(&mut tx, who.user, role).await?;
    tx.commit().await
}

#[db_test]
async fn a_member_lists_the_own_tenants_and_no_others(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.owner(Kind::Company).await;
    let bob = app.owner(Kind::Trader).await;
    let list = ana.get("/api/tenant").await;
    assert_eq!(list.body()["meta"], json!({ "page": 1, "limit": 20, "total": 1, "totalPages": 1 }));
    let list = list.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["id"], json!(ana.tenant));
    assert_eq!(
        (&list[0]["type"], &list[0]["role"], &list[0]["isDefault"]),
        (&json!("company"), &json!("ceo"), &json!(true))
    );
    assert_eq!(bob.get("/api/tenant").await.ok()[0]["role"], "trader");
    app.stranger().get("/api/tenant").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn the_tenant_of_a_request_is_the_one_it_names_or_else_the_default_one(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let ana = app.colleague(&ceo, "viewer").await;
    let own = app.owner(Kind::Trader).await;
    assert_eq!(own.get("/api/tenant/current").await.ok()["id"], json!(own.tenant));
    assert_eq!(ana.get("/api/tenant/current").await.ok()["role"], "viewer");
    let by_query = format!("/api/tenant/current?tenant_id={}", own.tenant);
    assert_eq!(own.get(&by_query).await.ok()["id"], json!(own.tenant));

    for foreign in [ceo.tenant.to_string(), uuid::Uuid::nil().to_string(), "acme".to_owned(), String::new()] {
        own.with("x-tenant-id", &foreign).get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    }
    app.stranger().with("x-tenant-id", ceo.tenant).get("/api/tenant/current").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_sub_domain_names_a_tenant_too(db: PgPool) {
    let app = TestApp::with(db, [], |mut parts| {
        parts.settings.base_url = "https://bots.example".to_owned();
        parts
    })
    .await;
    let (ana, bob) = (app.owner(Kind::Trader).await, app.owner(Kind::Trader).await);
    let slug = ana.get("/api/tenant/current").await.ok()["slug"].clone();
    let host = format!("{}.bots.example", slug.as_str().unwrap_or_default());
    assert_eq!(ana.with("host", &host).get("/api/tenant/current").await.ok()["id"], json!(ana.tenant));
    bob.with("host", &host).get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    bob.with("host", "nobody.bots.example").get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
}

#[db_test]
async fn the_default_tenant_is_one_of_the_own_ones(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, bob) = (app.owner(Kind::Company).await, app.owner(Kind::Trader).await);
    let choose = |tenant: Value| json!({ "tenantId": tenant });
    bob.put("/api/tenant/default", &choose(json!(ceo.tenant))).await.refused(404, "TENANT_NOT_FOUND");
    bob.put("/api/tenant/default", &choose(json!("x"))).await.invalid("tenantId");
    bob.put("/api/tenant/default", &json!({})).await.refused(422, "VALIDATION_ERROR");

    join(&app, &ceo, &bob, "viewer").await.expect("bob joins");
    let chosen = bob.put("/api/tenant/default", &choose(json!(ceo.tenant))).await.ok();
    assert_eq!((&chosen["id"], &chosen["isDefault"]), (&json!(ceo.tenant), &json!(true)));
    assert_eq!(bob.get("/api/tenant/current").await.ok()["role"], "viewer");
    assert_eq!(bob.get("/api/tenant").await.ok().as_array().map(Vec::len), Some(2));
}

#[db_test]
async fn a_tenant_is_shown_and_changed_by_its_path_whatever_the_request_is_about(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, bob) = (app.owner(Kind::Company).await, app.owner(Kind::Trader).await);
    join(&app, &ceo, &bob, "viewer").await.expect("bob joins");
    assert_eq!(bob.get(&path(&ceo, "")).await.ok()["role"], "viewer", "the path counts, not the default tenant");
    let about_another = bob.with("x-tenant-id", bob.tenant);
    about_another.patch(&path(&ceo, ""), &json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");

    let renamed = ceo.patch(&path(&ceo, ""), &json!({ "name": "Acme", "slug": "acme-1" })).await.ok();
    assert_eq!((&renamed["name"], &renamed["slug"]), (&json!("Acme"), &json!("acme-1")));
    assert_eq!(ceo.get(&path(&ceo, "")).await.ok(), renamed);
    assert_eq!(ceo.patch(&path(&ceo, ""), &json!({})).await.ok()["name"], "Acme");
    bob.patch(&path(&bob, ""), &json!({ "slug": "acme-1" })).await.refused(409, "TENANT_SLUG_TAKEN");
}

#[db_test]
async fn another_tenant_answers_as_one_that_does_not_exist(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for rest in ["", "/members"] {
        eve.get(&path(&ana, rest)).await.refused(404, "TENANT_NOT_FOUND");
        eve.get(&format!("/api/tenant/{}{rest}", uuid::Uuid::nil())).await.refused(404, "TENANT_NOT_FOUND");
        eve.get(&format!("/api/tenant/acme{rest}")).await.refused(404, "TENANT_NOT_FOUND");
        app.stranger().get(&path(&ana, rest)).await.refused(401, "UNAUTHORIZED");
    }
    eve.patch(&path(&ana, ""), &json!({ "name": "Eve's" })).await.refused(404, "TENANT_NOT_FOUND");
    eve.with("x-tenant-id", ana.tenant)
        .patch(&path(&ana, ""), &json!({ "name": "x" }))
        .await
        .refused(404, "TENANT_NOT_FOUND");
    assert_ne!(ana.get(&path(&ana, "")).await.ok()["name"], "Eve's");
}

#[db_test]
async fn only_owners_and_admins_change_a_tenant(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    for (role, status) in [("admin", 200), ("manager", 403), ("funcionario", 403), ("viewer", 403)] {
        let member = app.colleague(&ceo, role).await;
        let answer = member.patch(&path(&ceo, ""), &json!({ "name": role })).await;
        assert_eq!(answer.status.as_u16(), status, "{role}");
    }
    let nobody = app.member([]).await;
    nobody.get(&path(&nobody, "")).await.refused(403, "FORBIDDEN");
    nobody.get(&path(&nobody, "/members")).await.refused(403, "FORBIDDEN");
    nobody.get("/api/tenant/current").await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn members_are_listed_searched_sorted_and_paged(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let stranger = app.owner(Kind::Company).await;
    let ana = app.colleague(&ceo, "manager").await;
    let bob = app.colleague(&ceo, "viewer").await;
    let emails = async |query: &str| {
        let list = bob.get(&path(&ceo, &format!("/members{query}"))).await.ok();
        let emails =
            list.as_array().into_iter().flatten().map(|member| member["email"].as_str().unwrap_or("?").to_owned());
        emails.collect::<Vec<_>>()
    };
    assert_eq!(emails("?sort=-email").await, [&*bob.email, &*ana.email, &*ceo.email]);
    assert_eq!(emails("?sort=email&limit=1&page=2").await, [&*ana.email]);
    assert_eq!(emails(&format!("?q={}", ana.email.to_uppercase())).await, [&*ana.email]);
    assert_eq!(emails("?role=manager").await, [&*ana.email]);
    assert!(emails("?q=%25%25").await.is_empty(), "a sign of the search is a letter like any other");
    bob.get(&path(&ceo, "/members?sort=password")).await.invalid("sort");
    bob.get(&path(&ceo, &format!("/members?q={}", "x".repeat(101)))).await.invalid("q");
    let all = bob.get(&path(&ceo, "/members")).await.body();
    assert_eq!(all["meta"]["total"], 3);
    let one = bob.get(&path(&ceo, &format!("/members/{}", ana.user))).await.ok();
    assert_eq!((&one["email"], &one["role"]), (&json!(ana.email), &json!("manager")));
    for nobody in [stranger.user, uuid::Uuid::nil()] {
        bob.get(&path(&ceo, &format!("/members/{nobody}"))).await.refused(404, "MEMBER_NOT_FOUND");
    }
    stranger.get(&path(&ceo, &format!("/members/{}", ana.user))).await.refused(404, "TENANT_NOT_FOUND");
    let fields: Vec<_> = all["data"][0].as_object().into_iter().flat_map(|member| member.keys().cloned()).collect();
    assert_eq!(fields, ["userId", "name", "email", "image", "role", "createdAt"], "and nothing more of a colleague");
}

#[db_test]
async fn what_breaks_a_rule_is_refused_by_its_path(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    for (patch, at) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "name": 1 }), "name"),
        (json!({ "slug": "-acme" }), "slug"),
        (json!({ "slug": "Acme" }), "slug"),
        (json!({ "slug": "x".repeat(64) }), "slug"),
        (json!({ "slug": "" }), "slug"),
    ] {
        ceo.patch(&path(&ceo, ""), &patch).await.invalid(at);
    }
    for field in ["id", "type", "kind", "createdAt"] {
        ceo.patch(&path(&ceo, ""), &json!({ field: "company" })).await.refused(422, "VALIDATION_ERROR");
    }
}

#[db_test]
async fn a_tenant_has_the_roles_of_its_kind_and_those_of_its_own_making(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, trader) = (app.owner(Kind::Company).await, app.owner(Kind::Trader).await);
    let refused = join(&app, &trader, &ceo, "ceo").await.expect_err("no role of a trader's tenant");
    assert_eq!(refused.code(), "VALIDATION_ERROR");
    join(&app, &trader, &ceo, "viewer").await.expect("a role of every tenant");
    let again = join(&app, &trader, &ceo, "viewer").await.expect_err("a member already");
    assert_eq!((again.status().as_u16(), again.code()), (409, "ALREADY_A_MEMBER"));

    #[expect(clippy::disallowed_methods, reason = "a test enters a tenant")]
    let scope = kit::Scope::new(ceo.tenant, None);
    let mut tx = app.system().await.enter(scope).await.expect("the tenant can be entered");
    let taken = tenants::define_role(&mut tx, "viewer", &[]).await.expect_err("the kind's own role");
    assert_eq!(taken.code(), "ROLE_NAME_TAKEN");
    let stranger = tenants::set_role(&mut tx, trader.user, "viewer").await.expect_err("no member");
    assert_eq!(stranger.code(), "MEMBER_NOT_FOUND");
}

#[db_test]
async fn tenants_of_the_same_name_get_different_slugs(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ana = app.member([]).await;
    let mut slugs = vec![];
    for _ in 0..3 {
        let made = tenants::create(app.system().await, Kind::Company, "São João & Cia.", ana.user).await;
        let (tx, tenant) = made.expect("a tenant can be made");
        tx.commit().await.expect("the tenant lasts");
        slugs.push(tenant.slug);
    }
    assert_eq!(slugs[0], "sao-joao-cia");
    assert!(slugs[1].starts_with("sao-joao-cia-") && slugs[2].starts_with("sao-joao-cia-"), "{slugs:?}");
    assert_ne!(slugs[1], slugs[2]);
}

#[db_test]
async fn changes_are_in_the_trail_of_the_tenant_and_of_no_other(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ceo, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    app.colleague(&ceo, "viewer").await;
    ceo.patch(&path(&ceo, ""), &json!({ "name": "Acme" })).await.ok();
    let actions = async |of: &Member| {
        let trail = of.get("/api/v1/audit").await.ok();
        let actions =
            trail.as_array().into_iter().flatten().map(|entry| entry["action"].as_str().unwrap_or("?").to_owned());
        let mut actions: Vec<_> = actions.collect();
        actions.sort();
        actions
    };
    assert_eq!(actions(&ceo).await, ["member.added", "member.added", "tenant.changed", "tenant.created"]);
    assert_eq!(actions(&eve).await, ["member.added", "tenant.created"]);
    let trail = ceo.get("/api/v1/audit?action=tenant.changed").await.ok();
    assert_eq!((&trail[0]["actorId"], &trail[0]["after"]["name"]), (&json!(ceo.user), &json!("Acme")));
}

#[db_test]
async fn the_tenant_of_a_path_is_the_one_that_is_meant_though_the_caller_was_recognised_before(db: PgPool) {
    let app = TestApp::limited(db, [], kit::LimitSettings::default()).await;
    let (ana, boss) = (app.owner(Kind::Trader).await, app.owner(Kind::Company).await);
    join(&app, &boss, &ana, "viewer").await.unwrap();
    for home in [ana.with("x-test", ""), ana.with("x-tenant-id", ana.tenant), ana.with("x-tenant-id", "nobody")] {
        assert_eq!(home.get(&path(&boss, "")).await.ok()["id"], json!(boss.tenant));
        home.patch(&path(&boss, ""), &json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");
        assert_eq!(home.get(&path(&ana, "")).await.ok()["id"], json!(ana.tenant));
    }
    boss.get(&path(&ana, "")).await.refused(404, "TENANT_NOT_FOUND");
}
