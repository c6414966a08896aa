use testkit::{Answer, Client, TestApp, Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// What signs this address up.
pub(crate) fn form(email: &str) -> Value {
    json!({ "name": "Ana Souza", "email": email, "password": PASSWORD })
}

/// The link of the newest mail to this address, as a path.
#[track_caller]
pub(crate) fn link(app: &TestApp, email: &str) -> String {
    let mail = app.outbox().newest_to(email);
    let link = mail.text.lines().find(|line| line.starts_with("http")).expect("a link");
    link.strip_prefix("http://127.0.0.1:3000").expect("a link to us").to_owned()
}

/// A user who has signed up and verified the address.
pub(crate) async fn user(app: &TestApp, email: &str) {
    let stranger = app.stranger();
    assert_eq!(stranger.post("/api/auth/sign-up/email", &form(email)).await.status, 200);
    app.run_jobs().await;
    assert_eq!(stranger.get(&link(app, email)).await.status, 302);
}

/// A session of such a user: who calls with its cookie, from a page that may, and the answer that opened it.
pub(crate) async fn session(app: &TestApp, email: &str) -> (Client, Value) {
    let credentials = json!({ "email": email, "password": PASSWORD });
    let answer = app.stranger().post("/api/auth/sign-in/email", &credentials).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (browser(app, &cookies(&answer)), answer.body())
}

/// Who calls with these cookies, from a page of ours.
pub(crate) fn browser(app: &TestApp, cookies: &str) -> Client {
    app.stranger().with("cookie", cookies).with("origin", "http://127.0.0.1:3000")
}

/// Every `Set-Cookie` of an answer.
pub(crate) fn set_cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines.map(|line| line.to_str().expect("a plain text").to_owned()).collect()
}

/// What a browser would send back.
pub(crate) fn cookies(answer: &Answer) -> String {
    let pairs: Vec<_> =
        set_cookies(answer).iter().filter_map(|line| line.split(';').next().map(str::to_owned)).collect();
    pairs.join("; ")
}

/// Checks the status and answers the body, which says that it is a success.
#[track_caller]
pub(crate) fn success(answer: &Answer) -> Value {
    let body = answer.body();
    assert_eq!((answer.status.as_u16(), &body["success"]), (200, &json!(true)), "{body}");
    body
}

/// Checks status, code and message.
#[track_caller]
pub(crate) fn failure(answer: Answer, status: u16, code: &str, message: &str) {
    assert_eq!(answer.refused(status, code)["message"], message);
}

/// The names of an object's fields.
pub(crate) fn fields(object: &Value) -> Vec<&str> {
    object.as_object().into_iter().flat_map(|object| object.keys().map(String::as_str)).collect()
}

/// A user with a second factor.
pub(crate) struct Enabled {
    /// A session of theirs.
    pub(crate) client: Client,
    /// What the authenticator reads.
    pub(crate) uri: String,
    pub(crate) backup_codes: Vec<String>,
}

/// A user who has set up a second factor, half a minute ago: the code of this moment is unused.
pub(crate) async fn enabled(app: &TestApp, email: &str) -> Enabled {
    user(app, email).await;
    let (client, _) = session(app, email).await;
    let setup = success(&client.post("/api/auth/two-factor/enable", &json!({ "password": PASSWORD })).await);
    let uri = setup["totpURI"].as_str().expect("a URI").to_owned();
    let answer = client.post("/api/auth/two-factor/verify-totp", &json!({ "code": code(app, &uri, 0) })).await;
    success(&answer);
    app.run_jobs().await;
    app.clock().advance(chrono::TimeDelta::seconds(30));
    let codes = setup["backupCodes"].as_array().into_iter().flatten();
    let backup_codes = codes.filter_map(Value::as_str).map(str::to_owned).collect();
    Enabled { client: browser(app, &cookies(&answer)), uri, backup_codes }
}

/// The code that an authenticator shows so many steps from now.
pub(crate) fn code(app: &TestApp, uri: &str, steps: i64) -> String {
    let secret = uri.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).expect("a secret");
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(secret).build().expect("a sound secret");
    totp.generate((app.clock().now().millis() / 1000 + 30 * steps).unsigned_abs()).to_string()
}

/// Whoever has given this user's password, and is asked for the second factor.
pub(crate) async fn asked(app: &TestApp, email: &str) -> Client {
    let credentials = json!({ "email": email, "password": PASSWORD });
    let answer = app.stranger().post("/api/auth/sign-in/email", &credentials).await;
    assert_eq!(success(&answer)["twoFactorRedirect"], true, "{}", answer.text());
    browser(app, &cookies(&answer))
}

/// Changes the database behind the application's back.
pub(crate) async fn execute(app: &TestApp, statement: &'static str) {
    let mut tx = app.system().await;
    sqlx::query(statement).execute(tx.conn()).await.expect("a sound statement");
    tx.commit().await.expect("it lasts");
}

/// What the database says.
pub(crate) async fn scalar<T>(app: &TestApp, query: &'static str) -> T
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
{
    let mut tx = app.system().await;
    sqlx::query_scalar(query).fetch_one(tx.conn()).await.expect("an answer")
}

/// A user with a session.
pub(crate) async fn signed_up(app: &TestApp, email: &str) -> (Client, Value) {
    user(app, email).await;
    session(app, email).await
}

/// The status of an attempt to sign in by this password.
pub(crate) async fn sign_in(app: &TestApp, email: &str, password: &str) -> u16 {
    let credentials = json!({ "email": email, "password": password });
    app.stranger().post("/api/auth/sign-in/email", &credentials).await.status.as_u16()
}

/// Whether the client has a session.
pub(crate) async fn is_in(client: &Client) -> bool {
    !client.get("/api/auth/get-session").await.body().is_null()
}

/// What somebody's trail says that was done, in the name of nobody's tenant too.
pub(crate) async fn actions(app: &TestApp) -> Vec<String> {
    let mut tx = app.system().await;
    let actions = sqlx::query_scalar("select action from audit_entries order by id");
    actions.fetch_all(tx.conn()).await.expect("the trail")
}
