use crate::Binance;
use exchanges::{Abilities, Balance, Credentials, KeyInfo, ORDER_KINDS, Trader, Venue, VenueError};
use futures::{FutureExt, future::BoxFuture};

impl Venue for Binance {
    fn exchange(&self) -> &'static str {
        "binance"
    }

    fn abilities(&self) -> Abilities {
        Abilities { candles: true, order_kinds: ORDER_KINDS }
    }

    fn probe<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<KeyInfo, VenueError>> {
        async move {
            let key = self.key_restrictions(credentials).await?;
            // what a key may do is worth nothing where its account may not
            let trades = key.enable_reading && self.account(credentials).await?.can_trade;
            Ok(KeyInfo {
                read: key.enable_reading,
                trade: trades && key.enable_spot_and_margin_trading,
                withdraw: key.enable_withdrawals,
                ip_restricted: key.ip_restrict,
            })
        }
        .boxed()
    }

    fn balances<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Result<Vec<Balance>, VenueError>> {
        async move { Ok(self.account(credentials).await?.balances) }.boxed()
    }

    fn trader(&self) -> Option<&dyn Trader> {
        Some(self)
    }
}
