use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::candle::csv;
use crate::money::Price;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn candle(open_time: Timestamp, prices: [&str; 4], volume: &str) -> Candle {
    let [open, high, low, close] = prices.map(|price| price.parse().unwrap());
    Candle { open_time, open, high, low, close, volume: volume.parse().unwrap() }
}

fn flat(time: &str) -> Candle {
    candle(at(time), ["1", "1", "1", "1"], "1")
}

fn times(candles: &Candles) -> Vec<String> {
    candles.iter().map(|candle| candle.open_time.to_string()).collect()
}

fn sample(name: &str, timeframe: Timeframe) -> Candles {
    let path = format!("{}/../../samples/candles/{name}", env!("CARGO_MANIFEST_DIR"));
    let options = csv::Options { timeframe: Some(timeframe), ..csv::Options::default() };
    csv::read(std::fs::File::open(path).unwrap(), &options).unwrap()
}

#[test]
fn a_longer_candle_has_the_first_open_the_extremes_the_last_close_and_all_of_the_volume() {
    let minutes = [
        candle(at("2024-01-01T00:00:00Z"), ["10", "12", "9", "11"], "0.1"),
        candle(at("2024-01-01T00:01:00Z"), ["11", "15.5", "10", "12"], "0.00000002"),
        candle(at("2024-01-01T00:02:00Z"), ["12", "13", "8.25", "9"], "1000000"),
    ];
    let summed = Candles::collect(Timeframe::M1, minutes).unwrap().aggregate(Timeframe::M3).unwrap();
    let expected = candle(at("2024-01-01T00:00:00Z"), ["10", "15.5", "8.25", "9"], "1000000.10000002");
    assert!(summed.iter().eq([expected]));
}

#[test]
fn the_half_candles_at_both_ends_are_left_out_and_one_with_a_gap_is_not() {
    let hours = ["2024-01-01T11:00:00Z", "2024-01-02T00:00:00Z", "2024-01-02T23:00:00Z", "2024-01-04", "2024-01-05"];
    let hours = Candles::collect(Timeframe::H1, hours.map(flat)).unwrap();
    let days = hours.aggregate(Timeframe::D1).unwrap();
    assert_eq!(times(&days), ["2024-01-02T00:00:00.000Z", "2024-01-04T00:00:00.000Z"]);
    assert_eq!(days.get(0).volume, "2".parse().unwrap());
}

#[test]
fn a_candle_is_answered_with_its_last_part_and_does_not_wait_for_the_next() {
    let mut aggregator = Aggregator::new(Timeframe::H12, Timeframe::D1, None).unwrap();
    assert_eq!(aggregator.push(&flat("2024-02-28")).unwrap().count(), 0);
    assert_eq!(aggregator.unfinished(), Some(flat("2024-02-28")));
    assert_eq!(aggregator.push(&flat("2024-02-28T12:00:00Z")).unwrap().count(), 1);
    assert_eq!(aggregator.unfinished(), None);
    assert_eq!(aggregator.push(&flat("2024-02-29")).unwrap().count(), 0);
    let closed: Vec<_> = aggregator.push(&flat("2024-03-01T12:00:00Z")).unwrap().map(|it| it.open_time).collect();
    assert_eq!(closed, [at("2024-02-29"), at("2024-03-01")], "the one that ended in a gap, and its own");
    assert!(matches!(aggregator.push(&flat("2024-03-02T01:00:00Z")), Err(CandleError::OffGrid { .. })));
    assert!(matches!(aggregator.push(&flat("2024-03-01T12:00:00Z")), Err(CandleError::NotAscending { .. })));
}

#[test]
fn weeks_open_on_monday_and_months_follow_the_calendar() {
    let days =
        (0..70).map(|day| flat(&Timestamp::from_millis(at("2024-01-29").millis() + day * 86_400_000).to_string()));
    let days = Candles::collect(Timeframe::D1, days).unwrap();
    let weeks = days.aggregate(Timeframe::W1).unwrap();
    assert_eq!((weeks.len(), weeks.open_time(0)), (10, at("2024-01-29")));
    let months = days.aggregate(Timeframe::Month1).unwrap();
    assert_eq!(times(&months), ["2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z"]);
    assert_eq!(months.iter().map(|month| month.volume.to_string()).collect::<Vec<_>>(), ["29", "31"]);
}

#[test]
fn a_frame_that_does_not_divide_another_is_refused() {
    for (from, to) in [
        (Timeframe::H1, Timeframe::H1),
        (Timeframe::H2, Timeframe::H1),
        (Timeframe::D3, Timeframe::W1),
        (Timeframe::W1, Timeframe::Month1),
        (Timeframe::D3, Timeframe::Month1),
        (Timeframe::H8, Timeframe::H12),
    ] {
        let refused = Candles::new(from).aggregate(to).unwrap_err();
        assert_eq!(refused, CandleError::NotFiner { finer: from, timeframe: to });
    }
}

#[test]
fn a_sum_that_no_exact_decimal_holds_is_refused_and_not_rounded() {
    let mut aggregator = Aggregator::new(Timeframe::M1, Timeframe::H1, None).unwrap();
    let huge = candle(at("2024-01-01T00:00:00Z"), ["1"; 4], "100000000000000.5");
    let tiny = candle(at("2024-01-01T00:01:00Z"), ["1"; 4], "0.000000000000000001");
    aggregator.push(&huge).unwrap().for_each(drop);
    assert_eq!(aggregator.push(&tiny).err(), Some(CandleError::TooPrecise { at: tiny.open_time }));
    assert_eq!(aggregator.unfinished(), Some(huge), "it was not taken");
}

/// The figures were reckoned by another program (Python's `decimal`) from the same file.
#[test]
fn a_real_year_sums_to_what_another_program_reckons() {
    let golden = format!("{}/../../samples/golden/aggregated_BTCUSDT_2023.json", env!("CARGO_MANIFEST_DIR"));
    let golden: BTreeMap<String, Vec<[String; 6]>> =
        serde_json::from_reader(std::fs::File::open(golden).unwrap()).unwrap();
    let minutes = sample("binance_BTCUSDT_5m_20230101_20231230.csv.gz", Timeframe::M5);
    assert_eq!(golden.keys().collect::<Vec<_>>(), ["1M", "1d", "1h", "1w", "3d", "8h"]);
    for (frame, rows) in golden {
        let summed = minutes.aggregate(frame.parse().unwrap()).unwrap();
        let range =
            summed.rows(Some(at(&rows[0][0])), Some(Timestamp::from_millis(at(&rows[rows.len() - 1][0]).millis() + 1)));
        assert_eq!(range.len(), rows.len(), "{frame}");
        for (row, expected) in range.zip(&rows) {
            let [open, high, low, close] = [1, 2, 3, 4].map(|column| expected[column].as_str());
            assert_eq!(summed.get(row), candle(at(&expected[0]), [open, high, low, close], &expected[5]), "{frame}");
        }
    }
}

/// Minutes with holes, in order.
fn minutes() -> impl Strategy<Value = Vec<Candle>> {
    let row = (1_i64..200, prop::array::uniform4(1_i64..1_000_000), 0_i64..1_000_000_000, 0_u32..8);
    prop::collection::vec(row, 1..200).prop_map(|rows| {
        let mut minute = at("2024-02-28T23:11:00Z").millis() / 60_000;
        let candle = |(step, prices, volume, scale): (i64, [i64; 4], i64, u32)| {
            minute += if step > 150 { step } else { 1 };
            let [open, close] = [prices[0], prices[1]];
            let price = |value| Price::new(rust_decimal::Decimal::new(value, 2)).unwrap();
            Candle {
                open_time: Timestamp::from_millis(minute * 60_000),
                open: price(open),
                high: price(open.max(close) + prices[2]),
                low: price(open.min(close).min(prices[3])),
                close: price(close),
                volume: Quantity::new(rust_decimal::Decimal::new(volume, scale)).unwrap(),
            }
        };
        rows.into_iter().map(candle).collect()
    })
}

/// The definition: the candles of each longer one that was seen from its opening to its end.
fn naive(candles: &[Candle], from: Timeframe, to: Timeframe) -> Vec<Candle> {
    let since = candles[0].open_time;
    let until = from.next(candles[candles.len() - 1].open_time);
    let mut groups: BTreeMap<Timestamp, Vec<Candle>> = BTreeMap::new();
    candles.iter().for_each(|candle| groups.entry(to.floor(candle.open_time)).or_default().push(*candle));
    groups.retain(|opens, _| *opens >= since && to.next(*opens) <= until);
    let sum = |(open_time, parts): (Timestamp, Vec<Candle>)| Candle {
        open_time,
        open: parts[0].open,
        high: parts.iter().map(|part| part.high).max().unwrap(),
        low: parts.iter().map(|part| part.low).min().unwrap(),
        close: parts[parts.len() - 1].close,
        volume: parts.iter().fold(Quantity::ZERO, |sum, part| sum + part.volume),
    };
    groups.into_iter().map(sum).collect()
}

proptest! {
    #[test]
    fn every_frame_is_what_its_definition_says(candles in minutes()) {
        let columns = Candles::collect(Timeframe::M1, candles.iter().copied()).unwrap();
        for to in Timeframe::ALL.into_iter().filter(|to| Timeframe::M1.divides(*to)) {
            let summed = columns.aggregate(to).unwrap();
            prop_assert!(summed.iter().eq(naive(&candles, Timeframe::M1, to)), "{}", to);
        }
    }

    #[test]
    fn a_frame_summed_by_way_of_another_is_the_same_where_both_were_seen(candles in minutes()) {
        let columns = Candles::collect(Timeframe::M1, candles).unwrap();
        let hours = columns.aggregate(Timeframe::H1).unwrap();
        for to in [Timeframe::H2, Timeframe::D1] {
            let direct: BTreeMap<_, _> = columns.aggregate(to).unwrap().iter().map(|it| (it.open_time, it)).collect();
            for candle in hours.aggregate(to).unwrap().iter() {
                prop_assert_eq!(direct.get(&candle.open_time), Some(&candle));
            }
        }
    }

    #[test]
    fn the_most_within_a_frame_is_never_exceeded(minute in 0_i64..100_000_000) {
        let moment = Timestamp::from_millis(minute * 60_000);
        for to in Timeframe::ALL {
            for from in Timeframe::ALL.into_iter().filter(|from| from.divides(to)) {
                let length = to.next(moment).millis() - to.floor(moment).millis();
                prop_assert!(length / from.fixed_millis().unwrap() <= from.most_within(to));
                prop_assert_eq!(from.floor(to.floor(moment)), to.floor(moment));
            }
        }
    }
}
