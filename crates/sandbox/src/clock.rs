//! The two clocks of the sandbox: the one by which requests are signed, and the market's, which can be steered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// The clock by which requests are signed, in milliseconds.
#[derive(Clone, Debug)]
pub enum Wall {
    /// The machine's.
    System,
    /// One that stands until it is moved.
    Fixed(Arc<AtomicI64>),
}

impl Wall {
    /// A clock that stands at this moment.
    #[must_use]
    pub fn fixed(at: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at)))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> i64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or_default(),
            Self::Fixed(at) => at.load(SeqCst),
        }
    }

    /// Moves a clock that stands; the machine's is not ours to move.
    pub fn advance(&self, by: i64) {
        if let Self::Fixed(at) = self {
            at.fetch_add(by, SeqCst);
        }
    }
}

/// How fast the market's time goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Speed {
    /// So many thousandths of real time; 1,000 is real time, 0 stands still.
    Times(u32),
    /// From one step to the next, as fast as can be.
    Max,
}

/// The fastest that time goes by the clock: a day in a second.
const FASTEST: u32 = 86_400;

impl Speed {
    /// Real time.
    pub const REAL: Self = Self::Times(1_000);

    /// Reads `1`, `60`, `0.5`, `0` or `max`; the last two both mean as fast as can be.
    ///
    /// # Errors
    /// What is expected, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is no speed: a number up to {FASTEST}, or `max`");
        if matches!(text, "max" | "0") {
            return Ok(Self::Max);
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        if part.len() > 3 || !part.bytes().chain(whole.bytes()).all(|it| it.is_ascii_digit()) {
            return Err(refused());
        }
        let whole: u32 = whole.parse().map_err(|_| refused())?;
        let part: u32 = format!("{part:0<3}").parse().map_err(|_| refused())?;
        let thousandths = whole.checked_mul(1_000).map(|whole| whole + part).ok_or_else(refused)?;
        if (1..=FASTEST * 1_000).contains(&thousandths) { Ok(Self::Times(thousandths)) } else { Err(refused()) }
    }
}

/// The market's clock.
#[derive(Clone, Debug)]
pub struct Clock {
    speed: Speed,
    paused: bool,
    market: i64,
    since: i64,
}

impl Clock {
    /// A clock that begins at a moment of the market while the wall shows another.
    #[must_use]
    pub const fn new(market: i64, wall: i64, speed: Speed, paused: bool) -> Self {
        Self { speed, paused, market, since: wall }
    }

    /// The market's time; at full speed it stands between the steps.
    #[must_use]
    pub fn now(&self, wall: i64) -> i64 {
        let Speed::Times(thousandths) = self.speed else { return self.market };
        if self.paused {
            return self.market;
        }
        let elapsed = (wall - self.since).max(0);
        self.market + elapsed.saturating_mul(i64::from(thousandths)) / 1_000
    }

    /// Whether the market goes from step to step.
    #[must_use]
    pub fn leaps(&self) -> bool {
        self.speed == Speed::Max && !self.paused
    }

    /// How fast it goes, and whether it is paused.
    #[must_use]
    pub const fn pace(&self) -> (Speed, bool) {
        (self.speed, self.paused)
    }

    /// Changes the pace from now on.
    pub fn set_pace(&mut self, wall: i64, speed: Speed, paused: bool) {
        self.set(wall, self.now(wall));
        (self.speed, self.paused) = (speed, paused);
    }

    /// Moves the market's time.
    pub const fn set(&mut self, wall: i64, market: i64) {
        (self.market, self.since) = (market, wall);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_passes_in_a_second_at_sixty_times_the_speed() {
        let mut clock = Clock::new(1_000_000, 500, Speed::Times(60_000), false);
        assert_eq!(clock.now(1_500), 1_060_000);
        clock.set_pace(1_500, Speed::REAL, true);
        assert_eq!(clock.now(99_999), 1_060_000);
        clock.set_pace(99_999, Speed::REAL, false);
        assert_eq!(clock.now(100_000), 1_060_001);
    }

    #[test]
    fn speeds_are_numbers_or_a_word() {
        assert_eq!(Speed::parse("60"), Ok(Speed::Times(60_000)));
        assert_eq!(Speed::parse("0.5"), Ok(Speed::Times(500)));
        assert_eq!((Speed::parse("max"), Speed::parse("0")), (Ok(Speed::Max), Ok(Speed::Max)));
        for wrong in ["", "-1", "1e3", "86401", "0.0001", "99999999999", "0.000", "1.-1"] {
            assert!(Speed::parse(wrong).is_err(), "{wrong}");
        }
    }
}
