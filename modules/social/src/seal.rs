//! The tokens of other platforms, at rest.

use crate::{provider::Tokens, service::JOURNEYS};
use auth::accounts::{Account, SealedTokens};
use kit::{App, Error, Result, Sealed};
use uuid::Uuid;

const ACCESS: &str = "accounts.access_token";
const REFRESH: &str = "accounts.refresh_token";
const ID: &str = "accounts.id_token";

/// All that this module seals.
pub(crate) const SEALED: &[&Sealed] = &[
    JOURNEYS,
    &column("access_token", |_| ACCESS.to_owned()),
    &column("refresh_token", |_| REFRESH.to_owned()),
    &column("id_token", |_| ID.to_owned()),
];

const fn column(column: &'static str, place: fn(&str) -> String) -> Sealed {
    Sealed { table: "accounts", column, owner: "user_id", of: "user_id", place }
}

/// The tokens as they are kept for a user.
pub(crate) fn seal(app: &App, user: Uuid, tokens: &Tokens) -> Result<SealedTokens> {
    let owner = user.to_string();
    let sealed = |place: &str, token: &Option<String>| match token {
        Some(token) => app.vault().seal(app.ids(), &owner, place, token.as_bytes()).map(Some),
        None => Ok(None),
    };
    Ok(SealedTokens {
        access: sealed(ACCESS, &tokens.access)?,
        refresh: sealed(REFRESH, &tokens.refresh)?,
        id: sealed(ID, &tokens.id)?,
        access_expires_at: tokens.access_expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
        scopes: tokens.scopes.clone(),
    })
}

/// The tokens of an account, as the platform gave them.
pub(crate) fn open(app: &App, account: &Account) -> Result<Tokens> {
    let owner = account.user_id.to_string();
    let opened = |place: &str, token: &Option<Vec<u8>>| match token {
        Some(token) => {
            let bytes = app.vault().open(&owner, place, token)?;
            String::from_utf8(bytes).map(Some).map_err(Error::internal)
        }
        None => Ok(None),
    };
    Ok(Tokens {
        access: opened(ACCESS, &account.access_token)?,
        refresh: opened(REFRESH, &account.refresh_token)?,
        id: opened(ID, &account.id_token)?,
        access_expires_at: account.access_token_expires_at,
        refresh_expires_at: account.refresh_token_expires_at,
        scopes: account.scopes.clone(),
    })
}
