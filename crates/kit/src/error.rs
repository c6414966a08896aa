use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

/// What a fallible operation of the platform returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every status that an operation may fail with: its name on the wire and what it means.
/// The names are those of the API contract; the document's responses are made from this table.
pub(crate) const FAILURES: [(StatusCode, &str, &str); 15] = [
    (StatusCode::BAD_REQUEST, "BadRequestError", "The request cannot be read."),
    (StatusCode::UNAUTHORIZED, "UnauthorizedError", "There is no valid session."),
    (StatusCode::PAYMENT_REQUIRED, "PaymentRequiredError", "The plan does not include it."),
    (StatusCode::FORBIDDEN, "ForbiddenError", "The caller lacks the permission."),
    (StatusCode::NOT_FOUND, "NotFoundError", "What the path names does not exist for the caller."),
    (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedError", "The path does not know the method."),
    (StatusCode::CONFLICT, "ConflictError", "The present state does not allow it."),
    (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeError", "The body is too large."),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaTypeError", "The body is of another media type."),
    (StatusCode::UNPROCESSABLE_ENTITY, "ValidationError", "The input breaks a rule; `errors` names each by its path."),
    (StatusCode::TOO_MANY_REQUESTS, "RateLimitError", "Too many requests; `Retry-After` says when to come back."),
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "Something broke here; the correlation id finds it."),
    (StatusCode::BAD_GATEWAY, "BadGatewayError", "A service behind this one answered wrongly."),
    (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError", "It cannot be served at the moment."),
    (StatusCode::GATEWAY_TIMEOUT, "GatewayTimeoutError", "It took too long."),
];

/// Why an operation failed. On the wire it is an [`ErrorBody`]; its source is for the log only.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    context: Map<String, Value>,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
    constraint: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// One fault of an input.
#[derive(Clone, Debug, Serialize, JsonSchema, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands, such as `legs[0].symbol`; empty for the whole.
    pub path: String,
    /// A stable name, for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

impl Fault {
    /// A fault at a path.
    pub fn new(path: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), code: code.into(), message: message.into() }
    }
}

/// What went wrong.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Error")]
pub(crate) struct ErrorBody {
    /// The kind of the failure; it goes with the status.
    error: &'static str,
    /// A stable name of the failure, for programs.
    code: String,
    /// A sentence for people.
    message: String,
    status_code: u16,
    /// When it happened.
    timestamp: crate::Time,
    /// The path that was asked for.
    path: String,
    /// What finds the request in the logs and the audit trail.
    correlation_id: String,
    /// What the failure is about.
    context: Map<String, Value>,
    /// Each fault of the input by its path, when the input was at fault.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    errors: Vec<Fault>,
}

impl Error {
    /// A failure with this status and code.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            status,
            code: code.into(),
            message: message.into(),
            context: Map::new(),
            faults: vec![],
            headers: vec![],
            constraint: None,
            source: None,
        }))
    }

    /// 400: the request cannot be read.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 401: nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Sign in first.")
    }

    /// 403: the caller does not hold this permission.
    pub fn lacks(permission: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", format!("This needs the permission `{permission}`."))
            .with("permission", permission)
    }

    /// 403: not allowed, whatever the permissions.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 403: a key does not do here.
    pub fn session_required() -> Self {
        Self::forbidden("SESSION_REQUIRED", "This needs a session; a key is not enough.")
    }

    /// 404 `BOT_NOT_FOUND` of `bot`; also for what belongs to another tenant.
    pub fn not_found(what: &str) -> Self {
        let code = what.to_uppercase().replace([' ', '-'], "_") + "_NOT_FOUND";
        Self::new(StatusCode::NOT_FOUND, code, format!("There is no such {what}."))
    }

    /// 409: the present state does not allow it.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 422: one rule is broken at one path.
    pub fn invalid(path: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::faults(vec![Fault::new(path, code, message)])
    }

    /// 422: these rules are broken.
    pub fn faults(faults: Vec<Fault>) -> Self {
        let message = match faults.as_slice() {
            [only] if only.path.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.path, only.message),
            many => format!("The input has {} faults.", many.len()),
        };
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", message);
        error.inner().faults = faults;
        error
    }

    /// 503: it cannot be served at the moment; come back in so many seconds.
    pub fn unavailable(code: &'static str, message: impl Into<String>, retry_after: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
            .header(axum::http::header::RETRY_AFTER, HeaderValue::from(retry_after))
    }

    /// 500: the caller learns nothing but the correlation id; the log learns the source.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Something broke on our side.").source(source)
    }

    /// Adds to the context that the caller is shown.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.inner().context.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner().headers.push((name, value));
        self
    }

    /// Adds the cause, for the log only.
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner().source = Some(Arc::from(source.into()));
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable name.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The faults of the input, if the input was at fault.
    pub fn input_faults(&self) -> &[Fault] {
        &self.0.faults
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// The body, once the request's own figures are known.
    pub(crate) fn body(&self, timestamp: crate::Time, path: String, correlation_id: String) -> ErrorBody {
        let error = FAILURES
            .iter()
            .find(|(status, ..)| *status == self.0.status)
            .map_or(if self.0.status.is_server_error() { "InternalServerError" } else { "BadRequestError" }, |it| it.1);
        ErrorBody {
            error,
            code: self.0.code.clone().into_owned(),
            message: self.0.message.clone(),
            status_code: self.0.status.as_u16(),
            timestamp,
            path,
            correlation_id,
            context: self.0.context.clone(),
            errors: self.0.faults.clone(),
        }
    }

    /// The failure for a status that the framework answered by itself.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        let message = FAILURES.iter().find(|(known, ..)| *known == status).map_or("The request failed.", |it| it.2);
        let code = status.canonical_reason().unwrap_or("error").to_uppercase().replace([' ', '-'], "_");
        Self::new(status, code, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.0.code)?;
        let mut source = self.0.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.0.status.as_u16())
    }
}

impl StdError for Error {}

/// The answer is a husk that carries the error: the pipeline writes the body, since it alone
/// knows the path, the time and the correlation id.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => {
                Self::unavailable("DATABASE_BUSY", "The database is busy; try again.", 1).source(error)
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolClosed => {
                Self::unavailable("DATABASE_UNAVAILABLE", "The database cannot be reached.", 5).source(error)
            }
            sqlx::Error::Database(refusal) => match refusal.code().as_deref().and_then(passing) {
                Some((code, message, seconds)) => Self::unavailable(code, message, seconds).source(error),
                None => {
                    let constraint = refusal.constraint().map(str::to_owned);
                    let mut internal = Self::internal(error);
                    internal.inner().constraint = constraint;
                    internal
                }
            },
            _ => Self::internal(error),
        }
    }
}

/// What a state of SQL says that passes by itself: code, message, and after how many seconds it is worth another try.
fn passing(state: &str) -> Option<(&'static str, &'static str, u32)> {
    match (state.get(..2)?, state) {
        // the class 08: the connection broke; 57: the server shuts down, starts up or was told to break off; 25P03: the
        // transaction stood still for too long
        ("08" | "57", _) | (_, "25P03") => Some(("DATABASE_UNAVAILABLE", "The database is restarting.", 5)),
        // no room on the disk, in memory or for a connection
        ("53", _) => Some(("DATABASE_FULL", "The database lacks room; the operator has to see to it.", 5)),
        ("40", _) | (_, "55P03") => Some(("DATABASE_CONTENTION", "Others change the same thing; try again.", 1)),
        _ => None,
    }
}

/// Turns the refusal of a named constraint of the database into an error of the domain.
pub trait OnConstraint<T> {
    /// `store::insert(…).await.on_constraint("watchlists_name_taken", || Error::conflict(…))`
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T>;
}

impl<T, E: Into<Error>> OnConstraint<T> for Result<T, E> {
    fn on_constraint(self, name: &str, error: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(Into::into).map_err(|refused: Error| match &refused.0.constraint {
            Some(constraint) if constraint == name => error(),
            _ => refused,
        })
    }
}

/// The word of `known` that is nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (distance(word, known), known)).min()?;
    (near.0 <= (word.len() / 3).max(1)).then_some(near.1)
}

/// The Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.chars().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
