//! What Binance tells the holder of a key.

use crate::{
    Binance, Failure, Priority,
    parse::{self, Account, KeyRestrictions},
    transport::Ask,
};
use exchanges::Credentials;

impl Binance {
    /// What the account holds, but for what it holds nothing of.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn account(&self, credentials: &Credentials) -> Result<Account, Failure> {
        let query = [("omitZeroBalances", "true".to_owned())];
        let ask = Ask::new("account", &query, 20, Priority::Query);
        self.signed(&Ask { signer: Some(credentials), ..ask }, parse::account).await
    }

    /// What the key may do.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub async fn key_restrictions(&self, credentials: &Credentials) -> Result<KeyRestrictions, Failure> {
        let ask = Ask::new("sapi/v1/account/apiRestrictions", &[], 1, Priority::Query);
        self.signed(&Ask { signer: Some(credentials), ..ask }, parse::key_restrictions).await
    }
}
