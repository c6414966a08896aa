use crate::{App, Error, Fault, Operation, Result};
use axum::{
    body::Body,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
};
use garde::Validate;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// What a handler takes after its guard.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input of an operation",
    note = "take `kit::Path`, `kit::Query`, `kit::Paging`, `kit::Cursor`, `kit::Upload`, or `kit::Json` of a type with `Deserialize`, `JsonSchema` and `garde::Validate`"
)]
pub trait Input {
    fn describe(operation: &mut Operation);
}

/// The `{names}` of the path: a struct with these fields, or the one value.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if has_nul(parts.uri.path()) {
            return Err(Error::bad_request("BAD_PATH", "A path may not contain the character NUL."));
        }
        match extract::Path::from_request_parts(parts, app).await {
            Ok(extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(Error::bad_request("BAD_PATH", rejection.body_text())),
        }
    }
}

impl<T: JsonSchema> Input for Path<T> {
    fn describe(operation: &mut Operation) {
        operation.path_parameters::<T>();
        operation.error(StatusCode::BAD_REQUEST);
        operation.error(StatusCode::NOT_FOUND);
    }
}

/// The query string: a struct. Keys it does not know are left to others.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate<Context: Default>> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if has_nul(parts.uri.query().unwrap_or_default()) {
            return Err(Error::invalid("", "INVALID_CHARACTER", "A text may not contain the character NUL."));
        }
        match extract::Query::<T>::from_request_parts(parts, app).await {
            Ok(extract::Query(value)) => Ok(Self(validated(value)?)),
            Err(rejection) => Err(Error::invalid("", "BAD_QUERY", rejection.body_text())),
        }
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.query_parameters::<T>();
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// Whether a part of an address holds what no text column can.
fn has_nul(encoded: &str) -> bool {
    encoded.contains("%00")
}

/// Which part of a list is asked for. What is out of range is clamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: i64,
    /// At most [`Paging::MOST`] a page.
    pub limit: i64,
    /// A field, with `-` before it for the other direction.
    pub sort: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the document's view of the paging; it is read leniently, by hand")]
struct PagingQuery {
    /// The page, from 1.
    page: Option<u32>,
    /// How many a page holds: at most 100, 20 if not said.
    limit: Option<u32>,
    /// The field to sort by, with `-` before it for the other direction.
    sort: Option<String>,
}

impl Paging {
    /// The most that a page holds.
    pub const MOST: i64 = 100;
    const USUAL: i64 = 20;
    const LAST_PAGE: i64 = 1_000_000;

    /// How many rows come before the page.
    pub fn offset(&self) -> i64 {
        (self.page - 1) * self.limit
    }

    /// The `order by` of the list, by what its fields are called in SQL; the first is the usual one.
    ///
    /// # Errors
    /// 422 for a field that the list does not sort by.
    pub fn order(&self, fields: &[(&str, &'static str)], usual: &'static str) -> Result<String> {
        let Some(sort) = &self.sort else { return Ok(usual.to_owned()) };
        let (name, direction) = sort.strip_prefix('-').map_or((sort.as_str(), "asc"), |name| (name, "desc"));
        match fields.iter().find(|(field, _)| *field == name) {
            Some((_, column)) => Ok(format!("{column} {direction}")),
            None => {
                let known: Vec<_> = fields.iter().map(|(field, _)| *field).collect();
                Err(Error::invalid("sort", "UNKNOWN_FIELD", format!("Sort by one of {}.", known.join(", "))))
            }
        }
    }
}

impl FromRequestParts<App> for Paging {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let pairs = extract::Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let pairs = pairs.map(|extract::Query(pairs)| pairs).unwrap_or_default();
        let mut paging = Self { page: 1, limit: Self::USUAL, sort: None };
        for (key, value) in pairs {
            let value = value.trim();
            match key.as_str() {
                "page" => paging.page = clamped(value, "page", Self::LAST_PAGE)?,
                "limit" => paging.limit = clamped(value, "limit", Self::MOST)?,
                "sort" if !value.is_empty() => paging.sort = Some(value.chars().take(64).collect()),
                _ => {}
            }
        }
        Ok(paging)
    }
}

/// A whole number between 1 and `most`; what lies beyond is brought back.
fn clamped(text: &str, path: &str, most: i64) -> Result<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid(path, "NOT_A_NUMBER", "A whole number is expected."));
    }
    // what does not fit the integer is out of range on the side of its sign
    let beyond = if text.starts_with('-') { 1 } else { most };
    Ok(text.parse().unwrap_or(beyond).clamp(1, most))
}

impl Input for Paging {
    fn describe(operation: &mut Operation) {
        operation.query_parameters::<PagingQuery>();
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// Which part of a log is asked for: so many entries before or after a place in it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Validate)]
pub struct Cursor {
    /// Only entries before this place: the `next` of the part before.
    #[garde(length(max = 64))]
    pub before: Option<String>,
    /// Only entries after this place.
    #[garde(length(max = 64))]
    pub after: Option<String>,
    /// At most so many: 100 at most, 20 if not said.
    #[garde(skip)]
    limit: Option<i64>,
}

impl Cursor {
    /// How many entries the part holds.
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(Paging::USUAL).clamp(1, Paging::MOST)
    }
}

/// The JSON body: trimmed, typed and within its rules. As an [`Answer`](crate::Answer) it is a plain 200.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Validate<Context: Default>> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Error::new(status, "UNSUPPORTED_MEDIA_TYPE", "Send `Content-Type: application/json`."));
        }
        let bytes = read_limited(request.into_body(), app.settings().body_limit).await?;
        read_json(&bytes).map(Self)
    }
}

async fn read_limited(body: Body, limit: usize) -> Result<bytes::Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(error) => Err(Error::bad_request("BODY_INCOMPLETE", "The body broke off.").source(error)),
    }
}

fn too_large(limit: usize) -> Error {
    let message = format!("The body may have {limit} bytes at most.");
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message).with("limit", limit)
}

/// Reads a JSON text as the body of a request is read: trimmed, typed and within its rules.
///
/// # Errors
/// 400 for what is not JSON, 422 with the path for what breaks a rule.
pub fn read_json<T: DeserializeOwned + Validate<Context: Default>>(bytes: &[u8]) -> Result<T> {
    let mut value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Error::bad_request("INVALID_JSON", format!("The body is not JSON: {error}.")))?;
    trim(&mut value, "")?;
    let value = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Error::faults(vec![Fault::new(path, "INVALID_TYPE", error.into_inner().to_string())])
    })?;
    validated(value)
}

fn validated<T: Validate<Context: Default>>(value: T) -> Result<T> {
    match value.validate() {
        Ok(()) => Ok(value),
        Err(report) => {
            let faults = report.iter();
            let faults =
                faults.map(|(path, error)| Fault::new(on_the_wire(&path.to_string()), "INVALID", error.message()));
            Err(Error::faults(faults.collect()))
        }
    }
}

/// `legs[0].stop_price` as clients spell it: `legs[0].stopPrice`.
fn on_the_wire(path: &str) -> String {
    let mut words = path.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |path, word| {
        let mut letters = word.chars();
        path + &letters.next().map(|first| first.to_ascii_uppercase()).into_iter().collect::<String>()
            + letters.as_str()
    })
}

/// Takes the white space off the ends of every text but secrets, and refuses what no text column can hold.
fn trim(value: &mut Value, key: &str) -> Result<()> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(Error::invalid(key, "INVALID_CHARACTER", "A text may not contain the character NUL."))
        }
        Value::String(text) if !crate::mask::is_secret(key) => {
            if text.trim().len() != text.len() {
                *text = text.trim().to_owned();
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| trim(item, key)),
        Value::Object(fields) => fields.iter_mut().try_for_each(|(key, value)| trim(value, key)),
        _ => Ok(()),
    }
}

impl<T: JsonSchema> Input for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.request_body::<T>();
        operation.error(StatusCode::BAD_REQUEST);
        operation.error(StatusCode::PAYLOAD_TOO_LARGE);
        operation.error(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// A file as the body, which may take its time.
pub struct Upload {
    body: Body,
}

impl Upload {
    /// The whole file, if it is within the limit in bytes.
    ///
    /// # Errors
    /// 413 beyond the limit, 400 when the sender breaks off.
    pub async fn read(self, limit: usize) -> Result<bytes::Bytes> {
        read_limited(self.body, limit).await
    }
}

impl FromRequest<App> for Upload {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        Ok(Self { body: request.into_body() })
    }
}

impl Input for Upload {
    fn describe(operation: &mut Operation) {
        operation.file_body();
        operation.error(StatusCode::BAD_REQUEST);
        operation.error(StatusCode::PAYLOAD_TOO_LARGE);
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}
