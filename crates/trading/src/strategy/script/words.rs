//! The words that a script may use, by what its document declares.

use std::collections::BTreeMap;

use crate::candle::Field;
use crate::strategy::document::Declared;

/// The position as a script sees it: whether one is open, what a coin cost, for how many candles,
/// and how many percent the last close is above that cost.
pub(super) const POSITION: [&str; 4] = ["open", "entry", "bars", "profit"];
/// What a script keeps from candle to candle.
pub(super) const STATE: &str = "state";

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// One number per candle, of this operand.
    Number,
    /// Several numbers per candle: the outputs of an indicator.
    Outputs(&'static [&'static str]),
    Position,
    Parameters(Vec<String>),
    State,
}

/// Variables by their names.
pub(super) struct Words(BTreeMap<String, Word>);

impl Words {
    pub(super) fn new<'a>(
        indicators: &BTreeMap<String, Declared>,
        parameters: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut words: BTreeMap<String, Word> =
            Field::ALL.iter().map(|field| (field.as_str().to_owned(), Word::Number)).collect();
        for (id, declared) in indicators {
            let outputs = declared.indicator.kind().outputs;
            let word = if outputs.len() > 1 { Word::Outputs(outputs) } else { Word::Number };
            words.insert(id.clone(), word);
        }
        words.insert("position".to_owned(), Word::Position);
        words.insert("parameters".to_owned(), Word::Parameters(parameters.into_iter().cloned().collect()));
        words.insert(STATE.to_owned(), Word::State);
        Self(words)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Word> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Word)> {
        self.0.iter().map(|(name, word)| (name.as_str(), word))
    }

    /// Every operand that a function may name: `fast`, `bands.upper`, `close`.
    pub(super) fn operands(&self) -> Vec<String> {
        let named = |(name, word): (&str, &Word)| match word {
            Word::Number => vec![name.to_owned()],
            Word::Outputs(outputs) => outputs.iter().map(|output| format!("{name}.{output}")).collect(),
            _ => Vec::new(),
        };
        self.iter().flat_map(named).collect()
    }
}

impl Word {
    /// The properties that it has; `None` where it may have any, or none.
    pub(super) fn properties(&self) -> Option<Vec<&str>> {
        match self {
            Self::Outputs(outputs) => Some(outputs.to_vec()),
            Self::Position => Some(POSITION.to_vec()),
            Self::Parameters(names) => Some(names.iter().map(String::as_str).collect()),
            Self::Number | Self::State => None,
        }
    }
}

/// Whether an indicator may have this id in a document with a script: whether it can be a variable
/// and is none that every script has.
pub(in crate::strategy) fn may_be_id(id: &str) -> bool {
    let taken = [STATE, "position", "parameters"];
    !taken.contains(&id) && super::language::reader().compile(format!("let {id} = 0;")).is_ok()
}
