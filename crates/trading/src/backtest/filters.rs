//! By which filters of the venue the orders of a back-test are taken.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::{Instrument, Symbol};
use crate::strategy::{Fault, Market};

/// By which filters orders are taken: the steps of prices and quantities, the smallest and the
/// largest order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filters {
    /// Those of the exchange, as far as whoever runs the file knows them.
    #[default]
    Exchange,
    /// Any order is taken.
    None,
    /// These; a symbol that is not among them has none.
    Given(Vec<Instrument>),
}

/// The filters that were applied to the orders of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedFilters {
    /// The symbols whose filters are known, with these.
    pub applied: Vec<Instrument>,
    /// What should be known of the others: that nothing was filtered.
    pub notes: Vec<String>,
}

impl Filters {
    /// A symbol with its filters.
    #[must_use]
    pub fn of(&self, symbol: Symbol) -> Instrument {
        let known = self.given().iter().find(|instrument| instrument.symbol == symbol);
        known.cloned().unwrap_or_else(|| Instrument::unfiltered(symbol))
    }

    /// What is applied to the symbols of a market; `None` where nothing is to be.
    #[must_use]
    pub fn applied(&self, market: &Market) -> Option<AppliedFilters> {
        if *self == Self::None {
            return None;
        }
        let applied = self.given().to_vec();
        let known = |symbol: &&Symbol| applied.iter().any(|instrument| instrument.symbol == **symbol);
        let unknown: Vec<&str> = market.symbols().iter().filter(|symbol| !known(symbol)).map(Symbol::as_str).collect();
        let note = format!(
            "the filters of {} at {} are not known, so that none were applied",
            unknown.join(", "),
            market.exchange
        );
        let notes = if unknown.is_empty() { Vec::new() } else { vec![note] };
        Some(AppliedFilters { applied, notes })
    }

    fn given(&self) -> &[Instrument] {
        match self {
            Self::Given(instruments) => instruments,
            Self::Exchange | Self::None => &[],
        }
    }

    /// Whether each is of another symbol of the market, and can let an order pass.
    pub(super) fn check(&self, market: &Market) -> Result<(), Fault> {
        let given = self.given();
        for (index, instrument) in given.iter().enumerate() {
            let fault = |key: &str, code, message: &str| {
                Err(Fault { path: format!("filters[{index}].{key}"), code, message: message.to_owned() })
            };
            if !market.symbols().contains(&instrument.symbol) {
                return fault("symbol", "UNKNOWN_SYMBOL", "the strategy does not trade it");
            }
            if given[..index].iter().any(|other| other.symbol == instrument.symbol) {
                return fault("symbol", "DUPLICATE", "its filters are given already");
            }
            if instrument.min_quantity.zip(instrument.max_quantity).is_some_and(|(least, most)| least > most) {
                return fault("minQuantity", "WRONG_ORDER", "must not be above `maxQuantity`");
            }
        }
        Ok(())
    }
}

impl Serialize for Filters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exchange => serializer.serialize_str("exchange"),
            Self::None => serializer.serialize_str("none"),
            Self::Given(instruments) => instruments.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Filters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads a word or a list, and tells the fault of an item at its path.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Filters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`exchange`, `none` or a list of symbols with their filters")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Filters, E> {
        match word {
            "exchange" => Ok(Filters::Exchange),
            "none" => Ok(Filters::None),
            other => {
                let short: String = other.chars().take(40).collect();
                Err(E::invalid_value(Unexpected::Str(&short), &self))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Filters, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Filters::Given)
    }
}

impl JsonSchema for Filters {
    fn schema_name() -> Cow<'static, str> {
        "Filters".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let instruments = generator.subschema_for::<Vec<Instrument>>();
        json_schema!({
            "description": "By which filters orders are taken: `exchange`, those of the exchange as far as they are \
                            known; `none`; or these, by symbol.",
            "anyOf": [{"type": "string", "enum": ["exchange", "none"]}, instruments]
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_a_word_or_a_list_and_read_back_as_they_were_written() {
        for written in [json!("exchange"), json!("none"), json!([]), json!([{"symbol": "BTC/USDT", "tick": "0.01"}])] {
            let filters: Filters = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(&filters).unwrap(), written);
        }
        for wrong in [json!("all"), json!(7), json!([7]), json!([{"symbol": "BTC/USDT", "tik": "1"}]), json!(null)] {
            assert!(serde_json::from_value::<Filters>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_symbol_that_is_not_among_them_has_none() {
        let filters: Filters = serde_json::from_value(json!([{"symbol": "BTC/USDT", "lot": "0.1"}])).unwrap();
        let [known, unknown] = ["BTC/USDT", "ETH/USDT"].map(|symbol| filters.of(symbol.parse().unwrap()));
        assert_eq!(known.lot, Some("0.1".parse().unwrap()));
        assert_eq!(unknown, Instrument::unfiltered("ETH/USDT".parse().unwrap()));
    }
}
