//! What the server says of itself: its name, health, metrics and the API document.

mod docs;
mod health;

use kit::{Content, Json, Module, Public, Result, Route, get, routes};
use metrics_exporter_prometheus::PrometheusHandle;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

static ROUTES: &[Route] = routes![
    index,
    health::health,
    health::live,
    health::ready,
    metrics,
    docs::document,
    docs::page,
    docs::swagger,
    docs::script,
    docs::start
];

/// The module, for the server.
pub const fn module() -> Module {
    Module { name: "system", routes: ROUTES, ..Module::EMPTY }
}

/// The API document, which is known only after all routes are.
#[derive(Clone, Default)]
pub struct Document(pub Arc<OnceLock<Value>>);

#[derive(Serialize, JsonSchema)]
struct Index {
    name: &'static str,
    version: &'static str,
    links: Links,
}

#[derive(Serialize, JsonSchema)]
struct Links {
    documentation: &'static str,
    openapi: &'static str,
    health: &'static str,
}

/// Tells the name, the version and where to go on.
#[get("/")]
async fn index(_: Public) -> Result<Json<Index>> {
    let links = Links { documentation: "/docs", openapi: "/openapi.json", health: "/health" };
    Ok(Json(Index { name: "BotCriptoFy", version: env!("CARGO_PKG_VERSION"), links }))
}

/// Tells the figures of this process in Prometheus' text format.
#[get("/metrics", unlimited)]
async fn metrics(public: Public) -> Result<Content> {
    let figures = public.app().the::<PrometheusHandle>()?.render();
    Ok(Content::new("text/plain; version=0.0.4; charset=utf-8", figures))
}
