//! A WebSocket to Binance. It begins as a request of the same client that asks by REST, so it trusts the same
//! authorities and goes by the same proxies.

use crate::{Binance, Failure, transport::unavailable};
use futures::{SinkExt, StreamExt};
use reqwest::{
    StatusCode, Upgraded,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};
use tracing::warn;
use url::Url;

/// The longest message in bytes.
const LARGEST: usize = 1 << 20;

/// A connection.
pub(crate) struct Socket {
    stream: WebSocketStream<Upgraded>,
    /// When something was last heard, …
    heard: Instant,
    /// … and for how long nothing may be.
    silence: Duration,
    timeout: Duration,
}

impl Binance {
    /// Connects.
    pub(crate) async fn socket(&self, base: &Url, path: &str) -> Result<Socket, Failure> {
        let late = |_| Failure::Unavailable("it takes too long to connect".to_owned());
        timeout(self.settings.timeout, self.connected(base, path)).await.map_err(late)?
    }

    async fn connected(&self, base: &Url, path: &str) -> Result<Socket, Failure> {
        let (mut url, key) = (base.clone(), generate_key());
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        let request = self.client.get(url).header(CONNECTION, "Upgrade").header(UPGRADE, "websocket");
        let request = request.header(SEC_WEBSOCKET_VERSION, "13").header(SEC_WEBSOCKET_KEY, &key);
        let response = self.unlimited(request.send().await.map_err(unavailable)?).await?;
        let status = response.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Unavailable(format!("the answer is {status}")));
        }
        let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accept.is_none_or(|it| it.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(Failure::Malformed("what answers is no WebSocket".to_owned()));
        }
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let upgraded = response.upgrade().await.map_err(unavailable)?;
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let (silence, timeout) = (self.settings.silence, self.settings.timeout);
        Ok(Socket { stream, heard: Instant::now(), silence, timeout })
    }
}

impl Socket {
    /// The next text. Whatever comes is a sign of life, such as a ping, which is answered.
    pub(crate) async fn hear(&mut self) -> Result<Utf8Bytes, Failure> {
        loop {
            let Ok(heard) = timeout_at(self.heard + self.silence, self.stream.next()).await else {
                return Err(Failure::Unavailable("nothing is heard any more".to_owned()));
            };
            self.heard = Instant::now();
            match heard {
                Some(Ok(Message::Text(text))) => return Ok(text),
                None | Some(Ok(Message::Close(_))) => {
                    return Err(Failure::Unavailable("it has closed the connection".to_owned()));
                }
                Some(Err(fault)) => return Err(broken(&fault)),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Says something.
    pub(crate) async fn say(&mut self, text: String) -> Result<(), Failure> {
        match timeout(self.timeout, self.stream.send(Message::text(text))).await {
            Ok(said) => said.map_err(|fault| broken(&fault)),
            Err(_) => Err(Failure::Unavailable("it does not listen".to_owned())),
        }
    }
}

fn broken(fault: &tokio_tungstenite::tungstenite::Error) -> Failure {
    warn!("a connection of streams fails: {fault}");
    Failure::Unavailable("the connection fails".to_owned())
}
