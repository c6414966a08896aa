use crate::fake::{CLIENT, Fake, SECRET};
use secrecy::SecretString;
use social::{ProviderKind, ProviderSettings, Social, SocialSettings};
use sqlx::{Postgres, pool::PoolConnection};
use std::{collections::HashMap, time::Duration};
use testkit::{Answer, Client, PgPool, TestApp, Value, json};
use url::Url;

pub(crate) const US: &str = "http://127.0.0.1:3000";

/// The application, and the platform that it knows as `acme` and, as GitHub, as `github`.
pub(crate) async fn app(db: PgPool) -> (TestApp, Fake) {
    app_with(db, |settings| settings).await
}

pub(crate) async fn app_with(db: PgPool, change: impl FnOnce(SocialSettings) -> SocialSettings) -> (TestApp, Fake) {
    let fake = Fake::start().await;
    let provider = |name: &str, kind| ProviderSettings {
        name: name.to_owned(),
        kind,
        client_id: CLIENT.to_owned(),
        client_secret: SecretString::from(SECRET),
    };
    let url = |path: &str| Url::parse(&format!("{}{path}", fake.url)).unwrap();
    let settings = SocialSettings {
        providers: vec![
            provider("acme", ProviderKind::OpenId { issuer: url("") }),
            provider("github", ProviderKind::GitHub { base: Some(url("/github")) }),
        ],
        timeout: Duration::from_secs(2),
        ..SocialSettings::default()
    };
    let social = Social::new(change(settings));
    (TestApp::with(db, [social::module()], |parts| parts.provide(social)).await, fake)
}

/// Somebody on their way to a platform.
pub(crate) struct Trip {
    /// The platform's page.
    pub(crate) url: Url,
    /// A browser with the cookies of the journey.
    pub(crate) browser: Client,
}

impl Trip {
    /// What the platform was asked.
    pub(crate) fn asked(&self) -> HashMap<String, String> {
        self.url.query_pairs().into_owned().collect()
    }

    pub(crate) fn state(&self) -> String {
        self.asked()["state"].clone()
    }

    /// Comes back with a code.
    pub(crate) async fn back(&self, provider: &str, code: &str) -> Answer {
        let state = self.state();
        self.browser.get(&format!("/api/auth/callback/{provider}?code={code}&state={state}")).await
    }
}

/// Sets out, as this form says.
pub(crate) async fn depart(app: &TestApp, form: &Value) -> Trip {
    trip(app, &app.stranger().post("/api/auth/sign-in/social", form).await)
}

/// Whom an answer sends away.
pub(crate) fn trip(app: &TestApp, answer: &Answer) -> Trip {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    let url = Url::parse(answer.body()["url"].as_str().unwrap()).unwrap();
    Trip { url, browser: browser(app, answer) }
}

/// Who calls with the cookies of an answer.
pub(crate) fn browser(app: &TestApp, answer: &Answer) -> Client {
    let lines = set_cookies(answer);
    let pairs: Vec<_> = lines.iter().filter_map(|line| line.split(';').next()).collect();
    app.stranger().with("cookie", pairs.join("; ")).with("origin", US)
}

pub(crate) fn set_cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// The usual form.
pub(crate) fn form() -> Value {
    json!({ "provider": "acme", "callbackURL": "/home", "errorCallbackURL": "/oops?x=1", "newUserCallbackURL": "/new" })
}

/// Goes there and comes back.
pub(crate) async fn round_trip(app: &TestApp, fake: &Fake) -> Answer {
    let trip = depart(app, &form()).await;
    let code = fake.agree(&trip.url);
    trip.back("acme", &code).await
}

/// Where an answer leads.
#[track_caller]
pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 302, "{}", answer.text());
    answer.header("location").to_owned()
}

/// Checks that somebody is turned back, and why.
#[track_caller]
pub(crate) fn turned_back(answer: &Answer, code: &str) {
    assert_eq!(location(answer), format!("/oops?x=1&error={code}"));
    let session = set_cookies(answer).into_iter().find(|it| it.contains("session_token=") && !it.contains("Max-Age=0"));
    assert_eq!(session, None);
}

/// The session of whoever an answer has let in.
pub(crate) async fn session(app: &TestApp, answer: &Answer) -> Value {
    browser(app, answer).get("/api/auth/get-session").await.body()
}

/// Signs in, and calls with the session.
pub(crate) async fn signed_in(app: &TestApp, fake: &Fake) -> Client {
    let answer = round_trip(app, fake).await;
    assert!(["/home", "/new"].contains(&location(&answer).as_str()), "{}", location(&answer));
    browser(app, &answer)
}

pub(crate) async fn count(db: &PgPool, table: &str) -> i64 {
    let statement = format!("select count(*) from {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut *system(db).await).await.unwrap()
}

/// The actions of the audit trail on a kind of thing, by name.
pub(crate) async fn trail(db: &PgPool, resource: &str) -> Vec<String> {
    sqlx::query_scalar("select action from audit_entries where resource = $1 order by action")
        .bind(resource.to_owned())
        .fetch_all(&mut *system(db).await)
        .await
        .unwrap()
}

/// A connection that sees what everybody has.
pub(crate) async fn system(db: &PgPool) -> PoolConnection<Postgres> {
    let mut connection = db.acquire().await.unwrap();
    sqlx::raw_sql("set role botcriptofy_system").execute(&mut *connection).await.unwrap();
    connection
}
