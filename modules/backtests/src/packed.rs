//! Results as they are stored: JSON, compressed.

use crate::offline::Outcome;
use kit::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use trading::{
    backtest::{Answer, BacktestFile, Report},
    position::Trade,
};

use crate::{curve::Points, made::Made, scenes::Scenes};

/// How many trades are in a part.
pub(crate) const TRADES_OF_A_PART: usize = 1_000;
/// Of zstd: higher ones take longer and save little.
const LEVEL: i32 = 3;
/// How what zstd has compressed begins; what was stored before it was used is plain.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A result, ready to be stored.
pub(crate) struct Packed {
    /// The figures by which a list shows and sorts; a sweep has none.
    pub(crate) metrics: Option<Value>,
    /// All but the trades.
    pub(crate) content: Vec<u8>,
    pub(crate) trade_count: i64,
    /// The trades in their order.
    pub(crate) trades: Vec<Vec<u8>>,
    pub(crate) made: Made,
    /// SHA-256 of the whole answer, uncompressed.
    pub(crate) digest: Vec<u8>,
}

/// What is stored of a result besides its trades.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    answer: Value,
    pub(crate) buy_and_hold: Points,
    #[serde(default)]
    scenes: Scenes,
}

impl Packed {
    /// Takes minutes of nobody's time but the thread's on which it is called.
    pub(crate) fn of(outcome: Outcome, made: Made) -> Result<Self> {
        let mut hash = Sha256::new();
        let (mut answer, trades) = match outcome.answer {
            Answer::Report(mut report) => {
                let trades = std::mem::take(&mut report.trades);
                (json(&Answer::Report(report))?, trades)
            }
            sweep @ Answer::Sweep(_) => (json(&sweep)?, vec![]),
        };
        hash.update(answer.to_string());
        let metrics = answer.get_mut("metrics").map(|metrics| metrics.clone());
        let content = Content { answer, buy_and_hold: outcome.buy_and_hold, scenes: outcome.scenes };
        let mut parts = Vec::with_capacity(trades.len().div_ceil(TRADES_OF_A_PART));
        for part in trades.chunks(TRADES_OF_A_PART) {
            let text = serde_json::to_vec(part).map_err(Error::internal)?;
            hash.update(&text);
            parts.push(compress(&text)?);
        }
        Ok(Self {
            metrics,
            content: compress(&serde_json::to_vec(&content).map_err(Error::internal)?)?,
            trade_count: i64::try_from(trades.len()).unwrap_or(i64::MAX),
            trades: parts,
            made,
            digest: hash.finalize().to_vec(),
        })
    }
}

impl Content {
    pub(crate) fn read(packed: &[u8]) -> Result<Self> {
        unpack(packed)
    }

    /// A part of the answer, such as `equity`; `null` where it has none.
    pub(crate) fn take(&mut self, part: &str) -> Value {
        self.answer.get_mut(part).map(Value::take).unwrap_or_default()
    }

    /// The whole answer with these trades.
    pub(crate) fn answer(self, trades: Vec<Trade>) -> Result<Answer> {
        if self.answer.get("combinations").is_some() {
            return serde_json::from_value(self.answer).map(Answer::Sweep).map_err(Error::internal);
        }
        let report: Report = serde_json::from_value(self.answer).map_err(Error::internal)?;
        Ok(Answer::Report(Box::new(Report { trades, ..report })))
    }

    /// The whole result of this file with these trades.
    pub(crate) fn outcome(mut self, file: BacktestFile, trades: Vec<Trade>) -> Result<Outcome> {
        let (buy_and_hold, scenes) = (std::mem::take(&mut self.buy_and_hold), std::mem::take(&mut self.scenes));
        Ok(Outcome { file, answer: self.answer(trades)?, buy_and_hold, scenes })
    }
}

fn json(part: &impl Serialize) -> Result<Value> {
    serde_json::to_value(part).map_err(Error::internal)
}

fn compress(text: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(text, LEVEL).map_err(Error::internal)
}

/// The trades of a part.
pub(crate) fn trades(part: &[u8]) -> Result<Vec<Trade>> {
    unpack(part)
}

fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T> {
    let text =
        if packed.starts_with(&MAGIC) { &zstd::stream::decode_all(packed).map_err(Error::internal)? } else { packed };
    serde_json::from_slice(text).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_result_from_before_funding_was_reckoned_is_read() {
        let metrics = json!({
            "finalEquity": "1000", "closedTrades": 0, "openTrades": 0, "wins": 0, "totalFees": "0", "netProfit": "0",
            "grossProfit": "0", "grossLoss": "0", "return": 0.0, "maxDrawdown": 0.0, "exposure": 0.0
        });
        let answer = json!({ "metrics": metrics, "trades": [], "equity": [], "warnings": [] });
        let stored = json!({ "answer": answer, "buyAndHold": [] }).to_string();
        let Answer::Report(report) = Content::read(stored.as_bytes()).unwrap().answer(vec![]).unwrap() else {
            unreachable!("it has no combinations")
        };
        assert_eq!(report.metrics.funding, trading::money::Notional::ZERO);
    }
}
