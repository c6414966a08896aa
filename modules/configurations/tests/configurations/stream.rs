use crate::support::{MODULES, admin, app, define, operator, path};
use axum::body::BodyDataStream;
use futures::StreamExt;
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

/// A stream of flags that somebody listens to.
struct Stream(BodyDataStream);

impl Stream {
    async fn open(who: &Client) -> Self {
        let answer = who.open(&path("flags/stream")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self(answer.into_body().into_data_stream())
    }

    /// What the next event holds; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        while let Some(part) = self.0.next().await {
            let text = String::from_utf8(part.unwrap().to_vec()).unwrap();
            if let Some(data) = text.strip_prefix("event: flags\ndata: ") {
                return Some(serde_json::from_str(data.trim()).unwrap());
            }
            assert!(text.starts_with(':'), "{text}");
        }
        None
    }

    /// Whether the next event says that the one flag is on.
    async fn is_on(&mut self) -> bool {
        self.next().await.unwrap()["new"]["enabled"] == true
    }
}

#[db_test]
async fn whoever_listens_hears_of_changes_made_at_another_server(db: PgPool) {
    let here = app(db.clone()).await;
    let there = here.beside(db, MODULES).await;
    let (_here, _there) = (here.remembers().await, there.remembers().await);
    let (ana, bob, root) = (admin(&here).await, admin(&here).await, operator(&here).await);
    define(&root, "new", json!({ "tenantMayChoose": true })).await;
    let (mut anas, mut bobs) = (Stream::open(&ana.at(&there)).await, Stream::open(&bob.at(&there)).await);
    assert!(!anas.is_on().await && !bobs.is_on().await);
    ana.put(&path("flags/new"), &json!({ "enabled": true })).await.ok();
    assert!(anas.is_on().await);
    define(&root, "new", json!({ "tenantMayChoose": true, "default": true })).await;
    assert!(bobs.is_on().await, "the first that bob hears of: a tenant's choice is nobody else's");
    root.post(&path("system/flags/new/kill"), &json!({})).await.ok();
    assert!(!anas.is_on().await && !bobs.is_on().await);
}

#[db_test]
async fn a_stream_ends_when_its_session_does_or_the_server_stops_hearing(db: PgPool) {
    let app = app(db).await;
    let memory = app.remembers().await;
    let (ana, bob, root) = (admin(&app).await, admin(&app).await, operator(&app).await);
    define(&root, "new", json!({})).await;
    let (mut anas, mut bobs) = (Stream::open(&ana).await, Stream::open(&bob).await);
    assert!(!anas.is_on().await && !bobs.is_on().await);
    ana.post("/api/auth/sign-out", &json!({})).await;
    define(&root, "new", json!({ "default": true })).await;
    assert_eq!(anas.next().await, None, "who has signed out hears no more");
    assert!(bobs.is_on().await);
    drop(memory);
    assert_eq!(bobs.next().await, None);
}

#[db_test]
async fn a_user_opens_five_streams_at_most(db: PgPool) {
    let app: TestApp = app(db).await;
    let (ana, bob) = (admin(&app).await, admin(&app).await);
    let mut open = vec![];
    for _ in 0..5 {
        open.push(Stream::open(&ana).await);
    }
    ana.get(&path("flags/stream")).await.refused(429, "TOO_MANY_STREAMS");
    Stream::open(&bob).await;
    open.pop();
    Stream::open(&ana).await;
    app.stranger().get(&path("flags/stream")).await.refused(401, "UNAUTHORIZED");
}
