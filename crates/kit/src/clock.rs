use crate::Time;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    cmp::Ordering,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicI64, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
};
use uuid::{Builder, Uuid};

/// The one source of the present moment.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is moved; milliseconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at this moment.
    pub fn fixed(at: Time) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.millis())))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one home of the machine's clock")]
            Self::System => chrono::Utc::now().into(),
            Self::Fixed(at) => Time::from_millis(at.load(SeqCst)),
        }
    }

    /// Moves a fixed clock; the machine's clock is not ours to move.
    pub fn advance(&self, by: chrono::TimeDelta) {
        if let Self::Fixed(at) = self {
            at.fetch_add(by.num_milliseconds(), SeqCst);
        }
    }
}

/// The one source of identifiers and secrets.
#[derive(Clone, Debug, Default)]
pub enum Ids {
    /// The machine's randomness.
    #[default]
    Random,
    /// The same sequence for the same seed.
    Seeded(Arc<Mutex<StdRng>>, Arc<AtomicU64>),
}

/// The moment in milliseconds and the count within it of the latest identifier, for [`Ids::Random`].
static LATEST: AtomicU64 = AtomicU64::new(0);
/// How many bits count the identifiers of a millisecond.
const COUNT: u32 = 12;

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Ids {
    /// The sequence of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))), Arc::default())
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::Random => rand::rng().fill_bytes(bytes),
            Self::Seeded(rng, _) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    /// A UUIDv7 of this moment. Those of one process and one millisecond are in the order in which they were made, up
    /// to 4096 of them (RFC 9562, method 1).
    pub fn uuid(&self, at: Time) -> Uuid {
        let (mut random, at) = ([0; 10], at.millis().unsigned_abs());
        self.fill(&mut random);
        if let Some(count) = self.count(at) {
            random[..2].copy_from_slice(&count.to_be_bytes());
        }
        Builder::from_unix_timestamp_millis(at, &random).into_uuid()
    }

    /// How many identifiers of this millisecond there have been; unknown for one that is over, and beyond the count.
    fn count(&self, at: u64) -> Option<u16> {
        let latest = match self {
            Self::Random => &LATEST,
            Self::Seeded(_, latest) => latest,
        };
        let next = |latest: u64| match (latest >> COUNT).cmp(&at) {
            Ordering::Less => Some(at << COUNT),
            Ordering::Equal if (latest + 1) >> COUNT == at => Some(latest + 1),
            _ => None,
        };
        let before = latest.fetch_update(Relaxed, Relaxed, next).ok()?;
        u16::try_from(next(before)? & ((1 << COUNT) - 1)).ok()
    }

    /// So many letters and digits, each equally likely.
    pub fn token(&self, length: usize) -> String {
        self.draw(length, LETTERS)
    }

    /// So many letters, each equally likely.
    pub fn letters(&self, length: usize) -> String {
        self.draw(length, &LETTERS[..52])
    }

    fn draw(&self, length: usize, alphabet: &[u8]) -> String {
        let mut drawn = String::with_capacity(length);
        let mut bytes = [0; 64];
        // what lies above the largest multiple of the alphabet's length in a byte would favour the first letters
        let fair = 256 - 256 % alphabet.len();
        while drawn.len() < length {
            self.fill(&mut bytes);
            let places = bytes.iter().map(|&byte| usize::from(byte)).filter(|&place| place < fair);
            let letters = places.map(|place| char::from(alphabet[place % alphabet.len()]));
            drawn.extend(letters.take(length - drawn.len()));
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_a_millisecond_are_in_order_and_none_is_met_twice() {
        for ids in [Ids::Random, Ids::seeded(1)] {
            // a moment that nothing else in this process has
            let at = Time::from_millis(4_000_000_000_000);
            let made: Vec<_> = (0..4096).map(|_| ids.uuid(at)).collect();
            assert!(made.windows(2).all(|two| two[0] < two[1]));
            let beyond: Vec<_> = (0..4096).map(|_| ids.uuid(at)).collect();
            assert!(beyond.iter().all(|id| !made.contains(id)));
            assert!(ids.uuid(Time::from_millis(4_000_000_000_001)) > made[4095]);
        }
    }
}
