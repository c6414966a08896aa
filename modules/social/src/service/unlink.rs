use crate::{error, jobs::TellOfAccount};
use audit::Change;
use auth::{
    accounts::{Account, own_accounts, remove_account},
    protocol::Form,
};
use garde::Validate;
use kit::{Result, UserTx, enqueue_job};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Which of the user's accounts is meant: releases of the client name it by its id here, by the platform, or by the
/// platform and its id there.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChosenAccount")]
pub(crate) struct Chosen {
    /// Its id, here or at the platform.
    #[garde(length(max = 255))]
    account_id: Option<String>,
    /// The platform.
    #[garde(length(max = 64))]
    provider_id: Option<String>,
}

impl Form for Chosen {}

impl Chosen {
    /// The account that is meant.
    ///
    /// # Errors
    /// 400 `ACCOUNT_NOT_FOUND`, also when nothing is said.
    pub(super) fn among<'a>(&self, accounts: &'a [Account]) -> Result<&'a Account> {
        let of_platform = |it: &&Account| self.provider_id.as_ref().is_none_or(|provider| *provider == it.provider);
        let mut accounts = accounts.iter().filter(of_platform);
        let found = match (&self.account_id, &self.provider_id) {
            (Some(id), _) => accounts
                .clone()
                .find(|it| it.id.to_string() == *id)
                .or_else(|| accounts.find(|it| it.account_id == *id)),
            (None, Some(_)) => accounts.next(),
            (None, None) => None,
        };
        found.ok_or_else(error::account_not_found)
    }
}

/// Takes an account away from the user, who is told by mail. One way to sign in stays.
///
/// # Errors
/// 400 `FAILED_TO_UNLINK_LAST_ACCOUNT`, `ACCOUNT_NOT_FOUND`.
pub(crate) async fn unlink(tx: &mut UserTx, chosen: &Chosen) -> Result<()> {
    let accounts = own_accounts(tx).await?;
    if accounts.len() == 1 {
        return Err(error::last_account());
    }
    let account = chosen.among(&accounts)?;
    if !accounts.iter().any(|other| other.id != account.id && other.usable) {
        return Err(error::last_account());
    }
    remove_account(tx, account.id).await?;
    let tell = TellOfAccount { user: account.user_id, provider: account.provider.clone(), linked: false };
    enqueue_job(tx, &tell).await?;
    let change = Change::new("account", account.id, "account.unlinked");
    audit::record(tx, change.before(json!({ "provider": account.provider, "accountId": account.account_id }))).await
}
