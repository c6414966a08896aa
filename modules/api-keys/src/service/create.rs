use super::form::{self, CreateKey};
use crate::{
    addresses, error,
    identify::LENGTH,
    limit::Limit,
    lookup,
    store::{self, Key},
    view::{CreatedView, KeyView},
};
use audit::Change;
use kit::{App, Permissions, Result, TenantTx, Time};

/// A key that is to be made.
pub struct NewKey {
    pub name: Option<String>,
    /// What the key is to begin with.
    pub prefix: Option<String>,
    /// What it may do at most, as `resource:action`.
    pub permissions: Vec<String>,
    /// The networks that it may be used from.
    pub ip_allowlist: Option<Vec<String>>,
    pub limit: Limit,
    /// How often it may be used in all.
    pub remaining: Option<i64>,
    pub expires_at: Option<Time>,
}

/// How many keys a user may have in a tenant.
const MOST: i64 = 100;
/// How many of its first characters are kept, by which the user knows it again.
const START: usize = 6;

/// Makes a key as the user wishes it.
///
/// # Errors
/// 403 for permissions that the user does not hold; 409 `TOO_MANY_KEYS`.
pub(crate) async fn create(app: &App, tx: &mut TenantTx, held: &Permissions, wish: &CreateKey) -> Result<CreatedView> {
    let (key, about) = issue(app, tx, &wish.read(held, tx.now())?).await?;
    Ok(CreatedView { key, about: KeyView::from(&about) })
}

/// Makes a key for the user of the transaction, also with a number of uses, which only the server may set. Answers the
/// key itself, which is nowhere afterwards.
///
/// # Errors
/// 409 `TOO_MANY_KEYS`.
pub async fn issue_key(app: &App, tx: &mut TenantTx, new: &NewKey) -> Result<String> {
    Ok(issue(app, tx, new).await?.0)
}

async fn issue(app: &App, tx: &mut TenantTx, new: &NewKey) -> Result<(String, Key)> {
    let (secret, key) = make(app, tx, new).await?;
    audit::record(tx, Change::new("api-key", key.id, "api-key.created").after(KeyView::from(&key))).await?;
    Ok((secret, key))
}

pub(super) async fn make(app: &App, tx: &mut TenantTx, new: &NewKey) -> Result<(String, Key)> {
    if store::count(tx).await? >= MOST {
        return Err(error::too_many_keys());
    }
    let secret = format!("{}{}", new.prefix.as_deref().unwrap_or_default(), app.ids().letters(LENGTH));
    let start: String = secret.chars().take(START).collect();
    let id = store::insert(tx, new, &start, &lookup::hash(&secret)).await?;
    let key = store::list(tx, Some(id)).await?.pop().ok_or_else(error::key_not_found)?;
    Ok((secret, key))
}

impl CreateKey {
    fn read(&self, held: &Permissions, now: Time) -> Result<NewKey> {
        self.server_only.refuse()?;
        if self.metadata.is_some() {
            return Err(error::metadata_disabled());
        }
        Ok(NewKey {
            expires_at: self.expires_in.map(|seconds| form::end(seconds, now)).transpose()?,
            prefix: self.prefix.as_deref().map(form::prefix).transpose()?,
            name: self.name.as_deref().map(form::name).transpose()?,
            permissions: self.permissions.clone().unwrap_or_default().names_within(held)?,
            ip_allowlist: addresses::parse(self.ip_allowlist.as_deref().unwrap_or_default())?,
            limit: form::limit(self.rate_limit_max, self.rate_limit_time_window, Limit::DEFAULT)?,
            remaining: None,
        })
    }
}
