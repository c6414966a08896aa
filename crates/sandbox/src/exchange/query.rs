//! What the exchange knows, for those who answer.

use super::{Account, AccountId, ApiKey, AssetId, Exchange, Market, Order, Refusal, Which};

impl Exchange {
    /// A symbol's number.
    ///
    /// # Errors
    /// [`Refusal::SYMBOL`].
    pub fn find(&self, name: &str) -> Result<usize, Refusal> {
        self.names.get(name).copied().ok_or(Refusal::SYMBOL)
    }

    /// A symbol by its number.
    #[must_use]
    pub fn market(&self, id: usize) -> Option<&Market> {
        self.markets.get(id)
    }

    /// All symbols.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The names of all assets, by their number.
    #[must_use]
    pub fn assets(&self) -> &[String] {
        &self.assets
    }

    /// The name of an asset.
    #[must_use]
    pub fn asset_name(&self, id: AssetId) -> &str {
        self.assets.get(id).map_or("", String::as_str)
    }

    /// An account by its number.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// All accounts, the house and the fees first.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// A key by its name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&ApiKey> {
        self.keys.get(name)
    }

    /// An order by its number.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// An account's order, open or not; by a name, the latest one.
    ///
    /// # Errors
    /// [`Refusal::NO_ORDER`].
    pub fn order_of(&self, account: AccountId, market: usize, which: &Which) -> Result<&Order, Refusal> {
        let found = match which {
            Which::Id(id) => self.orders.get(id),
            Which::Client(name) => self.orders_of(account).rev().find(|order| order.client_id == *name),
        };
        found.filter(|order| order.account == account && order.market == market).ok_or(Refusal::NO_ORDER)
    }

    /// All orders of an account, the oldest first.
    pub fn orders_of(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &Order> {
        let ids = self.accounts.get(account).into_iter().flat_map(|account| &account.orders);
        ids.filter_map(|id| self.orders.get(id))
    }

    /// The open orders of an account, the oldest first.
    pub fn open_orders(&self, account: AccountId, market: Option<usize>) -> impl Iterator<Item = &Order> {
        let open = self.accounts.get(account).into_iter().flat_map(|account| account.open.values());
        let mut ids: Vec<u64> = open.copied().collect();
        ids.sort_unstable();
        let orders = ids.into_iter().filter_map(|id| self.orders.get(&id));
        orders.filter(move |order| market.is_none_or(|market| order.market == market))
    }
}

impl Account {
    /// Its trades, the oldest first.
    #[must_use]
    pub fn fills(&self) -> &[super::Fill] {
        &self.fills
    }
}
