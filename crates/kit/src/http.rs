//! The pipeline around every operation, from the outside in: request log, errors, security
//! headers, CORS, compression, rate limits, then the operation's own time limit.

mod health;
mod log;

pub use health::Health;
pub use log::{CORRELATION_ID, Origin, RequestInfo};

use crate::{Api, App, Error, Mode, limits};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};

/// Puts the pipeline around the routes.
pub fn serve_with(app: &App, api: &Api) -> Router {
    let limited = limits::Limited { app: app.clone(), rates: api.rates.clone() };
    app.catalogue().gather(&api.document);
    app.declare(api.declared.clone());
    let routes = api.router.clone();
    let logged = log::Logged { app: app.clone(), watches: api.watches.clone() };
    routes
        .fallback(async || Error::not_found("page"))
        .method_not_allowed_fallback(async || Error::of_framework(StatusCode::METHOD_NOT_ALLOWED))
        .layer(middleware::from_fn(protocol))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(limited, limits::around))
        // who recognises the caller may panic as well
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new())
        .layer(cors(app))
        .layer(middleware::from_fn_with_state(app.clone(), secure))
        .layer(middleware::from_fn_with_state(logged, log::around))
        .with_state(app.clone())
}

/// The operation, ended with 504 when it takes longer than this.
pub(crate) fn within(most: Duration, operation: MethodRouter<App>) -> MethodRouter<App> {
    operation.layer(middleware::from_fn(move |request: Request, next: Next| async move {
        tokio::time::timeout(most, next.run(request)).await.unwrap_or_else(|_| {
            Error::new(StatusCode::GATEWAY_TIMEOUT, "TIMED_OUT", "The operation took too long.").into_response()
        })
    }))
}

/// Below `/api/auth` the rules of the Better Auth protocol hold: a wrong method is answered as an unknown path, but for
/// the one operation whose method its clients may choose. `HEAD` is wrong too: it must not use up what is opened once.
async fn protocol(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let strict = path.starts_with("/api/auth/");
    let chosen = request.method() == Method::POST && path == "/api/auth/get-session";
    if strict && request.method() == Method::HEAD {
        return Error::not_found("page").into_response();
    }
    let answer = next.run(request).await;
    if strict && !chosen && answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        return Error::not_found("page").into_response();
    }
    answer
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::internal(format!("panicked: {message}")).into_response()
}

fn cors(app: &App) -> CorsLayer {
    let trusting = app.clone();
    let trusted = AllowOrigin::predicate(move |origin: &HeaderValue, _| {
        origin.to_str().is_ok_and(|origin| trusting.settings().trusts(origin))
    });
    let custom = |name| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(trusted)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            custom("x-tenant-id"),
            custom("x-correlation-id"),
            custom("idempotency-key"),
        ])
        .expose_headers(
            [CORRELATION_ID, custom("set-auth-token"), header::RETRY_AFTER, limits::X_RETRY_AFTER]
                .into_iter()
                .chain(limits::HEADERS)
                .collect::<Vec<_>>(),
        )
        .max_age(Duration::from_secs(3600))
}

/// Headers that keep browsers from doing what a page of ours never asks for.
async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if app.settings().mode == Mode::Production {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
