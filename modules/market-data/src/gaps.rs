use kit::Time;
use schemars::JsonSchema;
use serde::Serialize;
use trading::time::{Timeframe, Timestamp};

/// The candles that are missing between those that are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapReport {
    /// The gaps in order of time, the first thousand of them.
    pub gaps: Vec<Gap>,
    /// How many gaps there are.
    pub gap_count: u64,
    /// How many candles are missing in all of them.
    pub missing: u64,
}

/// A run of missing candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gap {
    /// When the first missing candle would have opened.
    pub from: Time,
    /// When the next candle that is there opened.
    pub to: Time,
    /// How many are missing.
    pub missing: u64,
    /// Why, as far as other series tell; not there where they were not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<GapCause>,
}

/// Why candles are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GapCause {
    /// No other market of the exchange that was recorded then has a candle in that time.
    Outage,
    /// A series of shorter candles has none in that time: nothing was traded.
    NoTrades,
    /// No other series tells, or one has candles there: they can be filled in.
    Unknown,
}

/// The most gaps that a report lists.
const LISTED: usize = 1_000;

/// Watches times go by, in their order.
pub(crate) struct GapFinder {
    timeframe: Timeframe,
    expected: Option<Timestamp>,
    report: GapReport,
}

impl GapFinder {
    pub(crate) fn new(timeframe: Timeframe) -> Self {
        Self { timeframe, expected: None, report: GapReport { gaps: vec![], gap_count: 0, missing: 0 } }
    }

    /// The next candle that is there.
    pub(crate) fn see(&mut self, at: Timestamp) {
        if let Some(from) = self.expected.filter(|from| *from < at) {
            let missing = self.between(from, at);
            self.report.gap_count += 1;
            self.report.missing += missing;
            if self.report.gaps.len() < LISTED {
                let [from, to] = [from, at].map(|it| Time::from_millis(it.millis()));
                self.report.gaps.push(Gap { from, to, missing, cause: None });
            }
        }
        self.expected = Some(self.timeframe.next(at));
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> u64 {
        match self.timeframe.fixed_millis() {
            Some(length) => (to.millis() - from.millis()).unsigned_abs() / length.unsigned_abs(),
            None => {
                let months = std::iter::successors(Some(from), |at| Some(self.timeframe.next(*at)));
                months.take_while(|at| *at < to).map(|_| 1).sum()
            }
        }
    }

    pub(crate) fn report(self) -> GapReport {
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(timeframe: Timeframe, times: &[&str]) -> (u64, u64) {
        let mut finder = GapFinder::new(timeframe);
        times.iter().for_each(|time| finder.see(time.parse().unwrap()));
        let report = finder.report();
        assert_eq!(report.gaps.iter().map(|gap| gap.missing).sum::<u64>(), report.missing);
        (report.gap_count, report.missing)
    }

    #[test]
    fn gaps_are_counted_by_the_time_frames_own_calendar() {
        assert_eq!(missing(Timeframe::H1, &[]), (0, 0));
        assert_eq!(missing(Timeframe::H1, &["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"]), (0, 0));
        assert_eq!(missing(Timeframe::H1, &["2024-01-01", "2024-01-02", "2024-01-02T02:00:00Z"]), (2, 24));
        assert_eq!(missing(Timeframe::Month1, &["2023-11-01", "2024-03-01", "2024-04-01"]), (1, 3));
        assert_eq!(missing(Timeframe::W1, &["2024-02-26", "2024-03-11"]), (1, 1));
    }

    #[test]
    fn a_report_lists_a_thousand_gaps_and_counts_the_rest() {
        let mut finder = GapFinder::new(Timeframe::M1);
        (0..1_500).for_each(|row| finder.see(Timestamp::from_millis(row * 120_000)));
        let report = finder.report();
        assert_eq!((report.gaps.len(), report.gap_count, report.missing), (1_000, 1_499, 1_499));
    }
}
