//! One side of a book.

use super::Level;

/// Levels in order, the best last: what changes most stands where the least has to be moved.
#[derive(Clone, Debug)]
pub(super) struct Side<const BIDS: bool> {
    levels: Vec<Level>,
    most: usize,
}

impl<const BIDS: bool> Side<BIDS> {
    pub(super) fn new(most: usize) -> Self {
        // one more, which is there for a moment when a full side takes a better level
        Self { levels: Vec::with_capacity(most.saturating_add(1)), most }
    }

    /// Takes the place of all levels.
    pub(super) fn replace(&mut self, levels: &[Level]) {
        self.levels.clear();
        levels.iter().for_each(|level| self.set(*level));
    }

    /// Sets the quantity at a price; nothing takes the level away.
    pub(super) fn set(&mut self, level: Level) {
        let place = self.levels.binary_search_by(|known| {
            let order = known.price.cmp(&level.price);
            if BIDS { order } else { order.reverse() }
        });
        match (place, level.quantity.is_zero()) {
            (Ok(at), true) => drop(self.levels.remove(at)),
            (Ok(at), false) => self.levels[at] = level,
            (Err(_), true) => {}
            (Err(at), false) => self.insert(at, level),
        }
    }

    /// The worst level gives way when there is no more room.
    fn insert(&mut self, at: usize, level: Level) {
        let full = self.levels.len() >= self.most;
        if full && at == 0 {
            return;
        }
        self.levels.insert(at, level);
        if full {
            self.levels.remove(0);
        }
    }

    pub(super) fn best(&self) -> Option<Level> {
        self.levels.last().copied()
    }

    pub(super) fn levels(&self) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.levels.iter().rev().copied()
    }
}
