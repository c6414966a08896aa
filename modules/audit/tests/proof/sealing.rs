//! How entries come to be sealed.

use crate::support::{act, enter, sealed_trail, tamper, verdict, verdict_of};
use audit::Change;
use testkit::{PgPool, TestApp, db_test, json};

#[db_test]
async fn what_is_recorded_is_sealed_and_a_whole_trail_is_intact(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let told = verdict(&ana).await;
    assert_eq!((&told["intact"], &told["faults"]), (&true.into(), &json!([])));
    assert_eq!((&told["seals"], &told["unsealed"], &told["pruned"]), (&5.into(), &0.into(), &0.into()));
    let listed = ana.get("/api/v1/audit?limit=100").await.ok();
    assert_eq!(told["entries"], listed.as_array().unwrap().len());
    assert_eq!((&told["head"]["seq"], told["head"]["hash"].as_str().unwrap().len()), (&5.into(), 64));
    let platform = verdict_of(&app, None).await;
    assert!(platform.intact && platform.seals == 5, "{platform:?}");
}

#[db_test]
async fn nothing_is_sealed_twice_and_nothing_without_need(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    assert_eq!(audit::seal(app.app()).await.unwrap(), 0);
    act(&app, &ana, "one").await;
    assert_eq!(audit::seal(app.app()).await.unwrap(), 1);
    assert_eq!(audit::seal(app.app()).await.unwrap(), 0);
    assert_eq!(verdict(&ana).await["seals"], 6);
}

#[db_test]
async fn whoever_commits_late_is_sealed_later(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let mut slow = enter(&app, &ana).await;
    audit::record(&mut slow, Change::new("bot", "slow", "bot.renamed")).await.unwrap();
    act(&app, &ana, "quick").await;
    assert_eq!(audit::seal(app.app()).await.unwrap(), 1);
    slow.commit().await.unwrap();
    assert_eq!(audit::seal(app.app()).await.unwrap(), 1);
    assert_eq!(verdict(&ana).await["intact"], true);
}

#[db_test]
async fn a_chain_has_one_sealer_at_a_time(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let second = app.beside(db, []).await;
    for round in 0..10 {
        act(&app, &ana, &format!("round {round}")).await;
        let (one, other) = tokio::join!(audit::seal(app.app()), audit::seal(second.app()));
        assert_eq!(one.unwrap() + other.unwrap(), 1);
    }
    let told = verdict(&ana).await;
    assert_eq!((&told["intact"], &told["seals"]), (&true.into(), &15.into()));
}

#[db_test]
async fn a_seal_holds_a_thousand_entries_at_most(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let mut tx = enter(&app, &ana).await;
    let changes = vec![Change::new("bot", "many", "bot.renamed"); 2_500];
    audit::record_all(&mut tx, &changes).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(audit::seal(app.app()).await.unwrap(), 2_500);
    let told = verdict(&ana).await;
    assert_eq!((&told["intact"], &told["seals"]), (&true.into(), &8.into()));
}

#[db_test]
async fn what_is_older_than_signatures_is_adopted_by_the_first_seals_only(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let ana = app.member(["audit:read"]).await;
    act(&app, &ana, "old").await;
    tamper(&db, "update audit_entries set signature = null").await;
    audit::seal(app.app()).await.unwrap();
    assert_eq!(verdict(&ana).await["intact"], true);
    tamper(&db, "update audit_entries set action = 'nothing' where resource_id = 'old'").await;
    assert_eq!(verdict(&ana).await["faults"][0]["kind"], "entries-exchanged");
}

#[db_test]
async fn whatever_an_entry_holds_it_proves_itself(db: PgPool) {
    let (app, ana) = sealed_trail(&db).await;
    let states = [
        json!(null),
        json!({ "b": 1, "a": 2, "ünï": "\u{0}\u{1F600}\"\\", "n": [1.0, 1e16, 1e300, -0.0, 0.1, u64::MAX, i64::MIN] }),
        json!("text"),
        json!({ "nested": { "empty": {}, "list": [[], null, true] } }),
    ];
    for state in states {
        let mut tx = enter(&app, &ana).await;
        let change = Change::new("thing", "odd", "thing.changed").before(&state).after(&state);
        audit::record(&mut tx, change).await.unwrap();
        tx.commit().await.unwrap();
    }
    audit::seal(app.app()).await.unwrap();
    assert_eq!(verdict(&ana).await["intact"], true);
    assert_eq!(ana.get("/api/v1/audit?resource=thing").await.ok().as_array().unwrap().len(), 4);
}

#[db_test]
async fn no_role_changes_or_removes_a_seal_or_an_anchor(db: PgPool) {
    sealed_trail(&db).await;
    let mut owner = db.acquire().await.unwrap();
    for role in ["botcriptofy_app", "botcriptofy_system", "none"] {
        for table in ["audit_seals", "audit_anchors", "audit_entries_other"] {
            for change in ["update # set tenant_id = null", "delete from #", "truncate #"] {
                let statement = format!("set role {role}; {}", change.replace('#', table));
                let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *owner).await.unwrap_err();
                let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
                assert_eq!(code.as_deref(), Some("42501"), "{role}: {change}: {refused}");
            }
        }
    }
}

#[db_test]
async fn a_part_of_the_trail_shows_nothing_by_itself(db: PgPool) {
    sealed_trail(&db).await;
    let parts: Vec<String> = sqlx::query_scalar(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_entries'::regclass",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(parts.len() > 4);
    for part in parts {
        let protected: (bool, bool, i64) = sqlx::query_as(
            "select relrowsecurity, relforcerowsecurity, (select count(*) from pg_policy where polrelid = c.oid)
             from pg_class c where oid = $1::regclass",
        )
        .bind(&part)
        .fetch_one(&db)
        .await
        .unwrap();
        assert_eq!(protected, (true, true, 0), "{part}");
        for role in ["botcriptofy_app", "botcriptofy_system"] {
            let may: bool = sqlx::query_scalar("select has_table_privilege($1, $2, 'select, insert, update, delete')")
                .bind(role)
                .bind(&part)
                .fetch_one(&db)
                .await
                .unwrap();
            assert!(!may, "{role} may reach {part}");
        }
    }
}

#[db_test]
async fn there_are_parts_for_the_months_ahead(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    app.clock().advance(kit::chrono::TimeDelta::days(3 * 365));
    audit::keep(app.app()).await.unwrap();
    audit::keep(app.app()).await.unwrap();
    let parts: i64 = sqlx::query_scalar("select count(*) from pg_class where relname ~ '^audit_entries_2029_0[1-4]$'")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(parts, 4);
    let ana = app.member(["audit:read"]).await;
    let mut tx = app.system().await;
    let latest = sqlx::query_scalar("select tableoid::regclass::text from audit_entries order by id desc limit 1");
    let latest: String = latest.fetch_one(tx.conn()).await.unwrap();
    assert_eq!(latest, "audit_entries_2029_01");
    drop(tx);
    audit::seal(app.app()).await.unwrap();
    assert_eq!(verdict(&ana).await["intact"], true);
}
