//! Random strategies over random candles: columns, stream and a naive reading of the language
//! agree at every candle, and nothing looks ahead.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use trading::candle::{Candle, Candles, Field};
use trading::strategy::{Arithmetic, Columns, Condition, Document, Operand, Program, StreamRules};
use trading::time::{Timeframe, Timestamp};

const IDS: [&str; 5] = ["a", "b", "c", "d", "e"];
const MINUTES: i64 = 60_000;

fn any_indicator() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        (1..9_u32).prop_map(|period| json!({"kind": "sma", "period": period})),
        (1..9_u32, 0..7_usize)
            .prop_map(|(period, field)| json!({"kind": "ema", "period": period, "input": Field::ALL[field].as_str()})),
        (2..6_u32).prop_map(|period| json!({"kind": "rsi", "period": period})),
        (1..6_u32).prop_map(|period| json!({"kind": "atr", "period": period})),
        (2..5_u32)
            .prop_map(|fast| json!({"kind": "macd", "fastPeriod": fast, "slowPeriod": fast + 3, "signalPeriod": 2})),
        (2..8_u32)
            .prop_map(|period| json!({"kind": "bbands", "period": period, "deviationsUp": 1, "deviationsDown": 1.5})),
    ];
    (kind, prop_oneof![3 => Just(""), 1 => Just("15m"), 1 => Just("5m"), 1 => Just("30m")]).prop_map(
        |(mut kind, frame)| {
            if !frame.is_empty() {
                kind["timeframe"] = json!(frame);
            }
            kind
        },
    )
}

/// An operand by the outputs that the declared indicators have.
fn any_operand(names: Vec<String>) -> BoxedStrategy<Value> {
    let name = proptest::sample::select(names).prop_map(Value::String);
    let leaf = prop_oneof![6 => name, 1 => (0..3_i32).prop_map(|number| json!(number)), 1 => (90.0..110.0).prop_map(|n| json!(n))];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let word = proptest::sample::select(vec!["add", "sub", "mul", "div", "min", "max"]);
        prop_oneof![
            (inner.clone(), 0..5_u32).prop_map(|(of, shift)| json!({"of": of, "shift": shift})),
            (word, inner.clone(), inner).prop_map(|(word, a, b)| json!({word: [a, b]})),
        ]
    })
    .boxed()
}

fn any_condition(names: Vec<String>) -> BoxedStrategy<Value> {
    let operand = any_operand(names);
    let pair = proptest::sample::select(vec!["gt", "gte", "lt", "lte", "crossesAbove", "crossesBelow"]);
    let trend = proptest::sample::select(vec!["rising", "falling"]);
    let leaf = prop_oneof![
        4 => (pair, operand.clone(), operand.clone()).prop_map(|(word, a, b)| json!({word: [a, b]})),
        1 => (operand.clone(), operand.clone(), operand.clone()).prop_map(|(a, b, c)| json!({"between": [a, b, c]})),
        1 => (trend, operand, 1..4_u32).prop_map(|(word, of, over)| json!({word: {"of": of, "over": over}})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let joined = vec(inner.clone(), 1..4);
        prop_oneof![
            (proptest::sample::select(vec!["all", "any"]), joined.clone()).prop_map(|(word, of)| json!({word: of})),
            inner.prop_map(|of| json!({"not": of})),
            (joined, any::<proptest::sample::Index>())
                .prop_map(|(of, count)| json!({"atLeast": {"count": count.index(of.len()) + 1, "of": of}})),
        ]
    })
    .boxed()
}

fn any_document() -> impl Strategy<Value = Document> {
    btree_map(proptest::sample::select(IDS.to_vec()), any_indicator(), 1..5).prop_flat_map(|indicators| {
        let mut names: Vec<String> = Field::ALL.iter().map(|field| field.as_str().to_owned()).collect();
        for (id, declared) in &indicators {
            let kind = trading::indicator::find(declared["kind"].as_str().unwrap()).unwrap();
            let outputs = kind.outputs.iter().map(|output| format!("{id}.{output}"));
            names.extend(if kind.outputs.len() == 1 { vec![(*id).to_owned()] } else { outputs.collect() });
        }
        (any_condition(names.clone()), any_condition(names)).prop_map(move |(entry, exit)| {
            let document = json!({
                "name": "any", "market": {"exchange": "x", "symbol": "A/B", "timeframe": "5m"},
                "indicators": indicators, "entry": entry, "exit": exit, "sizing": {"kind": "allIn"}
            });
            Document::parse(&document).unwrap()
        })
    })
}

/// Five-minute candles that begin anywhere within an hour and have gaps; prices repeat often, so
/// that equal numbers meet.
fn any_candles() -> impl Strategy<Value = Candles> {
    let step = prop_oneof![12 => Just(1_i64), 1 => 2..20_i64];
    let row = (step, -3..4_i32, 0..3_i32, 0..3_i32, 0..4_u32);
    (0..12_i64, vec(row, 1..120)).prop_map(|(first, rows)| {
        let (mut slot, mut close) = (first, 100_i32);
        let price = |tenths: i32| format!("{}.{}", tenths / 10, tenths % 10).parse().unwrap();
        let candles = rows.into_iter().map(|(step, change, up, down, volume)| {
            slot += step;
            let open = close;
            close = (close + change).max(10);
            Candle {
                open_time: Timestamp::from_millis(slot * 5 * MINUTES),
                open: price(open),
                high: price(open.max(close) + up),
                low: price(open.min(close) - down),
                close: price(close),
                volume: volume.to_string().parse().unwrap(),
            }
        });
        Candles::collect(Timeframe::M5, candles).unwrap()
    })
}

/// The language as it is written down, without any of the machinery: NaN is what does not exist.
struct Naive<'a> {
    document: &'a Document,
    candles: &'a Candles,
}

impl Naive<'_> {
    fn operand(&self, operand: &Operand, row: usize) -> f64 {
        match operand {
            Operand::Number(number) => number.as_f64().unwrap(),
            Operand::Name(name) => self.name(name, row),
            Operand::Shifted(shifted) => {
                row.checked_sub(shifted.shift as usize).map_or(f64::NAN, |row| self.operand(&shifted.of, row))
            }
            Operand::Arithmetic(arithmetic) => {
                let (of, calculate): (_, fn(f64, f64) -> f64) = match arithmetic.as_ref() {
                    Arithmetic::Add(of) => (of, |a, b| a + b),
                    Arithmetic::Sub(of) => (of, |a, b| a - b),
                    Arithmetic::Mul(of) => (of, |a, b| a * b),
                    Arithmetic::Div(of) => (of, |a, b| a / b),
                    Arithmetic::Min(of) => (of, f64::min),
                    Arithmetic::Max(of) => (of, f64::max),
                };
                let [a, b] = of.each_ref().map(|operand| self.operand(operand, row));
                let result = if a.is_nan() || b.is_nan() { f64::NAN } else { calculate(a, b) };
                if result.is_finite() { result } else { f64::NAN }
            }
        }
    }

    fn name(&self, name: &str, row: usize) -> f64 {
        if let Ok(field) = name.parse::<Field>() {
            return self.candles.column(field)[row];
        }
        let (id, output) = name.split_once('.').unwrap_or((name, "value"));
        let declared = &self.document.rules().unwrap().indicators()[id];
        let output = declared.indicator.kind().outputs.iter().position(|known| *known == output).unwrap();
        let frame = declared.timeframe.filter(|frame| *frame != Timeframe::M5);
        let seen = self.seen(frame, row);
        let inputs: Vec<&[f64]> = declared.indicator.inputs().iter().map(|field| seen.column(*field)).collect();
        declared.indicator.compute(&inputs)[output].last().copied().unwrap_or(f64::NAN)
    }

    /// The candles, of a longer frame if one is given, that are closed when candle `row` is.
    fn seen(&self, frame: Option<Timeframe>, row: usize) -> Candles {
        let rows: Vec<Candle> = self.candles.iter().take(row + 1).collect();
        let Some(frame) = frame else { return Candles::collect(Timeframe::M5, rows).unwrap() };
        let now = Timeframe::M5.next(rows[row].open_time);
        let begun = |candle: &&Candle| frame.floor(candle.open_time) >= rows[0].open_time;
        let mut longer: Vec<Candle> = Vec::new();
        for part in rows.iter().filter(begun).filter(|part| frame.next(part.open_time) <= now) {
            let open_time = frame.floor(part.open_time);
            match longer.last_mut().filter(|last| last.open_time == open_time) {
                Some(last) => {
                    last.high = last.high.max(part.high);
                    last.low = last.low.min(part.low);
                    last.close = part.close;
                    last.volume += part.volume;
                }
                None => longer.push(Candle { open_time, ..*part }),
            }
        }
        Candles::collect(frame, longer).unwrap()
    }

    /// `None` where an operand does not exist.
    fn condition(&self, condition: &Condition, row: usize) -> Option<bool> {
        let pair = |of: &[Operand; 2], row: usize| {
            let [a, b] = of.each_ref().map(|operand| self.operand(operand, row));
            (!a.is_nan() && !b.is_nan()).then_some((a, b))
        };
        let cross = |of: &[Operand; 2], holds: fn((f64, f64), (f64, f64)) -> bool| {
            Some(holds(pair(of, row)?, pair(of, row.checked_sub(1)?)?))
        };
        let trend = |of: &Operand, over: u32, holds: fn(f64, f64) -> bool| {
            let values: Vec<f64> = (0..=over as usize)
                .map(|ago| row.checked_sub(ago).map_or(f64::NAN, |row| self.operand(of, row)))
                .collect();
            let known = values.iter().all(|value| !value.is_nan());
            known.then(|| values.windows(2).all(|pair| holds(pair[0], pair[1])))
        };
        match condition {
            Condition::Gt(of) => pair(of, row).map(|(a, b)| a > b),
            Condition::Gte(of) => pair(of, row).map(|(a, b)| a >= b),
            Condition::Lt(of) => pair(of, row).map(|(a, b)| a < b),
            Condition::Lte(of) => pair(of, row).map(|(a, b)| a <= b),
            Condition::CrossesAbove(of) => cross(of, |(a, b), (c, d)| a > b && c <= d),
            Condition::CrossesBelow(of) => cross(of, |(a, b), (c, d)| a < b && c >= d),
            Condition::Between(of) => {
                let [x, low, high] = of.each_ref().map(|operand| self.operand(operand, row));
                (!x.is_nan() && !low.is_nan() && !high.is_nan()).then_some(low <= x && x <= high)
            }
            Condition::Rising(of) => trend(&of.of, of.over, |now, before| now > before),
            Condition::Falling(of) => trend(&of.of, of.over, |now, before| now < before),
            Condition::All(of) => self.at_least(of.len(), of, row),
            Condition::Any(of) => self.at_least(1, of, row),
            Condition::AtLeast(some) => self.at_least(some.count as usize, &some.of, row),
            Condition::Not(of) => self.condition(of, row).map(|holds| !holds),
        }
    }

    /// Known as soon as what is not known cannot change the answer.
    fn at_least(&self, count: usize, of: &[Condition], row: usize) -> Option<bool> {
        let answers: Vec<Option<bool>> = of.iter().map(|condition| self.condition(condition, row)).collect();
        let with = |answer: Option<bool>| answers.iter().filter(|other| **other == answer).count();
        if with(Some(true)) >= count {
            return Some(true);
        }
        (with(Some(true)) + with(None) < count).then_some(false)
    }
}

/// The signals candle by candle.
/// The document's rules, compiled.
fn program(document: &Document) -> Program {
    Program::compile(document.rules().unwrap(), document.market().timeframe)
}

fn streamed(program: &Arc<Program>, candles: &Candles) -> Vec<(bool, bool)> {
    let mut stream = StreamRules::new(program.clone());
    candles.iter().map(|candle| stream.observe(&candle)).collect()
}

fn columns(program: &Program, candles: &Candles) -> Vec<(bool, bool)> {
    let signals = program.signals(&Columns::new(candles));
    assert_eq!(signals.len(), candles.len());
    (0..signals.len()).map(|row| (signals.entry(row), signals.exit(row))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn columns_stream_and_the_language_as_written_agree(document in any_document(), candles in any_candles()) {
        let program = Arc::new(program(&document));
        let expected = columns(&program, &candles);
        prop_assert_eq!(&streamed(&program, &candles), &expected);
        let rules = document.rules().unwrap();
        let naive = Naive { document: &document, candles: &candles };
        for row in (0..candles.len()).rev().step_by(7) {
            let holds = |condition| naive.condition(condition, row) == Some(true);
            let written = (holds(rules.entry()), rules.exit().is_some_and(holds));
            prop_assert_eq!(written, expected[row], "row {} of {}", row, document.to_json());
        }
    }

    #[test]
    fn no_signal_changes_when_later_candles_come(document in any_document(), candles in any_candles(), cut in 0.0..1.0) {
        let program = program(&document);
        let whole = columns(&program, &candles);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let length = (candles.len() as f64 * cut) as usize;
        let part = Candles::collect(Timeframe::M5, candles.iter().take(length)).unwrap();
        prop_assert_eq!(&columns(&program, &part)[..], &whole[..length]);
    }
}

/// Closes of one-minute candles.
fn closes(prices: &[&str]) -> Candles {
    let candle = |(minute, price): (i64, &&str)| {
        let price = price.parse().unwrap();
        let open_time = Timestamp::from_millis(minute * MINUTES);
        Candle { open_time, open: price, high: price, low: price, close: price, volume: "1".parse().unwrap() }
    };
    Candles::collect(Timeframe::M1, (0..).zip(prices).map(candle)).unwrap()
}

/// The candles at which an entry condition holds; `two` is the average of two closes.
#[expect(clippy::needless_pass_by_value, reason = "the cases read better")]
fn rows(entry: Value, prices: &[&str]) -> Vec<usize> {
    let document = json!({
        "name": "any", "market": {"exchange": "x", "symbol": "A/B", "timeframe": "1m"},
        "indicators": {"two": {"kind": "sma", "period": 2}}, "entry": entry,
        "sizing": {"kind": "allIn"}, "protect": {"maxHold": "1h"}
    });
    let program = program(&Document::parse(&document).unwrap());
    let signals = program.signals(&Columns::new(&closes(prices)));
    (0..prices.len()).filter(|row| signals.entry(*row)).collect()
}

#[test]
fn crossing_needs_the_other_side_or_a_touch_a_candle_ago() {
    let prices = ["1", "2", "3", "2", "3", "1"];
    assert_eq!(rows(json!({"crossesAbove": ["close", 2]}), &prices), [2, 4]);
    assert_eq!(rows(json!({"crossesBelow": ["close", 2]}), &prices), [5]);
    assert!(
        rows(json!({"crossesAbove": ["close", 0.5]}), &prices).is_empty(),
        "nothing is known before the first candle"
    );
}

#[test]
fn neither_a_condition_nor_its_not_holds_while_an_operand_is_warming_up() {
    let prices = ["5", "4", "6"];
    assert_eq!(rows(json!({"gt": ["close", "two"]}), &prices), [2]);
    assert_eq!(rows(json!({"not": {"gt": ["close", "two"]}}), &prices), [1]);
    assert!(rows(json!({"not": {"crossesAbove": ["close", "two"]}}), &prices).is_empty());
    assert_eq!(rows(json!({"any": [{"gt": ["close", "two"]}, {"gt": ["close", 4]}]}), &prices), [0, 2]);
    assert_eq!(rows(json!({"not": {"all": [{"gt": ["close", "two"]}, {"gt": ["close", 5]}]}}), &prices), [0, 1]);
}

#[test]
fn rising_and_falling_look_at_every_step() {
    let prices = ["1", "2", "3", "3", "4", "5", "4"];
    assert_eq!(rows(json!({"rising": {"of": "close", "over": 2}}), &prices), [2, 5]);
    assert_eq!(rows(json!({"not": {"rising": {"of": "close", "over": 2}}}), &prices), [3, 4, 6]);
    assert_eq!(rows(json!({"falling": {"of": "close", "over": 1}}), &prices), [6]);
}

#[test]
fn a_division_by_zero_makes_a_condition_false_and_nothing_else() {
    let change = json!({"sub": ["close", {"of": "close", "shift": 1}]});
    let entry = json!({"gt": [{"div": [1, change]}, 0]});
    assert_eq!(rows(entry, &["1", "1", "2", "1", "3"]), [2, 4]);
}

#[test]
fn a_cache_without_room_gives_the_same_signals() {
    let document = json!({
        "name": "any", "market": {"exchange": "x", "symbol": "A/B", "timeframe": "1m"},
        "indicators": {"two": {"kind": "sma", "period": 2}, "five": {"kind": "sma", "period": 2, "timeframe": "5m"}},
        "entry": {"gt": ["close", "two"]}, "exit": {"lt": ["close", "five"]}, "sizing": {"kind": "allIn"}
    });
    let program = program(&Document::parse(&document).unwrap());
    let prices: Vec<String> = (0..500_u32).map(|row| (row * row % 97 + 1).to_string()).collect();
    let candles = closes(&prices.iter().map(String::as_str).collect::<Vec<_>>());
    let roomy = Columns::new(&candles);
    let signals = program.signals(&roomy);
    assert!(signals.next_entry(0).is_some() && signals.next_exit(0).is_some());
    assert_eq!(program.signals(&roomy), signals, "from the cache");
    assert_eq!(program.signals(&Columns::with_budget(&candles, 0)), signals);
}
