use crate::Time;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
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
            Self::Fixed(at) => Time::from_millis(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock; the machine's clock is not ours to move.
    pub fn advance(&self, by: chrono::TimeDelta) {
        if let Self::Fixed(at) = self {
            at.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
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
    Seeded(Arc<Mutex<StdRng>>),
}

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Ids {
    /// The sequence of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::Random => rand::rng().fill_bytes(bytes),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes),
        }
    }

    /// A UUIDv7 of this moment.
    pub fn uuid(&self, at: Time) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        Builder::from_unix_timestamp_millis(at.millis().unsigned_abs(), &random).into_uuid()
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
