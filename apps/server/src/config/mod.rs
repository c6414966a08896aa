//! The twelve-factor configuration. One table (`settings.rs`) says of every setting its name, type, rule, default
//! and meaning; reading, checking, `botcriptofy config`, `.env.example` and `docs/configuration.md` follow from it.

mod check;
mod error;
mod render;
mod rules;
mod secret;
mod settings;
mod sources;
mod table;

use std::path::PathBuf;

pub use error::ConfigError;
pub use render::{env_example, guide};
pub use secret::{Keys, Secret, Secrets, put_new_key_first, secrets};
pub use settings::Settings;
pub use sources::{Origin, Sources};
pub use table::{Environment, LogFormat, PasswordHash, Setting, settings};

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--config`: a TOML file.
    pub config: Option<PathBuf>,
    /// `--data-dir`: beats `BOTCRIPTOFY_DATA_DIR` wherever it stands.
    pub data_dir: Option<PathBuf>,
}

/// The settings, and where each of them came from.
#[derive(Debug)]
pub struct Config {
    /// The typed and checked settings.
    pub settings: Settings,
    /// One entry for each row of the table, in its order; for those with names of the operator's own, one for each name.
    pub listing: Vec<Listed>,
}

/// A setting as `botcriptofy config` shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// The variable.
    pub name: &'static str,
    /// The value, `***` for a secret, nothing when it is not set and has no default.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Origin,
    /// The default, or what happens without a value.
    pub default: &'static str,
    /// Whether the value is a secret.
    pub secret: bool,
    /// What the setting is for.
    pub help: &'static str,
}

/// Reads the process environment, `.env` in the working directory and the TOML file, and checks every setting.
///
/// # Errors
/// The first [`ConfigError`] found, in the order of the table.
pub fn load(options: &Options) -> Result<Config, ConfigError> {
    Config::of(&Sources::read(options)?)
}

impl Config {
    /// The configuration that these sources give.
    ///
    /// # Errors
    /// The first [`ConfigError`] found, in the order of the table.
    pub fn of(sources: &Sources) -> Result<Self, ConfigError> {
        let mut listing = Vec::new();
        let settings = Settings::read(sources, &mut listing)?;
        check::check(&settings, &listing)?;
        Ok(Self { settings, listing })
    }
}
