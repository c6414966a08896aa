//! What is known of the last so many values, in constant time a value.

use std::collections::VecDeque;

/// The greatest of the last `window` values, by a queue of those that no later one exceeds.
pub(super) struct Highest {
    window: usize,
    seen: usize,
    candidates: VecDeque<(usize, f64)>,
}

impl Highest {
    pub(super) fn new(window: usize) -> Self {
        Self { window, seen: 0, candidates: VecDeque::with_capacity(window + 1) }
    }

    pub(super) fn push(&mut self, value: f64) -> f64 {
        while self.candidates.back().is_some_and(|(_, last)| *last <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.seen, value));
        if self.candidates.front().is_some_and(|(at, _)| at + self.window <= self.seen) {
            self.candidates.pop_front();
        }
        self.seen += 1;
        self.candidates.front().map_or(value, |(_, greatest)| *greatest)
    }
}

/// The least of the last `window` values.
pub(super) struct Lowest(Highest);

impl Lowest {
    pub(super) fn new(window: usize) -> Self {
        Self(Highest::new(window))
    }

    pub(super) fn push(&mut self, value: f64) -> f64 {
        -self.0.push(-value)
    }
}

/// The last `window` values, nought where there were fewer.
pub(super) struct Ring {
    values: Vec<f64>,
    next: usize,
}

impl Ring {
    pub(super) fn new(window: usize) -> Self {
        Self { values: vec![0.0; window], next: 0 }
    }

    /// Takes a value and gives the one of `window` values ago.
    pub(super) fn push(&mut self, value: f64) -> f64 {
        let oldest = std::mem::replace(&mut self.values[self.next], value);
        self.next = if self.next + 1 == self.values.len() { 0 } else { self.next + 1 };
        oldest
    }

    /// The values, the oldest first, in two parts.
    pub(super) fn parts(&self) -> (&[f64], &[f64]) {
        let (newer, older) = self.values.split_at(self.next);
        (older, newer)
    }
}

/// The sum of the last `window` values. It is reckoned anew once in a window, so that rounding
/// does not add up.
pub(super) struct Sum {
    ring: Ring,
    total: f64,
}

impl Sum {
    pub(super) fn new(window: usize) -> Self {
        Self { ring: Ring::new(window), total: 0.0 }
    }

    pub(super) fn push(&mut self, value: f64) -> f64 {
        self.total += value - self.ring.push(value);
        if self.ring.next == 0 {
            self.total = self.ring.values.iter().sum();
        }
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_knows_what_a_plain_look_over_its_values_finds(
            values in proptest::collection::vec(-50..50_i32, 1..200),
            window in 1..20_usize,
        ) {
            let (mut highest, mut lowest, mut sum) = (Highest::new(window), Lowest::new(window), Sum::new(window));
            for (row, value) in values.iter().enumerate() {
                let last = &values[(row + 1).saturating_sub(window)..=row];
                let value = f64::from(*value);
                prop_assert_eq!(highest.push(value), f64::from(*last.iter().max().unwrap()));
                prop_assert_eq!(lowest.push(value), f64::from(*last.iter().min().unwrap()));
                prop_assert_eq!(sum.push(value), f64::from(last.iter().sum::<i32>()));
            }
        }
    }
}
