use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kit::{Answer, App, Operation, Public, Result, Worker, get};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How a part is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// It serves, but something is amiss.
    Degraded,
    /// It cannot serve.
    Down,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    status: Status,
    version: &'static str,
    uptime_seconds: i64,
    checks: BTreeMap<&'static str, Check>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Check {
    status: Status,
    latency_ms: u128,
    /// What is amiss.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let status = if self.status == Status::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        (status, axum::Json(self)).into_response()
    }
}

impl Answer for Health {
    fn describe(operation: &mut Operation) {
        operation.success::<Self>(StatusCode::OK);
        operation.success::<Self>(StatusCode::SERVICE_UNAVAILABLE);
    }
}

/// Tells how the server and what it depends on are.
#[get("/health", unlimited)]
pub(super) async fn health(public: Public) -> Result<Health> {
    Ok(examine(public.app()).await)
}

/// Tells that the process runs.
#[get("/health/live", unlimited)]
pub(super) async fn live(public: Public) -> Result<Health> {
    Ok(report(public.app(), BTreeMap::new()))
}

/// Tells whether the process wants requests: 503 while the database is away, and on the way out.
#[get("/health/ready", unlimited)]
pub(super) async fn ready(public: Public) -> Result<Health> {
    let mut health = examine(public.app()).await;
    if public.app().health().is_stopping() {
        health.status = Status::Down;
    }
    Ok(health)
}

/// How long a check may take before the part counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

async fn examine(app: &App) -> Health {
    let database = check(async { app.db().ping().await.map(|()| None) }).await;
    let jobs = check(async {
        let counts = Worker::counts(app).await?;
        let given_up = counts["failed"].as_i64().unwrap_or_default();
        Ok((given_up > 0).then(|| format!("{given_up} jobs have been given up")))
    });
    let jobs = jobs.await;
    // without jobs the server still answers
    let jobs = Check { status: jobs.status.min(Status::Degraded), ..jobs };
    let mut checks = BTreeMap::from([("database", database), ("jobs", jobs)]);
    if let Some(cache) = cache(app).await {
        checks.insert("cache", cache);
    }
    report(app, checks)
}

/// How Redis is, where there is one. Without it each server counts the rate limits by itself.
async fn cache(app: &App) -> Option<Check> {
    let began = Instant::now();
    let reached = app.limits().reach().await?;
    let message = reached.err().map(|_| "Redis is away: each server counts the rate limits by itself".to_owned());
    let status = if message.is_some() { Status::Degraded } else { Status::Ok };
    Some(Check { status, latency_ms: began.elapsed().as_millis(), message })
}

fn report(app: &App, checks: BTreeMap<&'static str, Check>) -> Health {
    let status = checks.values().map(|check| check.status).max().unwrap_or(Status::Ok);
    let uptime_seconds = (app.clock().now() - app.health().started).num_seconds();
    Health { status, version: env!("CARGO_PKG_VERSION"), uptime_seconds, checks }
}

async fn check(examination: impl Future<Output = Result<Option<String>>>) -> Check {
    let began = Instant::now();
    let (status, message) = match tokio::time::timeout(PATIENCE, examination).await {
        Ok(Ok(None)) => (Status::Ok, None),
        Ok(Ok(Some(amiss))) => (Status::Degraded, Some(amiss)),
        Ok(Err(error)) => (Status::Down, Some(error.message().to_owned())),
        Err(_) => (Status::Down, Some("it does not answer in time".to_owned())),
    };
    Check { status, latency_ms: began.elapsed().as_millis(), message }
}
