use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode},
    response::Response,
};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use tower::ServiceExt;

/// Somebody who calls the application: a stranger, or a user with a session.
#[derive(Clone)]
pub struct Client {
    pub(crate) router: Router,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) peer: Option<IpAddr>,
}

impl Client {
    /// The same, with a further header on every call.
    pub fn with(&self, name: &str, value: impl ToString) -> Self {
        let mut with = self.clone();
        with.headers.retain(|(known, _)| known != name);
        with.headers.push((name.to_owned(), value.to_string()));
        with
    }

    /// The same, with a further header even where one of the name is there.
    pub fn with_another(&self, name: &str, value: impl ToString) -> Self {
        let mut with = self.clone();
        with.headers.push((name.to_owned(), value.to_string()));
        with
    }

    /// What is sent on every call, for clients of another kind.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The same, over a connection from this address.
    pub fn from(&self, peer: &str) -> Self {
        Self { peer: Some(peer.parse().expect("an address")), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty(), None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Body::from(body.to_string()), Some("application/json")).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Body::from(body.to_string()), Some("application/json")).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Body::from(body.to_string()), Some("application/json")).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Body::empty(), None).await
    }

    /// Sends a file as the body.
    pub async fn upload(&self, path: &str, content_type: &str, file: impl Into<Bytes>) -> Answer {
        self.send("POST", path, Body::from(file.into()), Some(content_type)).await
    }

    /// Gets a body that comes little by little, as soon as it begins.
    pub async fn open(&self, path: &str) -> Response {
        self.call("GET", path, Body::empty(), None).await
    }

    /// Sends whatever is wanted.
    pub async fn send(&self, method: &str, path: &str, body: Body, content_type: Option<&str>) -> Answer {
        let (parts, body) = self.call(method, path, body, content_type).await.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let what = format!("{method} {path}");
        Answer { what, status: parts.status, headers: parts.headers, bytes }
    }

    async fn call(&self, method: &str, path: &str, body: Body, content_type: Option<&str>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(body).expect("a well-formed request");
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 50_000)));
        }
        self.router.clone().oneshot(request).await.expect("the router never fails")
    }
}

/// What the application answered.
#[derive(Debug)]
pub struct Answer {
    what: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON; `null` when it is not.
    pub fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// The `data` of a 200.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.data(200)
    }

    /// The `data` of a 201.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn created(self) -> Value {
        self.data(201)
    }

    /// The `data` of a 202.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn accepted(self) -> Value {
        self.data(202)
    }

    /// A 204.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn no_content(self) {
        assert_eq!(self.status.as_u16(), 204, "{}: {}", self.what, self.text());
    }

    #[track_caller]
    fn data(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.text());
        let mut body = self.body();
        assert_eq!(body["success"], true, "{}: {body}", self.what);
        body["data"].take()
    }

    /// A failure with this status and code, in the one shape that every failure has.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let body = self.body();
        assert_eq!(
            (self.status.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{}: {}",
            self.what,
            self.text()
        );
        assert_eq!(body["statusCode"], status, "{}: {body}", self.what);
        for field in ["error", "message", "timestamp", "path", "correlationId"] {
            assert!(body[field].is_string(), "{}: `{field}` is missing in {body}", self.what);
        }
        body
    }

    /// A 422 that names this path among its faults.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn invalid(self, path: &str) -> Value {
        let what = self.what.clone();
        let body = self.refused(422, "VALIDATION_ERROR");
        let faults = body["errors"].as_array().cloned().unwrap_or_default();
        assert!(faults.iter().any(|fault| fault["path"] == path), "{what}: no fault at `{path}` in {body}");
        body
    }
}
