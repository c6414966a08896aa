//! The answers of a program for every candle of a history.

/// Whether to enter and whether to leave, for each candle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signals {
    length: usize,
    entry: Vec<u64>,
    exit: Vec<u64>,
}

impl Signals {
    pub(super) fn with_capacity(candles: usize) -> Self {
        let words = candles.div_ceil(64);
        Self { length: 0, entry: Vec::with_capacity(words), exit: Vec::with_capacity(words) }
    }

    /// Appends whole words of bits; only the last call may bring a word that is not full.
    pub(super) fn append(&mut self, count: usize, entry: &[u64], exit: Option<&[u64]>) {
        let words = count.div_ceil(64);
        self.length += count;
        self.entry.extend_from_slice(&entry[..words]);
        match exit {
            Some(exit) => self.exit.extend_from_slice(&exit[..words]),
            None => self.exit.resize(self.entry.len(), 0),
        }
        let rest = self.length % 64;
        if rest > 0 {
            let mask = (1 << rest) - 1;
            for bits in [&mut self.entry, &mut self.exit] {
                bits.iter_mut().next_back().into_iter().for_each(|word| *word &= mask);
            }
        }
    }

    /// How many candles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the entry condition holds at candle `index`; false beyond the last.
    #[inline]
    #[must_use]
    pub fn entry(&self, index: usize) -> bool {
        bit(&self.entry, index)
    }

    /// Whether the exit condition holds at candle `index`; false beyond the last.
    #[inline]
    #[must_use]
    pub fn exit(&self, index: usize) -> bool {
        bit(&self.exit, index)
    }

    /// The first candle at or after `from` at which the entry condition holds.
    #[must_use]
    pub fn next_entry(&self, from: usize) -> Option<usize> {
        next(&self.entry, from)
    }

    /// The first candle at or after `from` at which the exit condition holds.
    #[must_use]
    pub fn next_exit(&self, from: usize) -> Option<usize> {
        next(&self.exit, from)
    }
}

#[inline]
fn bit(bits: &[u64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

fn next(bits: &[u64], from: usize) -> Option<usize> {
    let first = from / 64;
    let masked = bits.get(first)? & (u64::MAX << (from % 64));
    if masked != 0 {
        return Some(first * 64 + masked.trailing_zeros() as usize);
    }
    let word = bits[first + 1..].iter().position(|word| *word != 0)? + first + 1;
    Some(word * 64 + bits[word].trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_signal_is_found_across_words_and_never_beyond_the_end() {
        let mut signals = Signals::with_capacity(130);
        signals.append(128, &[1 << 3, 1 << 63], Some(&[0, 1]));
        signals.append(2, &[u64::MAX], None);
        assert_eq!(signals.len(), 130);
        let entries: Vec<usize> = (0..140).filter(|i| signals.entry(*i)).collect();
        assert_eq!(entries, [3, 127, 128, 129]);
        assert_eq!(
            [0, 4, 128, 130, 200].map(|from| signals.next_entry(from)),
            [Some(3), Some(127), Some(128), None, None]
        );
        assert_eq!([0, 64, 65].map(|from| signals.next_exit(from)), [Some(64), Some(64), None]);
    }
}
