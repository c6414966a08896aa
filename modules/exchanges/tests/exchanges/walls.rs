use crate::fake::{ALL, PATH, connected, wish, with_fake};
use tenants::Kind;
use testkit::{Client, PgPool, db_test, json};

const NOT_FOUND: &str = "CONNECTION_NOT_FOUND";

async fn finds_nothing(client: &Client, path: &str) {
    client.get(path).await.refused(404, NOT_FOUND);
    client.patch(path, &json!({ "label": "Mine" })).await.refused(404, NOT_FOUND);
    client.delete(path).await.refused(404, NOT_FOUND);
    client.post(&format!("{path}/test"), &json!({})).await.refused(404, NOT_FOUND);
    client.get(&format!("{path}/balances")).await.refused(404, NOT_FOUND);
}

#[db_test]
async fn a_tenant_never_sees_anothers_connections(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let (ana, bob) = (app.member(ALL).await, app.member(ALL).await);
    let path = connected(&ana, &wish("")).await;
    let before = ana.get(&path).await.ok();
    fake.asked();
    finds_nothing(&bob, &path).await;
    assert_eq!(bob.get(PATH).await.ok(), json!([]));
    assert!(fake.asked().is_empty(), "nobody asks by a key of another tenant");
    assert_eq!(ana.get(&path).await.ok(), before);
    ana.delete(&path).await.no_content();
    finds_nothing(&ana, &path).await;
}

#[db_test]
async fn each_operation_needs_its_permission(db: PgPool) {
    let (app, fake) = with_fake(db).await;
    let owner = app.owner(Kind::Company).await;
    let path = connected(&owner, &wish("")).await;
    let viewer = app.colleague(&owner, "viewer").await;
    fake.asked();
    let refused = |body: testkit::Value, action: &str| {
        assert_eq!(body["context"]["permission"], format!("exchange-connections:{action}"));
    };
    refused(viewer.post(PATH, &wish("2")).await.refused(403, "FORBIDDEN"), "write");
    refused(viewer.patch(&path, &json!({ "label": "Mine" })).await.refused(403, "FORBIDDEN"), "write");
    refused(viewer.delete(&path).await.refused(403, "FORBIDDEN"), "delete");
    refused(viewer.post(&format!("{path}/test"), &json!({})).await.refused(403, "FORBIDDEN"), "execute");
    assert!(fake.asked().is_empty());
    assert_eq!(viewer.get(&path).await.ok(), owner.get(&path).await.ok());
    let nobody = app.member([]).await;
    refused(nobody.get(PATH).await.refused(403, "FORBIDDEN"), "read");
    refused(nobody.get(&format!("{path}/balances")).await.refused(403, "FORBIDDEN"), "read");
    nobody.get("/api/v1/exchanges").await.refused(403, "FORBIDDEN");
}
