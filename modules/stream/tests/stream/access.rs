use crate::common::{GOSSIP, SUBJECT, Server, connect};
use testkit::{PgPool, db_test, json};

#[db_test]
async fn a_stranger_is_refused_and_so_is_a_page_of_another_origin(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    assert_eq!(connect(server.at, &server.stranger()).await.err(), Some(401));
    // a browser sends the user's cookie with whatever page asks
    let page = |origin: &str| ana.with("cookie", "theme=dark").with("origin", origin);
    assert_eq!(connect(server.at, &page("https://evil.example")).await.err(), Some(403));
    assert!(connect(server.at, &page("http://127.0.0.1:3000")).await.is_ok());
    ana.get("/api/v1/stream").await.refused(400, "UPGRADE_REQUIRED");
    server.stranger().get("/api/v1/stream").await.refused(401, "UNAUTHORIZED");
}

#[db_test]
async fn no_tenant_is_told_what_is_anothers(db: PgPool) {
    let server = Server::new(db).await;
    let (ana, bob) = (server.member(["news:read"]).await, server.member(["news:read"]).await);
    let (mut anas, mut bobs) =
        (connect(server.at, &ana).await.ok().unwrap(), connect(server.at, &bob).await.ok().unwrap());
    let cursor = anas.subscribe(&["news", &format!("news:{SUBJECT}")], None).await;
    bobs.subscribe(&["news", &format!("news:{SUBJECT}")], None).await;
    for n in 0..20 {
        server.tell(&ana, &[json!({ "ana": n })]).await;
        server.tell(&bob, &[json!({ "bob": n })]).await;
    }
    // what is stored is no more anybody's than what is told as it comes
    let mut again = connect(server.at, &ana).await.ok().unwrap();
    again.subscribe(&["news"], Some(&cursor)).await;
    for n in 0..20 {
        assert_eq!(anas.event().await.0, json!({ "ana": n }));
        assert_eq!(again.event().await.0, json!({ "ana": n }));
        assert_eq!(bobs.event().await.0, json!({ "bob": n }));
    }
}

#[db_test]
async fn a_topic_asks_for_its_permission(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.say(&json!({ "op": "subscribe", "topics": ["gossip", "ticker:binance:BTC/USDT"] })).await;
    for permission in ["gossip:read", "market-data:read"] {
        let refusal = talk.hear().await;
        assert_eq!(refusal["code"], "FORBIDDEN", "{refusal}");
        assert!(refusal["message"].as_str().unwrap().contains(permission), "{refusal}");
    }
    talk.subscribe(&["news"], None).await;
}

#[db_test]
async fn what_may_be_heard_no_longer_is_told_no_longer(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read", "gossip:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["gossip", "news"], None).await;
    let mut tx = server.tenant(ana.tenant).await;
    tenants::define_role(&mut tx, "tester", &["news:read".to_owned()]).await.unwrap();
    tx.takes_away();
    tx.commit().await.unwrap();
    let mut tx = server.tenant(ana.tenant).await;
    stream::publish(&mut tx, &GOSSIP, &[(SUBJECT, "a secret")]).await.unwrap();
    tx.commit().await.unwrap();
    server.tell(&ana, &[json!("for all")]).await;
    let unsubscribed = json!({ "type": "unsubscribed", "topics": ["gossip"], "code": "FORBIDDEN" });
    assert_eq!(talk.hear().await, unsubscribed);
    assert_eq!(talk.event().await.0, "for all");
}

#[db_test]
async fn a_session_that_ends_ends_what_listens_by_it(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    assert_eq!(ana.post("/api/auth/sign-out", &json!({})).await.status.as_u16(), 200);
    server.tell(&ana, &[json!("nobody's")]).await;
    let end = talk.hear().await;
    assert_eq!((&end["type"], &end["reason"]), (&json!("bye"), &json!("refused")), "{end}");
    assert_eq!(connect(server.at, &ana).await.err(), Some(401));
}

#[db_test]
async fn a_suspended_tenant_is_told_nothing_more(db: PgPool) {
    let server = Server::new(db).await;
    let ana = server.member(["news:read"]).await;
    let mut talk = connect(server.at, &ana).await.ok().unwrap();
    talk.subscribe(&["news"], None).await;
    let mut tx = server.system().await;
    let suspend = sqlx::query("update tenants set suspended_at = now(), suspension_reason = 'unpaid' where id = $1")
        .bind(ana.tenant);
    suspend.execute(tx.conn()).await.unwrap();
    tx.takes_away();
    tx.commit().await.unwrap();
    server.tell(&ana, &[json!("too late")]).await;
    assert_eq!(talk.hear().await["type"], "bye");
}
