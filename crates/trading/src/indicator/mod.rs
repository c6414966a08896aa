//! Technical indicators: one [`catalogue`](CATALOGUE) from which validation, the JSON Schema, the
//! reference and the computation are derived.
//!
//! An [`Indicator`] is a catalogue entry with parameters that were checked. It is computed over
//! whole columns ([`Indicator::compute`]) or candle by candle ([`Indicator::stream`]); both give
//! the same bits. The formulas are TA-Lib's, by its official Rust port, and a few of our own.

mod catalogue;
mod field;
mod own;
mod reference;
mod spec;
mod stream;
mod talib;

pub use catalogue::{CATALOGUE, Drawing, Group, Inputs, Kind, MAX_OUTPUTS, Parameter, find, shapes};
pub use field::UnknownField;
pub use reference::reference;
pub use spec::{Indicator, ParameterFault};
pub use stream::Streaming;
