//! Where the marks of an axis stand.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};

/// Round numbers from the least to the greatest, some `wanted` of them, and their distance.
pub(super) fn values(least: f64, greatest: f64, wanted: f64) -> (Vec<f64>, f64) {
    let range = (greatest - least).max(f64::MIN_POSITIVE);
    let rough = range / wanted;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|it| it * magnitude).into_iter().find(|it| *it >= rough);
    let step = step.unwrap_or(10.0 * magnitude);
    let first = (least / step).ceil();
    let marks = (0..=20).map(|index| (first + f64::from(index)) * step);
    (marks.take_while(|mark| *mark <= greatest + step * 1e-9).collect(), step)
}

/// A distance between two marks of a time axis.
#[derive(Clone, Copy)]
enum Step {
    Minutes(i64),
    Days(u64),
    Months(u32),
}

const STEPS: [Step; 21] = [
    Step::Minutes(1),
    Step::Minutes(5),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
    Step::Months(600),
];

impl Step {
    fn minutes(self) -> i64 {
        match self {
            Self::Minutes(minutes) => minutes,
            Self::Days(days) => 1_440 * days.cast_signed(),
            Self::Months(months) => 43_800 * i64::from(months),
        }
    }

    /// A mark that is as wide as any.
    const fn widest(self) -> &'static str {
        match self {
            Self::Minutes(_) => "28 May 20:00",
            Self::Days(_) => "28 May",
            Self::Months(months) if months.is_multiple_of(12) => "2028",
            Self::Months(_) => "May 2028",
        }
    }

    /// The first mark at or before a moment.
    fn floor(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let date = at.date_naive();
        match self {
            Self::Minutes(_) | Self::Days(_) => Some(date.and_hms_opt(0, 0, 0)?.and_utc()),
            Self::Months(months) => {
                let month = date.year().checked_mul(12)? + date.month0().cast_signed();
                let month = month - month.rem_euclid(months.cast_signed());
                let first = NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12).unsigned_abs() + 1, 1)?;
                Some(first.and_hms_opt(0, 0, 0)?.and_utc())
            }
        }
    }

    fn next(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Minutes(minutes) => at.checked_add_signed(TimeDelta::minutes(minutes)),
            Self::Days(days) => at.checked_add_days(Days::new(days)),
            Self::Months(months) => at.checked_add_months(Months::new(months)),
        }
    }

    fn label(self, at: DateTime<Utc>) -> String {
        let format = match self {
            Self::Minutes(_) => "%d %b %H:%M",
            Self::Days(_) => "%d %b",
            Self::Months(months) if months.is_multiple_of(12) => "%Y",
            Self::Months(_) => "%b %Y",
        };
        at.format(format).to_string()
    }
}

/// Marks of the calendar between two moments, each with its label. `fits` says how many there may be that are as
/// wide as one.
pub(super) fn times(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    fits: impl Fn(&str) -> usize,
) -> Vec<(DateTime<Utc>, String)> {
    let minutes = (to - from).num_minutes();
    let has_room =
        |step: &Step| usize::try_from(minutes / step.minutes()).is_ok_and(|count| count <= fits(step.widest()));
    let step = STEPS.into_iter().find(has_room).unwrap_or(Step::Months(600));
    let marks = std::iter::successors(step.floor(from), |at| step.next(*at));
    marks.skip_while(|at| *at < from).take_while(|at| *at <= to).map(|at| (at, step.label(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn marks_of_values_are_round() {
        assert_eq!(values(9_910.0, 10_080.0, 4.0), (vec![9_950.0, 10_000.0, 10_050.0], 50.0));
        assert_eq!(values(0.0, 1.0, 4.0).1, 0.25);
        assert!(values(5.0, 5.0, 4.0).0.len() <= 21);
    }

    #[test]
    fn marks_of_time_follow_the_calendar() {
        let labels = |from, to| times(at(from), at(to), |_| 8).into_iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(
            labels("2017-08-17T00:00:00Z", "2021-12-31T00:00:00Z"),
            ["Jan 2018", "Jul 2018", "Jan 2019", "Jul 2019", "Jan 2020", "Jul 2020", "Jan 2021", "Jul 2021"]
        );
        assert_eq!(labels("2023-01-01T00:00:00Z", "2023-06-30T00:00:00Z").first().unwrap(), "Jan 2023");
        assert_eq!(labels("2023-01-01T10:00:00Z", "2023-01-01T15:00:00Z").len(), 6);
        assert_eq!(
            labels("2023-01-01T10:02:00Z", "2023-01-01T10:31:00Z"),
            [5, 10, 15, 20, 25, 30].map(|it| format!("01 Jan 10:{it:02}"))
        );
    }
}
