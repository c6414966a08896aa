use audit::{Change, Verdict};
use kit::Scope;
use sqlx::AssertSqlSafe;
use testkit::{Member, PgPool, TestApp, Value, json};
use uuid::Uuid;

/// The application, and a member with a trail of four seals of three entries each, after what founding the tenant left.
pub(crate) async fn sealed_trail(db: &PgPool) -> (TestApp, Member) {
    let app = TestApp::new(db.clone(), []).await;
    let ana = app.member(["audit:read", "audit:manage"]).await;
    audit::seal(app.app()).await.unwrap();
    for seal in 0..4 {
        for entry in 0..3 {
            act(&app, &ana, &format!("{seal}.{entry}")).await;
        }
        audit::seal(app.app()).await.unwrap();
    }
    (app, ana)
}

/// Does something that is recorded.
pub(crate) async fn act(app: &TestApp, member: &Member, name: &str) {
    let mut tx = enter(app, member).await;
    audit::record(&mut tx, Change::new("bot", name, "bot.renamed").after(json!({ "name": name }))).await.unwrap();
    tx.commit().await.unwrap();
    app.clock().advance(kit::chrono::TimeDelta::milliseconds(1));
}

#[expect(clippy::disallowed_methods, reason = "a test acts for a tenant")]
pub(crate) async fn enter(app: &TestApp, member: &Member) -> kit::TenantTx {
    app.system().await.enter(Scope::new(member.tenant, Some(member.user))).await.unwrap()
}

/// The tables that an intruder with the password of their owner lays open first.
const TABLES: [&str; 3] = ["audit_entries", "audit_seals", "audit_anchors"];

/// Does this as the owner of the tables, who has switched off what keeps even the owner from it.
pub(crate) async fn tamper(db: &PgPool, statements: &str) {
    let all = |what: &str| TABLES.map(|table| what.replace('#', table)).concat();
    let open = all("alter table # no force row level security; alter table # disable trigger user;");
    let close = all("alter table # force row level security; alter table # enable trigger user;");
    let queue = "alter table audit_pending no force row level security";
    let script = format!("begin; {queue}; {open} {statements}; {close} {}; commit", queue.replace("no force", "force"));
    sqlx::raw_sql(AssertSqlSafe(script)).execute(db).await.unwrap();
}

/// What the member is told of their trail.
pub(crate) async fn verdict(member: &Member) -> Value {
    member.get("/api/v1/audit/verify").await.ok()
}

/// What kinds of damage the member is told of, each once.
pub(crate) async fn damage(member: &Member) -> Vec<String> {
    let verdict = verdict(member).await;
    let faults = verdict["faults"].as_array().unwrap();
    assert_eq!(verdict["intact"], faults.is_empty(), "{verdict}");
    let mut kinds: Vec<String> = faults.iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// What an operator is told of a chain.
pub(crate) async fn verdict_of(app: &TestApp, tenant: Option<Uuid>) -> Verdict {
    let mut tx = app.system().await;
    audit::verify(&mut tx, tenant, None, |_| ()).await.unwrap()
}
