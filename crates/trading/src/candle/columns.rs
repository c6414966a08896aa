//! Candles as columns: exact integers with one decimal scale, and floating views for indicators.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rust_decimal::Decimal;

use super::{Candle, CandleError, Finer};
use crate::money::{Price, Quantity};
use crate::time::{Timeframe, Timestamp};

/// More digits after the point than this are refused, so that a power of ten stays exact in `f64`.
const MAX_SCALE: u32 = 18;

/// What can be read from candles as a column of numbers.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The first price.
    Open,
    /// The highest price.
    High,
    /// The lowest price.
    Low,
    /// The last price.
    Close,
    /// Coins traded.
    Volume,
    /// `(high + low + close) / 3`.
    Typical,
    /// `(high + low) / 2`.
    Hl2,
    /// When the candle opens, in milliseconds since 1970: an input of indicators that know of days,
    /// and not for strategies to name.
    OpenTime,
}

const FIELDS: usize = 8;

/// Mantissas that share one decimal scale: the value of row `i` is `mantissas[i] / 10^scale`.
#[derive(Clone, Debug)]
struct Block<const COLUMNS: usize> {
    scale: u32,
    columns: [Vec<i64>; COLUMNS],
}

impl<const COLUMNS: usize> Block<COLUMNS> {
    fn new() -> Self {
        Self { scale: 0, columns: std::array::from_fn(|_| Vec::new()) }
    }

    /// Appends a row, refining the scale of all rows where the new one has more digits.
    fn push(&mut self, row: [Decimal; COLUMNS]) -> Option<()> {
        let row = row.map(|value| value.normalize());
        let needed = row.iter().map(Decimal::scale).max().unwrap_or(0);
        let scale = self.scale.max(needed);
        if scale > MAX_SCALE {
            return None;
        }
        let mut mantissas = [0; COLUMNS];
        for (mantissa, value) in mantissas.iter_mut().zip(row) {
            let factor = 10_i128.pow(scale - value.scale());
            *mantissa = i64::try_from(value.mantissa().checked_mul(factor)?).ok()?;
        }
        if scale > self.scale {
            self.refine(scale)?;
        }
        for (column, mantissa) in self.columns.iter_mut().zip(mantissas) {
            column.push(mantissa);
        }
        Some(())
    }

    fn part(&self, rows: Range<usize>) -> Self {
        Self { scale: self.scale, columns: self.columns.each_ref().map(|column| column[rows.clone()].to_vec()) }
    }

    fn refine(&mut self, scale: u32) -> Option<()> {
        let factor = 10_i64.checked_pow(scale - self.scale)?;
        let largest = self.columns.iter().flatten().max().copied().unwrap_or(0);
        largest.checked_mul(factor)?;
        for mantissa in self.columns.iter_mut().flatten() {
            *mantissa *= factor;
        }
        self.scale = scale;
        Some(())
    }
}

/// The candles of one market and time frame, ascending in time; gaps are not filled.
///
/// A structure of arrays: 48 bytes a candle, exact, and every floating view is made once when it
/// is first asked for.
#[derive(Clone, Debug)]
pub struct Candles {
    timeframe: Timeframe,
    open_times: Vec<i64>,
    prices: Block<4>,
    volumes: Block<1>,
    views: [OnceLock<Vec<f64>>; FIELDS],
    finer: Option<Arc<Finer>>,
}

impl Candles {
    /// No candles yet.
    #[must_use]
    pub fn new(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            open_times: Vec::new(),
            prices: Block::new(),
            volumes: Block::new(),
            views: Default::default(),
            finer: None,
        }
    }

    /// These candles together with finer ones of the same market, which tell what came first
    /// inside them.
    ///
    /// # Errors
    /// [`CandleError::NotFiner`].
    pub fn with_finer(self, finer: Self) -> Result<Self, CandleError> {
        let finer = Finer::new(&self, finer)?;
        Ok(Self { finer: Some(Arc::new(finer)), ..self })
    }

    /// The finer candles, where they are known.
    #[inline]
    #[must_use]
    pub fn finer(&self) -> Option<&Finer> {
        self.finer.as_deref()
    }

    /// The candles of an iterator.
    ///
    /// # Errors
    /// The first candle that [`Candles::push`] refuses.
    pub fn collect(timeframe: Timeframe, candles: impl IntoIterator<Item = Candle>) -> Result<Self, CandleError> {
        let mut all = Self::new(timeframe);
        for candle in candles {
            all.push(candle)?;
        }
        Ok(all)
    }

    /// Appends a candle.
    ///
    /// # Errors
    /// Where its prices contradict each other, it does not come after the last one, it is off the
    /// time frame's grid, or its digits do not fit into 63 bits beside the others'.
    pub fn push(&mut self, candle: Candle) -> Result<(), CandleError> {
        candle.check()?;
        let at = candle.open_time;
        if let Some(last) = self.open_times.last().map(|&last| Timestamp::from_millis(last))
            && last >= at
        {
            return Err(CandleError::NotAscending { at, last });
        }
        if self.timeframe.floor(at) != at {
            return Err(CandleError::OffGrid { at, timeframe: self.timeframe });
        }
        let Candle { open, high, low, close, volume, .. } = candle;
        let prices = [open, high, low, close].map(Price::decimal);
        self.prices.push(prices).ok_or(CandleError::TooPrecise { at })?;
        if self.volumes.push([volume.decimal()]).is_none() {
            self.prices.columns.iter_mut().for_each(|column| column.truncate(self.open_times.len()));
            return Err(CandleError::TooPrecise { at });
        }
        self.open_times.push(at.millis());
        self.views = Default::default();
        Ok(())
    }

    /// These rows alone, without finer candles.
    ///
    /// # Panics
    /// Where the rows are not all there, as slices do.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        Self {
            timeframe: self.timeframe,
            open_times: self.open_times[rows.clone()].to_vec(),
            prices: self.prices.part(rows.clone()),
            volumes: self.volumes.part(rows),
            views: Default::default(),
            finer: None,
        }
    }

    /// How many candles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open_times.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open_times.is_empty()
    }

    /// The length of each candle.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Candle `index`, counted from 0.
    ///
    /// # Panics
    /// Where `index` is not below [`Candles::len`], as slices do.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Candle {
        let [open, high, low, close] = &self.prices.columns;
        let price = |column: &[i64]| Price::from_mantissa(column[index], self.prices.scale);
        Candle {
            open_time: self.open_time(index),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: Quantity::from_mantissa(self.volumes.columns[0][index], self.volumes.scale),
        }
    }

    /// The opening time of candle `index`.
    ///
    /// # Panics
    /// Where `index` is not below [`Candles::len`], as slices do.
    #[inline]
    #[must_use]
    pub fn open_time(&self, index: usize) -> Timestamp {
        Timestamp::from_millis(self.open_times[index])
    }

    /// The opening times in milliseconds.
    #[must_use]
    pub fn open_times(&self) -> &[i64] {
        &self.open_times
    }

    /// The rows whose candles open at or after `from` and before `to`.
    #[must_use]
    pub fn rows(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Range<usize> {
        let row = |at: Timestamp| self.open_times.partition_point(|&open| open < at.millis());
        let start = from.map_or(0, row);
        start..to.map_or(self.len(), row).max(start)
    }

    /// The candles one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Candle> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// A column as floating numbers, one for each candle, made when it is first asked for.
    #[must_use]
    pub fn column(&self, field: Field) -> &[f64] {
        self.views[field as usize].get_or_init(|| self.view(field))
    }

    fn view(&self, field: Field) -> Vec<f64> {
        let [open, high, low, close] = &self.prices.columns;
        match field {
            Field::Open => floats(open, self.prices.scale),
            Field::High => floats(high, self.prices.scale),
            Field::Low => floats(low, self.prices.scale),
            Field::Close => floats(close, self.prices.scale),
            Field::Volume => floats(&self.volumes.columns[0], self.volumes.scale),
            Field::Typical => self.typical(),
            Field::Hl2 => self.hl2(),
            Field::OpenTime => floats(&self.open_times, 0),
        }
    }

    #[expect(clippy::float_arithmetic, reason = "an input of indicators")]
    fn typical(&self) -> Vec<f64> {
        let [high, low, close] = [Field::High, Field::Low, Field::Close].map(|field| self.column(field));
        (0..self.len()).map(|row| (high[row] + low[row] + close[row]) / 3.0).collect()
    }

    #[expect(clippy::float_arithmetic, reason = "an input of indicators")]
    fn hl2(&self) -> Vec<f64> {
        let [high, low] = [Field::High, Field::Low].map(|field| self.column(field));
        (0..self.len()).map(|row| (high[row] + low[row]) / 2.0).collect()
    }
}

/// The nearest floating numbers: exact for mantissas below 2^53, as one correctly rounded division
/// of exact numbers gives what reading the decimal text would.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "an input of indicators")]
fn floats(mantissas: &[i64], scale: u32) -> Vec<f64> {
    let unit = 10_u64.pow(scale) as f64;
    mantissas.iter().map(|&mantissa| mantissa as f64 / unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle(minute: i64, prices: [&str; 4], volume: &str) -> Candle {
        let [open, high, low, close] = prices.map(|price| price.parse().unwrap());
        let open_time = Timestamp::from_millis(minute * 60_000);
        Candle { open_time, open, high, low, close, volume: volume.parse().unwrap() }
    }

    #[test]
    fn candles_come_back_exactly_while_the_scale_is_refined() {
        let rows = [
            candle(0, ["1", "3", "1", "2"], "7"),
            candle(1, ["2.25", "3.5", "0.00000001", "0.1"], "0.123456789"),
            candle(5, ["10000.1", "10000.1", "10000.1", "10000.1"], "0"),
        ];
        let candles = Candles::collect(Timeframe::M1, rows).unwrap();
        let back: Vec<_> = candles.iter().collect();
        assert!(back.iter().zip(&rows).all(|(back, row)| back == row));
        assert_eq!(candles.column(Field::Low), [1.0, 0.00000001, 10000.1]);
        assert_eq!(candles.column(Field::Hl2)[0], 2.0);
        assert_eq!(candles.rows(Some(Timestamp::from_millis(1)), Some(Timestamp::from_millis(300_000))), 1..2);
    }

    #[test]
    fn a_part_has_its_rows_and_their_views() {
        let rows = [0, 1, 2, 3].map(|minute| candle(minute, ["1.5", "3", "1", "2.25"], "7.125"));
        let candles = Candles::collect(Timeframe::M1, rows).unwrap();
        let mut part = candles.part(1..3);
        assert!(part.iter().eq(rows[1..3].iter().copied()));
        assert_eq!(part.column(Field::Close), &candles.column(Field::Close)[1..3]);
        part.push(rows[3]).unwrap();
        assert_eq!(part.len(), 3);
        assert!(candles.part(4..4).is_empty());
    }

    #[test]
    fn a_new_candle_shows_in_views_that_were_already_read() {
        let mut candles = Candles::collect(Timeframe::M1, [candle(0, ["1", "1", "1", "1"], "1")]).unwrap();
        assert_eq!(candles.column(Field::Close), [1.0]);
        candles.push(candle(1, ["2", "2", "2", "2"], "1")).unwrap();
        assert_eq!(candles.column(Field::Close), [1.0, 2.0]);
    }

    #[test]
    fn candles_that_contradict_themselves_are_refused_and_leave_no_trace() {
        let good = candle(1, ["2", "3", "1", "2"], "1");
        let mut candles = Candles::collect(Timeframe::M1, [good]).unwrap();
        let refused = [
            candle(2, ["2", "1.9", "1", "1"], "1"),
            candle(2, ["2", "3", "2.5", "3"], "1"),
            candle(1, ["2", "3", "1", "2"], "1"),
            candle(2, ["2", "3", "0.0000000000000000001", "2"], "1"),
            candle(2, ["2", "3", "1", "2"], "100000000000000.1234567890123"),
            Candle { open_time: Timestamp::from_millis(120_001), ..good },
            Candle { open_time: Timestamp::from_millis(120_000), low: Price::default(), ..good },
        ];
        for wrong in refused {
            assert!(candles.push(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(candles.len(), 1);
        candles.push(Candle { open_time: Timestamp::from_millis(120_000), ..good }).unwrap();
        assert_eq!(candles.get(1).close, good.close);
    }
}
