//! The server.

mod control;
mod rest;
mod sockets;

use crate::engine::Engine;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, delete, get, post, put},
};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The longest body, in bytes.
const LONGEST_BODY: usize = 65_536;

/// Everything that the sandbox answers.
pub fn router(engine: Engine) -> Router {
    let control = Router::new()
        .route("/faults", get(control::faults).post(control::order_fault).delete(control::clear_faults))
        .route("/faults/{id}", delete(control::clear_fault))
        .route("/accounts", post(control::open_account))
        .route("/accounts/{id}/deposits", post(control::deposit))
        .route("/accounts/{id}/keys", post(control::add_key))
        .route("/symbols", post(control::list))
        .route("/symbols/{symbol}/price", put(control::set_price))
        .route("/symbols/{symbol}/status", put(control::set_status))
        .route("/clock", get(control::clock).put(control::set_clock))
        .route("/clock/step", post(control::step))
        .route("/limits", put(control::set_limits))
        .route("/connections", delete(control::cut_connections))
        .route("/state", get(control::state))
        .layer(axum::middleware::from_fn(control::only_from_here));
    Router::new()
        .nest("/sandbox/v1", control)
        .route("/ws", any(sockets::bare))
        .route("/ws/{*streams}", any(sockets::bare_of))
        .route("/stream", any(sockets::combined))
        .route("/stream/ws", any(sockets::bare))
        .route("/stream/ws/{*streams}", any(sockets::bare_of))
        .route("/ws-api/v3", any(sockets::api))
        .fallback(rest::answer)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(engine)
}

/// Serves until the token is cancelled.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, engine: Engine, stop: CancellationToken) -> io::Result<()> {
    let service = router(engine).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = server.into_future();
    tokio::pin!(server);
    tokio::select! {
        served = &mut server => served,
        // a request whose answer is lost would never let it end
        () = stop.cancelled() => Ok(()),
    }
}
