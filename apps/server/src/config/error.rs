use std::path::PathBuf;

use super::Origin;

/// Why the configuration cannot be used. Shown as one line that names the setting; never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting's value is not one that it takes.
    #[error("{name}: {value} {problem}; expected {expected} (from {origin})")]
    Value {
        /// The variable.
        name: &'static str,
        /// The value, quoted and shortened, or `the value` for a secret.
        value: String,
        /// What is wrong with it.
        problem: String,
        /// What the variable takes.
        expected: String,
        /// Where the value came from.
        origin: Origin,
    },
    /// A setting stands twice in one source: as `NAME` and as `NAME_FILE`.
    #[error("{name}: given both as {name} and as {name}_FILE; expected one of them (from {origin})")]
    Twice {
        /// The variable.
        name: &'static str,
        /// Where both came from.
        origin: Origin,
    },
    /// The file that `NAME_FILE` names cannot be read.
    #[error("{name}_FILE: {} {problem}; expected a readable text file of at most 64 KiB (from {origin})", path.display())]
    SecretFile {
        /// The variable, without `_FILE`.
        name: &'static str,
        /// The file named.
        path: PathBuf,
        /// Why it cannot be read.
        problem: String,
        /// Where the path came from.
        origin: Origin,
    },
    /// The TOML file holds a key that is no setting.
    #[error("{origin}: unknown key {key:?}; did you mean {nearest:?}?")]
    UnknownKey {
        /// The file.
        origin: Origin,
        /// The key as written.
        key: String,
        /// The setting most like it.
        nearest: String,
    },
    /// A source as a whole cannot be read.
    #[error("{origin}: {problem}")]
    Source {
        /// The source.
        origin: Origin,
        /// What is wrong with it.
        problem: String,
    },
    /// A secret made on first start cannot be kept or read back.
    #[error("{name}: {} {problem}; expected a private file in BOTCRIPTOFY_DATA_DIR, or {name} to be set", path.display())]
    Kept {
        /// The variable.
        name: &'static str,
        /// The file in the data directory.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
}
