use crate::{error, origin};
use axum::{
    body,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
};
use bytes::Bytes;
use garde::Validate;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kit::{App, Error, Input, Operation, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

/// What a form of the protocol consists of. Fields that nobody knows are ignored.
pub trait Form: DeserializeOwned + JsonSchema + Validate<Context: Default> {
    /// Fields that are refused, since a caller might believe that they do something.
    const REFUSED: &[&str] = &[];
    /// Whether it may also come as `application/x-www-form-urlencoded`.
    const URL_ENCODED: bool = false;
}

/// The body, read by the rules of the protocol.
pub struct Body<T>(pub T);

/// The query, read by the rules of the protocol.
pub struct Asked<T>(pub T);

/// The largest body, in bytes: the longest fields together are far smaller.
const LARGEST: usize = 64 << 10;

impl<T: Form> FromRequest<App> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let bytes = read_limited(body).await?;
        let fields = match essence.as_str() {
            "application/json" => json(&bytes)?,
            "application/x-www-form-urlencoded" if T::URL_ENCODED => pairs(&bytes),
            "" if bytes.is_empty() => Map::new(),
            _ => return Err(error::unsupported_media_type()),
        };
        read("body", fields, app).map(Self)
    }
}

impl<T: Form> FromRequestParts<App> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        read("query", pairs(parts.uri.query().unwrap_or_default().as_bytes()), app).map(Self)
    }
}

async fn read_limited(body: body::Body) -> Result<Bytes> {
    match Limited::new(body, LARGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(failure) if failure.is::<LengthLimitError>() => {
            let message = format!("The body may have {LARGEST} bytes at most.");
            Err(Error::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message).with("limit", LARGEST))
        }
        Err(failure) => Err(Error::bad_request("BODY_INCOMPLETE", "The body broke off.").source(failure)),
    }
}

fn json(bytes: &[u8]) -> Result<Map<String, Value>> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let message = format!("Invalid input: expected object, received {}", kind_of(&other));
            Err(error::invalid("body", "", &message))
        }
        Err(_) => Err(error::broken_json()),
    }
}

fn pairs(bytes: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (key, value) in url::form_urlencoded::parse(bytes) {
        let value = Value::String(value.into_owned());
        match fields.get_mut(&*key) {
            None => drop(fields.insert(key.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    fields
}

fn read<T: Form>(place: &str, fields: Map<String, Value>, app: &App) -> Result<T> {
    if let Some(refused) = T::REFUSED.iter().find(|field| fields.contains_key(**field)) {
        return Err(error::not_allowed(refused));
    }
    // no text column can hold it
    if let Some((field, _)) = fields.iter().find(|(_, value)| has_nul(value)) {
        return Err(error::invalid(place, field, "Invalid input: the character NUL"));
    }
    origin::check_links(&fields, app.settings())?;
    let form: T = serde_path_to_error::deserialize(Value::Object(fields)).map_err(|failure| {
        let path = failure.path().to_string();
        let (field, message) = in_zods_words(&path, &failure.into_inner().to_string());
        error::invalid(place, &field, &message)
    })?;
    match form.validate().map_err(|report| report.into_inner().into_iter().next()) {
        Ok(()) => Ok(form),
        Err(Some((path, fault))) => {
            Err(error::invalid(place, &path.to_string(), &format!("Invalid input: {}", fault.message())))
        }
        Err(None) => Err(error::invalid(place, "", "Invalid input")),
    }
}

/// What serde finds wrong, as the clients of the protocol expect to read it: the field and the sentence.
fn in_zods_words(path: &str, message: &str) -> (String, String) {
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return (field.to_owned(), "Invalid input: expected string, received undefined".to_owned());
    }
    let path = if path == "." { "" } else { path };
    let Some((received, expected)) = message.strip_prefix("invalid type: ").and_then(|it| it.split_once(", expected "))
    else {
        return (path.to_owned(), message.to_owned());
    };
    let received = match received.split(' ').next().unwrap_or_default() {
        "integer" | "floating" => "number",
        "sequence" => "array",
        "map" => "object",
        other => other,
    };
    let expected = expected.trim_start_matches("a ");
    (path.to_owned(), format!("Invalid input: expected {expected}, received {received}"))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A truth value, which a form that is not JSON can only spell.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Text(String),
    }
    match Option::<Flag>::deserialize(deserializer) {
        Ok(None) => Ok(None),
        Ok(Some(Flag::Bool(flag))) => Ok(Some(flag)),
        Ok(Some(Flag::Text(text))) if text == "true" || text == "false" => Ok(Some(text == "true")),
        _ => Err(serde::de::Error::custom("Invalid input: expected boolean")),
    }
}

impl<T: Form> Input for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.request_body::<T>();
        for status in [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::UNSUPPORTED_MEDIA_TYPE] {
            operation.error(status);
        }
        operation.error(StatusCode::PAYLOAD_TOO_LARGE);
    }
}

impl<T: Form> Input for Asked<T> {
    fn describe(operation: &mut Operation) {
        operation.query_parameters::<T>();
        operation.error(StatusCode::BAD_REQUEST);
        operation.error(StatusCode::FORBIDDEN);
    }
}
