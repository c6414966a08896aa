use super::{Charge, EVERYTHING, LimitSettings, Rate, Rates, Subject, Verdict, rates::Toll};
use crate::{App, Error, Recognised, RequestInfo};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// The headers that tell how much is left.
pub(crate) const HEADERS: [HeaderName; 3] = [LIMIT, REMAINING, RESET];
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// What the clients of the Better Auth protocol look at.
pub(crate) const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// What the layer stands on.
#[derive(Clone)]
pub(crate) struct Limited {
    pub(crate) app: App,
    pub(crate) rates: Arc<Rates>,
}

/// Refuses what is too much, and says on every answer how much is left.
pub(crate) async fn around(State(limited): State<Limited>, request: Request, next: Next) -> Response {
    let app = &limited.app;
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let toll = limited.rates.find(request.method(), path);
    let Some(limits) = app.settings().limits.filter(|_| toll.rate != Rate::Unlimited) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let caller = Counted::of(app, &mut parts, toll).await;
    let request = Request::from_parts(parts, body);
    let Some(verdict) = caller.count(app, limits).await else { return next.run(request).await };
    if let (false, Subject::User(user)) = (verdict.admitted, caller.subject)
        && let Some(info) = request.extensions().get::<Arc<RequestInfo>>()
    {
        info.sent_by(user);
    }
    let mut response = if verdict.admitted { next.run(request).await } else { refusal(&verdict).into_response() };
    tell(response.headers_mut(), &verdict);
    response
}

/// A request as it is counted.
struct Counted {
    subject: Subject,
    toll: Toll,
    /// Whether a key was presented, which has a limit of its own over everything.
    by_key: bool,
}

impl Counted {
    /// A session or key that does not live counts for its address.
    async fn of(app: &App, parts: &mut Parts, toll: Toll) -> Self {
        let recognised = if toll.by_address { None } else { Some(Recognised::ahead(app, parts).await) };
        if let Some(identity) = recognised.as_ref().and_then(Recognised::identity) {
            let by_key = identity.credential.api_key().is_some();
            return Self { subject: Subject::User(identity.user.id), toll, by_key };
        }
        let ip = RequestInfo::of(parts).ok().and_then(|info| info.origin.ip);
        Self { subject: Subject::of(ip), toll, by_key: false }
    }

    /// The verdict that leaves less.
    async fn count(&self, app: &App, limits: LimitSettings) -> Option<Verdict> {
        let strict = match self.toll.strict(self.subject, limits) {
            Some(charge) => Some(app.limits().charge(&charge, app.clock().now()).await),
            None => None,
        };
        if self.by_key || strict.is_some_and(|verdict| !verdict.admitted) {
            return strict;
        }
        let general = Charge { subject: self.subject, bucket: EVERYTHING, limit: limits.per_minute };
        let general = app.limits().charge(&general, app.clock().now()).await;
        strict.filter(|strict| general.admitted && strict.remaining <= general.remaining).or(Some(general))
    }
}

fn refusal(verdict: &Verdict) -> Error {
    let seconds = verdict.retry_seconds().max(1);
    let wait = HeaderValue::from(seconds);
    Error::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests. Please try again later.")
        .with("retryAfter", seconds)
        .header(RETRY_AFTER, wait.clone())
        .header(X_RETRY_AFTER, wait)
}

fn tell(headers: &mut HeaderMap, verdict: &Verdict) {
    headers.insert(LIMIT, verdict.limit.into());
    headers.insert(REMAINING, verdict.remaining.into());
    headers.insert(RESET, verdict.reset_seconds().into());
}
