use crate::{App, Error, Identity, Result, Seen, Watch, mask::is_secret, openapi::names_in};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Instant,
};
use tracing::{Instrument, error, info, info_span};
use uuid::Uuid;

/// The header that carries the correlation id, both ways.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Where something came from, for the audit trail.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Origin {
    /// What finds the request in the logs.
    pub correlation_id: String,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whether it is a request: what one changes is recorded.
    #[serde(skip)]
    pub(crate) request: bool,
}

impl Origin {
    /// Something that the platform does by itself.
    pub fn internal(name: &str) -> Self {
        Self { correlation_id: name.to_owned(), ..Self::default() }
    }
}

/// A request as the log and the audit trail know it.
#[derive(Debug)]
pub struct RequestInfo {
    /// Where it came from.
    pub origin: Origin,
    user: OnceLock<Uuid>,
    tenant: OnceLock<Uuid>,
    key: OnceLock<Uuid>,
    /// The tenant that it is about, and not only the user's usual one.
    place: OnceLock<Uuid>,
}

impl RequestInfo {
    /// A request from there, of which nothing more is known yet.
    pub fn new(origin: Origin) -> Self {
        let none = OnceLock::new;
        Self { origin, user: none(), tenant: none(), key: none(), place: none() }
    }

    /// The request that these parts belong to.
    ///
    /// # Errors
    /// 500 outside the pipeline.
    pub fn of(parts: &Parts) -> Result<Arc<Self>> {
        parts.extensions.get::<Arc<Self>>().cloned().ok_or_else(|| Error::internal("a request outside the pipeline"))
    }

    /// The user who sent it, if somebody has asked.
    pub fn user(&self) -> Option<Uuid> {
        self.user.get().copied()
    }

    /// The key by which that user was recognised.
    pub fn key(&self) -> Option<Uuid> {
        self.key.get().copied()
    }

    /// The tenant that it is about.
    pub fn place(&self) -> Option<Uuid> {
        self.place.get().copied()
    }

    pub(crate) fn recognise(&self, identity: &Identity) {
        self.sent_by(identity.user.id);
        if let Some(membership) = &identity.membership {
            let _ = self.tenant.set(membership.tenant);
        }
        if let Some(key) = identity.credential.api_key() {
            let _ = self.key.set(key);
        }
    }

    pub(crate) fn sent_by(&self, user: Uuid) {
        let _ = self.user.set(user);
    }

    pub(crate) fn enter(&self, tenant: Uuid) {
        let _ = self.place.set(tenant);
    }
}

/// What the log stands on.
#[derive(Clone)]
pub(super) struct Logged {
    pub(super) app: App,
    pub(super) watches: Arc<[Watch]>,
}

impl Logged {
    async fn admit(&self, info: &RequestInfo) -> Result<()> {
        for watch in self.watches.iter() {
            (watch.admit)(&self.app, info).await?;
        }
        Ok(())
    }
}

/// Logs the request and its answer, counts both, and writes the body of every failure.
pub(super) async fn around(State(logged): State<Logged>, mut request: Request, next: Next) -> Response {
    let (began, app, at) = (Instant::now(), logged.app.clone(), logged.app.clock().now());
    let origin = origin_of(&request, &app);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map(|it| it.as_str().to_owned());
    let shown = shown_path(&path, route.as_deref()).to_owned();
    let info = Arc::new(RequestInfo::new(origin));
    request.extensions_mut().insert(info.clone());
    let span = info_span!("request", correlation_id = %info.origin.correlation_id);
    async move {
        info!("→ {method} {shown}");
        let answer = match logged.admit(&info).await {
            Ok(()) => next.run(request).await,
            Err(refused) => refused.into_response(),
        };
        let mut answer = rendered(answer, &app, &path, &info);
        let took = began.elapsed();
        log_answer(&info, &format!("← {method} {shown} {} {}ms", answer.status().as_u16(), took.as_millis()));
        if let Ok(id) = HeaderValue::from_str(&info.origin.correlation_id) {
            answer.headers_mut().insert(CORRELATION_ID, id);
        }
        let code = answer.extensions().get::<Error>().map(Error::code);
        let (method, route) = (&method, route.as_deref());
        let seen = Seen { at, method, route, status: answer.status(), code, took, info: &info };
        logged.watches.iter().for_each(|watch| (watch.saw)(&app, &seen));
        let labels = [
            ("method", method.to_string()),
            // only paths that the API knows become labels: others would fill the registry
            ("route", route.unwrap_or("unknown").to_owned()),
            ("status", answer.status().as_u16().to_string()),
        ];
        metrics::counter!("http_requests_total", &labels).increment(1);
        metrics::histogram!("http_request_duration_seconds", &labels[..2]).record(took.as_secs_f64());
        answer
    }
    .instrument(span)
    .await
}

/// The path as the log shows it: without the secret, where its route says that there is one.
fn shown_path<'a>(path: &'a str, route: Option<&'a str>) -> &'a str {
    route.filter(|route| names_in(route).any(is_secret)).unwrap_or(path)
}

fn log_answer(info: &RequestInfo, line: &str) {
    match (info.user.get(), info.tenant.get()) {
        (Some(user), Some(tenant)) => info!(user_id = %user, tenant_id = %tenant, "{line}"),
        (Some(user), None) => info!(user_id = %user, "{line}"),
        _ => info!("{line}"),
    }
}

/// Where the request came from. A forwarded address is believed only from a proxy that is trusted.
fn origin_of(request: &Request, app: &App) -> Origin {
    let headers = request.headers();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_canonical());
    let trusted = |ip: &IpAddr| app.settings().trusted_proxies.iter().any(|network| network.contains(ip));
    let ip = match peer {
        Some(proxy) if trusted(&proxy) => {
            let forwarded = headers.get("x-forwarded-for").and_then(|it| it.to_str().ok()).unwrap_or_default();
            let hops = forwarded.rsplit(',').filter_map(|hop| hop.trim().parse::<IpAddr>().ok());
            hops.map(|hop| hop.to_canonical()).find(|hop| !trusted(hop)).or(Some(proxy))
        }
        peer => peer,
    };
    let user_agent = headers.get("user-agent").and_then(|it| it.to_str().ok());
    let user_agent = user_agent.map(|agent| agent.chars().take(256).collect());
    Origin { correlation_id: correlation_id(headers, app), ip, user_agent, request: true }
}

/// The caller's own id when it is a sound one, the trace's id, or a fresh one.
fn correlation_id(headers: &HeaderMap, app: &App) -> String {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let sound = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let trace = header("traceparent").and_then(|it| it.split('-').nth(1)).filter(|id| id.len() == 32);
    let given = header(CORRELATION_ID.as_str()).filter(sound).or(trace.filter(sound));
    given.map_or_else(|| app.ids().uuid(app.clock().now()).to_string(), str::to_owned)
}

/// The answer, with the body of the failure where it is one: ours, or one of the framework's.
fn rendered(answer: Response, app: &App, path: &str, info: &RequestInfo) -> Response {
    let status = answer.status();
    let error = match answer.extensions().get::<Error>() {
        Some(error) => error.clone(),
        None if foreign_failure(&answer) => Error::of_framework(status),
        None => return answer,
    };
    if status.is_server_error() {
        error!(code = error.code(), status = status.as_u16(), "{error}");
    }
    let body = error.body(app.clock().now(), path.to_owned(), info.origin.correlation_id.clone());
    let (mut parts, _) = answer.into_parts();
    let json = axum::Json(body).into_response();
    parts.headers.remove("content-length");
    parts.headers.extend(json.headers().clone());
    parts.headers.insert("cache-control", HeaderValue::from_static("no-store"));
    Response::from_parts(parts, json.into_body())
}

fn foreign_failure(answer: &Response) -> bool {
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    let json = answer.headers().get("content-type").is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
    failed && !json && answer.status() != StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_path_is_not_shown() {
        let route = "/api/auth/reset-password/{token}";
        assert_eq!(shown_path("/api/auth/reset-password/x1y2", Some(route)), route);
        assert_eq!(shown_path("/api/v1/bots/7", Some("/api/v1/bots/{id}")), "/api/v1/bots/7");
        assert_eq!(shown_path("/nowhere", None), "/nowhere");
    }
}
