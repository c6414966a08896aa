use crate::connection::Connection;
use kit::{Presence, Result, Route, Socket, Upgrade, get, routes};

pub(crate) static ROUTES: &[Route] = routes![open];

/// Tells what happens while it happens, by WebSocket.
///
/// The client sends texts of JSON: `{"op":"subscribe","topics":["orders","candles:binance:BTC/USDT:1m"]}`, `unsubscribe`
/// with `topics`, and `ping`. The topics of the tenant are `orders`, `fills`, `positions`, `bots` and `bot-events`; with
/// `:` and a bot's id behind, what is about this bot. Those of markets are `candles:EXCHANGE:SYMBOL:TIMEFRAME`, of which
/// each that closes is told, and `ticker:EXCHANGE:SYMBOL`. Each asks for the permission to read what it shows.
///
/// The server answers `subscribed`, `unsubscribed`, `pong` or `error` with a `code`, and tells
/// `{"type":"event","topic","subject","cursor","at","data"}`, where `data` is what the operation shows that reads the
/// thing. Whoever was cut off subscribes with the last `cursor` and is told what was missed, each event once and in its
/// order, for an hour; later the answer is `reset`: read the state anew. A reader for whom too much waits, a member who
/// may stay no longer and everybody when the server stops are told `bye` with a `reason`.
#[get("/api/v1/stream")]
async fn open(presence: Presence, upgrade: Upgrade) -> Result<Socket> {
    Ok(Connection::open(presence, upgrade))
}
