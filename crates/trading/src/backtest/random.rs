//! Chance that can be repeated: SplitMix64 (Steele, Lea and Flood 2014), whose numbers are the same
//! on every machine and will be the same in every version.

/// A stream of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Random {
    /// Stream `number` of a seed; each is its own, so that streams can be used in any order.
    pub(super) const fn new(seed: u64, number: u64) -> Self {
        Self(mixed(seed.wrapping_add(STEP)) ^ mixed(number.wrapping_mul(STEP).wrapping_add(1)))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `bound`, which is above 0; the bias is below `bound / 2^64`.
    #[expect(clippy::cast_possible_truncation, reason = "below the bound")]
    pub(super) const fn below(&mut self, bound: usize) -> usize {
        ((self.next() as u128 * bound as u128) >> 64) as usize
    }

    /// A number from 0 to below 1.
    #[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut random = Random(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.next(), random.next(), random.next()], published);
    }

    #[test]
    fn streams_differ_and_draws_stay_within_their_bounds() {
        let (mut one, mut other) = (Random::new(1, 0), Random::new(1, 1));
        assert_ne!(one.next(), other.next());
        let mut counts = [0; 6];
        for _ in 0..6_000 {
            counts[one.below(6)] += 1;
            assert!((0.0..1.0).contains(&one.fraction()));
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        let mut items: Vec<u32> = (0..100).collect();
        one.shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.into_iter().eq(0..100));
    }
}
