use crate::frame::Answer;
use futures::SinkExt;
use kit::{
    Error,
    ws::{CloseFrame, Message, WebSocket, close_code},
};
use std::time::Duration;
use tokio::time::timeout;
use tracing::info;

/// How long a client may take to hear that it is over.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why a conversation ends.
pub(super) enum End {
    /// The client has gone.
    Left,
    /// The client does not answer.
    Silent,
    /// Too much waits for the client.
    Slow,
    /// The client says too much.
    TooMuch,
    /// What the client sends is no message, or too large.
    Unreadable,
    /// The server stops.
    Stopping,
    /// The member may stay no longer, or nobody can find out.
    Refused(Error),
}

impl End {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::TooMuch => "tooMuch",
            Self::Unreadable => "unreadable",
            Self::Stopping => "stopping",
            Self::Refused(error) if error.status().is_server_error() => "unavailable",
            Self::Refused(_) => "refused",
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::Left => "",
            Self::Silent => "Nothing was heard for too long.",
            Self::Slow => "Too much waits to be read. Connect again with the last cursor.",
            Self::TooMuch => "Too many messages in a second.",
            Self::Unreadable => "This is no message, or too large a one.",
            Self::Stopping => "The server stops. Connect again with the last cursor.",
            Self::Refused(error) => error.message(),
        }
    }

    fn code(&self) -> u16 {
        match self {
            Self::Left | Self::Silent => close_code::NORMAL,
            Self::Slow => close_code::AGAIN,
            Self::Refused(error) if error.status().is_server_error() => close_code::AGAIN,
            Self::TooMuch | Self::Refused(_) => close_code::POLICY,
            Self::Unreadable => close_code::PROTOCOL,
            Self::Stopping => close_code::AWAY,
        }
    }

    /// Tells the client, who may have stopped listening, and closes.
    pub(super) async fn tell(self, mut socket: WebSocket) {
        if let Self::Refused(error) = &self {
            info!("a stream ends: {error}");
        }
        let (reason, code) = (self.reason(), self.code());
        let bye = Answer::Bye { reason, message: self.message() }.text();
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let told = async {
            send_all(&mut socket, [Message::Text(bye.into()), close]).await?;
            // what is closed with something unread in it is reset, and then the client does not hear the rest
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
            Ok::<_, ()>(())
        };
        // one who does not listen is not waited for
        let _ = timeout(FAREWELL, told).await;
    }
}

/// Sends messages in one go.
pub(super) async fn send_all(socket: &mut WebSocket, messages: impl IntoIterator<Item = Message>) -> Result<(), ()> {
    for message in messages {
        socket.feed(message).await.map_err(drop)?;
    }
    socket.flush().await.map_err(drop)
}
