use crate::Exchange;
use garde::Validate;
use kit::{JobFailure, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading::{
    money::Symbol,
    time::{Timeframe, Timestamp},
};
use uuid::Uuid;

/// What is to be fetched.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schemars(rename = "NewBackfill")]
pub(crate) struct BackfillWish {
    /// Candles or trades; candles if not said.
    #[serde(default)]
    pub(crate) kind: BackfillKind,
    pub(crate) exchange: Exchange,
    pub(crate) symbol: Symbol,
    /// The length of candles; trades have none.
    pub(crate) timeframe: Option<Timeframe>,
    /// The first candle opens then or later; the first trade happened then or later.
    pub(crate) from: Time,
    /// The last candle has closed by then, the last trade happened before; up to now if it is not said or lies ahead.
    pub(crate) to: Option<Time>,
    /// Fetch only what is missing between the candles that are there.
    #[serde(default)]
    pub(crate) only_gaps: bool,
}

/// What a backfill fetches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackfillKind {
    /// Candles that have closed.
    #[default]
    Candles,
    /// Trades, those of one order at one price as one.
    Trades,
}

impl BackfillKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Candles => "candles",
            Self::Trades => "trades",
        }
    }
}

/// Candles or trades that are fetched from an exchange.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backfill {
    pub(crate) id: Uuid,
    pub(crate) kind: BackfillKind,
    pub(crate) exchange: Exchange,
    pub(crate) symbol: Symbol,
    /// The length of candles; not there where trades are fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeframe: Option<Timeframe>,
    /// Whether only what is missing between candles is fetched.
    pub(crate) only_gaps: bool,
    pub(crate) from: Time,
    pub(crate) to: Time,
    pub(crate) status: BackfillStatus,
    /// All that is before has been fetched.
    pub(crate) reached: Time,
    /// How much of the time between `from` and `to` has been fetched, from 0 to 100.
    pub(crate) percent: i64,
    /// Candles or trades that were not there before.
    pub(crate) imported: i64,
    /// Candles or trades that were there with other figures.
    pub(crate) updated: i64,
    /// Why it failed, or why it is tried again.
    pub(crate) error: Option<JobFailure>,
    pub(crate) created_at: Time,
    pub(crate) started_at: Option<Time>,
    pub(crate) finished_at: Option<Time>,
}

/// What has become of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum BackfillStatus {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl BackfillStatus {
    /// As its job has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn of_job(status: &str) -> Self {
        let all = [Self::Queued, Self::Running, Self::Done, Self::Cancelled];
        all.into_iter().find(|it| it.as_str() == status).unwrap_or(Self::Failed)
    }
}

/// Which backfills are asked for.
#[derive(Deserialize, JsonSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct BackfillFilter {
    /// Only those that have come to this.
    pub(crate) status: Option<BackfillStatus>,
    /// Only of this symbol.
    pub(crate) symbol: Option<Symbol>,
}

/// How many candles open from one moment of the grid to before another; months are reckoned as 28 days.
pub(crate) fn candles_between(timeframe: Timeframe, from: Timestamp, to: Timestamp) -> i64 {
    const SHORTEST_MONTH: i64 = 28 * 86_400_000;
    (to.millis() - from.millis()) / timeframe.fixed_millis().unwrap_or(SHORTEST_MONTH)
}
