//! How the sandbox begins.

use crate::clock::{Speed, Wall};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use trading::candle::Candles;

/// Letters of a key.
const KEY_LENGTH: usize = 64;

/// What one symbol's prices are, in the place of a random walk.
#[derive(Debug)]
pub enum Replay {
    /// Candles.
    Candles(Box<Candles>),
    /// The bytes of recorded streams, plain or gzip.
    Streams(Vec<u8>),
}

/// How the sandbox begins.
#[derive(Debug)]
pub struct Options {
    /// Of random walks and of the house's books.
    pub seed: u64,
    /// A symbol, as in `BTCUSDT`, whose prices are replayed.
    pub replay: Option<(String, Replay)>,
    /// Whether the replay's times are moved so that it begins now.
    pub from_now: bool,
    /// How fast the market's time goes.
    pub speed: Speed,
    /// Whether it stands still at first.
    pub paused: bool,
    /// Key and secret of the first account.
    pub key: (String, String),
    /// The clock by which requests are signed.
    pub wall: Wall,
    /// What further keys are made of.
    pub dice: StdRng,
}

/// Why the sandbox does not begin.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// No such symbol.
    #[error("there is no symbol {0}")]
    Symbol(String),
    /// No key.
    #[error("the name of a key has 1 to 128 letters, digits, hyphens and underscores")]
    Key,
    /// The recording is wrong.
    #[error(transparent)]
    Recording(#[from] crate::market::RecordedError),
}

/// Letters and digits that nobody guesses, if the dice are fair.
pub fn random_key(dice: &mut StdRng) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..KEY_LENGTH).map(|_| char::from(LETTERS[dice.random_range(0..LETTERS.len())])).collect()
}

/// Dice of the machine's randomness.
#[must_use]
pub fn fair_dice() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}
