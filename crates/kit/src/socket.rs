use crate::{Answer, App, Error, Input, Operation, Result};
use axum::{
    extract::{
        FromRequestParts,
        ws::{WebSocket, WebSocketUpgrade},
    },
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use tracing::{Instrument, Span};

/// The wish to go on by WebSocket.
pub struct Upgrade(WebSocketUpgrade);

impl Upgrade {
    /// Goes on by WebSocket, as long as `talk` takes. Messages of more bytes than `most` break it off.
    pub fn open<F: Future<Output = ()> + Send + 'static>(
        self,
        most: usize,
        talk: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Socket {
        // what is said later is in the log with the request
        let span = Span::current();
        let talk = move |socket| talk(socket).instrument(span);
        Socket(self.0.max_message_size(most).max_frame_size(most).on_upgrade(talk))
    }
}

impl FromRequestParts<App> for Upgrade {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        WebSocketUpgrade::from_request_parts(parts, app).await.map(Self).map_err(|refusal| {
            let why = refusal.body_text();
            Error::bad_request("UPGRADE_REQUIRED", format!("This is a WebSocket and not a page: {why}."))
        })
    }
}

impl Input for Upgrade {
    fn describe(operation: &mut Operation) {
        operation.error(StatusCode::BAD_REQUEST);
    }
}

/// A conversation by WebSocket.
pub struct Socket(Response);

impl IntoResponse for Socket {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answer for Socket {
    const STATUS: StatusCode = StatusCode::SWITCHING_PROTOCOLS;

    fn describe(operation: &mut Operation) {
        operation.empty_success(Self::STATUS);
    }
}
