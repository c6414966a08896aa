use super::lockout::Attempt;
use crate::{AuthSettings, error, guard::Holder, password::Verdict, store};
use kit::{Reason, Result};
use users::Email;

/// Makes sure that whoever holds a session knows its user's password too. Wrong ones count as at sign-in.
///
/// # Errors
/// 400 `INVALID_PASSWORD`, also where there is none; 429 `ACCOUNT_TEMPORARILY_LOCKED`.
pub(crate) async fn confirm_password(holder: &Holder, password: &str) -> Result<()> {
    let (app, user) = (holder.app(), holder.user());
    let email = Email::parse(&user.email).ok_or_else(error::invalid_email)?;
    let begin = async || app.db().system(Reason::Session, holder.origin().clone()).await;
    let (attempt, hash) = {
        let mut tx = begin().await?;
        let attempt = Attempt::begin(&mut tx, &email, Some(user.id)).await?;
        (attempt, store::password_hash(&mut tx, user.id).await?)
    };
    let verdict = app.the::<AuthSettings>()?.passwords.verify(password, hash.as_deref(), app.ids()).await?;
    let mut tx = begin().await?;
    attempt.end(&mut tx, verdict != Verdict::Wrong).await?;
    tx.unaudited("attempts are only counted; a lock that they bring about is recorded");
    tx.commit().await?;
    if verdict == Verdict::Wrong { Err(error::invalid_password()) } else { Ok(()) }
}
