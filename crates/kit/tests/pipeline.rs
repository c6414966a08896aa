//! What the pipeline promises of every request, whatever the operation.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use axum::body::Body;
use garde::Validate;
use kit::{
    AppParts, Caller, Error, Json, Module, Page, Paging, Path, Public, Result, Route, Settings, get, permission, post,
    routes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use testkit::{Client, PgPool, TestApp, Value, db_test, json};

permission!(WriteThings = "things:write");

static ROUTES: &[Route] = routes![list, echo, create, show, panicking, slow];
const MODULE: Module = Module { name: "things", routes: ROUTES, ..Module::EMPTY };

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Thing {
    #[garde(length(min = 1, max = 10))]
    name: String,
    #[garde(dive)]
    #[serde(default)]
    parts: Vec<Part>,
    #[garde(skip)]
    #[serde(default)]
    password: String,
}

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Part {
    #[garde(range(min = 1, max = 5))]
    weight: u32,
    #[garde(length(max = 3))]
    #[serde(default, rename = "bestBefore")]
    best_before: String,
}

/// Lists what was asked for.
#[get("/things")]
async fn list(_: Public, paging: Paging) -> Result<Page<i64>> {
    let order = paging.order(&[("name", "name"), ("createdAt", "created_at")], "id")?;
    let data = vec![paging.page, paging.limit, i64::try_from(order.len()).map_err(Error::internal)?];
    Ok(Page::new(data, &paging, 45))
}

/// Says again what it is told.
#[post("/echo")]
async fn echo(_: Public, Json(thing): Json<Thing>) -> Result<Json<Value>> {
    Ok(Json(json!(thing)))
}

/// Creates a thing.
#[post("/things")]
async fn create(_: Caller<WriteThings>, Json(thing): Json<Thing>) -> Result<Json<Value>> {
    Ok(Json(json!(thing)))
}

/// Shows a thing.
#[get("/things/{id}")]
async fn show(_: Public, Path(id): Path<u32>) -> Result<Json<u32>> {
    Err(Error::not_found("thing").with("id", id).source("the shelf is empty"))
}

/// Breaks.
#[get("/panicking")]
async fn panicking(_: Public) -> Result<Json<u32>> {
    panic!("the secret of the house")
}

/// Never answers.
#[get("/slow")]
async fn slow(_: Public) -> Result<Json<u32>> {
    std::future::pending().await
}

async fn stranger(db: PgPool) -> Client {
    stranger_with(db, |settings| settings).await
}

async fn stranger_with(db: PgPool, change: impl FnOnce(Settings) -> Settings) -> Client {
    let change = |parts: AppParts| AppParts { settings: change(parts.settings.clone()), ..parts };
    TestApp::with(db, [MODULE], change).await.stranger()
}

#[db_test]
async fn every_failure_has_the_one_shape(db: PgPool) {
    let client = stranger(db).await;
    let body = client.get("/things/7").await.refused(404, "THING_NOT_FOUND");
    assert_eq!(body["error"], "NotFoundError");
    assert_eq!(body["timestamp"], "2026-01-05T12:00:00.000Z");
    assert_eq!(body["path"], "/things/7");
    assert_eq!(body["context"], json!({ "id": 7 }));
    assert!(!body.to_string().contains("shelf"), "the source is for the log only: {body}");
    assert_eq!(client.get("/nowhere").await.refused(404, "PAGE_NOT_FOUND")["error"], "NotFoundError");
    assert_eq!(client.delete("/things/7").await.refused(405, "METHOD_NOT_ALLOWED")["error"], "MethodNotAllowedError");
    client.get("/things/x").await.refused(400, "BAD_PATH");
    client.get("/things/%FF").await.refused(400, "BAD_PATH");
}

#[db_test]
async fn a_body_that_cannot_be_read_is_refused_precisely(db: PgPool) {
    let client = stranger(db).await;
    let send = async |body: Body, content_type| client.send("POST", "/echo", body, content_type).await;
    let json = Some("application/json");
    send("{".into(), json).await.refused(400, "INVALID_JSON");
    send(r#"{"name": NaN}"#.into(), json).await.refused(400, "INVALID_JSON");
    send(r#"{"name": 1e999}"#.into(), json).await.refused(400, "INVALID_JSON");
    send(vec![b'{', b'"', 0xff, b'"', b'}'].into(), json).await.refused(400, "INVALID_JSON");
    send("[".repeat(100_000).into(), json).await.refused(400, "INVALID_JSON");
    send(Body::empty(), json).await.refused(400, "INVALID_JSON");
    send("{}".into(), Some("text/plain")).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    send("{}".into(), None).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(10 << 20));
    assert_eq!(send(large.into(), json).await.refused(413, "BODY_TOO_LARGE")["context"]["limit"], 1 << 20);
}

#[db_test]
async fn a_body_that_breaks_rules_names_each_by_its_path(db: PgPool) {
    let client = stranger(db).await;
    let refused = async |body, path| client.post("/echo", &body).await.invalid(path);
    refused(json!({ "name": 7 }), "name").await;
    refused(json!({ "name": "a", "colour": "red" }), "colour").await;
    refused(json!({ "name": "a", "parts": [{ "weight": 1 }, { "weight": "x" }] }), "parts[1].weight").await;
    refused(json!({ "name": "a", "parts": [{ "weight": -1 }] }), "parts[0].weight").await;
    let spoilt = json!({ "name": "a", "parts": [{ "weight": 1, "bestBefore": "never" }] });
    refused(spoilt, "parts[0].bestBefore").await;
    refused(json!({ "name": "a\u{0}b" }), "name").await;
    let both = refused(json!({ "name": "", "parts": [{ "weight": 9 }] }), "name").await;
    assert_eq!(both["errors"].as_array().unwrap().len(), 2);
}

#[db_test]
async fn texts_are_trimmed_and_secrets_are_not(db: PgPool) {
    let told = json!({ "name": "  Ana ", "password": " p " });
    let heard = stranger(db).await.post("/echo", &told).await.ok();
    assert_eq!(heard, json!({ "name": "Ana", "parts": [], "password": " p " }));
}

#[db_test]
async fn a_page_out_of_range_is_brought_back(db: PgPool) {
    let client = stranger(db).await;
    let asked = async |query: &str| client.get(&format!("/things?{query}")).await.ok();
    assert_eq!(asked("").await, json!([1, 20, 2]));
    assert_eq!(asked("page=0&limit=0").await, json!([1, 1, 2]));
    assert_eq!(asked("page=-3&limit=101").await, json!([1, 100, 2]));
    assert_eq!(asked("page=2&limit=99999999999999999999999&sort=-name").await, json!([2, 100, "name desc".len()]));
    let meta = client.get("/things?page=2&limit=20").await.body()["meta"].clone();
    assert_eq!(meta, json!({ "page": 2, "limit": 20, "total": 45, "totalPages": 3 }));
    client.get("/things?page=two").await.invalid("page");
    client.get("/things?limit=NaN").await.invalid("limit");
    client.get("/things?sort=name;drop").await.invalid("sort");
}

#[db_test]
async fn a_panic_tells_the_caller_nothing(db: PgPool) {
    let body = stranger(db).await.get("/panicking").await.refused(500, "INTERNAL_ERROR");
    assert!(!body.to_string().contains("house"), "{body}");
}

#[db_test]
async fn an_operation_that_takes_too_long_is_ended(db: PgPool) {
    let hasty = |settings| Settings { request_timeout: Duration::from_millis(5), ..settings };
    let client = stranger_with(db, hasty).await;
    assert_eq!(client.get("/slow").await.refused(504, "TIMED_OUT")["error"], "GatewayTimeoutError");
}

#[db_test]
async fn a_sound_correlation_id_is_taken_and_another_is_made(db: PgPool) {
    let client = stranger(db).await;
    let answered = async |name: &str, value: &str| {
        client.with(name, value).get("/things").await.header("x-correlation-id").to_owned()
    };
    assert_eq!(answered("x-correlation-id", "order-4711.a").await, "order-4711.a");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(answered("traceparent", trace).await, "4bf92f3577b34da6a3ce929d0e0e4736");
    for unsound in ["short", "has spaces in it", &"x".repeat(65)] {
        let made = answered("x-correlation-id", unsound).await;
        assert!(made.len() == 36 && made != unsound, "{unsound}: {made}");
    }
    let refused = client.with("x-correlation-id", "find-me-again").get("/nowhere").await;
    assert_eq!(refused.refused(404, "PAGE_NOT_FOUND")["correlationId"], "find-me-again");
}

#[db_test]
async fn every_answer_carries_the_security_headers(db: PgPool) {
    let production = |settings| Settings { mode: kit::Mode::Production, ..settings };
    let client = stranger_with(db, production).await;
    for path in ["/things", "/nowhere", "/panicking"] {
        let answer = client.get(path).await;
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[db_test]
async fn only_trusted_origins_may_call_from_a_page(db: PgPool) {
    let trusting = |settings| Settings { trusted_origins: vec!["https://app.example".to_owned()], ..settings };
    let client = stranger_with(db, trusting).await;
    let allowed = async |origin: &str| {
        client.with("origin", origin).get("/things").await.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(allowed("https://app.example").await, "https://app.example");
    assert_eq!(allowed("https://evil.example").await, "");
    assert_eq!(allowed("null").await, "");
}

#[db_test]
async fn a_page_of_another_origin_cannot_use_the_users_cookie(db: PgPool) {
    let app = TestApp::new(db, [MODULE]).await;
    let ana = app.member(["things:write"]).await.with("cookie", "any=1");
    let thing = json!({ "name": "a" });
    ana.with("origin", "https://evil.example").post("/things", &thing).await.refused(403, "INVALID_ORIGIN");
    ana.with("origin", "http://127.0.0.1:3000").post("/things", &thing).await.ok();
}

#[db_test]
async fn answers_are_compressed_as_the_client_likes(db: PgPool) {
    let client = stranger(db).await;
    let long = json!({ "name": "a", "password": "x".repeat(4000) });
    for coding in ["gzip", "br", "zstd"] {
        let answer = client.with("accept-encoding", coding).post("/echo", &long).await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.bytes.len() < 500, "{coding}: {}", answer.bytes.len());
    }
}

#[db_test]
async fn the_caller_is_asked_before_the_body_is_read(db: PgPool) {
    let app = TestApp::new(db, [MODULE]).await;
    let broken = async |client: &Client| client.send("POST", "/things", "{".into(), Some("application/json")).await;
    let (reader, writer) = (app.member(["things:read"]).await, app.member(["things:write"]).await);
    broken(&app.stranger()).await.refused(401, "UNAUTHORIZED");
    assert_eq!(broken(&reader).await.refused(403, "FORBIDDEN")["context"]["permission"], "things:write");
    broken(&writer).await.refused(400, "INVALID_JSON");
}

#[db_test]
async fn a_tenant_is_found_by_header_then_sub_domain_then_query_then_default(db: PgPool) {
    let at = |parts: AppParts| {
        let settings = Settings { base_url: "http://example.com".to_owned(), ..parts.settings.clone() };
        AppParts { settings, ..parts }
    };
    let app = TestApp::with(db, [MODULE], at).await;
    let (ana, bob) = (app.member(["things:write"]).await, app.member(["things:write"]).await);
    let thing = json!({ "name": "a" });
    ana.post("/things", &thing).await.ok();
    ana.with("x-tenant-id", bob.tenant).post("/things", &thing).await.refused(404, "TENANT_NOT_FOUND");
    ana.with("x-tenant-id", "nonsense").post("/things", &thing).await.refused(404, "TENANT_NOT_FOUND");
    ana.with("host", "nobody.example.com").post("/things", &thing).await.refused(404, "TENANT_NOT_FOUND");
    ana.post(&format!("/things?tenant_id={}", bob.tenant), &thing).await.refused(404, "TENANT_NOT_FOUND");
    ana.post(&format!("/things?tenant_id={}", ana.tenant), &thing).await.ok();
    let own = ana.with("x-tenant-id", ana.tenant);
    own.post(&format!("/things?tenant_id={}", bob.tenant), &thing).await.ok();
    own.with("host", "nobody.example.com").post("/things", &thing).await.ok();
}
