//! How a tenant ends: closed by its owner, restored, erased.

use crate::support::{active, app, company, get, joined, post, success, user};
use ::tenants::Kind;
use kit::chrono::TimeDelta;
use testkit::{Answer, Client, Member, PgPool, TestApp, Value, db_test, json};
use uuid::Uuid;

fn path(of: &Member, rest: &str) -> String {
    format!("/api/tenant/{}{rest}", of.tenant)
}

async fn slug(of: &Member) -> String {
    of.get(&path(of, "")).await.ok()["slug"].as_str().unwrap().to_owned()
}

async fn close(of: &Member) -> Answer {
    let slug = slug(of).await;
    of.delete(&path(of, &format!("?confirm={slug}"))).await
}

async fn restore(of: &Member) -> Answer {
    of.post(&path(of, "/restore"), &json!({})).await
}

async fn count(app: &TestApp, what: &'static str, tenant: Uuid) -> i64 {
    sqlx::query_scalar(what).bind(tenant).fetch_one(app.system().await.conn()).await.unwrap()
}

const LEFT: &str = "select count(*) from tenants where id = $1";

/// Somebody who calls by a key of this user's with all that they may do.
async fn by_key(app: &TestApp, user: &Member) -> Client {
    let made =
        user.post("/api/auth/api-key/create", &json!({ "permissions": { "tenants": ["read", "delete"] } })).await;
    app.stranger().with("x-api-key", made.body()["key"].as_str().unwrap_or_else(|| panic!("{}", made.text())))
}

#[db_test]
async fn only_an_owner_who_repeats_the_slug_closes_a_tenant(db: PgPool) {
    let app = TestApp::new(db, [organizations::module(), api_keys::module()]).await;
    let ceo = app.owner(Kind::Company).await;
    let confirmed = path(&ceo, &format!("?confirm={}", slug(&ceo).await));
    for role in ["admin", "manager"] {
        app.colleague(&ceo, role).await.delete(&confirmed).await.refused(403, "OWNER_ONLY");
    }
    app.colleague(&ceo, "viewer").await.delete(&confirmed).await.refused(403, "FORBIDDEN");
    let eve = app.owner(Kind::Company).await;
    eve.delete(&confirmed).await.refused(404, "TENANT_NOT_FOUND");
    by_key(&app, &ceo).await.delete(&confirmed).await.refused(403, "SESSION_REQUIRED");
    app.stranger().delete(&confirmed).await.refused(401, "UNAUTHORIZED");
    for slip in ["", "?confirm=", "?confirm=yes", &format!("?confirm={}", slug(&eve).await)] {
        ceo.delete(&path(&ceo, slip)).await.invalid("confirm");
    }
    ceo.post(&path(&ceo, "/restore"), &json!({})).await.refused(409, "TENANT_NOT_CLOSED");
    assert_eq!(ceo.get(&path(&ceo, "")).await.ok()["status"], "active");
    let closed = ceo.delete(&confirmed).await.ok();
    assert_eq!((&closed["status"], &closed["eraseAt"]), (&json!("closed"), &json!("2026-02-04T12:00:00.000Z")));
    ceo.delete(&confirmed).await.refused(403, "TENANT_CLOSED");
    app.clock().advance(TimeDelta::days(31));
    app.run_jobs().await;
}

#[db_test]
async fn nobody_works_in_a_closed_tenant_until_its_owner_restores_it(db: PgPool) {
    let app = TestApp::new(db, [organizations::module(), api_keys::module()]).await;
    let _memory = app.remembers().await;
    let (ceo, guest) = (app.owner(Kind::Company).await, user(&app).await);
    let admin = app.colleague(&ceo, "admin").await;
    let invite = json!({ "email": guest.email, "role": "viewer" });
    let sent = ceo.post(&path(&ceo, "/invitations"), &invite).await.created();
    let (key, audit) = (by_key(&app, &ceo).await, "/api/v1/audit");
    for _ in 0..2 {
        key.get(&path(&ceo, "/members")).await.refused(403, "FORBIDDEN");
        key.get("/api/tenant/current").await.ok();
        admin.get(audit).await.ok();
    }
    let closed = close(&ceo).await.ok();

    let rename = json!({ "name": "Renamed" });
    for who in [&ceo, &admin] {
        let who = who.with("x-tenant-id", ceo.tenant);
        assert_eq!(who.get(&path(&ceo, "")).await.ok()["eraseAt"], closed["eraseAt"]);
        assert_eq!(who.get("/api/tenant/current").await.ok()["status"], "closed");
        who.get(&path(&ceo, "/members")).await.refused(403, "TENANT_CLOSED");
        who.patch(&path(&ceo, ""), &rename).await.refused(403, "TENANT_CLOSED");
        who.post(&path(&ceo, "/leave"), &json!({})).await.refused(403, "TENANT_CLOSED");
        who.post(&path(&ceo, "/members"), &invite).await.refused(403, "TENANT_CLOSED");
        assert_eq!(who.get("/api/tenant").await.ok()[0]["status"], "closed");
    }
    admin.get(audit).await.refused(403, "TENANT_CLOSED");
    let taken_along = admin.get(&format!("{audit}/export")).await;
    assert!(taken_along.status == 200 && taken_along.text().contains("tenant.closed"), "{}", taken_along.text());
    let accept = path(&ceo, &format!("/invitations/{}/accept", sent["id"].as_str().unwrap()));
    guest.post(&accept, &json!({})).await.refused(403, "TENANT_CLOSED");
    assert_eq!(guest.get("/api/tenant/invitations").await.ok(), json!([]));
    assert_eq!(key.get("/api/tenant/current").await.ok()["status"], "closed", "it says why nothing else works");
    key.get(audit).await.refused(403, "FORBIDDEN");

    admin.post(&path(&ceo, "/restore"), &json!({})).await.refused(403, "OWNER_ONLY");
    guest.post(&path(&ceo, "/restore"), &json!({})).await.refused(404, "TENANT_NOT_FOUND");
    by_key(&app, &guest).await.post(&path(&guest, "/restore"), &json!({})).await.refused(403, "SESSION_REQUIRED");
    let restored = restore(&ceo).await.ok();
    assert_eq!((&restored["status"], &restored["eraseAt"]), (&json!("active"), &Value::Null));
    assert_eq!(admin.patch(&path(&ceo, ""), &rename).await.ok()["name"], "Renamed");
    guest.post(&accept, &json!({})).await.ok();
    let trail = ceo.get("/api/v1/audit?limit=100").await.ok();
    for action in ["tenant.closed", "tenant.restored"] {
        let entries: Vec<_> = trail.as_array().unwrap().iter().filter(|it| it["action"] == action).collect();
        assert_eq!((entries.len(), &entries[0]["actorId"]), (1, &json!(ceo.user)), "{action}");
    }
    app.clock().advance(TimeDelta::days(31));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 1, "what was restored is not erased");
}

#[db_test]
async fn members_are_told_by_mail_in_words_of_ours(db: PgPool) {
    let app = app(db).await;
    let ceo = app.owner(Kind::Company).await;
    let (bob, slug) = (app.colleague(&ceo, "viewer").await, slug(&ceo).await);
    ceo.patch(&path(&ceo, ""), &json!({ "name": "You won! https://evil.example" })).await.ok();
    close(&ceo).await.ok();
    app.run_jobs().await;
    for who in [&ceo, &bob] {
        let mail = app.outbox().newest_to(&who.email);
        assert_eq!(mail.subject, "A tenant that you work in was closed");
        assert!(mail.text.contains(&format!("Tenant: {slug}")) && mail.text.contains("Erased on: 2026-02-04"));
        assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{}", mail.text);
    }
    restore(&ceo).await.ok();
    app.run_jobs().await;
    assert_eq!(app.outbox().newest_to(&bob.email).subject, "A tenant that you work in was restored");
    let sent = app.outbox().emails().len();
    close(&ceo).await.ok();
    restore(&ceo).await.ok();
    app.run_jobs().await;
    let mails = app.outbox().emails();
    let stale = mails[sent..].iter().filter(|mail| mail.subject.contains("closed")).count();
    assert_eq!(stale, 0, "what is no longer so is not told");
    app.clock().advance(TimeDelta::days(31));
    app.run_jobs().await;
}

#[db_test]
async fn a_closed_tenant_is_erased_after_thirty_days_with_all_that_is_its_own(db: PgPool) {
    let app = app(db).await;
    let (ceo, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    let slug = slug(&ceo).await;
    app.keep_sessions().await;
    close(&ceo).await.ok();
    app.clock().advance(TimeDelta::days(10));
    restore(&ceo).await.ok();
    app.clock().advance(TimeDelta::days(5));
    close(&ceo).await.ok();
    app.clock().advance(TimeDelta::days(30) - TimeDelta::milliseconds(1));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 1, "an older closing does not hasten a newer one");
    app.clock().advance(TimeDelta::milliseconds(1));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 0);
    assert_eq!(count(&app, "select count(*) from tenant_members where tenant_id = $1", ceo.tenant).await, 0);
    assert_eq!((count(&app, LEFT, eve.tenant).await, ceo.get("/api/tenant").await.ok()), (1, json!([])));
    ceo.get(&path(&ceo, "")).await.refused(404, "TENANT_NOT_FOUND");
    restore(&ceo).await.refused(404, "TENANT_NOT_FOUND");
    let trail = "select count(*) from audit_entries where action = 'tenant.deleted' and tenant_id is null
                 and before ->> 'id' = $1::uuid::text";
    assert_eq!(count(&app, trail, ceo.tenant).await, 1);
    let taken = json!({ "name": "E", "slug": slug });
    eve.post("/api/tenant", &taken).await.refused(409, "TENANT_SLUG_TAKEN");
    app.clock().advance(TimeDelta::days(30));
    eve.post("/api/tenant", &taken).await.created();
}

async fn make_bot(app: &TestApp, of: &Member, status: &str) {
    let bot = format!(
        "insert into strategies (tenant_id, id, name, version, created_at, updated_at)
             values ('{tenant}', '{id}', 'S', 1, now(), now());
         insert into strategy_versions (tenant_id, strategy_id, version, document, created_at)
             values ('{tenant}', '{id}', 1, '{{}}', now());
         insert into bots (tenant_id, id, name, kind, mode, status, strategy_id, strategy_version, exchange, symbols,
                           timeframe, initial_cash, rules, feed, created_at, updated_at)
             values ('{tenant}', '{id}', 'B', 'strategy', 'paper', '{status}', '{id}', 1, 'e', '{{A/B}}', '1m', 1, '{{}}',
                     '{{}}', now(), now());
         insert into jobs (id, tenant_id, kind, payload, max_attempts, correlation_id, run_at, created_at)
             values (gen_random_uuid(), '{tenant}', 'none', '{{}}', 1, 'c', now() + interval '100 years', now())",
        tenant = of.tenant,
        id = of.user,
    );
    let mut tx = app.system().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(bot)).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[db_test]
async fn a_tenant_is_not_closed_while_its_bots_run(db: PgPool) {
    let app = app(db).await;
    let (ceo, eve) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    make_bot(&app, &ceo, "running").await;
    make_bot(&app, &eve, "running").await;
    for status in ["running", "paused", "stopping"] {
        let mut tx = app.system().await;
        let change = "update bots set status = $2, stop = 'keep' where tenant_id = $1";
        sqlx::query(change).bind(ceo.tenant).bind(status).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        close(&ceo).await.refused(409, "TENANT_HAS_RUNNING_BOTS");
        assert_eq!(ceo.get(&path(&ceo, "")).await.ok()["status"], "active");
    }
    let mut tx = app.system().await;
    let stop = sqlx::query("update bots set status = 'stopped' where tenant_id = $1").bind(ceo.tenant);
    stop.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    close(&ceo).await.ok();
    app.clock().advance(TimeDelta::days(30));
    app.run_jobs().await;
    let mut tx = app.system().await;
    for table in ["bots", "strategies", "strategy_versions", "tenant_members"] {
        let query = sqlx::AssertSqlSafe(format!("select distinct tenant_id from {table}"));
        let left: Vec<Uuid> = sqlx::query_scalar(query).fetch_all(tx.conn()).await.unwrap();
        assert_eq!(left, [eve.tenant], "{table}");
    }
    let open = "select tenant_id from jobs where status = 'queued'";
    let open: Vec<Uuid> = sqlx::query_scalar(open).fetch_all(tx.conn()).await.unwrap();
    assert_eq!(open, [eve.tenant], "what the tenant wanted done is not done any more");
    sqlx::query("update jobs set status = 'done'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[db_test]
async fn whoever_has_closed_a_company_may_be_forgotten_and_it_goes_with_them(db: PgPool) {
    let app = app(db).await;
    let (ceo, other) = (app.owner(Kind::Company).await, app.owner(Kind::Company).await);
    for of in [&ceo, &other] {
        app.colleague(of, "viewer").await;
    }
    let forget = async |who: &Member| {
        let body = axum::body::Body::from("{}");
        who.send("DELETE", "/api/user/account", body, Some("application/json")).await
    };
    forget(&ceo).await.refused(409, "SOLE_OWNER");
    close(&ceo).await.ok();
    let second = app.colleague(&other, "ceo").await;
    close(&other).await.ok();
    for who in [&ceo, &other] {
        assert_eq!(forget(who).await.status.as_u16(), 200);
    }
    app.clock().advance(TimeDelta::days(14));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 0, "nobody else could restore it");
    assert_eq!(count(&app, LEFT, other.tenant).await, 1, "another owner can");
    assert_eq!(count(&app, "select count(*) from users where id = $1", second.user).await, 1);
    app.clock().advance(TimeDelta::days(16));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, other.tenant).await, 0);
}

#[db_test]
async fn a_bot_that_got_away_at_the_moment_of_the_closing_holds_nothing_up(db: PgPool) {
    let app = app(db).await;
    let ceo = app.owner(Kind::Company).await;
    make_bot(&app, &ceo, "stopped").await;
    close(&ceo).await.ok();
    let mut tx = app.system().await;
    let start = sqlx::query("update bots set status = 'running' where tenant_id = $1").bind(ceo.tenant);
    start.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    app.clock().advance(TimeDelta::days(30));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 0);
}

#[db_test]
async fn to_the_protocol_a_closed_company_is_deleted(db: PgPool) {
    let app = app(db).await;
    let ana = user(&app).await;
    let acme = company(&ana, "acme").await;
    let admin = joined(&app, &ana, &acme, "admin").await;
    let form = json!({ "organizationId": acme });
    success(&post(&ana, "delete", form.clone()).await);
    for who in [&ana, &admin] {
        assert_eq!((active(who).await, get(who, "list").await.body()), (Value::Null, json!([])));
        let full = get(who, &format!("get-full-organization?organizationId={acme}")).await;
        full.refused(403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
        post(who, "set-active", form.clone()).await.refused(403, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    }
    post(&admin, "create", json!({ "name": "A", "slug": "acme" })).await.refused(400, "ORGANIZATION_ALREADY_EXISTS");
    ana.post(&format!("/api/tenant/{acme}/restore"), &json!({})).await.ok();
    assert_eq!(get(&admin, "list").await.body()[0]["id"], json!(acme));
    app.clock().advance(TimeDelta::days(31));
    app.run_jobs().await;
}

#[db_test]
async fn a_closing_and_a_restoring_at_once_leave_one_state_or_the_other(db: PgPool) {
    let app = app(db).await;
    let ceo = app.owner(Kind::Company).await;
    let confirmed = path(&ceo, &format!("?confirm={}", slug(&ceo).await));
    let answers = futures::future::join_all((0..5).map(|_| ceo.delete(&confirmed))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let answers = futures::future::join_all((0..5).map(|_| restore(&ceo))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(ceo.get(&path(&ceo, "")).await.ok()["status"], "active");
    app.clock().advance(TimeDelta::days(31));
    app.run_jobs().await;
    assert_eq!(count(&app, LEFT, ceo.tenant).await, 1);
}
