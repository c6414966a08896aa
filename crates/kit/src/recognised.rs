use crate::{App, Identity, Result, TenantHint};
use axum::http::request::Parts;
use std::sync::Arc;

/// Who a request is from, once that has been asked: it is not asked twice.
#[derive(Clone)]
pub struct Recognised(Arc<Result<Option<Identity>>>);

impl Recognised {
    /// What has been found out of the request so far.
    pub fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().cloned()
    }

    /// The user, when there is one.
    pub fn identity(&self) -> Option<&Identity> {
        self.0.as_ref().as_ref().ok()?.as_ref()
    }

    /// Whether it is certain that nobody is signed in.
    pub fn is_nobody(&self) -> bool {
        matches!(self.0.as_ref(), Ok(None))
    }

    /// Asks who the request is from, and leaves the answer there for the guard. A failure is the guard's to report.
    pub(crate) async fn ahead(app: &App, parts: &mut Parts) -> Self {
        let recognised = Self(Arc::new(ask(app, parts).await));
        parts.extensions.insert(recognised.clone());
        recognised
    }
}

/// Who the request is from, asked now unless it has been before.
pub(crate) async fn identity(app: &App, parts: &mut Parts) -> Result<Option<Identity>> {
    match parts.extensions.remove() {
        Some(Recognised(known)) => Arc::unwrap_or_clone(known),
        None => ask(app, parts).await,
    }
}

async fn ask(app: &App, parts: &Parts) -> Result<Option<Identity>> {
    let hint = TenantHint::of(parts, app)?;
    (app.identify())(app, parts, hint).await
}
