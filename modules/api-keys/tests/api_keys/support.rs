use audit::Change;
use kit::{Caller, Json, Module, Result, Route, SignedIn, get, permission, post, routes};
use testkit::{Answer, Client, Member, PgPool, TestApp, Value, json};
use uuid::Uuid;

permission!(ReadThings = "things:read");
permission!(WriteThings = "things:write");

static ROUTES: &[Route] = routes![see, touch, mine];
pub(crate) const THINGS: Module = Module { name: "things", routes: ROUTES, ..Module::EMPTY };

/// Shows who calls, and in which tenant.
#[get("/things")]
async fn see(caller: Caller<ReadThings>) -> Result<Json<Value>> {
    Ok(Json(json!({ "user": caller.user().id, "tenant": caller.membership().tenant })))
}

/// Touches a thing.
#[post("/things")]
async fn touch(caller: Caller<WriteThings>) -> Result<Json<Value>> {
    let mut tx = caller.begin().await?;
    audit::record(&mut tx, Change::new("thing", "1", "thing.touched")).await?;
    tx.commit().await?;
    Ok(Json(json!(null)))
}

/// Shows what is the user's own.
#[get("/mine")]
async fn mine(user: SignedIn) -> Result<Json<Uuid>> {
    Ok(Json(user.user().id))
}

pub(crate) async fn app(db: PgPool) -> TestApp {
    TestApp::new(db, [api_keys::module(), THINGS]).await
}

/// A user who holds what the tests ask for.
pub(crate) async fn ana(app: &TestApp) -> Member {
    app.member(["things:read", "things:write", "audit:read"]).await
}

/// A key that has been made.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Who calls by it.
    pub(crate) bot: Client,
    /// What was answered when it was made.
    pub(crate) made: Value,
}

/// A key of a user's, with whatever is wished beyond the permission to see things.
pub(crate) async fn key(app: &TestApp, of: &Client, wish: Value) -> Key {
    let mut form = json!({ "permissions": { "things": ["read"] } });
    form.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    let answer = of.post("/api/auth/api-key/create", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    read(app, answer.body())
}

/// The key of an answer that shows a new one.
pub(crate) fn read(app: &TestApp, made: Value) -> Key {
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let (id, secret) = (text("id"), text("key"));
    Key { bot: app.stranger().with("x-api-key", &secret), id, secret, made }
}

/// Changes a key.
pub(crate) async fn update(of: &Client, key: &Key, mut wish: Value) -> Answer {
    wish["keyId"] = json!(key.id);
    of.post("/api/auth/api-key/update", &wish).await
}

/// A 200's body.
#[track_caller]
pub(crate) fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.body()["success"], true);
    answer.body()
}

/// The tenant's entries of an action, the newest first.
pub(crate) async fn entries(of: &Client, action: &str) -> Vec<Value> {
    of.get(&format!("/api/v1/audit?action={action}")).await.ok().as_array().unwrap().clone()
}

/// Runs a statement as the operator.
pub(crate) async fn sql(db: &PgPool, statement: String) {
    let mut connection = db.acquire().await.unwrap();
    let statement = format!("set role botcriptofy_system; {statement}; reset role");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await.unwrap();
}
