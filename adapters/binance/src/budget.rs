//! How much may be asked of an exchange, counted for all that leaves by one address.
//!
//! The exchange counts weight within a minute. Here the last 61 whole seconds are counted, so that whatever minute it
//! counts by, no more than the limit falls into it. Of what waits, the most urgent goes first, and what is less urgent
//! leaves room for it: each priority may fill the window up to a ceiling of its own. Backfill alone has a share that
//! nobody else may spend.

use std::collections::VecDeque;

/// Milliseconds on any clock that only goes forward.
pub type Millis = u64;

/// Seconds that are counted: any 60 seconds touch 61 whole ones.
const SECONDS: usize = 61;
/// The most that wait with one priority.
const MOST_WAITING: usize = 10_000;

/// How urgent a request is, the most urgent first.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Takes back an order.
    Cancel,
    /// Places an order.
    Order,
    /// Somebody waits for the answer.
    Query,
    /// Nobody does.
    Backfill,
}

impl Priority {
    /// All, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Cancel, Self::Order, Self::Query, Self::Backfill];

    /// How full the window may be after such a request, of a limit.
    const fn ceiling(self, limit: u32) -> u32 {
        match self {
            Self::Cancel => limit,
            Self::Order => limit - limit / 20,
            Self::Query => limit - limit / 5,
            Self::Backfill => limit / 2,
        }
    }
}

/// A place in the queue.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A request that could never go, or too many that wait.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooHeavy {
    /// It weighs more than the window may ever hold for its priority.
    #[error("a request of weight {weight} can never go; at most {most} can")]
    Weight {
        /// Of the request.
        weight: u32,
        /// What its priority may spend.
        most: u32,
    },
    /// Too many wait already.
    #[error("{MOST_WAITING} requests wait already")]
    Waiting,
}

#[derive(Copy, Clone, Debug, Default)]
struct Spent {
    backfill: u32,
    others: u32,
}

#[derive(Copy, Clone, Debug)]
struct Waiting {
    ticket: Ticket,
    weight: u32,
}

/// The weight of one address: a state machine that knows the time only as it is told.
#[derive(Debug)]
pub struct Budget {
    limit: u32,
    seconds: [Spent; SECONDS],
    sum: Spent,
    now: Millis,
    stopped_until: Millis,
    queues: [VecDeque<Waiting>; 4],
    tickets: u64,
}

impl Budget {
    /// A budget of so much weight a minute.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit,
            seconds: [Spent::default(); SECONDS],
            sum: Spent::default(),
            now: 0,
            stopped_until: 0,
            queues: Default::default(),
            tickets: 0,
        }
    }

    /// What is kept for backfill, whoever else asks.
    #[must_use]
    pub const fn reserved(&self) -> u32 {
        self.limit / 10
    }

    /// Asks for a request, which goes when [`Budget::grant`] answers its ticket.
    ///
    /// # Errors
    /// [`TooHeavy`] for one that could never go, or when too many wait.
    pub fn ask(&mut self, priority: Priority, weight: u32) -> Result<Ticket, TooHeavy> {
        let most = match priority {
            Priority::Backfill => priority.ceiling(self.limit),
            _ => priority.ceiling(self.limit) - self.reserved(),
        };
        if weight > most {
            return Err(TooHeavy::Weight { weight, most });
        }
        let queue = &mut self.queues[priority as usize];
        if queue.len() >= MOST_WAITING {
            return Err(TooHeavy::Waiting);
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        queue.push_back(Waiting { ticket, weight });
        Ok(ticket)
    }

    /// Gives a place up.
    pub fn withdraw(&mut self, ticket: Ticket) {
        self.queues.iter_mut().for_each(|queue| queue.retain(|waiting| waiting.ticket != ticket));
    }

    /// The next request that may go now; its weight is spent. Asked again until it answers `None`.
    pub fn grant(&mut self, now: Millis) -> Option<Ticket> {
        self.advance(now);
        if self.now < self.stopped_until {
            return None;
        }
        let mut blocked = false;
        for priority in Priority::ALL {
            let Some(&Waiting { ticket, weight }) = self.queues[priority as usize].front() else { continue };
            // what is kept for backfill delays nobody, since nobody else may spend it
            let fits = priority == Priority::Backfill && self.within_reserve(weight);
            if fits || (!blocked && self.fits(priority, weight)) {
                self.queues[priority as usize].pop_front();
                self.spend(priority, weight);
                return Some(ticket);
            }
            blocked = true;
        }
        None
    }

    /// When [`Budget::grant`] may answer otherwise than now; `None` while nobody waits.
    #[must_use]
    pub fn next(&self) -> Option<Millis> {
        let waits = self.queues.iter().any(|queue| !queue.is_empty());
        let next_second = (self.now / 1_000 + 1) * 1_000;
        waits.then_some(if self.now < self.stopped_until { self.stopped_until } else { next_second })
    }

    /// Learns how much the exchange has counted in its minute: others may spend from the same address.
    pub fn observe(&mut self, now: Millis, used: u32) {
        self.advance(now);
        let foreign = used.saturating_sub(self.used());
        let second = self.second();
        self.seconds[second].others += foreign;
        self.sum.others += foreign;
    }

    /// Lets nobody go until then, since the exchange said so.
    pub fn stop(&mut self, until: Millis) {
        self.stopped_until = self.stopped_until.max(until);
    }

    /// Until when nobody goes, or went.
    #[must_use]
    pub const fn stopped_until(&self) -> Millis {
        self.stopped_until
    }

    /// What has been spent in the window.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.sum.backfill.saturating_add(self.sum.others)
    }

    fn within_reserve(&self, weight: u32) -> bool {
        self.sum.backfill + weight <= self.reserved() && self.used() + weight <= self.limit
    }

    fn fits(&self, priority: Priority, weight: u32) -> bool {
        let used = match priority {
            Priority::Backfill => self.used(),
            _ => self.sum.others.saturating_add(self.sum.backfill.max(self.reserved())),
        };
        used.saturating_add(weight) <= priority.ceiling(self.limit)
    }

    fn spend(&mut self, priority: Priority, weight: u32) {
        let second = self.second();
        for spent in [&mut self.seconds[second], &mut self.sum] {
            match priority {
                Priority::Backfill => spent.backfill += weight,
                _ => spent.others += weight,
            }
        }
    }

    fn second(&self) -> usize {
        usize::try_from(self.now / 1_000 % SECONDS as u64).unwrap_or_default()
    }

    /// Forgets the seconds that have left the window. A clock that goes back stands still here.
    fn advance(&mut self, now: Millis) {
        let now = now.max(self.now);
        let passed = (now / 1_000 - self.now / 1_000).min(SECONDS as u64);
        for second in 0..passed {
            let index = usize::try_from((now / 1_000 - second) % SECONDS as u64).unwrap_or_default();
            let gone = std::mem::take(&mut self.seconds[index]);
            self.sum.backfill -= gone.backfill;
            self.sum.others -= gone.others;
        }
        self.now = now;
    }
}
