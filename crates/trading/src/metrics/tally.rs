//! Counts and sums of closed trades.

use rust_decimal::prelude::ToPrimitive;

use super::approximate;
use crate::money::Notional;
use crate::position::Trade;

/// Counts and sums of closed trades.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) closed: u64,
    pub(super) wins: u64,
    pub(super) profit: Notional,
    pub(super) loss: Notional,
    pub(super) best: Option<Notional>,
    pub(super) worst: Option<Notional>,
    streak: (bool, u64),
    pub(super) longest: Streaks,
    /// Bought and sold, in quote currency.
    pub(super) traded: f64,
    /// What each trade earned.
    pub(super) results: Vec<f64>,
    /// How long each trade took, in milliseconds.
    pub(super) holds: Vec<u64>,
}

/// The most trades in a row.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Streaks {
    pub(super) wins: u64,
    pub(super) losses: u64,
}

impl Tally {
    /// Takes in a trade that ended.
    pub fn add(&mut self, trade: &Trade) {
        let won = trade.pnl.is_positive();
        self.closed += 1;
        if won {
            self.wins += 1;
            self.profit += trade.pnl;
        } else {
            self.loss -= trade.pnl;
        }
        self.best = self.best.max(Some(trade.pnl));
        self.worst = Some(self.worst.map_or(trade.pnl, |worst| worst.min(trade.pnl)));
        self.count_streak(won);
        let prices = approximate(trade.entry_price.decimal()) + approximate(trade.exit_price.decimal());
        self.traded += approximate(trade.quantity.decimal()) * prices;
        self.results.push(approximate(trade.pnl.decimal()));
        self.holds.push(trade.exit_time.millis().abs_diff(trade.entry_time.millis()));
    }

    fn count_streak(&mut self, won: bool) {
        self.streak = if self.streak.0 == won { (won, self.streak.1 + 1) } else { (won, 1) };
        let longest = if won { &mut self.longest.wins } else { &mut self.longest.losses };
        *longest = self.streak.1.max(*longest);
    }

    /// The mean and the median of the holding times.
    pub(super) fn held(&self) -> Option<(u64, u64)> {
        let count = self.closed.to_u128().filter(|count| *count > 0)?;
        let total: u128 = self.holds.iter().map(|hold| u128::from(*hold)).sum();
        let mut sorted = self.holds.clone();
        sorted.sort_unstable();
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] } else { sorted[middle - 1].midpoint(sorted[middle]) };
        Some((u64::try_from(total / count).unwrap_or(u64::MAX), median))
    }
}
