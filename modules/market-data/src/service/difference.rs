//! What a file changes about what is stored.

use crate::CandleOrigin;
use std::{cmp::Ordering, ops::Range};

/// What is to be written so that a series holds what a file does. `Key` is by what a stored row is found.
pub(super) struct Difference<Key> {
    pub(super) new: u64,
    pub(super) unchanged: u64,
    pub(super) kept: u64,
    /// The rows of the file that are there with other figures, which they lose.
    pub(super) corrected: Vec<usize>,
    /// What is there and is written anew.
    pub(super) replaced: Vec<Key>,
    /// The rows of the file that are written.
    pub(super) rows: Vec<Range<usize>>,
}

impl<Key> Difference<Key> {
    pub(super) const fn none() -> Self {
        Self { new: 0, unchanged: 0, kept: 0, corrected: vec![], replaced: vec![], rows: vec![] }
    }

    pub(super) fn all(rows: usize) -> Self {
        let mut all = Self::none();
        all.add(0..rows);
        all
    }

    /// Rows that the series does not have.
    pub(super) fn add(&mut self, rows: Range<usize>) {
        self.new += rows.len() as u64;
        rows.for_each(|row| self.write(row));
    }

    /// A row that the series has, by this key.
    pub(super) fn meet(&mut self, row: usize, same: bool, origin: CandleOrigin, (key, stored): (Key, CandleOrigin)) {
        match (same, origin.cmp(&stored)) {
            (false, Ordering::Less) => self.kept += 1,
            (false, _) => self.corrected.push(row),
            (true, _) => self.unchanged += 1,
        }
        // the same figures from a higher place are written too: from then on no lower one changes them
        if origin > stored || origin == stored && !same {
            self.write(row);
            self.replaced.push(key);
        }
    }

    fn write(&mut self, row: usize) {
        match self.rows.last_mut() {
            Some(range) if range.end == row => range.end += 1,
            _ => self.rows.push(row..row + 1),
        }
    }
}
