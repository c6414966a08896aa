//! The strategy language: a document is checked ([`Document::parse`]), compiled once into a flat
//! program ([`Program::compile`]) and run over whole columns ([`Program::signals`],
//! [`ColumnRules`]) or candle by candle ([`StreamRules`]), with the same signals.

mod apply;
mod columns;
mod condition;
mod document;
mod fault;
mod frame;
mod json;
mod kinds;
mod live;
mod machine;
pub mod plan;
mod program;
mod reader;
mod rules;
mod schema;
mod script;
mod signals;
mod validate;

pub use columns::Columns;
pub use condition::{Arithmetic, AtLeast, Condition, Operand, Shifted, Trend};
pub use document::{Body, Declared, Document, Market, Outside, Rules, Scripted};
pub use fault::Fault;
pub use json::MAX_BYTES;
pub use kinds::{Dca, DcaTarget, Grid, MAX_DCA_ORDERS, MAX_LEVELS, Rebalance, Spacing};
pub use program::Program;
pub use rules::{ColumnRules, StreamRules};
pub use schema::schema;
pub use script::{ColumnScript, Failure, MAX_PARAMETERS, MAX_SOURCE, MAX_STATE, MAX_STEPS, Script, StreamScript};
pub use signals::Signals;
pub use validate::{MAX_BACK, MAX_DEPTH, MAX_INDICATORS, MAX_JOINED, MAX_NAME, MAX_PARTS, MAX_SYMBOLS};
