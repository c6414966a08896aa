use super::Chosen;
use crate::{
    Social, error,
    provider::{Provider, Tokens},
    seal,
};
use audit::Change;
use auth::{
    accounts::{Account, own_accounts, renew_account},
    protocol::Holder,
};
use chrono::TimeDelta;
use kit::{Error, Result, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What another platform lets the user do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialAccessToken")]
pub(crate) struct AccessToken {
    access_token: String,
    access_token_expires_at: Option<Time>,
    scopes: Vec<String>,
    id_token: Option<String>,
}

/// Fresh tokens of another platform.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialTokens")]
pub(crate) struct Fresh {
    access_token: Option<String>,
    refresh_token: String,
    access_token_expires_at: Option<Time>,
    refresh_token_expires_at: Option<Time>,
    /// With commas between them.
    scope: String,
    id_token: Option<String>,
    provider_id: String,
    account_id: Uuid,
}

/// Who the user is at another platform.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SocialAccountInfo")]
pub(crate) struct AccountInfo {
    user: PersonView,
    account: AccountView,
    /// All that the platform says.
    data: Value,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialPerson")]
struct PersonView {
    id: String,
    name: String,
    email: Option<String>,
    image: Option<String>,
    email_verified: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SocialAccount")]
struct AccountView {
    id: Uuid,
    provider_id: String,
    account_id: String,
}

/// How long an access token must still hold to be handed out.
const MARGIN: TimeDelta = TimeDelta::seconds(5);

/// The access token of an account, refreshed where it has expired.
///
/// # Errors
/// 400 `ACCOUNT_NOT_FOUND`, `PROVIDER_NOT_SUPPORTED`, `FAILED_TO_GET_ACCESS_TOKEN`.
pub(crate) async fn get_access_token(holder: &Holder, chosen: &Chosen) -> Result<AccessToken> {
    let account = choose(holder, chosen).await?;
    let provider = supported(holder, &account)?;
    let tokens = valid(holder, provider, &account).await?;
    Ok(AccessToken {
        access_token: tokens.access.unwrap_or_default(),
        access_token_expires_at: tokens.access_expires_at,
        scopes: account.scopes,
        id_token: tokens.id,
    })
}

/// Has the platform make fresh tokens for an account.
///
/// # Errors
/// 400 `ACCOUNT_NOT_FOUND`, `PROVIDER_NOT_SUPPORTED`, `REFRESH_TOKEN_NOT_FOUND`, `FAILED_TO_REFRESH_ACCESS_TOKEN`.
pub(crate) async fn refresh_token(holder: &Holder, chosen: &Chosen) -> Result<Fresh> {
    let account = choose(holder, chosen).await?;
    let provider = supported(holder, &account)?;
    let old = seal::open(holder.app(), &account)?;
    let refresh = old.refresh.as_deref().ok_or_else(error::no_refresh_token)?;
    let new = renew(holder, provider, &account, refresh, error::token_not_refreshed).await?;
    let refresh_token = new.refresh.unwrap_or_else(|| refresh.to_owned());
    Ok(Fresh {
        access_token: new.access,
        refresh_token,
        access_token_expires_at: new.access_expires_at,
        refresh_token_expires_at: new.refresh_expires_at.or(old.refresh_expires_at),
        scope: account.scopes.join(","),
        id_token: new.id.or(old.id),
        provider_id: account.provider,
        account_id: account.id,
    })
}

/// Asks the platform who the user is there.
///
/// # Errors
/// 400 `ACCOUNT_NOT_FOUND`, `PROVIDER_NOT_CONFIGURED`, `ACCESS_TOKEN_NOT_FOUND`, `FAILED_TO_GET_ACCESS_TOKEN`;
/// 401 `FAILED_TO_GET_USER_INFO`.
pub(crate) async fn account_info(holder: &Holder, chosen: &Chosen) -> Result<AccountInfo> {
    let account = choose(holder, chosen).await?;
    let provider = supported(holder, &account).map_err(|_| error::provider_not_configured())?;
    let tokens = valid(holder, provider, &account).await?;
    let access = tokens.access.ok_or_else(error::no_access_token)?;
    let asked = provider.person(holder.app().clock().now(), &access).await;
    let person = asked.map_err(|refusal| error::no_user_info().source(refusal))?;
    let Account { id, provider: provider_id, account_id, .. } = account;
    Ok(AccountInfo {
        user: PersonView {
            id: person.id,
            name: person.name,
            email: person.email,
            image: person.image,
            email_verified: person.email_verified,
        },
        account: AccountView { id, provider_id, account_id },
        data: person.claims,
    })
}

async fn choose(holder: &Holder, chosen: &Chosen) -> Result<Account> {
    let accounts = own_accounts(&mut holder.begin().await?).await?;
    chosen.among(&accounts).cloned()
}

fn supported<'a>(holder: &'a Holder, account: &Account) -> Result<&'a Provider> {
    let provider = holder.app().the::<Social>()?.provider(&account.provider);
    provider.map_err(|_| error::not_supported(&account.provider))
}

/// The account's tokens, of which the access token still holds.
async fn valid(holder: &Holder, provider: &Provider, account: &Account) -> Result<Tokens> {
    let old = seal::open(holder.app(), account)?;
    let soon = holder.app().clock().now() + MARGIN;
    let expired = old.access_expires_at.is_some_and(|end| end < soon);
    let Some(refresh) = old.refresh.as_deref().filter(|_| expired) else { return Ok(old) };
    let new = renew(holder, provider, account, refresh, error::token_not_valid).await?;
    Ok(Tokens { id: new.id.or(old.id), ..new })
}

/// Fresh tokens, which are kept. What they may be used for stays as it was noted when the account was linked.
async fn renew(
    holder: &Holder,
    provider: &Provider,
    account: &Account,
    refresh: &str,
    failure: fn() -> Error,
) -> Result<Tokens> {
    let app = holder.app();
    let asked = provider.refresh(app.clock().now(), refresh).await;
    let tokens = asked.map_err(|refusal| failure().source(refusal))?;
    let tokens = Tokens { scopes: vec![], ..tokens };
    let mut tx = holder.begin().await?;
    renew_account(&mut tx, account.id, &seal::seal(app, account.user_id, &tokens)?).await?;
    audit::record(&mut tx, Change::new("account", account.id, "account.renewed")).await?;
    tx.commit().await?;
    Ok(tokens)
}
