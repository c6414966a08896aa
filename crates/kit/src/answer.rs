use crate::{Error, Operation, Paging, Result};
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

pub use crate::input::Json;

/// What a handler answers. Its status is said here once, for the wire and for the document.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer of an operation",
    note = "answer `Result<_>` of `kit::Json`, `Created`, `Accepted`, `Page`, `Feed` or `NoContent`, whose content has `Serialize` and `JsonSchema`"
)]
pub trait Answer: IntoResponse {
    const STATUS: StatusCode = StatusCode::OK;

    fn describe(operation: &mut Operation);
}

impl<A: Answer> Answer for Result<A, Error> {
    const STATUS: StatusCode = A::STATUS;

    fn describe(operation: &mut Operation) {
        A::describe(operation);
        operation.any_error();
    }
}

/// `{"success": true, "data": …}`
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Answer")]
struct Envelope<T> {
    success: bool,
    data: T,
}

fn answer<T: Serialize>(status: StatusCode, body: T) -> Response {
    // what a tenant's user is told is nobody else's to keep
    (status, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response()
}

macro_rules! envelope {
    ($($(#[$doc:meta])* $answer:ident = $status:ident;)*) => {$(
        impl<T: Serialize> IntoResponse for $answer<T> {
            fn into_response(self) -> Response {
                answer(StatusCode::$status, Envelope { success: true, data: self.0 })
            }
        }

        impl<T: Serialize + JsonSchema> Answer for $answer<T> {
            const STATUS: StatusCode = StatusCode::$status;

            fn describe(operation: &mut Operation) {
                operation.success::<Envelope<T>>(Self::STATUS);
            }
        }
    )*};
}

/// What the operation brought into being.
pub struct Created<T>(pub T);

/// What the operation set going and will be done later.
pub struct Accepted<T>(pub T);

envelope! {
    Json = OK;
    Created = CREATED;
    Accepted = ACCEPTED;
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    success: bool,
    data: Vec<T>,
    meta: PageMeta,
}

/// Where a page stands in its list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    page: i64,
    limit: i64,
    total: i64,
    total_pages: i64,
}

impl<T> Page<T> {
    /// The page that was asked for, of a list of so many.
    pub fn new(data: Vec<T>, paging: &Paging, total: i64) -> Self {
        let Paging { page, limit, .. } = *paging;
        Self { success: true, data, meta: PageMeta { page, limit, total, total_pages: (total + limit - 1) / limit } }
    }

    /// The page that was asked for, of a list that is at hand.
    pub fn of(all: Vec<T>, paging: &Paging) -> Self {
        let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let part = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let page = all.into_iter().skip(part(paging.offset())).take(part(paging.limit));
        Self::new(page.collect(), paging, total)
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, self)
    }
}

impl<T: Serialize + JsonSchema> Answer for Page<T> {
    fn describe(operation: &mut Operation) {
        operation.success::<Self>(Self::STATUS);
    }
}

/// A part of a log, which is ordered by time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Feed")]
pub struct Feed<T> {
    success: bool,
    data: Vec<T>,
    meta: FeedMeta,
}

/// Where a part of a log ends.
#[derive(Serialize, JsonSchema)]
struct FeedMeta {
    /// The place to go on from in the same direction; `null` at the end.
    next: Option<String>,
}

impl<T> Feed<T> {
    /// A part of a log that was asked for with this limit; `place` says where an entry stands.
    pub fn new(data: Vec<T>, limit: i64, place: impl Fn(&T) -> String) -> Self {
        let full = i64::try_from(data.len()).is_ok_and(|length| length >= limit);
        let next = data.last().filter(|_| full).map(place);
        Self { success: true, data, meta: FeedMeta { next } }
    }
}

impl<T: Serialize> IntoResponse for Feed<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, self)
    }
}

impl<T: Serialize + JsonSchema> Answer for Feed<T> {
    fn describe(operation: &mut Operation) {
        operation.success::<Self>(Self::STATUS);
    }
}

/// Content of another media type than JSON.
pub struct Content {
    media_type: &'static str,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Content {
    /// Content of this media type.
    pub fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { media_type, body: body.into(), headers: vec![] }
    }

    /// Adds a header, such as a `Content-Security-Policy` wider than the usual one, which allows nothing.
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }
}

impl IntoResponse for Content {
    fn into_response(self) -> Response {
        let mut response = ([(CONTENT_TYPE, HeaderValue::from_static(self.media_type))], self.body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl Answer for Content {
    fn describe(operation: &mut Operation) {
        operation.success_content("*/*");
    }
}

/// A file that is made while it is sent, however long it gets.
pub struct Download {
    media_type: &'static str,
    name: Cow<'static, str>,
    body: Body,
}

impl Download {
    /// A file of this media type and name. A part that fails breaks the connection off, so that nobody takes what came
    /// before it for the whole.
    pub fn new(
        media_type: &'static str,
        name: impl Into<Cow<'static, str>>,
        parts: impl Stream<Item = Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self { media_type, name: name.into(), body: Body::from_stream(parts) }
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.media_type.to_owned()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", self.name)),
            (CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.body).into_response()
    }
}

impl Answer for Download {
    fn describe(operation: &mut Operation) {
        operation.success_content("*/*");
    }
}

/// Done, and nothing to tell.
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        Self::STATUS.into_response()
    }
}

impl Answer for NoContent {
    const STATUS: StatusCode = StatusCode::NO_CONTENT;

    fn describe(operation: &mut Operation) {
        operation.empty_success(Self::STATUS);
    }
}
