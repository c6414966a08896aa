use crate::{engine::Engine, stream};
use axum::{
    extract::{ConnectInfo, Path, Query, State, ws::WebSocketUpgrade},
    response::Response,
};
use serde::Deserialize;
use std::net::SocketAddr;

#[derive(Deserialize)]
pub(super) struct Streams {
    #[serde(default)]
    streams: String,
}

fn names(text: &str) -> Vec<String> {
    text.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn upgrade(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(stream::request::LONGEST).max_frame_size(stream::request::LONGEST)
}

/// `/ws`: messages as they are.
pub(super) async fn bare(State(engine): State<Engine>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(|socket| stream::run_market(socket, engine, vec![], false))
}

/// `/ws/btcusdt@trade/…`: the same, of these streams.
pub(super) async fn bare_of(
    State(engine): State<Engine>,
    Path(streams): Path<String>,
    socket: WebSocketUpgrade,
) -> Response {
    upgrade(socket).on_upgrade(move |socket| stream::run_market(socket, engine, names(&streams), false))
}

/// `/stream?streams=btcusdt@trade/…`: each message with the name of its stream.
pub(super) async fn combined(
    State(engine): State<Engine>,
    Query(Streams { streams }): Query<Streams>,
    socket: WebSocketUpgrade,
) -> Response {
    upgrade(socket).on_upgrade(move |socket| stream::run_market(socket, engine, names(&streams), true))
}

/// `/ws-api/v3`.
pub(super) async fn api(
    State(engine): State<Engine>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    socket: WebSocketUpgrade,
) -> Response {
    let address = peer.ip().to_canonical();
    upgrade(socket).on_upgrade(move |socket| stream::run_api(socket, engine, address))
}
