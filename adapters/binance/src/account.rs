//! What Binance tells the holder of a key.

use crate::{
    Binance, Failure, Priority,
    parse::{self, Account, KeyRestrictions},
    sign::BAD_TIME,
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

    /// Asks by Binance's clock; once more when that turns out to be another than was thought.
    async fn signed<T>(&self, ask: &Ask<'_>, read: impl Fn(&[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
        if !self.skew.is_known() {
            self.measure().await?;
        }
        match self.answered(ask, &read).await {
            Err(Failure::Refused { code: BAD_TIME, .. }) => {
                self.measure().await?;
                self.answered(ask, &read).await
            }
            answered => answered,
        }
    }

    async fn measure(&self) -> Result<(), Failure> {
        let learn = |body: &[u8]| {
            let theirs = parse::server_time(body);
            theirs.map(|theirs| self.skew.learn(theirs.millis(), self.settings.clock.now()))
        };
        self.ask("time", &[], 1, Priority::Query, learn).await
    }
}
