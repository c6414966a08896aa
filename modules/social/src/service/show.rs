use super::{Setback, depart::ShownToken, link};
use crate::{
    Social, error,
    provider::{Person, Refusal, Tokens},
    seal,
};
use audit::Change;
use auth::{
    NewAccount, SignedUp,
    accounts::{Account, add_account, find_account, renew_account},
    promise_verification,
    protocol::{Entry, Factor, Visitor, enter},
};
use kit::{App, Error, Origin, Reason, Result, SystemTx, User};
use serde_json::json;
use tenants::Kind;
use users::{Email, NewUser};

/// Lets in whoever shows an ID token that a platform has given them.
///
/// # Errors
/// 404 `PROVIDER_NOT_FOUND`, `ID_TOKEN_NOT_SUPPORTED`; 401 `INVALID_TOKEN`, `USER_EMAIL_NOT_FOUND`,
/// `OAUTH_LINK_ERROR`; 403 `EMAIL_NOT_VERIFIED`, `BANNED_USER`.
pub(crate) async fn sign_in_shown(visitor: &Visitor, provider: &str, shown: &ShownToken) -> Result<Entry> {
    let app = &visitor.app;
    let (tokens, person) = read(app, provider, shown).await?;
    let callback = &app.settings().base_url;
    let signed_in = sign_in(visitor, provider, &tokens, &person, callback).await;
    signed_in.map(|(entry, _)| entry).map_err(Setback::into_error)
}

/// Who an ID token is about.
pub(super) async fn read(app: &App, provider: &str, shown: &ShownToken) -> Result<(Tokens, Person)> {
    let provider = app.the::<Social>()?.provider(provider)?;
    if !provider.gives_id_tokens() {
        return Err(error::id_token_not_supported());
    }
    let tokens = Tokens {
        access: shown.access_token.clone(),
        refresh: shown.refresh_token.clone(),
        id: Some(shown.token.clone()),
        ..Tokens::default()
    };
    match provider.read(app.clock().now(), &tokens, shown.nonce.as_deref()).await {
        Ok(person) => Ok((tokens, person)),
        Err(refusal @ Refusal::Unavailable(_)) => {
            Err(Error::unavailable("PROVIDER_UNAVAILABLE", "The provider cannot be reached; try again.", 5)
                .source(refusal))
        }
        Err(refusal) => Err(error::invalid_token().source(refusal)),
    }
}

/// Lets a person in as the user whose account it is, or whose address both sides know to be theirs, or else as a new
/// one; answers whether they are new.
pub(super) async fn sign_in(
    visitor: &Visitor,
    provider: &str,
    tokens: &Tokens,
    person: &Person,
    callback: &str,
) -> Result<(Entry, bool), Setback> {
    let (app, origin) = (&visitor.app, visitor.request.origin.clone());
    let email = person.email.as_deref().and_then(Email::parse).ok_or(Setback::told("email_not_found"))?;
    let mut tx = app.db().system(Reason::Session, origin.clone()).await?;
    let (tx, user, new) = if let Some(account) = find_account(&mut tx, provider, &person.id).await? {
        let user = known(app, &mut tx, &account, tokens, person, &email).await?;
        (tx, user, false)
    } else {
        let found = users::find_by_email(&mut tx, &email).await?;
        let (user, new) = match found {
            Some(user) if user.email_verified && person.email_verified => {
                link::add(app, tx, &user, provider, tokens, person).await?;
                (user, false)
            }
            Some(_) => return Err(Setback::told("account_not_linked")),
            None => {
                drop(tx);
                (sign_up(app, origin.clone(), &email, provider, tokens, person, callback).await?, true)
            }
        };
        (app.db().system(Reason::Session, origin).await?, user, new)
    };
    if !user.email_verified {
        tx.commit().await?;
        return Err(Setback::told("email_not_verified"));
    }
    let entry = enter(visitor, tx, user, &Factor::Social(provider.to_owned()), true).await?;
    Ok((entry, new))
}

/// The user whose account it is. Their address is verified as soon as the platform knows that it is theirs.
async fn known(
    app: &App,
    tx: &mut SystemTx,
    account: &Account,
    tokens: &Tokens,
    person: &Person,
    email: &Email,
) -> Result<User, Setback> {
    let user = users::find(tx, account.user_id).await?.ok_or(Setback::told("unable_to_link_account"))?;
    renew_account(tx, account.id, &seal::seal(app, user.id, tokens)?).await?;
    audit::record(tx, Change::new("account", account.id, "account.renewed")).await?;
    let proven = person.email_verified && user.email == email.as_str();
    if !proven || !users::verify_email(tx, user.id).await? {
        return Ok(user);
    }
    audit::record(tx, Change::new("user", user.id, "user.email-verified")).await?;
    Ok(User { email_verified: true, ..user })
}

async fn sign_up(
    app: &App,
    origin: Origin,
    email: &Email,
    provider: &str,
    tokens: &Tokens,
    person: &Person,
    callback: &str,
) -> Result<User, Setback> {
    let local_part = email.as_str().split('@').next().unwrap_or_default();
    let name = if person.name.is_empty() { local_part } else { &person.name };
    let user = NewUser { email, name, image: person.image.as_deref(), email_verified: person.email_verified };
    let new = NewAccount { user, password_hash: None, kind: Kind::default(), tenant_name: name };
    let mut tx = app.db().system(Reason::SignUp, origin).await?;
    if !auth::is_sign_up_open(&mut tx).await? {
        return Err(Setback::told("signup_disabled"));
    }
    let SignedUp { mut tx, user, .. } = auth::sign_up(tx, &new).await?;
    let sealed = seal::seal(app, user.id, tokens)?;
    let account = link::only_once(add_account(&mut tx, user.id, provider, &person.id, &sealed).await)?;
    let change = Change::new("account", account, "account.linked");
    audit::record(&mut tx, change.after(json!({ "provider": provider, "accountId": person.id }))).await?;
    if !user.email_verified {
        promise_verification(&mut tx, email.clone(), Some(callback.to_owned())).await?;
    }
    tx.commit().await?;
    Ok(user)
}
