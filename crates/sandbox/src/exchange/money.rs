//! Money that moves: deposits, what orders hold back, payments and fees.

use super::{AccountId, AssetId, Event, Exchange, FEES, HOUSE, Refusal, figures::floor};
use rust_decimal::Decimal;

/// The most that comes or goes at once.
const MOST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

impl Exchange {
    /// Money comes from outside, or goes there where it is negative.
    ///
    /// # Errors
    /// A [`Refusal`] of an account that is not there, or has too little, or an amount beyond all reason.
    pub fn deposit(&mut self, now: i64, account: AccountId, asset: &str, amount: Decimal) -> Result<(), Refusal> {
        if account <= FEES || account >= self.accounts.len() || amount.abs() > MOST || amount.scale() > 8 {
            return Err(Refusal::mandatory("amount"));
        }
        let asset = self.asset(asset);
        let balance = self.accounts[account].balance_mut(asset);
        if balance.free + amount < Decimal::ZERO || balance.free + amount > MOST {
            return Err(Refusal::INSUFFICIENT);
        }
        balance.free += amount;
        self.issued[asset] += amount;
        self.touched.insert((account, asset));
        self.events.push(Event::Balance(account, asset, amount));
        self.settle(now);
        Ok(())
    }

    /// Holds money back for an order; the house needs none.
    pub(super) fn lock(&mut self, account: AccountId, asset: AssetId, amount: Decimal) {
        if account != HOUSE {
            let balance = self.accounts[account].balance_mut(asset);
            balance.free -= amount;
            balance.locked += amount;
            self.touched.insert((account, asset));
        }
    }

    /// Gives back what was held.
    pub(super) fn unlock(&mut self, account: AccountId, asset: AssetId, amount: Decimal) {
        if !amount.is_zero() {
            self.lock(account, asset, -amount);
        }
    }

    /// Pays from what is held back; the house from what it has.
    pub(super) fn pay(&mut self, account: AccountId, asset: AssetId, amount: Decimal) {
        let balance = self.accounts[account].balance_mut(asset);
        if account == HOUSE {
            balance.free -= amount;
        } else {
            balance.locked -= amount;
            self.touched.insert((account, asset));
        }
    }

    /// Receives what was traded, less the fee; gives the fee and its asset.
    pub(super) fn receive(
        &mut self,
        (account, market): (AccountId, usize),
        (asset, amount): (AssetId, Decimal),
        price: Decimal,
        is_maker: bool,
    ) -> (Decimal, AssetId) {
        let owner = &self.accounts[account];
        let rate = if is_maker { owner.maker } else { owner.taker };
        let in_bnb = owner.pays_in_bnb.then(|| self.fee_in_bnb(account, market, (asset, amount), (price, rate)));
        let (fee, fee_asset) = in_bnb.flatten().unwrap_or_else(|| (floor(amount * rate), asset));
        self.accounts[account].balance_mut(asset).free += amount;
        self.accounts[account].balance_mut(fee_asset).free -= fee;
        self.accounts[FEES].balance_mut(fee_asset).free += fee;
        if account != HOUSE {
            self.touched.extend([(account, asset), (account, fee_asset)]);
        }
        (fee, fee_asset)
    }

    /// Three quarters of the fee in BNB, where that has a price and the account has enough of it.
    fn fee_in_bnb(
        &self,
        account: AccountId,
        market: usize,
        (asset, amount): (AssetId, Decimal),
        (price, rate): (Decimal, Decimal),
    ) -> Option<(Decimal, AssetId)> {
        let bnb = self.assets.iter().position(|it| it == "BNB").filter(|it| *it != asset)?;
        let market = &self.markets[market];
        let value = if asset == market.quote { amount } else { amount * price };
        let pair = self.markets.iter().find(|it| it.base == bnb && it.quote == market.quote)?;
        let fee = floor((value * rate * Decimal::new(75, 2)).checked_div(pair.tape.last_price()?)?);
        (self.accounts[account].balance(bnb).free >= fee).then_some((fee, bnb))
    }
}
