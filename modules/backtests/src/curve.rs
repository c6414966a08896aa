use chrono::Datelike;
use trading::{candle::Candles, metrics::approximate, money::Notional, time::Timestamp};

/// An equity curve's points: when, and what cash and coins were worth then.
pub type Points = Vec<(Timestamp, Notional)>;

/// Digits after the point of an amount, as in the equity curve.
const DIGITS: u32 = 8;

/// What `cash` would be worth at each of these moments (closing times, ascending) if it had bought
/// coins at the open of candle `first` and kept them, without fees; until then it is cash.
pub fn buy_and_hold(candles: &Candles, first: usize, cash: Notional, moments: &[Timestamp]) -> Points {
    if first >= candles.len() {
        return vec![];
    }
    let open = candles.get(first).open.decimal();
    let worth = |at: &Timestamp| {
        let seen = candles.rows(None, Some(*at)).end;
        if seen <= first {
            return Some((*at, cash));
        }
        let grown = (candles.get(seen - 1).close.decimal() / open).checked_mul(cash.decimal())?;
        Some((*at, Notional::new(grown.round_dp(DIGITS)).ok()?))
    };
    moments.iter().filter_map(worth).collect()
}

/// What the charts of a report are drawn from. All columns but `months` are of one length.
pub(crate) struct Curve {
    /// The cash at the beginning.
    pub(crate) initial: f64,
    /// When, ascending.
    pub(crate) times: Vec<Timestamp>,
    /// Cash and coins, in quote currency.
    pub(crate) equity: Vec<f64>,
    /// What the cash would be worth had it bought and held.
    pub(crate) held: Vec<f64>,
    /// How far the equity stands below its peak: 0, or a negative fraction.
    pub(crate) drawdown: Vec<f64>,
    pub(crate) months: Vec<Month>,
}

/// The return of a calendar month (UTC).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Month {
    pub(crate) year: i32,
    /// From 1.
    pub(crate) month: u32,
    /// A fraction of the equity at the month's beginning.
    pub(crate) gain: f64,
}

impl Curve {
    /// The curve of an equity that began with `initial`.
    pub(crate) fn of(equity: &[(Timestamp, Notional)], held: &[(Timestamp, Notional)], initial: f64) -> Self {
        let values = |points: &[(Timestamp, Notional)]| points.iter().map(|it| approximate(it.1.decimal())).collect();
        let times: Vec<_> = equity.iter().map(|it| it.0).collect();
        let equity: Vec<f64> = values(equity);
        let (drawdown, months) = (drawdowns(&equity, initial), months(&times, &equity, initial));
        Self { initial, held: values(held), times, equity, drawdown, months }
    }
}

fn drawdowns(equity: &[f64], initial: f64) -> Vec<f64> {
    let fall = |peak: &mut f64, value: &f64| {
        *peak = peak.max(*value);
        Some(if *peak > 0.0 { value / *peak - 1.0 } else { 0.0 })
    };
    equity.iter().scan(initial, fall).collect()
}

fn months(times: &[Timestamp], equity: &[f64], initial: f64) -> Vec<Month> {
    let mut ends: Vec<((i32, u32), f64)> = vec![];
    for (at, value) in times.iter().zip(equity) {
        let date = at.to_datetime();
        let month = (date.year(), date.month());
        match ends.last_mut() {
            Some(last) if last.0 == month => last.1 = *value,
            _ => ends.push((month, *value)),
        }
    }
    let begin = std::iter::once(initial).chain(ends.iter().map(|end| end.1));
    let gain = |begin: f64, end: f64| if begin > 0.0 { end / begin - 1.0 } else { 0.0 };
    ends.iter().zip(begin).map(|(&((year, month), end), begin)| Month { year, month, gain: gain(begin, end) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trading::{candle::Candle, time::Timeframe};

    fn points(points: &[(&str, &str)]) -> Points {
        points.iter().map(|(at, value)| (at.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn months_follow_the_calendar_and_multiply_to_the_whole_return() {
        let equity = points(&[
            ("2023-01-10", "100"),
            ("2023-01-31T23:59:00Z", "110"),
            ("2023-02-01", "99"),
            ("2023-04-30", "198"),
        ]);
        let curve = Curve::of(&equity, &[], 100.0);
        let months: Vec<_> = curve.months.iter().map(|month| (month.year, month.month)).collect();
        assert_eq!(months, [(2023, 1), (2023, 2), (2023, 4)]);
        let whole: f64 = curve.months.iter().map(|month| 1.0 + month.gain).product();
        assert!((whole - 1.98).abs() < 1e-12);
        assert!(curve.drawdown.iter().zip([0.0, 0.0, -0.1, 0.0]).all(|(got, want)| (got - want).abs() < 1e-12));
    }

    #[test]
    fn holding_is_valued_at_the_close_of_each_moment() {
        let candle = |minute: i64, open: &str, close: &str| Candle {
            open_time: Timestamp::from_millis(minute * 60_000),
            open: open.parse().unwrap(),
            high: "100".parse().unwrap(),
            low: "1".parse().unwrap(),
            close: close.parse().unwrap(),
            volume: "1".parse().unwrap(),
        };
        let candles = [candle(0, "5", "8"), candle(1, "10", "20"), candle(2, "20", "30")];
        let candles = Candles::collect(Timeframe::M1, candles).unwrap();
        let moments = [119_999, 179_999].map(Timestamp::from_millis);
        let held = buy_and_hold(&candles, 1, "1000".parse().unwrap(), &moments);
        let held: Vec<_> = held.into_iter().map(|it| it.1.to_string()).collect();
        assert_eq!(held, ["2000", "3000"]);
    }
}
