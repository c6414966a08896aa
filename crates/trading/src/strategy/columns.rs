//! A history's indicators, computed once and shared by all programs that run over it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::document::Declared;
use super::frame::{Bar, Gathering};
use super::machine::{BLOCK, Feed, Machine};
use super::program::{Program, Series, Value};
use super::signals::Signals;
use crate::candle::{Candles, Field};
use crate::time::Timeframe;

/// The most memory that indicators hold between two programs, in bytes …
const DEFAULT_BUDGET: usize = 64 << 20;
/// … or this many columns, where the history is so long that these need more.
const LEAST_COLUMNS: usize = 8;

/// The candles of a back-test or a sweep with everything that was computed from them. Several
/// threads may use it at once; each indicator is computed by one of them.
pub struct Columns<'a> {
    candles: &'a Candles,
    outputs: Cache<Series, Vec<Vec<f64>>>,
    frames: Cache<Timeframe, FrameColumns>,
}

/// Values by key, each made once; where they would outgrow the budget, those that were not asked
/// for the longest make room, and one that is too large for it is made anew each time.
struct Cache<K, V> {
    slots: Mutex<Slots<K, V>>,
    budget: usize,
}

struct Slots<K, V> {
    made: HashMap<K, Entry<V>>,
    size: usize,
    /// How often something was asked for.
    asked: u64,
}

struct Entry<V> {
    slot: Slot<V>,
    size: usize,
    last_asked: u64,
}

/// Made by the first thread that asks; others wait for it.
type Slot<V> = Arc<OnceLock<Arc<V>>>;

impl<K: Hash + Eq + Clone, V> Cache<K, V> {
    fn new(budget: usize) -> Self {
        Self { slots: Mutex::new(Slots { made: HashMap::new(), size: 0, asked: 0 }), budget }
    }

    fn get(&self, key: &K, size: usize, make: impl FnOnce() -> V) -> Arc<V> {
        match self.slot(key, size) {
            Some(slot) => slot.get_or_init(|| Arc::new(make())).clone(),
            None => Arc::new(make()),
        }
    }

    fn slot(&self, key: &K, size: usize) -> Option<Slot<V>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.asked += 1;
        let last_asked = slots.asked;
        if let Some(entry) = slots.made.get_mut(key) {
            entry.last_asked = last_asked;
            return Some(entry.slot.clone());
        }
        if size > self.budget {
            return None;
        }
        slots.make_room(self.budget - size);
        slots.size += size;
        let slot = Slot::default();
        slots.made.insert(key.clone(), Entry { slot: slot.clone(), size, last_asked });
        Some(slot)
    }
}

impl<K: Hash + Eq + Clone, V> Slots<K, V> {
    /// Lets go of what was not asked for the longest, until `most` bytes are left.
    fn make_room(&mut self, most: usize) {
        while self.size > most {
            let oldest = self.made.iter().min_by_key(|(_, entry)| entry.last_asked).map(|(key, _)| key.clone());
            let Some(entry) = oldest.and_then(|key| self.made.remove(&key)) else { return };
            self.size -= entry.size;
        }
    }
}

/// The candles of a longer time frame as columns.
struct FrameColumns {
    fields: [Vec<f64>; Field::INPUTS.len()],
    /// For each of the market's candles, how many longer ones are closed with it.
    closed: Vec<u32>,
}

impl<'a> Columns<'a> {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(candles: &'a Candles) -> Self {
        let columns = candles.len().saturating_mul(LEAST_COLUMNS * size_of::<f64>());
        Self::with_budget(candles, DEFAULT_BUDGET.max(columns))
    }

    /// The same with another limit, in bytes, on the indicators that are kept.
    #[must_use]
    pub fn with_budget(candles: &'a Candles, budget: usize) -> Self {
        Self { candles, outputs: Cache::new(budget), frames: Cache::new(budget) }
    }

    /// The candles.
    #[must_use]
    pub fn candles(&self) -> &'a Candles {
        self.candles
    }

    /// Everything that a program reads.
    pub(super) fn sources(&self, program: &Program) -> Vec<Source> {
        program.series.iter().map(|series| self.source(series)).collect()
    }

    /// The outputs of an indicator as they are known at the close of candle `row`; NaN where they
    /// do not exist (yet).
    #[must_use]
    pub fn at(&self, declared: &Declared, row: usize) -> Vec<f64> {
        let timeframe = declared.timeframe.filter(|frame| *frame != self.candles.timeframe());
        let source = self.source(&Series { indicator: declared.indicator.clone(), timeframe });
        let place = match &source.frame {
            Some(frame) => frame.closed.get(row).and_then(|closed| (*closed as usize).checked_sub(1)),
            None => Some(row),
        };
        let value = |column: &Vec<f64>| place.and_then(|place| column.get(place).copied()).unwrap_or(f64::NAN);
        source.outputs.iter().map(value).collect()
    }

    fn source(&self, series: &Series) -> Source {
        let frame = series.timeframe.map(|frame| self.frame(frame));
        let length = frame.as_ref().map_or(self.candles.len(), |frame| frame.fields[0].len());
        let size = length * series.indicator.kind().outputs.len() * size_of::<f64>();
        let outputs = self.outputs.get(series, size, || {
            let column = |field: &Field| match &frame {
                Some(frame) => frame.fields[*field as usize].as_slice(),
                None => self.candles.column(*field),
            };
            let inputs: Vec<&[f64]> = series.indicator.inputs().iter().map(column).collect();
            series.indicator.compute(&inputs)
        });
        Source { outputs, frame }
    }

    fn frame(&self, frame: Timeframe) -> Arc<FrameColumns> {
        self.frames.get(&frame, self.candles.len() * size_of::<u32>(), || FrameColumns::of(self.candles, frame))
    }
}

impl FrameColumns {
    fn of(candles: &Candles, frame: Timeframe) -> Self {
        let mut gathering = Gathering::new(candles.timeframe(), frame);
        let mut columns = Self { fields: Default::default(), closed: Vec::with_capacity(candles.len()) };
        let mut count = 0;
        for row in 0..candles.len() {
            gathering.push(candles.open_time(row), bar(candles, row), |bar| {
                count += 1;
                for field in Field::INPUTS {
                    columns.fields[field as usize].push(bar.field(field));
                }
            });
            columns.closed.push(count);
        }
        columns
    }
}

fn bar(candles: &Candles, row: usize) -> Bar {
    let at = |field| candles.column(field)[row];
    let (open_time, open, high, low) = (at(Field::OpenTime), at(Field::Open), at(Field::High), at(Field::Low));
    Bar { open_time, open, high, low, close: at(Field::Close), volume: at(Field::Volume) }
}

/// The outputs of an indicator, and how to see them from the market's candles.
pub(super) struct Source {
    outputs: Arc<Vec<Vec<f64>>>,
    frame: Option<Arc<FrameColumns>>,
}

impl Program {
    /// The signals of every candle.
    #[must_use]
    pub fn signals(&self, columns: &Columns<'_>) -> Signals {
        let sources = columns.sources(self);
        let candles = columns.candles;
        let mut machine = Machine::new(self, BLOCK);
        let mut signals = Signals::with_capacity(candles.len());
        for row in (0..candles.len()).step_by(BLOCK) {
            let count = BLOCK.min(candles.len() - row);
            machine.run(self, count, &Rows { candles, sources: &sources, row });
            signals.append(count, machine.bits(self.entry), self.exit.map(|exit| machine.bits(exit)));
        }
        signals
    }
}

/// The candles from `row` on.
pub(super) struct Rows<'a> {
    pub(super) candles: &'a Candles,
    pub(super) sources: &'a [Source],
    pub(super) row: usize,
}

impl Feed for Rows<'_> {
    fn fill(&self, value: Value, lane: &mut [f64]) {
        match value {
            Value::Field(field) => lane.copy_from_slice(&self.candles.column(field)[self.row..][..lane.len()]),
            Value::Output { series, output } => {
                let source = &self.sources[series];
                let column = &source.outputs[output];
                match &source.frame {
                    None => lane.copy_from_slice(&column[self.row..][..lane.len()]),
                    Some(frame) => {
                        for (slot, &closed) in lane.iter_mut().zip(&frame.closed[self.row..]) {
                            *slot = (closed as usize).checked_sub(1).map_or(f64::NAN, |last| column[last]);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_the_longest_makes_room() {
        let cache: Cache<u32, u32> = Cache::new(20);
        let made = |key: u32| {
            let mut made = false;
            cache.get(&key, 10, || {
                made = true;
                key
            });
            made
        };
        assert_eq!([1, 2, 1, 3, 1, 2].map(made), [true, true, false, true, false, true]);
        assert_eq!(cache.slots.lock().unwrap().size, 20);
        assert_eq!([0, 1].map(|_| *cache.get(&9, 21, || 7)), [7, 7]);
        assert_eq!(cache.slots.lock().unwrap().made.len(), 2);
    }
}
