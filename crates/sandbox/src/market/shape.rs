//! The shape of the house's book.

use crate::exchange::{
    Market, Side,
    figures::{down_to, up_to},
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Levels a side.
const LEVELS: usize = 24;
/// What the usual level is worth, of a currency such as the dollar.
const USUAL: u32 = 10_000;

/// Levels of the house: by price and quantity.
pub(super) type Levels = BTreeMap<Decimal, Decimal>;

/// Sizes by a seed: the same price has always the same, so that a step changes few levels.
#[derive(Copy, Clone, Debug)]
pub struct Shape(u64);

impl Shape {
    /// Sizes by a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The levels of both sides around the price at which a taker of `side` has just traded.
    #[must_use]
    pub fn levels(self, market: &Market, price: Decimal, taker: Side) -> (Levels, Levels) {
        let tick = market.rules.tick;
        let (bid, ask) = match taker {
            Side::Buy => (price - tick, price),
            Side::Sell => (price, price + tick),
        };
        let grid = grid(price, tick);
        let below = (0..).map(|it| down_to(bid, grid) - grid * Decimal::from(it)).take_while(|it| *it >= tick);
        let above = (0..).map(|it| up_to(ask, grid) + grid * Decimal::from(it));
        let sized = |price: Decimal| (price, self.quantity(market, price));
        let bids = [bid].into_iter().chain(below).filter(|it| *it >= tick).take(LEVELS).map(sized).collect();
        let asks = [ask].into_iter().chain(above).take(LEVELS).map(sized).collect();
        (bids, asks)
    }

    /// From a fifth of the usual to twice of it.
    fn quantity(self, market: &Market, price: Decimal) -> Decimal {
        let mixed = mix(self.0 ^ low_bits(price));
        let part = Decimal::from(20 + mixed % 180) / Decimal::ONE_HUNDRED;
        self.coins(market, price, part)
    }

    /// A part of the usual quantity at a price, at least one lot.
    #[must_use]
    pub fn coins(self, market: &Market, price: Decimal, part: Decimal) -> Decimal {
        let lot = market.rules.lot;
        let coins = (worth(&market.rules.quote) * part).checked_div(price).unwrap_or(lot);
        down_to(coins.clamp(lot, market.rules.max_quantity), lot).round_dp(8)
    }
}

/// What the usual level is worth of a quote currency, about the same for each.
fn worth(quote: &str) -> Decimal {
    match quote {
        "BTC" => Decimal::new(2, 1),
        "ETH" | "BNB" => Decimal::from(5),
        _ => Decimal::from(USUAL),
    }
}

/// The distance of levels: a power of ten of the tick, of some hundredths of a percent.
fn grid(price: Decimal, tick: Decimal) -> Decimal {
    let most = price * Decimal::new(5, 4);
    let mut grid = tick;
    while grid * Decimal::TEN <= most {
        grid *= Decimal::TEN;
    }
    grid
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only a mixture of bits is wanted")]
fn low_bits(price: Decimal) -> u64 {
    price.normalize().mantissa() as u64
}

/// SplitMix64: spreads a number over all bits.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
