//! A connection of market streams.

use super::{
    life::{Heard, Life, PATIENCE},
    request::{self, Request, Unreadable},
};
use crate::engine::Engine;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use serde_json::{Value, json};
use tokio::time::timeout;

/// Serves a connection that begins with these streams.
pub(crate) async fn run(mut socket: WebSocket, engine: Engine, names: Vec<String>, is_combined: bool) {
    let opened = engine.ask(move |world| {
        let (id, messages) = world.hub.open(is_combined, world.server_time())?;
        world.hub.subscribe(id, names).ok()?;
        Some((id, messages))
    });
    let Ok(Some((id, mut messages))) = opened.await else { return };
    let (mut life, end) = (Life::new(), Life::end());
    tokio::pin!(end);
    loop {
        let out = tokio::select! {
            message = messages.recv() => match message {
                Some(text) => Message::Text(text),
                None => break,
            },
            heard = socket.recv() => match life.hear(heard) {
                Heard::Text(text) => {
                    if life.talks_too_much() {
                        close(&mut socket, "Too many requests").await;
                        break;
                    }
                    let Some(answer) = answer(&engine, id, &text).await else { break };
                    Message::Text(answer.to_string().into())
                }
                Heard::Nothing => continue,
                Heard::End => break,
            },
            _ = life.ping.tick() => match life.ask() {
                Some(ping) => ping,
                None => break,
            },
            () = &mut end => {
                close(&mut socket, "24 hours are over").await;
                break;
            }
        };
        if !matches!(timeout(PATIENCE, socket.send(out)).await, Ok(Ok(()))) {
            break;
        }
    }
    // the exchange may have ended, and all who listen with it
    let _ = engine.ask(move |world| world.hub.close(id)).await;
}

pub(super) async fn close(socket: &mut WebSocket, reason: &'static str) {
    let frame = CloseFrame { code: close_code::POLICY, reason: reason.into() };
    // whoever does not read is cut off anyway
    let _ = timeout(PATIENCE, socket.send(Message::Close(Some(frame)))).await;
}

async fn answer(engine: &Engine, id: u64, text: &str) -> Option<Value> {
    let (name, request) = request::read(text);
    let request = match request {
        Ok(request) => request,
        Err(unreadable) => return Some(unreadable.answer(&name)),
    };
    let answer = engine.ask(move |world| {
        let hub = &mut world.hub;
        match request {
            Request::Subscribe(names) => match hub.subscribe(id, names) {
                Ok(()) => json!({ "result": null, "id": name }),
                Err(_) => Unreadable { code: 2, message: "Invalid request: too many streams, or a name too long" }
                    .answer(&name),
            },
            Request::Unsubscribe(names) => {
                hub.unsubscribe(id, &names);
                json!({ "result": null, "id": name })
            }
            Request::List => json!({ "result": hub.streams_of(id), "id": name }),
            Request::GetCombined => json!({ "result": hub.is_combined(id), "id": name }),
            Request::SetCombined(is_combined) => {
                hub.set_combined(id, is_combined);
                json!({ "result": null, "id": name })
            }
        }
    });
    answer.await.ok()
}
