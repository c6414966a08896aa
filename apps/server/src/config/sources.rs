//! Where settings come from, and which source beats which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use serde::{Serialize, Serializer};
use toml::Value;

use super::rules::LONGEST;
use super::table::{quoted, settings};
use super::{ConfigError, Options, Setting};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    CommandLine,
    /// The process environment.
    Environment,
    /// `.env` in the working directory.
    DotEnv,
    /// A TOML file.
    File(PathBuf),
    /// The file that a `NAME_FILE` names.
    SecretFile(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment => f.write_str("environment"),
            Self::DotEnv => f.write_str(".env"),
            Self::File(path) | Self::SecretFile(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text of a setting and where it was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The sources, the first of which beats the next.
#[derive(Default)]
pub struct Sources(Vec<(Origin, BTreeMap<String, String>)>);

impl Sources {
    /// The sources of this process: flags, environment, `.env` in the working directory and the TOML file.
    ///
    /// # Errors
    /// When a file cannot be read or understood, or the environment holds a setting that is not UTF-8.
    pub fn read(options: &Options) -> Result<Self, ConfigError> {
        let flags = options.data_dir.iter().map(|path| ("BOTCRIPTOFY_DATA_DIR", path.to_string_lossy()));
        let mut sources = Self::default().with(Origin::CommandLine, flags).with(Origin::Environment, environment()?);
        match text_of(Path::new(".env")) {
            Ok(text) => sources = sources.with_dotenv(&text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(Origin::DotEnv, &error)),
        }
        if let Some(path) = &options.config {
            let text = text_of(path).map_err(|error| unreadable(Origin::File(path.clone()), &error))?;
            sources = sources.with_toml(path, &text)?;
        }
        Ok(sources)
    }

    /// Adds values that every source so far beats.
    #[must_use]
    pub fn with<K: Into<String>, V: Into<String>>(
        mut self,
        origin: Origin,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.0.push((origin, values.into_iter().map(|(name, value)| (name.into(), value.into())).collect()));
        self
    }

    /// Adds the values of a `.env` file.
    ///
    /// # Errors
    /// Names the line that cannot be read, without quoting it: it may hold a secret.
    pub fn with_dotenv(self, text: &str) -> Result<Self, ConfigError> {
        let values: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        let values = values.map_err(|error| {
            let place = match &error {
                dotenvy::Error::LineParse(wrong, _) => text.lines().position(|line| line == wrong),
                _ => None,
            };
            let place = place.map_or_else(|| "a line".to_owned(), |index| format!("line {}", index + 1));
            ConfigError::Source { origin: Origin::DotEnv, problem: format!("{place} is not NAME=value") }
        })?;
        Ok(self.with(Origin::DotEnv, values))
    }

    /// Adds the values of a TOML file, whose keys are the names of the settings.
    ///
    /// # Errors
    /// When it is not TOML, holds a key that is no setting or a value that is no text, number, truth or list of them.
    pub fn with_toml(self, path: &Path, text: &str) -> Result<Self, ConfigError> {
        let origin = Origin::File(path.to_owned());
        let table: toml::Table = text.parse().map_err(|error| not_toml(origin.clone(), &error, text))?;
        let mut values = BTreeMap::new();
        for (key, value) in table {
            if !is_setting(&key) {
                return Err(ConfigError::UnknownKey { origin, nearest: nearest(&key), key });
            }
            let Some(text) = plain(&value) else {
                let problem = format!("{key} is a {}; expected a text, number or list", value.type_str());
                return Err(ConfigError::Source { origin, problem });
            };
            values.insert(key, text);
        }
        Ok(self.with(origin, values))
    }

    /// The names under which a setting is given that has one for each of them.
    pub(super) fn names(&self, row: &Setting) -> BTreeSet<String> {
        let variables = self.0.iter().flat_map(|(_, values)| values.keys());
        let name =
            |variable: &String| row.name_in(variable.strip_suffix("_FILE").unwrap_or(variable)).map(str::to_owned);
        variables.filter_map(name).collect()
    }

    /// The text of a setting from the first source that has it; an empty value counts as none.
    pub(super) fn find(&self, name: &'static str) -> Result<Option<Found>, ConfigError> {
        for (origin, values) in &self.0 {
            let given = |key: &str| values.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
            let text = given(name);
            let file = given(&format!("{name}_FILE"));
            let found = match (text, file) {
                (None, None) => continue,
                (Some(_), Some(_)) => return Err(ConfigError::Twice { name, origin: origin.clone() }),
                (Some(text), None) => Found { text: text.to_owned(), origin: origin.clone() },
                (None, Some(path)) => secret_file(name, Path::new(path), origin)?,
            };
            return short(name, found).map(Some);
        }
        Ok(None)
    }
}

fn environment() -> Result<Vec<(String, String)>, ConfigError> {
    let known = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    known
        .filter(|(name, _)| is_setting(name))
        .map(|(name, value)| {
            let problem = format!("{name} is not UTF-8 text");
            let value = value.into_string();
            value.map(|value| (name, value)).map_err(|_| ConfigError::Source { origin: Origin::Environment, problem })
        })
        .collect()
}

fn secret_file(name: &'static str, path: &Path, origin: &Origin) -> Result<Found, ConfigError> {
    let failed = |problem: String| ConfigError::SecretFile { name, path: path.into(), problem, origin: origin.clone() };
    let text = text_of(path).map_err(|error| failed(format!("cannot be read: {}", reason(&error))))?;
    match text.trim() {
        "" => Err(failed("is empty".to_owned())),
        text => Ok(Found { text: text.to_owned(), origin: Origin::SecretFile(path.to_owned()) }),
    }
}

fn short(name: &'static str, found: Found) -> Result<Found, ConfigError> {
    if found.text.len() <= LONGEST {
        return Ok(found);
    }
    Err(ConfigError::Value {
        name,
        value: "the value".to_owned(),
        problem: "is too long".to_owned(),
        expected: format!("at most {LONGEST} bytes"),
        origin: found.origin,
    })
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST_FILE {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 64 KiB"));
    }
    Ok(text)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

fn unreadable(origin: Origin, error: &io::Error) -> ConfigError {
    ConfigError::Source { origin, problem: format!("cannot be read: {}", reason(error)) }
}

fn not_toml(origin: Origin, error: &toml::de::Error, text: &str) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    ConfigError::Source { origin, problem: format!("line {line} is not TOML: {message}") }
}

fn is_setting(key: &str) -> bool {
    let name = key.strip_suffix("_FILE").unwrap_or(key);
    settings().iter().any(|setting| setting.name == name || setting.name_in(name).is_some())
}

/// The setting most like the key, compared in capitals because a key in small letters is the likeliest slip.
fn nearest(key: &str) -> String {
    let key = key.to_ascii_uppercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&key, name);
    let names = settings().iter().map(|setting| setting.name);
    names.min_by_key(|name| distance(name)).unwrap_or_default().to_owned()
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Array(items) => items.iter().map(plain).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

impl fmt::Debug for Sources {
    /// Names only: the values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(origin, values)| (quoted(&origin.to_string()), values.keys())))
            .finish()
    }
}
