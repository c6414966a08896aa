use crate::service::with_pair;
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kit::{Answer, Operation, Result};
use schemars::JsonSchema;
use serde::Serialize;

/// What a route of the protocol answers: its own shape and its headers, never to be kept by anyone between.
pub struct Reply<T> {
    body: T,
    headers: HeaderMap,
}

/// The protocol's shape, and in it what every success of ours says.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Success")]
pub struct Success<T> {
    success: bool,
    #[serde(flatten)]
    body: T,
}

impl<T> Success<T> {
    pub fn of(body: T) -> Self {
        Self { success: true, body }
    }
}

impl<T> Reply<Success<T>> {
    pub fn success(body: T) -> Self {
        Self::bare(Success::of(body))
    }
}

impl<T> Reply<T> {
    /// A body that has no place for more, such as a list or `null`.
    pub fn bare(body: T) -> Self {
        Self { body, headers: HeaderMap::new() }
    }

    /// Sets cookies.
    pub fn cookies(mut self, cookies: Vec<HeaderValue>) -> Self {
        for cookie in cookies {
            self.headers.append(header::SET_COOKIE, cookie);
        }
        self
    }

    /// Adds a header, if there is a value and a header can hold it.
    pub fn header(mut self, name: HeaderName, value: Option<&str>) -> Self {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(mut self) -> Response {
        self.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        (self.headers, Json(self.body)).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Reply<T> {
    fn describe(operation: &mut Operation) {
        operation.success::<T>(Self::STATUS);
    }
}

/// What a link in a mail leads to: an answer, or the page that the link names, with cookies.
pub enum Landing<T> {
    Here(Reply<T>),
    At(String, Vec<HeaderValue>),
}

impl<T> Landing<Success<T>> {
    /// Where an outcome leads: to the link's page, which is told of a failure, or else to the outcome itself.
    ///
    /// # Errors
    /// The outcome's own where the link names no page, and what is no fault of the link's anyway.
    pub fn of(outcome: Result<T>, page: Option<String>) -> Result<Self> {
        match (outcome, page) {
            (Ok(_), Some(page)) => Ok(Self::At(page, vec![])),
            (Ok(body), None) => Ok(Self::Here(Reply::success(body))),
            (Err(failure), Some(page)) if failure.status().is_client_error() => {
                Ok(Self::At(with_pair(&page, "error", failure.code()), vec![]))
            }
            (Err(failure), _) => Err(failure),
        }
    }
}

impl<T: Serialize> IntoResponse for Landing<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Here(reply) => reply.into_response(),
            Self::At(url, cookies) => {
                let mut response = (StatusCode::FOUND, [(header::LOCATION, url)]).into_response();
                for cookie in cookies {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                response
            }
        }
    }
}

impl<T: Serialize + JsonSchema> Answer for Landing<T> {
    fn describe(operation: &mut Operation) {
        operation.success::<T>(Self::STATUS);
        operation.empty_success(StatusCode::FOUND);
    }
}
