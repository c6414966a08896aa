//! BotCriptoFy's server: configuration, logging, the command line, and the modules put together.

pub mod assemble;
pub mod cli;
pub mod config;
pub mod database;
pub mod demo;
pub mod logging;
pub mod modules;
pub mod serve;
pub mod system;
