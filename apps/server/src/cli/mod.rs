//! The command line: one file for each command, one line for each in `commands!`.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Options};
use crate::database::DatabaseError;
use crate::logging::LogError;

/// BotCriptoFy: a crypto-trading-bot service for many tenants, in one program.
#[derive(Debug, Parser)]
#[command(name = "botcriptofy", version, after_help = exit_codes_help())]
pub struct Cli {
    /// Read settings from a TOML file as well
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Keep data here instead of in BOTCRIPTOFY_DATA_DIR
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,

    /// `serve` when none is named
    #[command(subcommand)]
    command: Option<Command>,
}

/// Declares the commands: `module::Name` stands for `cli/module.rs` with `Args` and `run(&Args, &Context)`.
macro_rules! commands {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(mod $module;)*

        #[derive(Debug, Subcommand)]
        enum Command { $($name($module::Args)),* }

        impl Command {
            fn run(&self, context: &Context) -> Result<(), Failure> {
                match self { $(Self::$name(args) => $module::run(args, context)),* }
            }
        }
    };
}

commands! {
    serve::Serve,
    demo::Demo,
    backtest::Backtest,
    candles::Candles,
    trades::Trades,
    instruments::Instruments,
    migrate::Migrate,
    sandbox::Sandbox,
    openapi::Openapi,
    config::Config,
    doctor::Doctor,
    user::User,
    audit::Audit,
    keys::Keys,
}

impl Cli {
    /// Runs the command; what goes wrong is said in one line on the standard error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let options = Options { config: self.config, data_dir: self.data_dir };
        let context = Context { options, json: self.json };
        let command = self.command.unwrap_or(Command::Serve(serve::Args {}));
        match command.run(&context) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                // Nothing is left to be done when even the standard error is closed.
                let _ = writeln!(io::stderr(), "botcriptofy: {failure}");
                failure.code()
            }
        }
    }
}

/// What the global flags say, for every command.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where the configuration is.
    pub(crate) options: Options,
    /// Whether to answer in JSON.
    pub(crate) json: bool,
}

impl Context {
    /// The configuration.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(crate::config::load(&self.options)?)
    }
}

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line or the configuration is wrong: exit code 2.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The logs cannot be written as configured: exit code 2.
    #[error(transparent)]
    Logging(#[from] LogError),
    /// There is no database: exit code 1.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The platform refused: exit code 1.
    #[error(transparent)]
    Refused(#[from] kit::Error),
    /// A file that the command was given is wrong: exit code 3.
    #[error("{0}")]
    Input(String),
    /// The command could not do its work: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    fn code(&self) -> ExitCode {
        match self {
            Self::Configuration(_) | Self::Logging(_) => ExitCode::from(2),
            Self::Input(_) => ExitCode::from(3),
            Self::Database(_) | Self::Refused(_) | Self::Failed(_) => ExitCode::from(1),
        }
    }
}

impl Failure {
    /// A failure that says what it was about to do.
    fn of(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }
}

/// What the asynchronous commands run on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(|error| Failure::of("the runtime cannot be started", error))
}

/// Every exit code and what it means.
const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (1, "the command failed; the line on the standard error says why"),
    (2, "the command line or the configuration is wrong"),
    (3, "a file that was given is wrong; what follows says where, and what to do"),
];

fn exit_codes_help() -> String {
    let lines = EXIT_CODES.iter().map(|(code, meaning)| format!("\n  {code}  {meaning}"));
    format!("Exit codes:{}", lines.collect::<String>())
}

/// Prints an answer. A reader who has gone away, as in `botcriptofy config | head`, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
