//! Compiling a document into a flat program: values in an order in which each needs only earlier
//! ones, and tests of them. Equal parts are computed once.

use std::collections::{BTreeMap, HashMap};

use super::condition::{Arithmetic, Condition, Operand, Trend};
use super::document::{Declared, Rules};
use crate::candle::Field;
use crate::indicator::Indicator;
use crate::time::Timeframe;

/// An indicator over the candles of a time frame: what a cache is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Series {
    pub(super) indicator: Indicator,
    /// `None` for the market's own candles.
    pub(super) timeframe: Option<Timeframe>,
}

/// One number per candle; NaN where it does not exist (yet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Field(Field),
    Output {
        series: usize,
        output: usize,
    },
    /// The bits of a constant.
    Number(u64),
    Shift {
        of: usize,
        by: usize,
    },
    Calculation {
        operator: Operator,
        of: [usize; 2],
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A question that some values answer at each candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Compare(Comparison, [usize; 2]),
    CrossesAbove([usize; 2]),
    Between([usize; 3]),
    /// Each of the last `over` steps went up; `state` numbers its counter.
    Rising {
        of: usize,
        over: usize,
        state: usize,
    },
    Falling {
        of: usize,
        over: usize,
        state: usize,
    },
}

/// A condition whose parts come before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// True where every value exists and the answer is yes (no, where `negated`).
    Test { test: Test, negated: bool },
    /// At least so many of these hold.
    AtLeast { count: usize, of: Vec<usize> },
}

/// A compiled strategy; it knows nothing of any candles.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) timeframe: Timeframe,
    pub(super) series: Vec<Series>,
    pub(super) values: Vec<Value>,
    /// How far back each value is looked at.
    pub(super) back: Vec<usize>,
    pub(super) nodes: Vec<Node>,
    /// How many tests keep a counter.
    pub(super) states: usize,
    pub(super) entry: usize,
    pub(super) exit: Option<usize>,
}

impl Program {
    /// Compiles rules that decide on candles of a time frame.
    #[must_use]
    pub fn compile(rules: &Rules, timeframe: Timeframe) -> Self {
        let mut compiler =
            Compiler { indicators: &rules.indicators, program: Self::empty(timeframe), known: HashMap::new() };
        let entry = compiler.condition(&rules.entry, false);
        let exit = rules.exit.as_ref().map(|exit| compiler.condition(exit, false));
        Self { entry, exit, ..compiler.program }
    }

    /// The values of these operands, in their order and each looked back at so far, without any
    /// conditions on them.
    pub(super) fn of_operands<'a>(
        operands: impl IntoIterator<Item = (&'a str, usize)>,
        indicators: &BTreeMap<String, Declared>,
        timeframe: Timeframe,
    ) -> Self {
        let mut compiler = Compiler { indicators, program: Self::empty(timeframe), known: HashMap::new() };
        for (name, back) in operands {
            let value = compiler.name(name);
            compiler.program.values.push(value);
            compiler.program.back.push(back);
        }
        compiler.program
    }

    fn empty(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            series: Vec::new(),
            values: Vec::new(),
            back: Vec::new(),
            nodes: Vec::new(),
            states: 0,
            entry: 0,
            exit: None,
        }
    }

    /// The candles on which the strategy decides.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// How many candles pass until every indicator has a value, if none is missing. A live bot
    /// loads as many before it begins.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        let mut needed: Vec<usize> = Vec::with_capacity(self.values.len());
        for value in &self.values {
            needed.push(match *value {
                Value::Field(_) | Value::Number(_) => 0,
                Value::Output { series, .. } => self.series_warm_up(&self.series[series]),
                Value::Shift { of, by } => needed[of] + by,
                Value::Calculation { of: [a, b], .. } => needed[a].max(needed[b]),
            });
        }
        let tests = self.nodes.iter().map(|node| match node {
            Node::Test { test, .. } => test.warm_up(&needed),
            Node::AtLeast { .. } => 0,
        });
        tests.max().unwrap_or(0)
    }

    /// How many candles pass until a field or an output has a value.
    pub(super) fn value_warm_up(&self, index: usize) -> usize {
        match self.values[index] {
            Value::Output { series, .. } => self.series_warm_up(&self.series[series]),
            _ => 0,
        }
    }

    fn series_warm_up(&self, series: &Series) -> usize {
        let own = series.indicator.warm_up();
        let Some(frame) = series.timeframe else { return own };
        // A month counts as its 31 days; the candle at the beginning may be a partial one.
        let length = |frame: Timeframe| frame.fixed_millis().unwrap_or(31 * crate::time::DAY);
        let parts = usize::try_from(length(frame) / length(self.timeframe)).unwrap_or(1);
        own.saturating_add(2).saturating_mul(parts)
    }
}

impl Test {
    fn warm_up(&self, needed: &[usize]) -> usize {
        match *self {
            Self::Compare(_, [a, b]) => needed[a].max(needed[b]),
            Self::CrossesAbove([a, b]) => needed[a].max(needed[b]) + 1,
            Self::Between([a, b, c]) => needed[a].max(needed[b]).max(needed[c]),
            Self::Rising { of, over, .. } | Self::Falling { of, over, .. } => needed[of] + over,
        }
    }
}

struct Compiler<'a> {
    indicators: &'a BTreeMap<String, Declared>,
    program: Program,
    known: HashMap<Value, usize>,
}

impl Compiler<'_> {
    /// Pushes `not` down to the tests, so that a test whose values do not exist yet is false
    /// either way.
    fn condition(&mut self, condition: &Condition, negated: bool) -> usize {
        let test = match condition {
            Condition::All(of) => return self.at_least(of.len(), of, negated),
            Condition::Any(of) => return self.at_least(1, of, negated),
            Condition::AtLeast(some) => return self.at_least(some.count as usize, &some.of, negated),
            Condition::Not(of) => return self.condition(of, !negated),
            Condition::Gt(of) => Test::Compare(Comparison::Gt, self.operands(of)),
            Condition::Gte(of) => Test::Compare(Comparison::Gte, self.operands(of)),
            Condition::Lt(of) => Test::Compare(Comparison::Lt, self.operands(of)),
            Condition::Lte(of) => Test::Compare(Comparison::Lte, self.operands(of)),
            Condition::CrossesAbove(of) => self.crosses(of, false),
            Condition::CrossesBelow(of) => self.crosses(of, true),
            Condition::Between(of) => Test::Between(self.operands(of)),
            Condition::Rising(trend) => {
                let (of, over, state) = self.trend(trend);
                Test::Rising { of, over, state }
            }
            Condition::Falling(trend) => {
                let (of, over, state) = self.trend(trend);
                Test::Falling { of, over, state }
            }
        };
        self.node(Node::Test { test, negated })
    }

    /// Not at least `count` of n is: at least n − count + 1 not.
    fn at_least(&mut self, count: usize, of: &[Condition], negated: bool) -> usize {
        let count = if negated { of.len() + 1 - count } else { count };
        let of = of.iter().map(|condition| self.condition(condition, negated)).collect();
        self.node(Node::AtLeast { count, of })
    }

    /// To cross below is the mirror of crossing above.
    fn crosses(&mut self, of: &[Operand; 2], below: bool) -> Test {
        let [a, b] = self.operands(of);
        for value in [a, b] {
            self.look_back(value, 1);
        }
        Test::CrossesAbove(if below { [b, a] } else { [a, b] })
    }

    fn trend(&mut self, trend: &Trend) -> (usize, usize, usize) {
        let of = self.operand(&trend.of);
        self.look_back(of, 1);
        self.program.states += 1;
        (of, trend.over as usize, self.program.states - 1)
    }

    fn operands<const N: usize>(&mut self, of: &[Operand; N]) -> [usize; N] {
        of.each_ref().map(|operand| self.operand(operand))
    }

    fn operand(&mut self, operand: &Operand) -> usize {
        let value = match operand {
            Operand::Name(name) => self.name(name),
            Operand::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN).to_bits()),
            Operand::Shifted(shifted) => {
                let (of, by) = (self.operand(&shifted.of), shifted.shift as usize);
                self.look_back(of, by);
                Value::Shift { of, by }
            }
            Operand::Arithmetic(arithmetic) => {
                let (operator, of) = operator(arithmetic);
                Value::Calculation { operator, of: self.operands(of) }
            }
        };
        self.value(value)
    }

    /// A field of the candle, or an output of an indicator: the first where none is named.
    fn name(&mut self, name: &str) -> Value {
        let (id, output) = name.split_once('.').unwrap_or((name, ""));
        match self.indicators.get(id) {
            Some(declared) => {
                let outputs = declared.indicator.kind().outputs;
                let output = outputs.iter().position(|known| *known == output).unwrap_or(0);
                Value::Output { series: self.series(declared), output }
            }
            None => Value::Field(name.parse().unwrap_or(Field::Close)),
        }
    }

    fn series(&mut self, declared: &Declared) -> usize {
        let timeframe = declared.timeframe.filter(|frame| *frame != self.program.timeframe);
        let series = Series { indicator: declared.indicator.clone(), timeframe };
        let known = &mut self.program.series;
        known.iter().position(|other| *other == series).unwrap_or_else(|| {
            known.push(series);
            known.len() - 1
        })
    }

    fn value(&mut self, value: Value) -> usize {
        let program = &mut self.program;
        *self.known.entry(value).or_insert_with(|| {
            program.values.push(value);
            program.back.push(0);
            program.values.len() - 1
        })
    }

    fn look_back(&mut self, value: usize, by: usize) {
        let back = &mut self.program.back[value];
        *back = (*back).max(by);
    }

    fn node(&mut self, node: Node) -> usize {
        self.program.nodes.push(node);
        self.program.nodes.len() - 1
    }
}

fn operator(arithmetic: &Arithmetic) -> (Operator, &[Operand; 2]) {
    match arithmetic {
        Arithmetic::Add(of) => (Operator::Add, of),
        Arithmetic::Sub(of) => (Operator::Sub, of),
        Arithmetic::Mul(of) => (Operator::Mul, of),
        Arithmetic::Div(of) => (Operator::Div, of),
        Arithmetic::Min(of) => (Operator::Min, of),
        Arithmetic::Max(of) => (Operator::Max, of),
    }
}
