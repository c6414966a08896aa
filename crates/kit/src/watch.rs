use crate::{App, RequestInfo, Result, Time};
use axum::http::{Method, StatusCode};
use futures::future::BoxFuture;
use std::time::Duration;

/// What a module does with every request, whatever that asks for.
#[derive(Clone, Copy)]
pub struct Watch {
    /// Refuses a request before anything else is done with it.
    pub admit: for<'a> fn(&'a App, &'a RequestInfo) -> BoxFuture<'a, Result<()>>,
    /// Is told of the request once it has been answered. Everybody waits for it, so it waits for nobody.
    pub saw: fn(&App, &Seen<'_>),
}

/// A request that has been answered.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When it came.
    pub at: Time,
    pub method: &'a Method,
    /// The path as the API document has it, which holds no secret; `None` for one that the API does not know.
    pub route: Option<&'a str>,
    pub status: StatusCode,
    /// The code of the failure.
    pub code: Option<&'a str>,
    pub took: Duration,
    /// Where it came from and who sent it.
    pub info: &'a RequestInfo,
}
