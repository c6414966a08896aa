#![allow(clippy::float_arithmetic, reason = "calculations with indicators")]
//! Running a program over some candles at a time: many in a back-test, one in a live feed. Both
//! run this code, so that both give the same signals.

use super::program::{Comparison, Node, Operator, Program, Test, Value};

/// How many candles are run at once in a back-test: few enough to stay in the nearest cache.
pub(super) const BLOCK: usize = 1_024;
const WORD: usize = 64;

/// The bits of a block, one per candle.
type Bits = [u64; BLOCK / WORD];

/// Where fields and indicators come from.
pub(super) trait Feed {
    /// Writes a field or an output of the next `lane.len()` candles.
    fn fill(&self, value: Value, lane: &mut [f64]);
}

/// What a program has in hand between two blocks.
pub(super) struct Machine {
    /// One lane per value: as many earlier numbers as are looked back at, then the block.
    lanes: Vec<Vec<f64>>,
    nodes: Vec<Bits>,
    trends: Vec<Run>,
}

/// How long a trend lasts.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    /// Steps in the direction.
    steps: usize,
    /// Steps between two numbers that exist.
    known: usize,
}

impl Machine {
    /// A machine for blocks of at most `block` candles, which [`BLOCK`] bounds.
    pub(super) fn new(program: &Program, block: usize) -> Self {
        let lane = |(value, back): (&Value, &usize)| {
            let mut lane = vec![f64::NAN; back + block.min(BLOCK)];
            if let Value::Number(bits) = value {
                lane[*back..].fill(f64::from_bits(*bits));
            }
            lane
        };
        Self {
            lanes: program.values.iter().zip(&program.back).map(lane).collect(),
            nodes: vec![[0; BLOCK / WORD]; program.nodes.len()],
            trends: vec![Run::default(); program.states],
        }
    }

    /// Runs the next `count` candles, at most a block.
    pub(super) fn run(&mut self, program: &Program, count: usize, feed: &impl Feed) {
        self.fill(program, count, feed);
        for index in 0..program.nodes.len() {
            let (earlier, rest) = self.nodes.split_at_mut(index);
            match &program.nodes[index] {
                Node::Test { test, negated } => {
                    let lanes = Lanes { lanes: &self.lanes, back: &program.back, count };
                    rest[0] = lanes.test(*test, *negated, &mut self.trends);
                }
                Node::AtLeast { count: least, of } => rest[0] = at_least(*least, of, earlier),
            }
        }
        self.keep(program, count);
    }

    /// Fills the values of the next `count` candles, at most a block.
    pub(super) fn fill(&mut self, program: &Program, count: usize, feed: &impl Feed) {
        for index in 0..program.values.len() {
            self.value(program, index, count, feed);
        }
    }

    /// Keeps of the `count` candles that were filled what the next ones look back at.
    pub(super) fn keep(&mut self, program: &Program, count: usize) {
        for (lane, &back) in self.lanes.iter_mut().zip(&program.back) {
            lane.copy_within(count..count + back, 0);
        }
    }

    /// Value `index` of candle `row` of the block that was filled last, `ago` candles before, which
    /// is at most as far as the program looks back at it.
    pub(super) fn number(&self, program: &Program, index: usize, row: usize, ago: usize) -> f64 {
        (program.back[index] + row).checked_sub(ago).map_or(f64::NAN, |at| self.lanes[index][at])
    }

    /// The bits of a condition in the block that was run last.
    pub(super) fn bits(&self, node: usize) -> &[u64] {
        &self.nodes[node]
    }

    fn value(&mut self, program: &Program, index: usize, count: usize, feed: &impl Feed) {
        let back = &program.back;
        let (earlier, rest) = self.lanes.split_at_mut(index);
        let lane = &mut rest[0][back[index]..][..count];
        match program.values[index] {
            Value::Number(_) => {}
            Value::Shift { of, by } => lane.copy_from_slice(&earlier[of][back[of] - by..][..count]),
            Value::Calculation { operator, of: [a, b] } => {
                calculate(operator, &earlier[a][back[a]..][..count], &earlier[b][back[b]..][..count], lane);
            }
            value => feed.fill(value, lane),
        }
    }
}

fn calculate(operator: Operator, a: &[f64], b: &[f64], result: &mut [f64]) {
    let mut each = |operation: fn(f64, f64) -> f64| {
        for ((result, a), b) in result.iter_mut().zip(a).zip(b) {
            let number = operation(*a, *b);
            *result = if number.is_finite() { number } else { f64::NAN };
        }
    };
    match operator {
        Operator::Add => each(|a, b| a + b),
        Operator::Sub => each(|a, b| a - b),
        Operator::Mul => each(|a, b| a * b),
        Operator::Div => each(|a, b| a / b),
        // Unlike `f64::min`, what does not exist stays so.
        Operator::Min => each(|a, b| if a.is_nan() || a < b { a } else { b }),
        Operator::Max => each(|a, b| if a.is_nan() || a > b { a } else { b }),
    }
}

struct Lanes<'a> {
    lanes: &'a [Vec<f64>],
    back: &'a [usize],
    count: usize,
}

impl Lanes<'_> {
    fn lane(&self, value: usize, ago: usize) -> &[f64] {
        &self.lanes[value][self.back[value] - ago..][..self.count]
    }

    fn test(&self, test: Test, negated: bool, trends: &mut [Run]) -> Bits {
        match test {
            Test::Compare(comparison, of) => self.compare(if negated { comparison.negated() } else { comparison }, of),
            Test::CrossesAbove(of) => self.crosses(of, negated),
            Test::Between(of) => self.between(of, negated),
            Test::Rising { of, over, state } => {
                self.trend(of, over, negated, &mut trends[state], |now, before| now > before)
            }
            Test::Falling { of, over, state } => {
                self.trend(of, over, negated, &mut trends[state], |now, before| now < before)
            }
        }
    }

    /// A comparison with NaN is false, which is what the language wants.
    fn compare(&self, comparison: Comparison, [a, b]: [usize; 2]) -> Bits {
        let (a, b) = (self.lane(a, 0), self.lane(b, 0));
        match comparison {
            Comparison::Gt => pack(self.count, |i| a[i] > b[i]),
            Comparison::Gte => pack(self.count, |i| a[i] >= b[i]),
            Comparison::Lt => pack(self.count, |i| a[i] < b[i]),
            Comparison::Lte => pack(self.count, |i| a[i] <= b[i]),
        }
    }

    fn crosses(&self, [a, b]: [usize; 2], negated: bool) -> Bits {
        let (a0, a1, b0, b1) = (self.lane(a, 0), self.lane(a, 1), self.lane(b, 0), self.lane(b, 1));
        if negated {
            return pack(self.count, |i| {
                a0[i] <= b0[i] && exist([a1[i], b1[i]]) || exist([a0[i], b0[i]]) && a1[i] > b1[i]
            });
        }
        pack(self.count, |i| a0[i] > b0[i] && a1[i] <= b1[i])
    }

    fn between(&self, [value, low, high]: [usize; 3], negated: bool) -> Bits {
        let (value, low, high) = (self.lane(value, 0), self.lane(low, 0), self.lane(high, 0));
        if negated {
            let outside = |i: usize| value[i] < low[i] || value[i] > high[i];
            return pack(self.count, |i| exist([value[i], low[i], high[i]]) && outside(i));
        }
        pack(self.count, |i| low[i] <= value[i] && value[i] <= high[i])
    }

    fn trend(&self, of: usize, over: usize, negated: bool, run: &mut Run, step: impl Fn(f64, f64) -> bool) -> Bits {
        let (now, before) = (self.lane(of, 0), self.lane(of, 1));
        pack(self.count, |i| {
            let known = exist([now[i], before[i]]);
            run.known = if known { run.known + 1 } else { 0 };
            run.steps = if known && step(now[i], before[i]) { run.steps + 1 } else { 0 };
            run.known >= over && (run.steps >= over) != negated
        })
    }
}

impl Comparison {
    fn negated(self) -> Self {
        match self {
            Self::Gt => Self::Lte,
            Self::Gte => Self::Lt,
            Self::Lt => Self::Gte,
            Self::Lte => Self::Gt,
        }
    }
}

fn exist<const N: usize>(numbers: [f64; N]) -> bool {
    numbers.iter().all(|number| !number.is_nan())
}

/// The answers of `count` candles as bits, asked in order.
fn pack(count: usize, mut holds: impl FnMut(usize) -> bool) -> Bits {
    let mut bits = [0; BLOCK / WORD];
    for (word, start) in bits.iter_mut().zip((0..count).step_by(WORD)) {
        for i in start..count.min(start + WORD) {
            *word |= u64::from(holds(i)) << (i - start);
        }
    }
    bits
}

fn at_least(least: usize, of: &[usize], nodes: &[Bits]) -> Bits {
    if least == of.len() {
        return of.iter().fold([u64::MAX; BLOCK / WORD], |sum, &node| joined(sum, nodes[node], |a, b| a & b));
    }
    if least == 1 {
        return of.iter().fold([0; BLOCK / WORD], |sum, &node| joined(sum, nodes[node], |a, b| a | b));
    }
    pack(BLOCK, |i| {
        let holds = |node: &&usize| nodes[**node][i / WORD] >> (i % WORD) & 1 == 1;
        of.iter().filter(holds).count() >= least
    })
}

fn joined(mut a: Bits, b: Bits, operation: fn(u64, u64) -> u64) -> Bits {
    for (a, b) in a.iter_mut().zip(b) {
        *a = operation(*a, b);
    }
    a
}
