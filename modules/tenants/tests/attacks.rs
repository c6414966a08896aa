//! What somebody tries who wants another tenant's data, or more rights than they have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kit::chrono::TimeDelta;
use tenants::Kind;
use testkit::{Client, Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

fn place(of: &Member, who: &Member) -> String {
    path(of, &format!("/members/{}", who.user))
}

/// Makes a user a member of a further tenant.
async fn join(app: &TestApp, of: &Member, who: &Member, role: &str) {
    let mut tx = app.tenant(of.tenant).await;
    tenants::add_member(&mut tx, who.user, role).await.unwrap();
    tx.commit().await.unwrap();
}

async fn current(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/tenant/current{query}")).await.ok()["id"].clone()
}

/// How many owners a company has, asked for past all rights.
async fn owners(app: &TestApp, of: &Member) -> i64 {
    let owners = "select count(*) from tenant_members where tenant_id = $1 and role = 'ceo'";
    sqlx::query_scalar(owners).bind(of.tenant).fetch_one(app.system().await.conn()).await.unwrap()
}

#[db_test]
async fn another_tenants_id_opens_nothing_wherever_it_stands(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let before = ana.get(&path(&ana, "")).await.ok();

    let disguised = eve.with("x-tenant-id", ana.tenant);
    let by_query = |at: &str| format!("{at}?tenant_id={}", ana.tenant);
    disguised.get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    disguised.get("/api/v1/audit").await.refused(404, "TENANT_NOT_FOUND");
    eve.get(&by_query("/api/tenant/current")).await.refused(404, "TENANT_NOT_FOUND");
    eve.get(&by_query("/api/v1/audit")).await.refused(404, "TENANT_NOT_FOUND");
    // where the path names a tenant, nothing else does
    assert_eq!(disguised.get(&by_query(&path(&eve, ""))).await.ok()["id"], json!(eve.tenant));
    let renamed = disguised.patch(&by_query(&path(&eve, "")), &json!({ "name": "Renamed" })).await.ok();
    assert_eq!((&renamed["id"], &renamed["name"]), (&json!(eve.tenant), &json!("Renamed")));
    for field in ["id", "tenantId", "tenant_id"] {
        eve.patch(&path(&eve, ""), &json!({ "name": "X", field: ana.tenant })).await.refused(422, "VALIDATION_ERROR");
        let default = json!({ "tenantId": eve.tenant, field: ana.tenant });
        assert!(eve.put("/api/tenant/default", &default).await.status.is_client_error() || field == "tenantId");
    }
    eve.put("/api/tenant/default", &json!({ "tenantId": ana.tenant })).await.refused(404, "TENANT_NOT_FOUND");
    eve.post(&path(&ana, "/leave"), &json!({})).await.refused(404, "TENANT_NOT_FOUND");
    eve.post(&path(&eve, "/transfer-ownership"), &json!({ "userId": ana.user })).await.refused(404, "MEMBER_NOT_FOUND");
    for who in [&ana, &eve] {
        eve.delete(&place(&ana, who)).await.refused(404, "TENANT_NOT_FOUND");
        eve.patch(&place(&ana, who), &json!({ "role": "ceo" })).await.refused(404, "TENANT_NOT_FOUND");
    }
    assert_eq!(ana.get(&path(&ana, "")).await.ok(), before);
}

#[db_test]
async fn a_tenant_named_twice_or_in_disguise_is_none_but_the_own(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for query in [
        format!("?tenant_id={}&tenant_id={}", ana.tenant, eve.tenant),
        format!("?tenant_id=%20{}", ana.tenant),
        format!("?tenant_id={}%00", eve.tenant),
        "?tenant_id=".to_owned(),
    ] {
        eve.get(&format!("/api/tenant/current{query}")).await.refused(404, "TENANT_NOT_FOUND");
    }
    for query in [
        format!("?tenant_id={}&tenant_id={}", eve.tenant, ana.tenant),
        format!("?tenantId={0}&TENANT_ID={0}&tenant_id[]={0}&%74enant_id={0}", ana.tenant),
    ] {
        assert_eq!(current(&eve, &query).await, json!(eve.tenant), "{query}");
    }
    let paths = [
        format!("/api/tenant/{}%2F..%2F{}", eve.tenant, ana.tenant),
        format!("/api/tenant/{}/../{}", eve.tenant, ana.tenant),
        format!("/api/tenant/{}%00", ana.tenant),
        format!("/api/tenant/{}%0d%0ax-tenant-id:{}", eve.tenant, ana.tenant),
    ];
    for path in paths {
        assert_eq!(eve.get(&path).await.status.as_u16(), 404, "{path}");
    }
    let token = app.stranger().with("authorization", "Bearer nobody's");
    token.with("x-tenant-id", ana.tenant).get("/api/tenant/current").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_header_said_twice_opens_no_other_tenant(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let said =
        |first: &Member, then: &Member| eve.with("x-tenant-id", first.tenant).with_another("x-tenant-id", then.tenant);
    assert_eq!(current(&said(&eve, &ana), "").await, json!(eve.tenant));
    said(&ana, &eve).get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    let both = eve.with("x-tenant-id", format!("{}, {}", eve.tenant, ana.tenant));
    both.get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
}

#[db_test]
async fn the_header_comes_before_the_sub_domain_and_that_before_the_query_and_the_default(db: PgPool) {
    let app = TestApp::with(db, [], |mut parts| {
        parts.settings.base_url = "https://bots.example".to_owned();
        parts
    })
    .await;
    let home = app.owner(Kind::Trader).await;
    let mut others = vec![];
    for _ in 0..3 {
        let other = app.owner(Kind::Company).await;
        join(&app, &other, &home, "viewer").await;
        let slug = other.get("/api/tenant/current").await.ok()["slug"].as_str().unwrap().to_owned();
        others.push((other, slug));
    }
    let [(one, _), (two, host), (three, _)] = &others[..] else { unreachable!() };
    let (host, query) = (format!("{host}.bots.example"), format!("?tenant_id={}", three.tenant));
    assert_eq!(current(&home.with("host", &host).with("x-tenant-id", one.tenant), &query).await, json!(one.tenant));
    assert_eq!(current(&home.with("host", &host), &query).await, json!(two.tenant));
    assert_eq!(current(&home, &query).await, json!(three.tenant));
    assert_eq!(current(&home, "").await, json!(home.tenant));
    // what comes first decides, also when it is another's: nothing after it is tried
    let eve = app.owner(Kind::Trader).await;
    let foreign = home.with("x-tenant-id", eve.tenant).with("host", &host);
    foreign.get(&format!("/api/tenant/current{query}")).await.refused(404, "TENANT_NOT_FOUND");
    let hosts = ["x.bots.example", "bots.example.evil.example", "a.b.bots.example", "bots.example:443", "[::1]:3000"];
    for (host, own) in hosts.into_iter().zip([false, true, false, true, true]) {
        let answer = home.with("host", host).get("/api/tenant/current").await;
        assert_eq!(answer.status.as_u16(), if own { 200 } else { 404 }, "{host}");
    }
}

#[db_test]
async fn a_tenant_that_is_lost_between_two_requests_is_lost_at_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let _memory = app.remembers().await;
    let (ceo, bob) = (app.owner(Kind::Company).await, app.owner(Kind::Trader).await);
    join(&app, &ceo, &bob, "manager").await;
    let inside = bob.with("x-tenant-id", ceo.tenant);
    for _ in 0..2 {
        assert_eq!(current(&inside, "").await, json!(ceo.tenant));
        assert_eq!(current(&bob, "").await, json!(bob.tenant));
    }
    ceo.patch(&place(&ceo, &bob), &json!({ "role": "viewer" })).await.ok();
    assert_eq!(inside.get("/api/tenant/current").await.ok()["role"], "viewer");
    ceo.delete(&place(&ceo, &bob)).await.no_content();
    inside.get("/api/tenant/current").await.refused(404, "TENANT_NOT_FOUND");
    inside.get(&path(&ceo, "/members")).await.refused(404, "TENANT_NOT_FOUND");
    assert_eq!(current(&bob, "").await, json!(bob.tenant));
}

#[db_test]
async fn filters_sorts_and_searches_are_no_way_out(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    app.colleague(&ana, "manager").await;
    let list = async |query: &str| eve.get(&path(&eve, &format!("/members?{query}"))).await;
    for query in [
        format!("q={}", ana.email),
        "q=%27%20or%201=1%20--".to_owned(),
        "q=%25".to_owned(),
        "q=_".to_owned(),
        "q=%5C".to_owned(),
        "role=manager".to_owned(),
        "role=%27%20or%20%27%27=%27".to_owned(),
    ] {
        assert_eq!(list(&query).await.ok(), json!([]), "{query}");
    }
    for query in [format!("tenantId={}", ana.tenant), format!("tenant_id={}", ana.tenant), "limit=1000000".to_owned()] {
        let members = list(&query).await.ok();
        assert_eq!((members.as_array().unwrap().len(), &members[0]["userId"]), (1, &json!(eve.user)), "{query}");
    }
    for sort in ["password_hash", "m.role", "u.email", "1", "role;drop%20table%20users", "(select%201)", "--role"] {
        list(&format!("sort={sort}")).await.invalid("sort");
    }
    for nul in ["q=a%00", "role=a%00"] {
        list(nul).await.refused(422, "VALIDATION_ERROR");
    }
    assert_eq!(ana.get(&path(&ana, "/members")).await.body()["meta"]["total"], 2);
}

#[db_test]
async fn a_place_in_another_tenants_log_is_no_way_into_it(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for name in ["One", "Two", "Three"] {
        app.clock().advance(TimeDelta::seconds(1));
        ana.patch(&path(&ana, ""), &json!({ "name": name })).await.ok();
    }
    let theirs = ana.get("/api/v1/audit?limit=100").await.ok();
    let own = eve.get("/api/v1/audit?limit=100").await.ok();
    let ids =
        |entries: &Value| -> Vec<Value> { entries.as_array().unwrap().iter().map(|it| it["id"].clone()).collect() };
    for id in ids(&theirs) {
        for way in ["before", "after"] {
            let found = eve.get(&format!("/api/v1/audit?limit=100&{way}={}", id.as_str().unwrap())).await;
            assert!(found.status.is_success() || found.status.is_client_error());
            let found = if found.status.is_success() { ids(&found.ok()) } else { vec![] };
            assert!(found.iter().all(|it| ids(&own).contains(it)), "{way} {id}: {found:?}");
        }
    }
    let of_actor = eve.get(&format!("/api/v1/audit?actorId={}", ana.user)).await;
    assert!(of_actor.status.is_client_error() || of_actor.ok() == json!([]));
}

#[db_test]
async fn of_owners_who_demote_each_other_at_the_same_moment_one_stays(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for _ in 0..8 {
        let ceo = app.owner(Kind::Company).await;
        let (two, three) = (app.colleague(&ceo, "ceo").await, app.colleague(&ceo, "ceo").await);
        let viewer = json!({ "role": "viewer" });
        let (first, second, third) = (place(&ceo, &ceo), place(&ceo, &two), place(&ceo, &three));
        let answers = futures::join!(
            ceo.patch(&second, &viewer),
            two.patch(&third, &viewer),
            three.patch(&first, &viewer),
            two.patch(&second, &viewer),
        );
        let statuses = [answers.0.status, answers.1.status, answers.2.status, answers.3.status];
        assert!(statuses.iter().all(|status| status.is_success() || status.is_client_error()), "{statuses:?}");
        assert!(owners(&app, &ceo).await >= 1, "{statuses:?}");
    }
}

#[db_test]
async fn two_transfers_at_the_same_moment_make_one_owner(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for _ in 0..5 {
        let ceo = app.owner(Kind::Company).await;
        let (ana, bob) = (app.colleague(&ceo, "viewer").await, app.colleague(&ceo, "viewer").await);
        let at = path(&ceo, "/transfer-ownership");
        let (to_ana, to_bob) = (json!({ "userId": ana.user }), json!({ "userId": bob.user }));
        let (one, two) = futures::join!(ceo.post(&at, &to_ana), ceo.post(&at, &to_bob));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!((statuses, owners(&app, &ceo).await), ([200, 403], 1), "{} {}", one.text(), two.text());
        assert_eq!(ceo.get(&path(&ceo, "")).await.ok()["role"], "admin");
    }
}

#[db_test]
async fn a_transfer_to_somebody_who_leaves_at_the_same_moment_leaves_an_owner(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for _ in 0..5 {
        let ceo = app.owner(Kind::Company).await;
        let bob = app.colleague(&ceo, "admin").await;
        let (to_bob, nothing) = (json!({ "userId": bob.user }), json!({}));
        let (at, leave) = (path(&ceo, "/transfer-ownership"), path(&ceo, "/leave"));
        let (given, left) = futures::join!(ceo.post(&at, &to_bob), bob.post(&leave, &nothing));
        let outcome = (given.status.as_u16(), left.status.as_u16());
        assert!([(200, 409), (404, 204)].contains(&outcome), "{outcome:?}");
        assert_eq!(owners(&app, &ceo).await, 1);
    }
}

#[db_test]
async fn who_leaves_and_is_removed_at_the_same_moment_goes_once(db: PgPool) {
    let app = TestApp::new(db, []).await;
    for _ in 0..5 {
        let ceo = app.owner(Kind::Company).await;
        let bob = app.colleague(&ceo, "manager").await;
        let (nothing, leave, out) = (json!({}), path(&ceo, "/leave"), place(&ceo, &bob));
        let (left, removed) = futures::join!(bob.post(&leave, &nothing), ceo.delete(&out));
        let mut statuses = [left.status.as_u16(), removed.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404], "{} {}", left.text(), removed.text());
        let trail = ceo.get("/api/v1/audit?limit=100").await.ok();
        let gone = trail
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| ["member.left", "member.removed"].contains(&entry["action"].as_str().unwrap()));
        assert_eq!(gone.count(), 1);
    }
}

#[db_test]
async fn a_role_of_a_hostile_name_gives_nothing_and_breaks_nothing(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let ceo = app.owner(Kind::Company).await;
    let bob = app.colleague(&ceo, "viewer").await;
    let long = "x".repeat(65);
    for name in [
        "CEO",
        "ceo\u{200b}",
        "сео",
        "owner",
        "super_admin",
        "*",
        "' or ''='",
        "ceo'; drop table users; --",
        "<script>alert(1)</script>",
        "../admin",
        "ceo,admin",
        "a\u{0}",
        &long,
    ] {
        ceo.patch(&place(&ceo, &bob), &json!({ "role": name })).await.invalid("role");
    }
    for role in [json!(["ceo"]), json!({ "$ne": null }), json!(1), Value::Null] {
        ceo.patch(&place(&ceo, &bob), &json!({ "role": role })).await.refused(422, "VALIDATION_ERROR");
    }
    let mut tx = app.tenant(ceo.tenant).await;
    for taken in ["ceo", "admin", "viewer", "owner", "member", "ceo,admin"] {
        let refused = tenants::define_role(&mut tx, taken, &[]).await.unwrap_err();
        assert_eq!(refused.code(), "ROLE_NAME_TAKEN", "{taken}");
    }
    drop(tx);
    assert_eq!(bob.get(&path(&ceo, "")).await.ok()["role"], "viewer");
}

#[db_test]
async fn another_tenants_own_role_is_none_here(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let bob = app.colleague(&eve, "viewer").await;
    let mut tx = app.tenant(ana.tenant).await;
    tenants::define_role(&mut tx, "night shift", &["bots:execute".to_owned()]).await.unwrap();
    tx.commit().await.unwrap();
    eve.patch(&place(&eve, &bob), &json!({ "role": "night shift" })).await.invalid("role");
}

#[db_test]
async fn what_the_database_lets_a_tenant_do_to_another_is_nothing(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let (ana, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let statements = [
        "update tenants set name = 'Eve was here' where id = $1",
        "update tenant_members set role = 'viewer' where tenant_id = $1",
        "delete from tenant_members where tenant_id = $1",
        "delete from tenant_roles where tenant_id = $1",
    ];
    for statement in statements {
        let mut tx = app.tenant(eve.tenant).await;
        let done = sqlx::query(statement).bind(ana.tenant).execute(tx.conn()).await.unwrap();
        assert_eq!(done.rows_affected(), 0, "{statement}");
    }
    let mut tx = app.tenant(eve.tenant).await;
    let insert =
        "insert into tenant_members (tenant_id, id, user_id, role, created_at) values ($1, $2, $3, 'ceo', now())";
    let refused = sqlx::query(insert).bind(ana.tenant).bind(Uuid::nil()).bind(eve.user).execute(tx.conn()).await;
    assert!(refused.unwrap_err().to_string().contains("row-level security"));
}
