use crate::device::Device;
use passkeys::PasskeySettings;
use testkit::{Answer, Client, PgPool, TestApp, Value, json};

pub(crate) const ORIGIN: &str = "http://localhost:3000";
pub(crate) const COOKIE: &str = "better-auth.better-auth-passkey";
pub(crate) const ASK_NEW: &str = "/api/auth/passkey/generate-register-options";
pub(crate) const REGISTER: &str = "/api/auth/passkey/verify-registration";
pub(crate) const ASK: &str = "/api/auth/passkey/generate-authenticate-options";
pub(crate) const SIGN_IN: &str = "/api/auth/passkey/verify-authentication";
pub(crate) const LIST: &str = "/api/auth/passkey/list-user-passkeys";
pub(crate) const UPDATE: &str = "/api/auth/passkey/update-passkey";
pub(crate) const DELETE: &str = "/api/auth/passkey/delete-passkey";

/// The application at a domain, which passkeys need.
pub(crate) async fn app(db: PgPool) -> TestApp {
    app_at(db, ORIGIN, &[], None).await
}

/// The application at this address, with these further origins whose pages may call and this domain of passkeys.
pub(crate) async fn app_at(db: PgPool, base_url: &str, trusted: &[&str], domain: Option<&str>) -> TestApp {
    TestApp::with(db, [passkeys::module()], |mut parts| {
        base_url.clone_into(&mut parts.settings.base_url);
        parts.settings.trusted_origins = trusted.iter().map(|&origin| origin.to_owned()).collect();
        parts.provide(PasskeySettings { domain: domain.map(str::to_owned) })
    })
    .await
}

/// The values that the answer sets for this cookie.
pub(crate) fn set_cookie(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
    lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned).next()
}

/// The same caller, from a page of ours with the cookie of the question.
pub(crate) fn asked(client: &Client, answer: &Answer) -> Client {
    let cookie = set_cookie(answer, COOKIE).unwrap();
    let value = cookie.split(';').next().unwrap();
    client.with("cookie", format!("{COOKIE}={value}")).with("origin", ORIGIN)
}

/// Asks, and gives what is to be answered to whom.
pub(crate) async fn ask(client: &Client, path: &str) -> (Client, Value) {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (asked(client, &answer), answer.body())
}

/// Registers a device.
pub(crate) async fn register(client: &Client, device: &mut Device) -> Value {
    let (client, options) = ask(client, ASK_NEW).await;
    let form = json!({ "response": device.create(&options), "name": "Phone" });
    success(&client.post(REGISTER, &form).await)
}

/// Signs in by a device.
pub(crate) async fn sign_in(app: &TestApp, device: &mut Device) -> Answer {
    let (client, options) = ask(&app.stranger(), ASK).await;
    client.post(SIGN_IN, &json!({ "response": device.get(&options) })).await
}

/// Checks the status and answers the body, which says that it is a success.
#[track_caller]
pub(crate) fn success(answer: &Answer) -> Value {
    let body = answer.body();
    assert_eq!((answer.status.as_u16(), &body["success"]), (200, &json!(true)), "{body}");
    body
}

/// How many rows a statement counts.
pub(crate) async fn count(app: &TestApp, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(app.system().await.conn()).await.unwrap()
}

/// Does what no operation does.
pub(crate) async fn execute(app: &TestApp, statement: &'static str, user: uuid::Uuid) {
    let mut tx = app.system().await;
    sqlx::query(statement).bind(user).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// What the trail says of an action: who did it, to what, and what was and is.
pub(crate) async fn trail(
    app: &TestApp,
    action: &str,
) -> Vec<(Option<uuid::Uuid>, String, Option<Value>, Option<Value>)> {
    sqlx::query_as("select actor_id, resource_id, before, after from audit_entries where action = $1 order by id")
        .bind(action)
        .fetch_all(app.system().await.conn())
        .await
        .unwrap()
}
