use super::{Setback, depart::ShownToken, show};
use crate::{
    Social,
    jobs::TellOfAccount,
    provider::{Person, Tokens},
    seal,
};
use audit::Change;
use auth::accounts::{add_account, commit_at_home, find_account, renew_account, session_owner};
use kit::{App, Error, OnConstraint, Origin, Reason, Result, SystemTx, User, enqueue_job};
use serde_json::json;
use uuid::Uuid;

/// Links the account that somebody brings back to the user who went, if their session is still open.
pub(super) async fn link(
    app: &App,
    origin: Origin,
    session: Uuid,
    provider: &str,
    tokens: &Tokens,
    person: &Person,
) -> Result<(), Setback> {
    let mut tx = app.db().system(Reason::Session, origin).await?;
    let owner = session_owner(&mut tx, session).await?.ok_or(Setback::told("unable_to_link_account"))?;
    let user = users::find(&mut tx, owner).await?.ok_or(Setback::told("unable_to_link_account"))?;
    attach(app, tx, &user, provider, tokens, person).await
}

/// Links the account of an ID token to the user who shows it.
///
/// # Errors
/// 404 `PROVIDER_NOT_FOUND`, `ID_TOKEN_NOT_SUPPORTED`; 401 `INVALID_TOKEN`, `LINKING_NOT_ALLOWED`,
/// `LINKING_DIFFERENT_EMAILS_NOT_ALLOWED`; 409 `SOCIAL_ACCOUNT_ALREADY_LINKED`.
pub(crate) async fn link_shown(
    app: &App,
    origin: Origin,
    user: &User,
    provider: &str,
    shown: &ShownToken,
) -> Result<()> {
    let (tokens, person) = show::read(app, provider, shown).await?;
    let tx = app.db().system(Reason::Session, origin).await?;
    attach(app, tx, user, provider, &tokens, &person).await.map_err(Setback::into_error)
}

/// An account is linked once it is certain whose address it has: the user's own, unless the operator allows others.
async fn attach(
    app: &App,
    mut tx: SystemTx,
    user: &User,
    provider: &str,
    tokens: &Tokens,
    person: &Person,
) -> Result<(), Setback> {
    if !person.email_verified {
        return Err(Setback::told("unable_to_link_account"));
    }
    let same = person.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(&user.email));
    if !same && !app.the::<Social>()?.link_different_emails {
        return Err(Setback::told("email_does_not_match"));
    }
    match find_account(&mut tx, provider, &person.id).await? {
        None => add(app, tx, user, provider, tokens, person).await,
        Some(account) if account.user_id != user.id => Err(Setback::told("account_already_linked_to_different_user")),
        Some(account) => {
            renew_account(&mut tx, account.id, &seal::seal(app, user.id, tokens)?).await?;
            Ok(commit_at_home(tx, user.id, Change::new("account", account.id, "account.renewed")).await?)
        }
    }
}

/// Adds the account to the user's, and tells them by mail.
pub(super) async fn add(
    app: &App,
    mut tx: SystemTx,
    user: &User,
    provider: &str,
    tokens: &Tokens,
    person: &Person,
) -> Result<(), Setback> {
    let sealed = seal::seal(app, user.id, tokens)?;
    let account = only_once(add_account(&mut tx, user.id, provider, &person.id, &sealed).await)?;
    let tell = TellOfAccount { user: user.id, provider: provider.to_owned(), linked: true };
    enqueue_job(&mut tx, &tell).await?;
    let change = Change::new("account", account, "account.linked");
    let change = change.after(json!({ "provider": provider, "accountId": person.id, "scopes": sealed.scopes }));
    Ok(commit_at_home(tx, user.id, change).await?)
}

/// An account belongs to one user, even where two come at the same time.
pub(super) fn only_once(added: Result<Uuid>) -> Result<Uuid, Setback> {
    const TAKEN: &str = "SOCIAL_ACCOUNT_ALREADY_LINKED";
    let taken = || Error::conflict(TAKEN, "Social account already linked");
    added.on_constraint("accounts_taken", taken).map_err(|refused| match refused.code() {
        TAKEN => Setback::told("unable_to_link_account"),
        _ => Setback::Broken(refused),
    })
}
