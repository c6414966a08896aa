//! All that the one task owns: the exchange, its prices, its clock, who listens, and what shall go wrong.

use crate::{
    clock::{Clock, Speed, Wall},
    exchange::{AccountId, ApiKey, Exchange, NewOrder, Refusal, Rules, Side, figures::down_to},
    faults::Faults,
    limits::Limits,
    market::{CandleFeed, Feed, Feeds, History, Recorded, Shape, Walk},
    options::{Options, OptionsError, Replay, random_key},
    rest::is_key,
    signing::Proof,
    stream::{Hub, Pending},
};
use rand::rngs::StdRng;
use rust_decimal::Decimal;

/// Minutes of the past that a random walk has.
const PAST: i64 = 3 * 1_440;
/// Candles of the past of a replay.
const PAST_CANDLES: usize = 1_000;
/// Steps of the market that are taken in one go; others wait until those who ask have been answered.
const STEPS_AT_ONCE: usize = 2_000;

/// The symbols: base, quote, tick, lot, and the price at which a random walk begins.
const SYMBOLS: &[(&str, &str, Decimal, Decimal, Decimal)] = &[
    ("BTC", "USDT", hundredths(1), millionths(10), hundredths(6_000_000)),
    ("ETH", "USDT", hundredths(1), millionths(100), hundredths(300_000)),
    ("BNB", "USDT", hundredths(1), millionths(1_000), hundredths(60_000)),
    ("SOL", "USDT", hundredths(1), millionths(1_000), hundredths(15_000)),
    ("ETH", "BTC", millionths(10), millionths(1_000), hundredths(5)),
];

const fn hundredths(number: u32) -> Decimal {
    Decimal::from_parts(number, 0, 0, false, 2)
}

const fn millionths(number: u32) -> Decimal {
    Decimal::from_parts(number, 0, 0, false, 6)
}

/// The state of everything.
#[derive(Debug)]
pub struct World {
    /// Orders, books and accounts.
    pub exchange: Exchange,
    pub(crate) feeds: Feeds,
    pub(crate) clock: Clock,
    pub(crate) wall: Wall,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) hub: Hub,
    pub(crate) pending: Vec<Pending>,
    /// The part that the next order finds, where a fault wants it so.
    pub(crate) thin_next: Option<Decimal>,
    pub(crate) executions: u64,
    pub(crate) flushes: u64,
    seed: u64,
    now: i64,
    dice: StdRng,
}

impl World {
    /// A world with its symbols, its prices and its first account.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let Options { seed, replay, from_now, speed, paused, key, wall, dice } = options;
        if !is_key(&key.0) {
            return Err(OptionsError::Key);
        }
        let mut exchange = Exchange::new();
        let at = wall.now();
        let mut feeds = Feeds::default();
        for (base, quote, tick, lot, price) in SYMBOLS {
            let listed = Rules::usual(base, quote, *tick, *lot).and_then(|rules| exchange.list(rules));
            let Some(market) = listed else { continue };
            feeds.0.push(Feed::Walk(Walk::new(market, seed ^ market as u64, *price, at)));
        }
        let mut begin = at;
        if let Some((name, replay)) = replay {
            let market = exchange.find(&name).map_err(|_| OptionsError::Symbol(name.clone()))?;
            let feed = feed_of(&mut exchange, (market, &name), replay, seed, from_now.then_some(at))?;
            begin = feed.due().unwrap_or(at);
            feeds.0[market] = feed;
        }
        let clock = Clock::new(begin, at, speed, paused);
        let (faults, limits, hub, pending) = Default::default();
        let (thin_next, executions, flushes) = (None, 0, 0);
        let mut world = Self {
            exchange,
            feeds,
            clock,
            wall,
            faults,
            limits,
            hub,
            pending,
            thin_next,
            executions,
            flushes,
            seed,
            now: begin,
            dice,
        };
        world.begin(begin, speed, paused);
        let first = world.open_account(Decimal::new(1, 3), Decimal::new(1, 3), false);
        if let Ok(account) = first {
            world.exchange.add_key(
                key.0,
                ApiKey { account, proof: Proof::Secret(key.1), reading: true, trading: true, withdrawals: false },
            );
            for (asset, amount) in [("USDT", 1_000_000), ("BTC", 10)] {
                let deposited = world.exchange.deposit(begin, account, asset, Decimal::from(amount));
                debug_assert!(deposited.is_ok());
            }
        }
        Ok(world)
    }

    /// Every symbol gets its past and its first prices.
    fn begin(&mut self, begin: i64, speed: Speed, paused: bool) {
        let paces = self.feeds.0.iter().filter_map(|feed| match feed {
            Feed::Candles(feed) => Some(feed.pace()),
            _ => None,
        });
        let beside = paces.max().unwrap_or_default();
        for (market, feed) in self.feeds.0.iter_mut().enumerate() {
            let Feed::Walk(walk) = feed else { continue };
            walk.begin(begin, beside);
            if let Some(rules) = self.exchange.market(market).map(|it| it.rules.clone()) {
                let past = walk.past(&rules, PAST);
                self.exchange.remember(market, past);
            }
        }
        self.feeds.advance(&mut self.exchange, begin, STEPS_AT_ONCE);
        self.clock.set_pace(self.wall.now(), speed, paused);
    }

    /// The market's time.
    #[must_use]
    pub const fn now(&self) -> i64 {
        self.now
    }

    /// The time by which requests are signed, as a fault may have shifted it.
    #[must_use]
    pub fn server_time(&self) -> i64 {
        self.wall.now() + self.faults.drift()
    }

    /// Lets the market come to the present moment.
    pub fn advance(&mut self) {
        let wall = self.wall.now();
        let until = self.clock.now(wall).max(self.now);
        self.advance_to(until);
    }

    /// Takes the next steps without waiting for their time.
    pub fn leap(&mut self) {
        for _ in 0..STEPS_AT_ONCE / 10 {
            let Some(due) = self.feeds.due() else { return };
            self.feeds.advance(&mut self.exchange, due, self.feeds.0.len());
            self.now = self.now.max(due);
        }
        self.clock.set(self.wall.now(), self.now);
        self.publish();
    }

    /// Moves the market's time on by so many milliseconds at once.
    pub fn step(&mut self, by: i64) {
        let until = self.now + by;
        while self.feeds.due().is_some_and(|due| due <= until) {
            self.advance_to(until);
        }
        self.now = until;
        self.clock.set(self.wall.now(), until);
        self.publish();
        self.flush();
    }

    fn advance_to(&mut self, until: i64) {
        let behind = self.feeds.advance(&mut self.exchange, until, STEPS_AT_ONCE);
        self.now = behind.unwrap_or(until);
        if behind.is_some() {
            // the market's time waits for whoever computes it
            self.clock.set(self.wall.now(), self.now);
        }
        self.publish();
    }

    /// Opens an account with these fees.
    ///
    /// # Errors
    /// Where there are too many.
    pub fn open_account(&mut self, maker: Decimal, taker: Decimal, pays_in_bnb: bool) -> Result<AccountId, Refusal> {
        let account = self.exchange.open_account(taker).ok_or(Refusal::OVERLOADED)?;
        self.exchange.set_fees(account, maker, taker, pays_in_bnb);
        Ok(account)
    }

    /// A new name or secret of a key.
    pub fn new_key(&mut self) -> String {
        random_key(&mut self.dice)
    }

    /// Lists a symbol whose price walks at random from here on.
    ///
    /// # Errors
    /// Where its name or its steps are not sound, or it is listed already.
    pub fn list(&mut self, rules: Option<Rules>, price: Decimal) -> Result<usize, Refusal> {
        let sound = rules.filter(|rules| price >= rules.tick && price <= rules.max_price / Decimal::TEN);
        let rules = sound.ok_or(Refusal::SYMBOL)?;
        let market = self.exchange.list(rules.clone()).ok_or(Refusal::SYMBOL)?;
        let mut walk = Walk::new(market, self.seed ^ market as u64, price, self.now);
        let past = walk.past(&rules, PAST);
        self.exchange.remember(market, past);
        self.feeds.0.push(Feed::Walk(walk));
        self.advance_to(self.now);
        Ok(market)
    }

    /// Moves a symbol's price at once. A random walk goes on from there, a replay by its own prices.
    ///
    /// # Errors
    /// A price that is not on the tick.
    pub fn set_price(&mut self, market: usize, price: Decimal) -> Result<(), Refusal> {
        let of = self.exchange.market(market).ok_or(Refusal::SYMBOL)?;
        let rules = &of.rules;
        if price < rules.tick || price > rules.max_price / Decimal::TEN || down_to(price, rules.tick) != price {
            return Err(Refusal::filter("PRICE_FILTER"));
        }
        let shape = Shape::new(self.seed);
        let taker = if of.tape.last_price().is_some_and(|last| price < last) { Side::Sell } else { Side::Buy };
        let ((bids, asks), quantity) = (shape.levels(of, price, taker), shape.coins(of, price, Decimal::new(1, 1)));
        for feed in &mut self.feeds.0 {
            if let Feed::Walk(walk) = feed
                && walk.market() == market
            {
                walk.set_price(price);
            }
        }
        self.exchange.make_market(self.now, market, &bids, &asks);
        self.exchange.print(self.now, market, taker, price, quantity);
        self.publish();
        Ok(())
    }

    /// Leaves a part of what an order wants, where a fault wants it so.
    pub(crate) fn thin(&mut self, now: i64, new: &NewOrder) {
        let (Some(fraction), Some(market)) = (self.thin_next.take(), self.exchange.market(new.market)) else { return };
        let last = market.tape.last_price().unwrap_or(Decimal::ONE);
        let value = new.quote_quantity.and_then(|value| value.checked_div(last));
        let wanted = new.quantity.or(value).unwrap_or_default();
        let most = down_to(wanted * fraction, market.rules.lot);
        self.exchange.thin(now, new.market, new.side, new.price, most);
    }
}

fn feed_of(
    exchange: &mut Exchange,
    (market, name): (usize, &str),
    replay: Replay,
    seed: u64,
    begin: Option<i64>,
) -> Result<Feed, OptionsError> {
    match replay {
        Replay::Candles(candles) => {
            let history = History { candles: PAST_CANDLES, begin };
            let (feed, past) = CandleFeed::new(market, seed, *candles, history);
            exchange.remember(market, past);
            Ok(Feed::Candles(Box::new(feed)))
        }
        Replay::Streams(bytes) => Ok(Feed::Recorded(Recorded::read(&bytes[..], market, name, begin)?)),
    }
}
