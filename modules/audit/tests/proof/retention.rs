//! How long a trail is kept.

use crate::support::{act, damage, enter, sealed_trail, tamper, verdict, verdict_of};
use kit::chrono::TimeDelta;
use testkit::{Member, PgPool, TestApp, Value, db_test, json};

const PATH: &str = "/api/v1/audit/retention";

/// Four hundred days later, also by the clock of the database; sessions have ended, and a colleague looks after the trail.
async fn later(app: &TestApp, db: &PgPool, member: &Member) -> Member {
    app.clock().advance(TimeDelta::days(400));
    tamper(db, "update audit_seals set written_at = written_at - interval '400 days'").await;
    app.colleague(member, "tester").await
}

async fn entries(member: &Member, query: &str) -> Vec<Value> {
    let answer = member.get(&format!("/api/v1/audit?limit=100&{query}")).await.ok();
    answer.as_array().unwrap().clone()
}

#[db_test]
async fn a_trail_is_kept_for_ever_unless_its_tenant_says_otherwise(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    assert_eq!(ana.get(PATH).await.ok(), json!({ "months": null }));
    let ana = later(&app, &db, &ana).await;
    audit::keep(app.app()).await.unwrap();
    assert_eq!(verdict(&ana).await["pruned"], 0);
    assert_eq!(ana.put(PATH, &json!({ "months": 24 })).await.ok(), json!({ "months": 24 }));
    assert_eq!(ana.get(PATH).await.ok(), json!({ "months": 24 }));
    ana.put(PATH, &json!({ "months": null })).await.ok();
    assert_eq!(ana.get(PATH).await.ok(), json!({ "months": null }));
    let changes = entries(&ana, "action=audit.retention-changed").await;
    assert_eq!(changes.len(), 2);
    assert_eq!((&changes[0]["before"], &changes[0]["after"]), (&json!({ "months": 24 }), &json!({ "months": null })));
}

#[db_test]
async fn old_entries_are_removed_and_their_seals_stay(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    ana.put(PATH, &json!({ "months": 12 })).await.ok();
    let ana = later(&app, &db, &ana).await;
    act(&app, &ana, "young").await;
    audit::seal(app.app()).await.unwrap();
    audit::keep(app.app()).await.unwrap();
    let left: Vec<_> = entries(&ana, "").await.iter().map(|it| it["action"].clone()).collect();
    assert_eq!(left, ["audit.pruned", "bot.renamed", "member.added", "audit.retention-changed"]);
    let note = &entries(&ana, "action=audit.pruned").await[0];
    assert_eq!((&note["after"]["throughSeal"], &note["actorId"]), (&5.into(), &Value::Null));
    audit::seal(app.app()).await.unwrap();
    let told = verdict(&ana).await;
    assert_eq!((&told["intact"], &told["pruned"]), (&true.into(), &note["after"]["entries"]), "{told}");
    // what is done is not done again
    audit::keep(app.app()).await.unwrap();
    assert_eq!(entries(&ana, "action=audit.pruned").await.len(), 1);
    // and it covers nothing that is younger
    tamper(&db, "delete from audit_entries where resource_id = 'young'").await;
    assert_eq!(damage(&ana).await, ["entry-missing"]);
}

#[db_test]
async fn a_removal_that_the_trail_does_not_tell_of_is_damage(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let ana = later(&app, &db, &ana).await;
    let mut tx = app.system().await;
    let prune = sqlx::query("select prune_audit($1, now())").bind(ana.tenant);
    prune.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(damage(&ana).await, ["entry-missing"]);
}

#[db_test]
async fn what_is_younger_than_a_year_is_not_removed_whoever_asks(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    ana.put(PATH, &json!({ "months": 12 })).await.ok();
    // the application's clock does not count here
    app.clock().advance(TimeDelta::days(4000));
    audit::keep(app.app()).await.unwrap();
    let mut tx = app.system().await;
    let prune = sqlx::query_scalar("select removed from prune_audit($1, now() + interval '9 years')").bind(ana.tenant);
    let removed: i64 = prune.fetch_one(tx.conn()).await.unwrap();
    assert_eq!(removed, 0);
    let backdated = sqlx::query("insert into audit_seals (seq, entries, adopts, digest, anchors, previous, hash, signature, sealed_at, written_at)
        values (99, '{}', false, '', '', '', '', '', now(), now() - interval '9 years')");
    let refused = backdated.execute(tx.conn()).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501");
    drop(tx);
    let verdict = verdict_of(&app, Some(ana.tenant)).await;
    assert_eq!(verdict.pruned, 0);
}

#[db_test]
async fn the_role_of_requests_removes_nothing(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    later(&app, &db, &ana).await;
    let mut tx = enter(&app, &ana).await;
    let prune = sqlx::query("select prune_audit($1, now())").bind(ana.tenant);
    let refused = prune.execute(tx.conn()).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501");
}

#[db_test]
async fn how_long_is_chosen_between_one_year_and_ten_by_who_may(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    for months in [json!(11), json!(121), json!(-12)] {
        ana.put(PATH, &json!({ "months": months })).await.invalid("months");
    }
    ana.put(PATH, &json!({ "months": 12, "days": 1 })).await.refused(422, "VALIDATION_ERROR");
    ana.put(PATH, &json!({ "months": "12" })).await.refused(422, "VALIDATION_ERROR");
    let reader = app.member(["audit:read"]).await;
    reader.get(PATH).await.refused(403, "FORBIDDEN");
    reader.put(PATH, &json!({ "months": 12 })).await.refused(403, "FORBIDDEN");
    let other = app.member(["audit:manage"]).await;
    other.put(PATH, &json!({ "months": 12 })).await.ok();
    assert_eq!(ana.get(PATH).await.ok(), json!({ "months": null }));
}
