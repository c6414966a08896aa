//! How often somebody may call, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use chrono::TimeDelta;
use futures::future::join_all;
use kit::{
    App, AppParts, Identity, Json, LimitSettings, LocalLimits, Module, Public, Result, Route, Settings, SignedIn,
    Subject, TenantHint, get, post, routes,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{Answer, Client, PgPool, TestApp, Value, db_test, json, limits};

static ROUTES: &[Route] = routes![hello, mine, enter, change, watch, breaking];
const MODULE: Module = Module { name: "doors", routes: ROUTES, ..Module::EMPTY };

/// Greets.
#[get("/hello")]
async fn hello(_: Public) -> Result<Json<&'static str>> {
    Ok(Json("hello"))
}

/// Tells what is one's own.
#[get("/mine")]
async fn mine(user: SignedIn) -> Result<Json<String>> {
    Ok(Json(user.user().email.clone()))
}

/// Tests a secret of anyone.
#[post("/enter", strict)]
async fn enter(_: Public) -> Result<Json<()>> {
    Ok(Json(()))
}

/// Tests a secret of somebody who is signed in.
#[post("/change", strict)]
async fn change(_: SignedIn) -> Result<Json<()>> {
    Ok(Json(()))
}

/// Tells those who watch.
#[get("/watch", unlimited)]
async fn watch(_: Public) -> Result<Json<()>> {
    Ok(Json(()))
}

/// Breaks.
#[get("/breaking")]
async fn breaking(_: Public) -> Result<Json<()>> {
    panic!("broken")
}

async fn limited(db: PgPool, per_minute: u32, auth_per_minute: u32) -> TestApp {
    TestApp::limited(db, [MODULE], LimitSettings { per_minute, auth_per_minute }).await
}

async fn enter_from(client: &Client) -> Answer {
    client.post("/enter", &json!({})).await
}

/// What an answer says of how much is left.
fn left(answer: &Answer) -> [&str; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| answer.header(name))
}

async fn admitted(client: &Client, path: &str, requests: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..requests {
        admitted += usize::from(client.get(path).await.status != 429);
    }
    admitted
}

#[db_test]
async fn every_answer_tells_how_much_is_left(db: PgPool) {
    let app = limited(db, 10, 5).await;
    let client = app.stranger().from("192.0.2.1");
    assert_eq!(left(&client.get("/hello").await), ["10", "9", "6"]);
    for (path, status, remaining) in [("/nowhere", 404, "8"), ("/mine", 401, "7"), ("/breaking", 500, "6")] {
        let answer = client.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit-remaining")), (status, remaining), "{path}");
    }
    assert_eq!(client.delete("/hello").await.header("ratelimit-remaining"), "5", "a method that the path lacks");
    assert_eq!(client.send("HEAD", "/hello", "".into(), None).await.header("ratelimit-remaining"), "4");
}

#[db_test]
async fn a_burst_passes_until_the_limit_and_the_refusal_says_when_to_come_back(db: PgPool) {
    let app = limited(db, 10, 5).await;
    let client = app.stranger().from("192.0.2.1");
    assert_eq!(admitted(&client, "/hello", 10).await, 10);
    let answer = client.with("origin", "http://127.0.0.1:3000").get("/hello").await;
    assert_eq!(left(&answer), ["5", "0", "60"]);
    assert_eq!((answer.header("retry-after"), answer.header("x-retry-after")), ("12", "12"));
    let exposed = answer.header("access-control-expose-headers").to_owned();
    for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after", "x-retry-after"] {
        assert!(exposed.contains(name), "{name}: {exposed}");
    }
    let body = answer.refused(429, "RATE_LIMITED");
    assert_eq!(body["message"], "Too many requests. Please try again later.");
    assert_eq!((&body["error"], &body["context"]["retryAfter"]), (&json!("RateLimitError"), &json!(12)));
    app.clock().advance(TimeDelta::milliseconds(11_999));
    client.get("/hello").await.refused(429, "RATE_LIMITED");
    app.clock().advance(TimeDelta::milliseconds(1));
    client.get("/hello").await.ok();
}

#[db_test]
async fn a_steady_caller_is_never_refused(db: PgPool) {
    let app = limited(db, 100, 5).await;
    let client = app.stranger().from("192.0.2.1");
    for _ in 0..250 {
        assert_eq!(left(&client.get("/hello").await), ["100", "99", "1"]);
        app.clock().advance(TimeDelta::milliseconds(600));
    }
}

#[db_test]
async fn users_behind_one_address_are_counted_apart_wherever_they_call_from(db: PgPool) {
    let app = limited(db, 5, 5).await;
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    assert_eq!(admitted(&ana.from("192.0.2.1"), "/mine", 9).await, 5);
    assert_eq!(admitted(&bob.from("192.0.2.1"), "/mine", 9).await, 5);
    assert_eq!(admitted(&app.stranger().from("192.0.2.1"), "/hello", 9).await, 5);
    ana.from("198.51.100.7").get("/mine").await.refused(429, "RATE_LIMITED");
    ana.from("198.51.100.7").get("/hello").await.refused(429, "RATE_LIMITED");
}

#[db_test]
async fn a_token_that_opens_nothing_counts_for_its_address(db: PgPool) {
    let app = limited(db, 5, 5).await;
    let guess = |number: usize| app.stranger().from("192.0.2.1").with("authorization", format!("Bearer {number:032}"));
    for number in 0..5 {
        guess(number).get("/mine").await.refused(401, "UNAUTHORIZED");
    }
    guess(5).get("/mine").await.refused(429, "RATE_LIMITED");
    app.stranger().from("192.0.2.1").get("/hello").await.refused(429, "RATE_LIMITED");
    app.stranger().from("192.0.2.2").get("/hello").await.ok();
}

#[db_test]
async fn a_forwarded_address_is_believed_only_from_a_trusted_proxy(db: PgPool) {
    let app = TestApp::with(db, [MODULE], |parts: AppParts| {
        let limits = Some(LimitSettings { per_minute: 3, auth_per_minute: 3 });
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        AppParts { settings: Settings { limits, trusted_proxies, ..parts.settings.clone() }, ..parts }
    })
    .await;
    let spoof =
        |peer: &str, number: u8| app.stranger().from(peer).with("x-forwarded-for", format!("198.51.100.{number}"));
    for number in 0..3 {
        spoof("192.0.2.1", number).get("/hello").await.ok();
    }
    spoof("192.0.2.1", 9).get("/hello").await.refused(429, "RATE_LIMITED");
    for number in 0..9 {
        spoof("10.0.0.1", number).get("/hello").await.ok();
    }
    // what the client itself wrote before the proxy's entry is not believed either
    for number in 0..3 {
        let chain = format!("203.0.113.{number}, 198.51.100.200");
        app.stranger().from("10.0.0.1").with("x-forwarded-for", chain).get("/hello").await.ok();
    }
    spoof("10.0.0.1", 200).get("/hello").await.refused(429, "RATE_LIMITED");
}

#[db_test]
async fn neighbours_in_an_ipv6_network_are_counted_together(db: PgPool) {
    let app = limited(db, 3, 3).await;
    for host in 1..=3 {
        app.stranger().from(&format!("2001:db8:0:1::{host}")).get("/hello").await.ok();
    }
    app.stranger().from("2001:db8:0:1:ffff:ffff:ffff:ffff").get("/hello").await.refused(429, "RATE_LIMITED");
    app.stranger().from("2001:db8:0:2::1").get("/hello").await.ok();
    assert_eq!(left(&app.stranger().from("192.0.2.1").get("/hello").await), ["3", "2", "20"]);
    assert_eq!(left(&app.stranger().from("::ffff:192.0.2.1").get("/hello").await), ["3", "1", "40"]);
}

#[db_test]
async fn a_strict_operation_is_counted_apart_and_over_everything_too(db: PgPool) {
    let app = limited(db, 8, 3).await;
    let client = app.stranger().from("192.0.2.1");
    for remaining in ["2", "1", "0"] {
        assert_eq!(left(&enter_from(&client).await)[..2], ["3", remaining]);
    }
    assert_eq!(left(&enter_from(&client).await)[..2], ["1", "0"]);
    enter_from(&client).await.refused(429, "RATE_LIMITED");
    assert_eq!(left(&client.get("/hello").await)[..2], ["8", "4"], "the refused ones cost nothing elsewhere");
    assert_eq!(admitted(&client, "/hello", 9).await, 4);
    app.clock().advance(TimeDelta::minutes(10));
    assert_eq!(admitted(&client, "/hello", 8).await, 8);
    assert_eq!(left(&enter_from(&client).await), ["4", "0", "60"], "everything together is used up");
}

#[db_test]
async fn what_anyone_may_try_is_counted_by_address_whoever_is_signed_in(db: PgPool) {
    let app = limited(db, 100, 3).await;
    for _ in 0..3 {
        enter_from(&app.member([]).await.from("192.0.2.1")).await.ok();
    }
    enter_from(&app.member([]).await.from("192.0.2.1")).await.refused(429, "RATE_LIMITED");
    let (ana, bob) = (app.member([]).await, app.member([]).await);
    for _ in 0..3 {
        ana.from("192.0.2.1").post("/change", &json!({})).await.ok();
    }
    ana.from("192.0.2.9").post("/change", &json!({})).await.refused(429, "RATE_LIMITED");
    bob.from("192.0.2.1").post("/change", &json!({})).await.ok();
}

#[db_test]
async fn whoever_goes_on_when_refused_has_less_and_gets_it_back(db: PgPool) {
    let app = limited(db, 100, 5).await;
    let client = app.stranger().from("192.0.2.1");
    for limit in ["50", "25", "12", "10", "10"] {
        admitted(&client, "/hello", 110).await;
        assert_eq!(left(&client.get("/hello").await)[..2], [limit, "0"]);
        app.clock().advance(TimeDelta::seconds(59));
        admitted(&client, "/hello", 110).await;
        assert_eq!(left(&client.get("/hello").await)[0], limit, "within the minute it does not get worse");
        app.clock().advance(TimeDelta::seconds(1));
    }
    for limit in ["12", "25", "50", "100", "100"] {
        app.clock().advance(TimeDelta::minutes(1));
        assert_eq!(left(&client.get("/hello").await)[0], limit);
    }
}

#[db_test]
async fn of_a_hundred_at_once_just_as_many_pass_as_may(db: PgPool) {
    let app = limited(db, 37, 7).await;
    let client = app.stranger().from("192.0.2.1");
    let answers = join_all((0..100).map(|_| client.get("/hello"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 37);
    let other = app.stranger().from("192.0.2.2");
    let answers = join_all((0..100).map(|_| enter_from(&other))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 7);
}

#[db_test]
async fn those_who_watch_may_ask_always(db: PgPool) {
    let app = limited(db, 2, 2).await;
    let client = app.stranger().from("192.0.2.1");
    assert_eq!(admitted(&client, "/hello", 9).await, 2);
    for _ in 0..9 {
        let answer = client.get("/watch").await;
        assert_eq!((answer.status.as_u16(), left(&answer)), (200, ["", "", ""]));
    }
}

#[db_test]
async fn without_limits_nothing_is_counted(db: PgPool) {
    let app = TestApp::new(db, [MODULE]).await;
    let answers = join_all((0..150).map(|_| async { enter_from(&app.stranger()).await })).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && left(answer) == ["", "", ""]));
    assert!(app.document()["paths"]["/hello"]["get"]["x-rate-limit"].is_null());
}

#[db_test]
async fn the_document_says_how_often_an_operation_may_be_called(db: PgPool) {
    let app = limited(db, 60, 4).await;
    let paths = &app.document()["paths"];
    let said = |path: &str, method: &str| paths[path][method]["x-rate-limit"].clone();
    assert_eq!(said("/hello", "get"), json!({ "perMinute": 60, "countedBy": "caller" }));
    assert_eq!(said("/enter", "post"), json!({ "perMinute": 4, "countedBy": "address and operation" }));
    assert_eq!(said("/change", "post"), json!({ "perMinute": 4, "countedBy": "caller and operation" }));
    assert_eq!(said("/watch", "get"), Value::Null);
    assert!(paths["/watch"]["get"]["responses"]["429"].is_null());
    assert_eq!(paths["/hello"]["get"]["responses"]["429"]["$ref"], "#/components/responses/429");
    let headers = &app.document()["components"]["responses"]["429"]["headers"];
    assert!(headers["retry-after"].is_object() && headers["ratelimit-reset"].is_object(), "{headers}");
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

fn counting<'a>(
    app: &'a App,
    parts: &'a axum::http::request::Parts,
    hint: TenantHint,
) -> futures::future::BoxFuture<'a, Result<Option<Identity>>> {
    ASKED.fetch_add(1, Ordering::SeqCst);
    auth::identify(app, parts, hint)
}

#[db_test]
async fn who_calls_is_asked_once(db: PgPool) {
    let app = TestApp::with(db, [MODULE], |mut parts: AppParts| {
        parts.settings.limits = Some(LimitSettings::default());
        AppParts { identify: counting, ..parts }
    })
    .await;
    let ana = app.member([]).await;
    for (number, path) in
        ["/mine", "/api/auth/list-sessions", "/api/auth/get-session", "/hello"].into_iter().enumerate()
    {
        assert_eq!(ana.get(path).await.status, 200, "{path}");
        assert_eq!(ASKED.load(Ordering::SeqCst), number + 1, "{path}");
    }
    ana.with("x-tenant-id", "nonsense").get("/mine").await.refused(404, "TENANT_NOT_FOUND");
    assert!(ana.get("/api/auth/get-session").await.body()["user"]["email"].is_string());
}

#[db_test]
async fn addresses_without_number_take_no_memory_without_bound(_db: PgPool) {
    let limits = LocalLimits::default();
    for number in 0..10_000_u32 {
        count(&limits, number, 0).await;
    }
    assert_eq!(limits.kept(), 10_000);
    for number in 0..400_000_u32 {
        count(&limits, number, 1).await;
    }
    assert!(limits.kept() <= 131_072, "{}", limits.kept());
    // whoever was seen last is still known
    assert!(!limits_of(&limits, 399_999).await.is_empty());
    for number in 0..64 {
        count(&limits, number, 400_000).await;
        count(&limits, number, 800_000).await;
    }
    assert!(limits.kept() < 100_000, "what has not been used for long is forgotten: {}", limits.kept());
}

fn subject(number: u32) -> Subject {
    Subject::at(std::net::Ipv4Addr::from(number).into())
}

async fn count(limits: &LocalLimits, number: u32, at: i64) {
    use kit::Limiter;
    let charge = kit::Charge { subject: subject(number), bucket: kit::EVERYTHING, limit: 100 };
    limits.charge(&charge, kit::Time::from_millis(1_767_614_400_000 + at)).await.unwrap();
}

async fn limits_of(limits: &LocalLimits, number: u32) -> Vec<(String, kit::LimitState)> {
    kit::Limiter::states(limits, subject(number)).await.unwrap()
}

#[test]
fn the_memory_of_the_process_behaves_as_every_limiter() {
    futures::executor::block_on(limits::behaves(&LocalLimits::default()));
}
