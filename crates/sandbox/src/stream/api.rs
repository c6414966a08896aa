//! A connection of the WebSocket API: requests like those of REST, and the events of accounts.

use super::{
    life::{Heard, Life, PATIENCE},
    request::{self, Ask as Asked},
};
use crate::{
    engine::Engine,
    exchange::Refusal,
    rest::{Ask, Reply, of_socket, params::Params, rate_limits, serve},
    world::World,
};
use axum::extract::ws::{Message, WebSocket};
use serde_json::{Value, json};
use std::{net::IpAddr, time::Duration};
use tokio::{sync::mpsc, time::timeout};

/// Answers that take their time, at once.
const LATE: usize = 64;

/// Serves a connection.
pub(crate) async fn run(mut socket: WebSocket, engine: Engine, address: IpAddr) {
    let Ok(Some((id, mut messages))) = engine.ask(|world| world.hub.open(false, world.server_time())).await else {
        return;
    };
    let (later, mut late) = mpsc::channel::<String>(LATE);
    let (mut life, end) = (Life::new(), Life::end());
    tokio::pin!(end);
    loop {
        let out = tokio::select! {
            message = messages.recv() => match message {
                Some(text) => Message::Text(text),
                None => break,
            },
            Some(text) = late.recv() => Message::Text(text.into()),
            heard = socket.recv() => match life.hear(heard) {
                Heard::Text(text) => match answer(&engine, id, address, &text).await {
                    Some((text, 0)) => Message::Text(text.into()),
                    Some((text, delay)) => {
                        send_later(later.clone(), text, delay);
                        continue;
                    }
                    None => continue,
                },
                Heard::Nothing => continue,
                Heard::End => break,
            },
            _ = life.ping.tick() => match life.ask() {
                Some(ping) => ping,
                None => break,
            },
            () = &mut end => break,
        };
        if !matches!(timeout(PATIENCE, socket.send(out)).await, Ok(Ok(()))) {
            break;
        }
    }
    // the exchange may have ended, and all who listen with it
    let _ = engine.ask(move |world| world.hub.close(id)).await;
}

fn send_later(later: mpsc::Sender<String>, text: String, delay: u64) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(delay)).await;
        // the connection may be closed by then
        let _ = later.send(text).await;
    });
}

/// The answer and after how many milliseconds it is sent; none where it is lost.
async fn answer(engine: &Engine, id: u64, address: IpAddr, text: &str) -> Option<(String, u64)> {
    let asked = match request::read_ask(text) {
        Ok(asked) => asked,
        Err((name, why)) => {
            let error = json!({ "code": -1000, "msg": why });
            return Some((json!({ "id": name, "status": 400, "error": error }).to_string(), 0));
        }
    };
    engine.ask(move |world| answered(world, id, address, &asked)).await.ok().flatten()
}

fn answered(world: &mut World, id: u64, address: IpAddr, asked: &Asked) -> Option<(String, u64)> {
    let ask = match ask(world, id, address, asked) {
        Ok(ask) => ask,
        Err(refusal) => return Some((refused(&asked.id, 400, &refusal), 0)),
    };
    let reply = serve(world, &ask);
    if reply.is_lost {
        return None;
    }
    let part = if reply.status == 200 { "result" } else { "error" };
    let limits = rate_limits(&reply, world.limits.allowance.weight_per_minute);
    let mut answer = json!({ "id": asked.id, "status": reply.status, "rateLimits": limits });
    let wait = wait(&reply);
    answer[part] = reply.body;
    if let Some(wait) = wait {
        let now = world.server_time();
        answer[part]["data"] = json!({ "serverTime": now, "retryAfter": now + wait });
    }
    Some((answer.to_string(), reply.delay))
}

/// After how many milliseconds it can be asked again, where that is said.
fn wait(reply: &Reply) -> Option<i64> {
    let (_, seconds) = reply.headers.iter().find(|(name, _)| *name == "retry-after")?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)
}

fn refused(name: &Value, status: u16, refusal: &Refusal) -> String {
    json!({ "id": name, "status": status, "error": { "code": refusal.code, "msg": refusal.message } }).to_string()
}

/// What is asked without a key and without a signature is asked by the key that has logged on.
fn ask(world: &World, id: u64, address: IpAddr, asked: &Asked) -> Result<Ask, Refusal> {
    let (method, path) = of_socket(&asked.method).unwrap_or(("GET", "/"));
    let (method, path) = (method.to_owned(), path.to_owned());
    let params = Params::of_json(&asked.params)?;
    let (named, signature) = (params.text("apiKey")?, params.text("signature")?);
    let session = world.hub.session(id).filter(|_| named.is_none() && signature.is_none());
    let api_key = session.map(|it| it.key.as_str()).or(named).map(str::to_owned);
    let (payload, is_logged_on) = (params.sorted_payload(), session.is_some());
    Ok(Ask { method, path, params, payload, api_key, address, connection: Some(id), is_logged_on })
}
