//! A script that was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{AST, Dynamic, Map, ParseErrorType, Position, Scope};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Number;

use super::check::{self, Complaint, Uses};
use super::failure::place;
use super::language::{FUNCTIONS, MAX_SOURCE, reader};
use super::words::{POSITION, Word, Words};
use crate::strategy::document::Declared;
use crate::strategy::fault::{excerpt, hint};

/// What decides in a scripted strategy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The text that is run at every closed candle: Rhai, with the names that the guide lists.
    #[schemars(length(min = 1, max = 20_000))]
    source: String,
    /// Numbers that the source reads as `parameters.name`, and that a sweep varies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default, length(max = 50))]
    parameters: BTreeMap<String, Number>,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) code: Arc<Code>,
}

/// Equal by what was written.
impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, &self.parameters) == (&other.source, &other.parameters)
    }
}

/// The source as it runs.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) ast: AST,
    pub(super) uses: Uses,
}

impl Script {
    /// Reads a source that may use these indicators.
    ///
    /// # Errors
    /// Every complaint as a code and a sentence that begins with line and column.
    pub(in crate::strategy) fn read(
        source: &str,
        parameters: BTreeMap<String, Number>,
        indicators: &BTreeMap<String, Declared>,
    ) -> Result<Self, Vec<(&'static str, String)>> {
        let words = Words::new(indicators, parameters.keys());
        let code = Code::read(source, &words).map_err(|complaints| complaints.iter().map(told).collect::<Vec<_>>())?;
        Ok(Self { source: source.to_owned(), parameters, code: Arc::new(code) })
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The numbers by their names.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Number> {
        &self.parameters
    }

    /// Whether the source reads an indicator.
    pub(in crate::strategy) fn reads(&self, id: &str) -> bool {
        let uses = &self.code.uses;
        let named = |operand: &String| operand == id || operand.split_once('.').is_some_and(|(first, _)| first == id);
        uses.variables.iter().any(|variable| variable == id) || uses.operands.keys().any(named)
    }

    pub(super) fn parameters_map(&self) -> Map {
        let number = |number: &Number| Dynamic::from_float(number.as_f64().unwrap_or(f64::NAN));
        self.parameters.iter().map(|(name, value)| (name.as_str().into(), number(value))).collect()
    }
}

fn told(complaint: &Complaint) -> (&'static str, String) {
    let message = match place(complaint.at) {
        (0, _) => complaint.message.clone(),
        (line, column) => format!("line {line}, column {column}: {}", complaint.message),
    };
    (complaint.code, message)
}

impl Code {
    fn read(source: &str, words: &Words) -> Result<Self, Vec<Complaint>> {
        let complaint = |code, message| vec![Complaint { code, at: Position::NONE, message }];
        if source.len() > MAX_SOURCE {
            let message = format!("the source has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
            return Err(complaint("TOO_LARGE", message));
        }
        if source.trim().is_empty() {
            return Err(complaint("EMPTY", "the source is empty".to_owned()));
        }
        let scope = everything(words);
        let ast = reader().compile_with_scope(&scope, source).map_err(|error| vec![refused(&error, words)])?;
        let uses = check::check(&ast, words)?;
        Ok(Self { ast, uses })
    }
}

/// A scope in which every word exists.
fn everything(words: &Words) -> Scope<'static> {
    let mut scope = Scope::default();
    for (name, word) in words.iter() {
        scope.push_dynamic(name, blank(word));
    }
    scope
}

/// A word before the first candle.
pub(super) fn blank(word: &Word) -> Dynamic {
    let numbers = |names: &[&str]| -> Map { names.iter().map(|name| ((*name).into(), f64::NAN.into())).collect() };
    match word {
        Word::Number => f64::NAN.into(),
        Word::Outputs(outputs) => numbers(outputs).into(),
        Word::Position => numbers(&POSITION).into(),
        Word::Parameters(_) | Word::State => Map::new().into(),
    }
}

fn refused(error: &rhai::ParseError, words: &Words) -> Complaint {
    let (code, message) = match error.0.as_ref() {
        ParseErrorType::VariableUndefined(name) => {
            let functions = FUNCTIONS.iter().map(|(name, _)| *name);
            let nearest = hint(name, words.iter().map(|(name, _)| name).chain(functions));
            ("UNKNOWN_NAME", format!("there is no `{}`{nearest}", excerpt(name)))
        }
        ParseErrorType::ExprTooDeep => ("TOO_DEEP", "expressions and blocks nest too deep here".to_owned()),
        ParseErrorType::TooManyFunctions => ("TOO_MANY", "there are too many functions".to_owned()),
        other => ("BAD_SCRIPT", excerpt_message(&other.to_string())),
    };
    Complaint { code, at: error.1, message }
}

/// What the reader says may quote the source at any length.
fn excerpt_message(message: &str) -> String {
    message.chars().take(300).collect()
}
