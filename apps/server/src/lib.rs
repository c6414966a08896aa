//! BotCriptoFy's server: configuration, logging and the command line.

pub mod cli;
pub mod config;
pub mod logging;
