//! What is wrong with a document, and where.

use serde::Serialize;

/// The most faults that are told at once.
const MOST: usize = 100;

/// One fault of a strategy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where it stands, such as `entry.all[1].gt[0]`; empty for the whole document.
    pub path: String,
    /// A stable name, such as `UNKNOWN_KEY`.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

impl std::error::Error for Fault {}

/// Collects faults while a document is read.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault; gives `None` so that a reader can return it.
    pub(super) fn add<T>(&mut self, path: &str, code: &'static str, message: impl Into<String>) -> Option<T> {
        if self.0.len() < MOST {
            self.0.push(Fault { path: path.to_owned(), code, message: message.into() });
        }
        None
    }

    /// Whether nothing was wrong so far.
    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that was noted, in the order of the document.
    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// Quotes at most the beginning of a word, so that an error never repeats a huge input.
pub(super) fn excerpt(word: &str) -> String {
    let mut short: String = word.chars().take(40).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    short
}

/// ` (did you mean `fast`?)` where one of the words is near to what was written, else nothing.
pub(super) fn hint<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    if written.len() > 64 {
        return String::new();
    }
    let lower = written.to_lowercase();
    let distance = |word: &str| strsim::damerau_levenshtein(&lower, &word.to_lowercase());
    let nearest = words.into_iter().map(|word| (distance(word), word)).min();
    match nearest {
        Some((distance, word)) if distance <= (word.len() / 3).max(1) => format!(" (did you mean `{word}`?)"),
        _ => String::new(),
    }
}

/// So many of the words that are the nearest to what was written: those that it is a part of, or that
/// are a part of it, then by the letters that differ.
pub(super) fn nearest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    let written: String = written.to_lowercase().chars().filter(|it| it.is_alphanumeric()).take(64).collect();
    let far = |word: &str| {
        let word = word.to_lowercase();
        let within = !written.is_empty() && (word.contains(&written) || written.contains(&word));
        (!within, strsim::damerau_levenshtein(&written, &word))
    };
    let mut words: Vec<_> = words.into_iter().map(|word| (far(word), word)).collect();
    words.sort_unstable();
    words.into_iter().map(|(_, word)| word).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_proposed_and_a_far_one_is_not() {
        assert_eq!(hint("fsat", ["slow", "fast"]), " (did you mean `fast`?)");
        assert_eq!(hint("CrossesAbove", ["crossesAbove", "crossesBelow"]), " (did you mean `crossesAbove`?)");
        assert_eq!(hint("volatility", ["slow", "fast"]), "");
        assert_eq!(hint(&"x".repeat(1_000), ["x"]), "");
    }

    #[test]
    fn the_nearest_words_are_those_that_share_the_most() {
        let words = ["sma", "smma", "ema", "rsi", "stochRsi", "macd"];
        assert_eq!(nearest("smaa", words, 3), ["sma", "smma", "ema"]);
        assert_eq!(nearest("RSI 14", words, 2), ["rsi", "sma"]);
        assert_eq!(nearest("rsi_14", words, 1), ["rsi"]);
        assert_eq!(nearest("", words, 9).len(), words.len());
        assert_eq!(nearest(&"x".repeat(100_000), words, 3).len(), 3);
    }

    #[test]
    fn the_number_of_faults_is_limited() {
        let mut faults = Faults::default();
        for _ in 0..1_000 {
            faults.add::<()>("a", "X", "y");
        }
        assert_eq!(faults.into_vec().len(), MOST);
    }
}
