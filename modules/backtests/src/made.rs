//! What a result was made from, so that whoever runs it once more knows why it differs if it does.

use kit::{Error, Result, Time};
use market_data::Series;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trading::{backtest::BacktestFile, candle::Candles};
use uuid::Uuid;

/// What a result was made from, and by which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BacktestOrigin")]
pub(crate) struct Made {
    /// The version of the platform.
    pub(crate) engine: String,
    /// SHA-256 of the back-test file as it ran, in hexadecimal digits.
    pub(crate) file: String,
    pub(crate) candles: Vec<MadeOf>,
}

/// Candles that a result was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BacktestCandles")]
pub(crate) struct MadeOf {
    pub(crate) series_id: Uuid,
    pub(crate) symbol: String,
    pub(crate) timeframe: String,
    /// When the first of them opened.
    pub(crate) from: Option<Time>,
    /// When the last of them opened.
    pub(crate) to: Option<Time>,
    pub(crate) count: usize,
    /// SHA-256 of all of them, in hexadecimal digits: for each its opening time, open, high, low, close and volume.
    pub(crate) digest: String,
}

impl Made {
    pub(crate) fn of(file: &BacktestFile, candles: Vec<MadeOf>) -> Result<Self> {
        let text = serde_json::to_vec(file).map_err(Error::internal)?;
        Ok(Self { engine: env!("CARGO_PKG_VERSION").to_owned(), file: hex(&Sha256::digest(text)), candles })
    }
}

impl MadeOf {
    pub(crate) fn of(series: &Series, candles: &Candles) -> Self {
        let times = candles.open_times();
        let time = |at: Option<&i64>| at.map(|&at| Time::from_millis(at));
        Self {
            series_id: series.id(),
            symbol: series.market().symbol.to_string(),
            timeframe: candles.timeframe().to_string(),
            from: time(times.first()),
            to: time(times.last()),
            count: candles.len(),
            digest: digest(candles),
        }
    }
}

/// How many candles are hashed at a time.
const ROWS: usize = 1_024;

/// Of each candle its opening time as 8 bytes, and of each number its mantissa without trailing zeros as 16 bytes and
/// its digits after the point as 1, all of them with the lowest byte first.
fn digest(candles: &Candles) -> String {
    let mut hash = Sha256::new();
    let mut bytes = Vec::with_capacity(ROWS * (8 + 5 * 17));
    for row in 0..candles.len() {
        let it = candles.get(row);
        bytes.extend(it.open_time.millis().to_le_bytes());
        let prices = [it.open, it.high, it.low, it.close].map(|price| price.decimal());
        for number in prices.into_iter().chain([it.volume.decimal()]) {
            let number = number.normalize();
            bytes.extend(number.mantissa().to_le_bytes());
            bytes.extend([number.scale().to_le_bytes()[0]]);
        }
        if row % ROWS == ROWS - 1 {
            hash.update(&bytes);
            bytes.clear();
        }
    }
    hash.update(&bytes);
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trading::{
        candle::Candle,
        time::{Timeframe, Timestamp},
    };

    fn candles(closes: &[&str]) -> Candles {
        let candle = |(minute, close): (i64, &&str)| Candle {
            open_time: Timestamp::from_millis(minute * 60_000),
            open: "5".parse().unwrap(),
            high: "9".parse().unwrap(),
            low: "1".parse().unwrap(),
            close: close.parse().unwrap(),
            volume: "1".parse().unwrap(),
        };
        Candles::collect(Timeframe::M1, (0..).zip(closes).map(candle)).unwrap()
    }

    #[test]
    fn a_digest_tells_values_apart_and_not_how_they_were_written() {
        let one = digest(&candles(&["5", "6"]));
        assert_eq!(one, digest(&candles(&["5.0", "6.00"])));
        assert_ne!(one, digest(&candles(&["5", "6.00000001"])));
        assert_ne!(one, digest(&candles(&["5"])));
    }
}
