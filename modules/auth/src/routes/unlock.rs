use crate::{
    form::Asked,
    guard::Visitor,
    reply::{Landing, Success},
    service::{self, UnlockAccount},
    view::Done,
};
use kit::{Reason, Result, get};

/// Lifts the lock of an account that wrong passwords have locked, by the link of the mail.
#[get("/api/auth/unlock-account")]
pub(super) async fn unlock_account(
    visitor: Visitor,
    Asked(form): Asked<UnlockAccount>,
) -> Result<Landing<Success<Done>>> {
    let tx = visitor.app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let lifted = service::unlock_by_link(tx, &form).await;
    Landing::of(lifted.map(|()| Done { status: true }), form.callback_url)
}
