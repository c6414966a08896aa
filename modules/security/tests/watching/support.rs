use testkit::{Client, Member, TestApp, Value, json};
use users::Role;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A member who is an operator of the platform, of this role.
pub(crate) async fn operator(app: &TestApp, role: Role) -> Member {
    let member = app.member([]).await;
    let mut tx = app.system().await;
    let user = users::find(&mut tx, member.user).await.unwrap().unwrap();
    users::promote(&mut tx, &user, role).await.unwrap();
    tx.commit().await.unwrap();
    member
}

/// Gives a member a password to sign in with.
pub(crate) async fn with_password(app: &TestApp, member: &Member) {
    let hash = auth::hash_new_password(app.app(), PASSWORD).await.unwrap();
    let mut tx = app.system().await;
    auth::set_password(&mut tx, member.user, &hash).await.unwrap();
    tx.commit().await.unwrap();
}

/// Signs in from an address, and answers who calls with the session.
pub(crate) async fn sign_in(app: &TestApp, email: &str, ip: &str) -> Client {
    let credentials = json!({ "email": email, "password": PASSWORD });
    let answer = app.stranger().from(ip).post("/api/auth/sign-in/email", &credentials).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app.run_jobs().await;
    let token = answer.body()["token"].as_str().unwrap().to_owned();
    app.stranger().from(ip).with("authorization", format!("Bearer {token}"))
}

/// The kinds of these events, the oldest first.
pub(crate) fn kinds(events: &Value) -> Vec<String> {
    let kinds = events.as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned());
    let mut kinds: Vec<_> = kinds.collect();
    kinds.reverse();
    kinds
}

/// What a caller is shown of their own events, the newest first.
pub(crate) async fn own_events(client: &Client) -> Value {
    let mut events = client.get("/api/user/security-events?limit=100").await.ok();
    // what prepares a test is done from nowhere
    events.as_array_mut().unwrap().retain(|event| !event["ip"].is_null());
    events
}

/// Every event of the platform, the newest first.
pub(crate) async fn all_events(operator: &Member, filter: &str) -> Value {
    operator.get(&format!("/api/v1/security/platform/events?limit=100&{filter}")).await.ok()
}
