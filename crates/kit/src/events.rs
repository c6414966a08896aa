use crate::{Answer, Operation};
use axum::{
    http::{HeaderName, HeaderValue, header::CACHE_CONTROL},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream::BoxStream};
use std::{convert::Infallible, time::Duration};

/// Server-sent events, as long as their stream goes on. A comment keeps the connection alive meanwhile.
pub struct Events(BoxStream<'static, Event>);

/// How long a connection is silent at most.
const HEARTBEAT: Duration = Duration::from_secs(15);

impl Events {
    /// The events of this stream.
    pub fn new(events: impl Stream<Item = Event> + Send + 'static) -> Self {
        Self(events.boxed())
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let events = Sse::new(self.0.map(Ok::<_, Infallible>));
        let mut response = events.keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // a proxy that gathers answers would hold the events back
        response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        response
    }
}

impl Answer for Events {
    fn describe(operation: &mut Operation) {
        operation.success_content("text/event-stream");
    }
}
