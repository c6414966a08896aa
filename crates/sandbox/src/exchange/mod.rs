//! The pure exchange: symbols, accounts, books and the matching of orders.
//!
//! Nothing here knows of async, a clock, randomness or the network. Time arrives with each command; what follows from
//! it is read from [`Exchange::drain`].

pub mod account;
mod audit;
pub mod book;
mod cancel;
mod check;
pub mod event;
pub mod figures;
mod house;
pub mod interval;
mod lists;
mod matching;
mod money;
pub mod order;
mod place;
mod query;
pub mod refusal;
pub mod rules;
pub mod tape;
mod triggers;
pub mod words;

pub use account::{Account, AccountId, ApiKey, AssetId, Balance, FEES, Fill, HOUSE};
pub use cancel::{Replaced, Which};
pub use event::{Event, Execution, Trade};
pub use interval::Interval;
pub use lists::NewPair;
pub use order::{NewOrder, Order, OrderList};
pub use place::Placed;
pub use refusal::Refusal;
pub use rules::Rules;
pub use words::{Kind, SelfTrade, Side, Status, SymbolStatus, TimeInForce};

use book::Book;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tape::Tape;

/// Ended orders that are remembered.
const MOST_ENDED: usize = 200_000;
/// The most symbols.
const MOST_MARKETS: usize = 1_000;
/// The most accounts.
const MOST_ACCOUNTS: usize = 10_000;

/// A symbol, its book and its record.
#[derive(Clone, Debug)]
pub struct Market {
    /// Its filters.
    pub rules: Rules,
    /// The coin's number.
    pub base: AssetId,
    /// The quote currency's number.
    pub quote: AssetId,
    /// Whether it is traded.
    pub status: SymbolStatus,
    /// Its book.
    pub book: Book,
    /// Its record.
    pub tape: Tape,
    /// Orders that wait for a price.
    waiting: Vec<u64>,
    /// The house's orders by price, of buyers and of sellers.
    house: [BTreeMap<Decimal, Vec<u64>>; 2],
}

/// The whole exchange.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    markets: Vec<Market>,
    names: HashMap<String, usize>,
    assets: Vec<String>,
    accounts: Vec<Account>,
    keys: BTreeMap<String, ApiKey>,
    orders: HashMap<u64, Order>,
    lists: BTreeMap<u64, OrderList>,
    ended: VecDeque<u64>,
    /// What has come from outside, by asset.
    issued: Vec<Decimal>,
    last_order: u64,
    last_list: u64,
    events: Vec<Event>,
    touched: BTreeSet<(AccountId, AssetId)>,
    /// Symbols whose last price may have moved past what orders wait for.
    moved: Vec<usize>,
}

impl Exchange {
    /// An exchange with the house and the account of fees, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let accounts = vec![Account::new(Decimal::ZERO), Account::new(Decimal::ZERO)];
        Self { accounts, ..Self::default() }
    }

    /// Lists a symbol; gives its number, or none where there are too many or it is listed already.
    pub fn list(&mut self, rules: Rules) -> Option<usize> {
        if self.markets.len() >= MOST_MARKETS || self.names.contains_key(&rules.name) {
            return None;
        }
        let (base, quote) = (self.asset(&rules.base), self.asset(&rules.quote));
        let id = self.markets.len();
        self.names.insert(rules.name.clone(), id);
        let (book, tape, waiting, house) = Default::default();
        self.markets.push(Market { rules, base, quote, status: SymbolStatus::Trading, book, tape, waiting, house });
        Some(id)
    }

    /// The number of an asset, which is made known with it.
    pub fn asset(&mut self, name: &str) -> AssetId {
        if let Some(id) = self.assets.iter().position(|it| it == name) {
            return id;
        }
        self.assets.push(name.to_owned());
        self.issued.push(Decimal::ZERO);
        self.assets.len() - 1
    }

    /// Opens an account whose orders cost this fraction; none where there are too many.
    pub fn open_account(&mut self, fee: Decimal) -> Option<AccountId> {
        (self.accounts.len() < MOST_ACCOUNTS).then(|| {
            self.accounts.push(Account::new(fee));
            self.accounts.len() - 1
        })
    }

    /// Makes a key known.
    pub fn add_key(&mut self, name: String, key: ApiKey) {
        self.keys.insert(name, key);
    }

    /// Opens or closes a symbol to trading.
    pub fn set_status(&mut self, market: usize, status: SymbolStatus) {
        if let Some(market) = self.markets.get_mut(market) {
            market.status = status;
        }
    }

    /// What an account's orders cost, and whether it pays in BNB.
    pub fn set_fees(&mut self, account: AccountId, maker: Decimal, taker: Decimal, pays_in_bnb: bool) {
        if let Some(account) = self.accounts.get_mut(account) {
            (account.maker, account.taker, account.pays_in_bnb) = (maker, taker, pays_in_bnb);
        }
    }

    /// Takes in the candles of a symbol's past.
    pub fn remember(&mut self, market: usize, candles: impl IntoIterator<Item = trading::candle::Candle>) {
        if let Some(market) = self.markets.get_mut(market) {
            market.tape.remember(candles);
        }
    }

    /// What has happened since it was last asked.
    pub fn drain(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Ends a command: sets off what waited for the prices it has made, and tells what accounts have now.
    fn settle(&mut self, now: i64) {
        self.fire(now);
        let touched = std::mem::take(&mut self.touched);
        let mut by_account: BTreeMap<AccountId, Vec<(AssetId, Balance)>> = BTreeMap::new();
        for (account, asset) in touched {
            let balance = self.accounts[account].balance(asset);
            by_account.entry(account).or_default().push((asset, balance));
        }
        self.events.extend(by_account.into_iter().map(|(account, assets)| Event::Positions(account, assets)));
        self.forget();
    }

    /// Forgets the oldest ended orders.
    fn forget(&mut self) {
        while self.ended.len() > MOST_ENDED {
            let Some(id) = self.ended.pop_front() else { break };
            if let Some(order) = self.orders.remove(&id) {
                let orders = &mut self.accounts[order.account].orders;
                if let Ok(place) = orders.binary_search(&id) {
                    orders.remove(place);
                }
                if let Some(list) = order.list.filter(|id| self.lists.get(id).is_some_and(|list| list.done)) {
                    self.lists.remove(&list);
                }
            }
        }
    }
}
