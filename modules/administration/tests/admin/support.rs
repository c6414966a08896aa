use testkit::{Answer, Client, Member, PgPool, TestApp, Value, json};
use users::{Email, Role};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [administration::module()]).await
}

/// A member with a role on the platform.
pub(crate) async fn with_role(app: &TestApp, role: Role) -> Member {
    let member = app.member(["audit:read"]).await;
    let mut tx = app.system().await;
    let email = Email::parse(&member.email).unwrap();
    let user = users::find_by_email(&mut tx, &email).await.unwrap().unwrap();
    users::promote(&mut tx, &user, role).await.unwrap();
    tx.commit().await.unwrap();
    member
}

pub(crate) async fn admin(app: &TestApp) -> Member {
    with_role(app, Role::Admin).await
}

pub(crate) async fn super_admin(app: &TestApp) -> Member {
    with_role(app, Role::SuperAdmin).await
}

pub(crate) async fn user(app: &TestApp) -> Member {
    app.member(["audit:read"]).await
}

/// Asks for one of the protocol's actions of administrators.
pub(crate) async fn act(by: &Client, action: &str, body: Value) -> Answer {
    by.post(&format!("/api/auth/admin/{action}"), &body).await
}

/// The body of a success.
#[track_caller]
pub(crate) fn success(answer: Answer) -> Value {
    let body = answer.body();
    assert_eq!((answer.status.as_u16(), &body["success"]), (200, &json!(true)), "{body}");
    body
}

pub(crate) async fn done(by: &Client, action: &str, body: Value) -> Value {
    success(act(by, action, body).await)
}

/// A user whom an administrator has made, with the password of the tests.
pub(crate) async fn made(by: &Client, email: &str) -> Value {
    let form = json!({ "email": email, "password": PASSWORD, "name": "Made", "data": { "emailVerified": true } });
    done(by, "create-user", form).await["user"].clone()
}

pub(crate) async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.stranger().post("/api/auth/sign-in/email", &json!({ "email": email, "password": password })).await
}

/// Whether the session of a client lives.
pub(crate) async fn lives(client: &Client) -> bool {
    client.get("/api/user/profile").await.status == 200
}

/// What a browser has in its jar after these answers.
pub(crate) fn jar(answers: &[&Answer]) -> Vec<(String, String)> {
    let mut jar: Vec<(String, String)> = vec![];
    for line in answers.iter().flat_map(|answer| answer.headers.get_all("set-cookie")) {
        let line = line.to_str().unwrap();
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        jar.retain(|(known, _)| known != name);
        if !line.contains("Max-Age=0;") {
            jar.push((name.to_owned(), value.to_owned()));
        }
    }
    jar
}

/// A browser with these cookies, on a page of ours.
pub(crate) fn browser(app: &TestApp, jar: &[(String, String)]) -> Client {
    let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    app.stranger().with("cookie", cookies.join("; ")).with("origin", "http://127.0.0.1:3000")
}

/// Who did this, and who really, in the trails of the platform (`None`) or of a tenant.
pub(crate) async fn actors(
    app: &TestApp,
    tenant: Option<uuid::Uuid>,
    action: &str,
) -> Vec<(Option<uuid::Uuid>, Option<uuid::Uuid>)> {
    sqlx::query_as(
        "select actor_id, impersonator_id from audit_entries
         where tenant_id is not distinct from $1 and action = $2 order by id",
    )
    .bind(tenant)
    .bind(action)
    .fetch_all(app.system().await.conn())
    .await
    .unwrap()
}
