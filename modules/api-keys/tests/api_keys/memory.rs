use crate::support::{THINGS, ana, app, key, update};
use futures::future::join_all;
use tenants::Kind;
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_key_that_has_called_before_is_recognised_without_the_database(db: PgPool) {
    let app = app(db.clone()).await;
    let _memory = app.remembers().await;
    let ana = ana(&app).await;
    let (known, unknown) = (key(&app, &ana, json!({})).await, key(&app, &ana, json!({})).await);
    known.bot.get("/things").await.ok();
    sqlx::raw_sql("alter function identify_key rename to identify_key_no_more").execute(&db).await.unwrap();
    known.bot.get("/things").await.ok();
    unknown.bot.get("/things").await.refused(500, "INTERNAL_ERROR");
    // that it was used changes nothing of what is known
    api_keys::write_usage(app.app()).await.unwrap();
    known.bot.get("/things").await.ok();
}

#[db_test]
async fn what_is_taken_from_a_key_at_one_server_is_gone_at_every_other(db: PgPool) {
    let here = app(db.clone()).await;
    let there = here.beside(db, [api_keys::module(), THINGS]).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let boss = here.owner(Kind::Company).await;
    for _ in 0..10 {
        let key = key(&here, &boss, json!({})).await;
        let away = there.stranger().with("x-api-key", &key.secret);
        join_all((0..4).map(|_| away.get("/things"))).await.into_iter().for_each(|answer| drop(answer.ok()));
        update(&boss, &key, json!({ "permissions": null })).await;
        away.get("/things").await.refused(403, "FORBIDDEN");
        update(&boss, &key, json!({ "enabled": false })).await;
        away.get("/things").await.refused(401, "KEY_DISABLED");
        boss.post("/api/auth/api-key/delete", &json!({ "keyId": key.id })).await;
        away.get("/things").await.refused(401, "INVALID_API_KEY");
    }
}

#[db_test]
async fn a_demotion_at_one_server_shrinks_the_key_at_every_other(db: PgPool) {
    let here = app(db.clone()).await;
    let there = here.beside(db, [api_keys::module(), THINGS]).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let boss = here.owner(Kind::Company).await;
    let ana = here.colleague(&boss, "manager").await;
    let key = key(&here, &ana, json!({ "permissions": { "things": ["write"] } })).await;
    let away = there.stranger().with("x-api-key", &key.secret);
    away.post("/things", &json!({})).await.ok();
    let mut tx = here.tenant(boss.tenant).await;
    tenants::set_role(&mut tx, ana.user, "viewer").await.unwrap();
    tx.commit().await.unwrap();
    away.post("/things", &json!({})).await.refused(403, "FORBIDDEN");
}
