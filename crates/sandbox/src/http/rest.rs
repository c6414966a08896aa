use crate::{
    engine::Engine,
    exchange::Refusal,
    rest::{
        Ask, Reply,
        params::{Params, payload},
        serve,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};

const KEY: &str = "x-mbx-apikey";

/// Answers a request of REST.
pub(super) async fn answer(
    State(engine): State<Engine>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ask = match ask(peer, &method, &uri, &headers, &body) {
        Ok(ask) => ask,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, &refusal),
    };
    match engine.ask(move |world| serve(world, &ask)).await {
        Ok(reply) => respond(reply).await,
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, &Refusal::OVERLOADED),
    }
}

fn ask(peer: SocketAddr, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Ask, Refusal> {
    let query = uri.query().unwrap_or_default();
    let body = std::str::from_utf8(body).map_err(|_| Refusal::illegal("body", "UTF-8"))?;
    let params = Params::read(query, body)?;
    let api_key = headers.get(KEY).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let (method, path) = (method.as_str().to_owned(), uri.path().to_owned());
    let address = peer.ip().to_canonical();
    let payload = payload(query, body);
    Ok(Ask { method, path, params, payload, api_key, address, connection: None, is_logged_on: false })
}

fn refused(status: StatusCode, refusal: &Refusal) -> Response {
    (status, Json(json!({ "code": refusal.code, "msg": refusal.message }))).into_response()
}

async fn respond(reply: Reply) -> Response {
    if reply.is_lost {
        // until whoever asked hangs up
        return std::future::pending().await;
    }
    if reply.delay > 0 {
        tokio::time::sleep(Duration::from_millis(reply.delay)).await;
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(reply.body)).into_response();
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
