//! The local copy of an exchange's order book, kept up to date by differences.
//!
//! An exchange sends what changes, and answers with the whole when it is asked. [`Book`] puts the
//! two together by the rules of Binance spot, which need no checksum because updates are numbered:
//!
//! | state | what comes | what follows |
//! | --- | --- | --- |
//! | [`State::Waiting`] | a difference | it is kept for later |
//! | | a snapshot which the kept differences continue, or that is newer than all of them | [`State::Live`], or [`State::Fresh`] if none was newer |
//! | | a snapshot older than the first difference that is kept | [`Desync::Outdated`]; another snapshot is needed |
//! | [`State::Fresh`] | a difference up to an id that the snapshot has | left out |
//! | | the difference that spans the next id | [`State::Live`] |
//! | [`State::Live`] | a difference up to an id that the book has | left out |
//! | | the difference that begins with the next id | applied |
//! | either | any other difference | [`Desync::Gap`], [`State::Waiting`] |
//! | either | a difference by which buyers pay what sellers ask | [`Desync::Crossed`], [`State::Waiting`] |
//! | either | a snapshot newer than the book | as in [`State::Waiting`] |

mod side;

use crate::money::{Price, Quantity};
use side::Side;

/// The most differences that wait for a snapshot: 100 seconds of one every 100 ms. Beyond them the oldest are dropped.
pub const MOST_WAITING: usize = 1_000;

/// What is bid or asked for at a price. In a difference, nothing means that the level is gone.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Quote currency per coin.
    pub price: Price,
    /// Coins.
    pub quantity: Quantity,
}

/// The whole book, or as many of its levels as an exchange tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The last update that it holds.
    pub last_id: u64,
    /// What is bid, in any order.
    pub bids: Vec<Level>,
    /// What is asked, in any order.
    pub asks: Vec<Level>,
}

/// What has changed: the new quantities of levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The first update that it holds.
    pub first_id: u64,
    /// The last update that it holds.
    pub last_id: u64,
    /// Levels of what is bid, in any order.
    pub bids: Vec<Level>,
    /// Levels of what is asked, in any order.
    pub asks: Vec<Level>,
}

/// How far a book can be trusted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no snapshot yet, or none since the last desync: the book is empty.
    Waiting,
    /// It is as the snapshot was; no difference has continued it yet.
    Fresh,
    /// It follows the exchange.
    Live,
}

/// What has become of a difference.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is in the book.
    Applied,
    /// The book had it already.
    Stale,
    /// It waits for a snapshot.
    Kept,
}

/// Why a book can no longer be trusted; it needs a snapshot.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Desync {
    /// Updates between the last that the book had and this difference were lost.
    #[error("update {expected} was expected next, but the difference begins with {found}")]
    Gap {
        /// What should have begun the difference.
        expected: u64,
        /// What began it.
        found: u64,
    },
    /// The snapshot ends before the first difference that is kept.
    #[error("the snapshot ends with update {last}, but the first difference begins with {first}")]
    Outdated {
        /// The snapshot's last update.
        last: u64,
        /// The first update that is kept.
        first: u64,
    },
    /// The best bid is not below the best ask.
    #[error("{bid} is bid while {ask} is asked")]
    Crossed {
        /// The best bid.
        bid: Price,
        /// The best ask.
        ask: Price,
    },
}

/// A local order book.
#[derive(Clone, Debug)]
pub struct Book {
    state: State,
    last_id: u64,
    bids: Side<true>,
    asks: Side<false>,
    waiting: Vec<Diff>,
}

impl Book {
    /// An empty book that keeps at most so many levels a side, the best; room for them is taken at once,
    /// so that no update allocates.
    #[must_use]
    pub fn new(most_levels: usize) -> Self {
        Self {
            state: State::Waiting,
            last_id: 0,
            bids: Side::new(most_levels),
            asks: Side::new(most_levels),
            waiting: Vec::new(),
        }
    }

    /// How far it can be trusted.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The last update that it holds; 0 while it waits.
    #[must_use]
    pub const fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The highest bid.
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.best()
    }

    /// The lowest ask.
    #[must_use]
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.best()
    }

    /// What is bid, the highest first; `take(n)` of it is the depth to `n`.
    pub fn bids(&self) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.bids.levels()
    }

    /// What is asked, the lowest first.
    pub fn asks(&self) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.asks.levels()
    }

    /// Takes a difference from the stream.
    ///
    /// # Errors
    /// [`Desync::Gap`] or [`Desync::Crossed`]: the book is empty, keeps this difference and waits for a snapshot.
    pub fn update(&mut self, diff: &Diff) -> Result<Step, Desync> {
        if self.state == State::Waiting {
            self.keep(diff);
            return Ok(Step::Kept);
        }
        self.follow(diff).inspect_err(|_| self.restart(diff))
    }

    /// Takes the answer to a request for the whole book, and what is kept that continues it. One that is older than
    /// the book is left out.
    ///
    /// # Errors
    /// [`Desync::Outdated`] when it ends before what is kept begins, or a desync among what is kept: the book is
    /// empty and waits for another snapshot.
    pub fn snapshot(&mut self, snapshot: &Snapshot) -> Result<(), Desync> {
        if self.state != State::Waiting && snapshot.last_id <= self.last_id {
            return Ok(());
        }
        self.waiting.retain(|diff| diff.last_id > snapshot.last_id);
        if let Some(first) = self.waiting.first().map(|diff| diff.first_id)
            && first > snapshot.last_id.saturating_add(1)
        {
            self.clear();
            return Err(Desync::Outdated { last: snapshot.last_id, first });
        }
        self.bids.replace(&snapshot.bids);
        self.asks.replace(&snapshot.asks);
        (self.state, self.last_id) = (State::Fresh, snapshot.last_id);
        let mut waiting = std::mem::take(&mut self.waiting);
        let uncrossed = self.uncrossed();
        let caught_up = uncrossed.and_then(|()| waiting.iter().try_for_each(|diff| self.follow(diff).map(drop)));
        if let Err(desync) = caught_up {
            waiting.retain(|diff| diff.last_id > self.last_id);
            self.waiting = waiting;
            self.clear();
            return Err(desync);
        }
        Ok(())
    }

    fn follow(&mut self, diff: &Diff) -> Result<Step, Desync> {
        if diff.last_id <= self.last_id {
            return Ok(Step::Stale);
        }
        let expected = self.last_id.saturating_add(1);
        let continues = match self.state {
            State::Fresh => diff.first_id <= expected,
            State::Live | State::Waiting => diff.first_id == expected,
        };
        if !continues {
            return Err(Desync::Gap { expected, found: diff.first_id });
        }
        diff.bids.iter().for_each(|level| self.bids.set(*level));
        diff.asks.iter().for_each(|level| self.asks.set(*level));
        (self.state, self.last_id) = (State::Live, diff.last_id);
        self.uncrossed().map(|()| Step::Applied)
    }

    fn uncrossed(&self) -> Result<(), Desync> {
        match (self.best_bid(), self.best_ask()) {
            (Some(bid), Some(ask)) if bid.price >= ask.price => Err(Desync::Crossed { bid: bid.price, ask: ask.price }),
            _ => Ok(()),
        }
    }

    fn keep(&mut self, diff: &Diff) {
        if self.waiting.len() == MOST_WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(diff.clone());
    }

    fn restart(&mut self, diff: &Diff) {
        self.clear();
        self.keep(diff);
    }

    fn clear(&mut self) {
        (self.state, self.last_id) = (State::Waiting, 0);
        self.bids.replace(&[]);
        self.asks.replace(&[]);
    }
}
