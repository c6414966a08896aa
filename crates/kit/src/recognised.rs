use crate::{App, Identity, Result, TenantHint};
use axum::http::request::Parts;
use std::sync::Arc;

/// Who a request is from, once that has been asked: it is not asked twice for the same tenant.
#[derive(Clone)]
pub struct Recognised {
    /// The tenant that was asked for, if its name could be read.
    hint: Option<TenantHint>,
    answer: Arc<Result<Option<Identity>>>,
}

impl Recognised {
    /// What has been found out of the request so far.
    pub fn of(parts: &Parts) -> Option<Self> {
        parts.extensions.get().cloned()
    }

    /// The user, when there is one.
    pub fn identity(&self) -> Option<&Identity> {
        self.answer.as_ref().as_ref().ok()?.as_ref()
    }

    /// Whether it is certain that nobody is signed in.
    pub fn is_nobody(&self) -> bool {
        matches!(self.answer.as_ref(), Ok(None))
    }

    /// Asks who the request is from, and leaves the answer there for the guard. A failure is the guard's to report.
    pub(crate) async fn ahead(app: &App, parts: &mut Parts) -> Self {
        let hint = TenantHint::of(parts, app);
        let answer = Arc::new(ask(app, parts, hint.clone()).await);
        let recognised = Self { hint: hint.ok(), answer };
        parts.extensions.insert(recognised.clone());
        recognised
    }

    /// Whether it is the answer for this tenant too: a guard may have found another one in the path.
    fn is_about(&self, hint: &TenantHint) -> bool {
        let tenant = self.identity().and_then(|identity| identity.membership.as_ref()).map(|it| it.tenant);
        self.hint.as_ref() == Some(hint) || (tenant.is_some() && hint.id == tenant)
    }
}

/// Who the request is from, asked now unless it has been before.
pub(crate) async fn identity(app: &App, parts: &mut Parts) -> Result<Option<Identity>> {
    let hint = TenantHint::of(parts, app)?;
    match parts.extensions.remove::<Recognised>() {
        Some(known) if known.is_about(&hint) => Arc::unwrap_or_clone(known.answer),
        _ => ask(app, parts, Ok(hint)).await,
    }
}

async fn ask(app: &App, parts: &Parts, hint: Result<TenantHint>) -> Result<Option<Identity>> {
    (app.identify())(app, parts, hint?).await
}
