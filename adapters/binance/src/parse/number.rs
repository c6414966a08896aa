//! Numbers as Binance writes them: decimal texts.

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::{fmt, marker::PhantomData, str::FromStr};
use trading::{
    book::Level,
    money::{Price, Quantity},
};

/// A decimal text, read without a copy of it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Number<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NumberVisitor(PhantomData))
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for NumberVisitor<T> {
    type Value = Number<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number<T>, E> {
        text.parse().map(Number).map_err(E::custom)
    }
}

/// For fields: `#[serde(deserialize_with = "number::text")]`.
pub(super) fn text<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    Number::deserialize(deserializer).map(|Number(value)| value)
}

/// A price, where nought means that there is none.
pub(super) fn price_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Price>, D::Error> {
    let Number(value): Number<Quantity> = Number::deserialize(deserializer)?;
    Ok(Price::new(value.decimal()).ok())
}

/// Levels as pairs of texts: `[["61837.63", "3.78"], …]`.
#[derive(Debug, Default)]
pub(super) struct Levels(pub(super) Vec<Level>);

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LevelsVisitor)
    }
}

pub(super) struct LevelsVisitor;

/// More levels than any side of a book is sent with.
const MOST_LEVELS: usize = 10_000;

impl<'de> Visitor<'de> for LevelsVisitor {
    type Value = Levels;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MOST_LEVELS} pairs of price and quantity")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut pairs: A) -> Result<Levels, A::Error> {
        let mut levels = Vec::with_capacity(16);
        while let Some((Number(price), Number(quantity))) = pairs.next_element()? {
            if levels.len() == MOST_LEVELS {
                return Err(de::Error::invalid_length(MOST_LEVELS + 1, &self));
            }
            levels.push(Level { price, quantity });
        }
        Ok(Levels(levels))
    }
}
