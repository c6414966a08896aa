use futures::future::join_all;
use testkit::{PgPool, TestApp, db_test, json};

/// From now on nobody is recognised but from memory.
async fn forget_how_to_look_up(db: &PgPool) {
    sqlx::raw_sql("alter function identify rename to identify_no_more").execute(db).await.unwrap();
}

#[db_test]
async fn whoever_has_called_before_is_recognised_without_the_database(db: PgPool) {
    let app = TestApp::new(db.clone(), []).await;
    let _memory = app.remembers().await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    let before = ana.get("/api/auth/me").await.ok();
    ana.with("x-tenant-id", bob.tenant).get("/api/auth/me").await.refused(404, "TENANT_NOT_FOUND");
    forget_how_to_look_up(&db).await;
    assert_eq!(ana.get("/api/auth/me").await.ok(), before);
    ana.with("x-tenant-id", bob.tenant).get("/api/auth/me").await.refused(404, "TENANT_NOT_FOUND");
    bob.get("/api/auth/me").await.refused(500, "INTERNAL_ERROR");
}

#[db_test]
async fn a_session_that_has_ended_is_remembered_by_nobody(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let _memory = app.remembers().await;
    let ana = app.member([]).await;
    ana.get("/api/auth/me").await.ok();
    app.clock().advance(kit::chrono::TimeDelta::days(8));
    ana.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_session_closed_at_one_server_is_refused_at_the_next_request_by_every_other(db: PgPool) {
    let here = TestApp::new(db.clone(), []).await;
    let there = here.beside(db, []).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    for _ in 0..30 {
        let ana = here.member([]).await;
        let away = ana.at(&there);
        join_all((0..4).map(|_| away.get("/api/auth/me")))
            .await
            .iter()
            .for_each(|answer| assert_eq!(answer.status, 200));
        ana.get("/api/auth/me").await.ok();
        ana.post("/api/auth/sign-out", &json!({})).await;
        let answers = join_all([away.get("/api/auth/me"), ana.get("/api/auth/me")]).await;
        answers.iter().for_each(|answer| assert_eq!(answer.status, 401));
    }
}

#[db_test]
async fn a_look_up_that_a_sign_out_overtakes_is_not_remembered(db: PgPool) {
    let here = TestApp::new(db.clone(), []).await;
    let there = here.beside(db, []).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    for _ in 0..30 {
        let ana = here.member([]).await;
        let away = ana.at(&there);
        // answered either way; what counts is what is known afterwards
        let calls = join_all((0..8).map(|_| away.get("/api/auth/me")));
        let nothing = json!({});
        futures::join!(calls, ana.post("/api/auth/sign-out", &nothing));
        away.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
    }
}

#[db_test]
async fn a_role_that_was_taken_away_is_held_nowhere_at_the_next_request(db: PgPool) {
    let here = TestApp::new(db.clone(), []).await;
    let there = here.beside(db, []).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let boss = here.owner(tenants::Kind::Company).await;
    let ana = here.colleague(&boss, "ceo").await;
    let away = ana.at(&there);
    let path = format!("/api/tenant/{}", boss.tenant);
    away.patch(&path, &json!({ "name": "Acme" })).await.ok();
    let mut tx = here.tenant(boss.tenant).await;
    tenants::set_role(&mut tx, ana.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    away.patch(&path, &json!({ "name": "Mine" })).await.refused(403, "FORBIDDEN");
}

#[db_test]
async fn a_change_behind_the_servers_back_is_heard(db: PgPool) {
    let app = TestApp::new(db, []).await;
    let _memory = app.remembers().await;
    let ana = app.member([]).await;
    ana.get("/api/auth/me").await.ok();
    let mut tx = app.system().await;
    let renamed = sqlx::query("update users set name = 'Ana Maria' where id = $1").bind(ana.user);
    assert_eq!(renamed.execute(tx.conn()).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
    // another's commit that waits is told after this change
    let bob = app.member([]).await;
    bob.post("/api/auth/sign-out", &json!({})).await;
    assert_eq!(ana.get("/api/auth/me").await.ok()["name"], "Ana Maria");
}

#[db_test]
async fn a_server_that_cannot_hear_does_not_answer_from_memory_and_holds_nobody_up(db: PgPool) {
    let here = TestApp::new(db.clone(), []).await;
    let there = here.beside(db.clone(), []).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let ana = here.member([]).await;
    let away = ana.at(&there);
    away.get("/api/auth/me").await.ok();
    // every connection that listens is cut, the other's too
    sqlx::raw_sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and pid <> pg_backend_pid() and query ilike any (array['listen %', '%into memories%', '%pg_notify(%forgotten%'])",
    )
    .execute(&db)
    .await
    .unwrap();
    ana.post("/api/auth/sign-out", &json!({})).await;
    away.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn a_server_that_does_not_listen_waits_for_those_that_do(db: PgPool) {
    let deaf = TestApp::new(db.clone(), []).await;
    let there = deaf.beside(db, []).await;
    let _there = there.remembers().await;
    for _ in 0..20 {
        let ana = deaf.member([]).await;
        let away = ana.at(&there);
        away.get("/api/auth/me").await.ok();
        ana.post("/api/auth/sign-out", &json!({})).await;
        away.get("/api/auth/me").await.refused(401, "UNAUTHORIZED");
    }
}
