use kit::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a candle comes from, the lower place first: what comes from a lower place never changes
/// what is there from a higher one, in whatever order they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CandleOrigin {
    /// Summed from other candles or from trades, or filled in by a repair.
    Derived = 1,
    /// Of a file.
    File = 2,
    /// Closed by the exchange.
    Exchange = 3,
}

impl CandleOrigin {
    /// As the database has it.
    pub(crate) const fn rank(self) -> i16 {
        self as i16
    }
}

impl TryFrom<i16> for CandleOrigin {
    type Error = Error;

    fn try_from(rank: i16) -> Result<Self, Error> {
        match rank {
            1 => Ok(Self::Derived),
            2 => Ok(Self::File),
            3 => Ok(Self::Exchange),
            _ => Err(Error::internal(format!("{rank} is no origin of a candle"))),
        }
    }
}
