//! Trade files, and the candles that trades make.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use trading::candle::{Candle, Candles};
use trading::money::{Price, Quantity};
use trading::time::{Resolution, Timeframe, Timestamp};
use trading::trades::csv::{self, CsvError, Options, Summary};
use trading::trades::{Trade, TradeCandles, TradeKind, check_all};

const OPTIONS: Options = Options {
    earliest: Timestamp::from_millis(1_230_768_000_000),
    latest: Timestamp::from_millis(1_800_000_000_000),
    max_bytes: 1 << 20,
    max_rows: 1_000,
};

fn read(file: &[u8]) -> Result<(Summary, Vec<Trade>), CsvError> {
    let mut trades = vec![];
    let summary = csv::read(file, &OPTIONS, |trade| {
        trades.push(trade);
        Ok(())
    })?;
    Ok((summary, trades))
}

fn trade(id: i64, time: i64, price: &str, quantity: &str) -> Trade {
    let (price, quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
    let time = Timestamp::from_millis(time);
    Trade { id, time, price, quantity, quote: None, buyer_is_maker: true, parts: None }
}

const SINGLE: &str = "28457,4.00000100,12.00000000,48.00001200,1735689600010,True,True\n\
                      28460,4.00000200,0.00000003,0.00000012,1735689600009,false,true\n";
const AGGREGATE: &str = "26129,0.01633102,4.70443515,27781,27781,1735689600010,true,true\n\
                         26130,0.01633103,1,27782,27785,1735689600011,False,True\n";

#[test]
fn binances_dumps_are_read_with_and_without_header_in_either_unit_of_time() {
    let (summary, trades) = read(SINGLE.as_bytes()).unwrap();
    let first = trade(28_457, 1_735_689_600_010, "4.000001", "12");
    let rounded = Some("0.00000012".parse().unwrap());
    let second =
        Trade { quote: rounded, buyer_is_maker: false, ..trade(28_460, 1_735_689_600_009, "4.000002", "0.00000003") };
    assert_eq!(trades, [first, second], "the second amount is rounded, and kept as the exchange told it");
    let [first_time, last_time] = [1_735_689_600_009, 1_735_689_600_010].map(Timestamp::from_millis);
    let (kind, first_id, last_id) = (TradeKind::Single, 28_457, 28_460);
    assert_eq!(summary, Summary { kind, trades: 2, first_id, last_id, first_time, last_time });

    let (summary, aggregates) = read(AGGREGATE.as_bytes()).unwrap();
    assert_eq!((summary.kind, aggregates[1].parts), (TradeKind::Aggregate, Some((27_782, 27_785))));
    assert_eq!(check_all(TradeKind::Aggregate, &aggregates), Ok(()));

    let micro = |text: &str| {
        text.replace("600010,", "600010999,").replace("600009,", "600009000,").replace("600011,", "600011001,")
    };
    let bare =
        |text: &str| text.lines().map(|line| format!("{}\r\n", line.rsplit_once(',').unwrap().0)).collect::<String>();
    for (text, headers, expected) in [
        (
            SINGLE,
            [
                "id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch",
                "\"trade_id\",price,quantity,quote_qty,time,is_buyer_maker,is_best_match",
            ],
            &trades,
        ),
        (
            AGGREGATE,
            [
                "aggId,price,qty,firstId,lastId,time,isBuyerMaker,isBestMatch",
                "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match",
            ],
            &aggregates,
        ),
    ] {
        for text in [text.to_owned(), micro(text)] {
            for header in headers {
                let whole = format!("{header}\n{text}");
                let without = header.rsplit_once(',').unwrap().0;
                let short = format!("\u{feff}{without}\n{}", bare(&text));
                let mut packed = GzEncoder::new(vec![], Compression::default());
                packed.write_all(short.as_bytes()).unwrap();
                for file in [whole.into_bytes(), short.into_bytes(), bare(&text).into_bytes(), packed.finish().unwrap()]
                {
                    assert_eq!(&read(&file).unwrap().1, expected, "{}", String::from_utf8_lossy(&file));
                }
            }
        }
    }
}

#[test]
fn an_amount_of_many_digits_is_price_times_quantity_to_the_last_of_them() {
    let file = "1,4.00000123,123456.78901234,493827.3079012104851782,1735689600000,true,true\n\
                2,4.00000123,123456.78901234,493827.30790121,1735689600000,true,true\n";
    let quotes: Vec<_> = read(file.as_bytes()).unwrap().1.iter().map(|trade| trade.quote).collect();
    assert_eq!(quotes, [None, Some("493827.30790121".parse().unwrap())]);
    let file = file.replace("104851782", &"7".repeat(40));
    assert!(read(file.as_bytes()).unwrap_err().to_string().contains("more digits than an amount can have"));
}

#[test]
fn what_is_wrong_is_told_by_line_and_column() {
    let good = "1,2,3,6,1735689600000,true,true";
    for (line, column, why) in [
        ("1,2,3,6,1735689600000,true,true", Some("id"), "1 does not come after 1"),
        ("-2,2,3,6,1735689600000,true,true", Some("id"), "`-2` is not a plain number"),
        ("9999999999999999999,2,3,6,1735689600000,true,true", Some("id"), "more than 18 digits"),
        ("2,0,3,0,1735689600000,true,true", Some("price"), "`0` is not above 0"),
        ("2,2,0.0,0,1735689600000,true,true", Some("qty"), "is not above 0"),
        ("2,1e3,3,6,1735689600000,true,true", Some("price"), "`1e3` is not a plain number"),
        ("2,1000000000000.5,3,6,1735689600000,true,true", Some("price"), "is beyond 1000000000000"),
        ("2,2,3,,1735689600000,true,true", Some("quoteQty"), "`` is not a plain number"),
        ("2,2,3,6,2024-01-01,true,true", Some("time"), "is not a plain number"),
        ("2,2,3,6,173568960000000000,true,true", Some("time"), "neither milliseconds nor microseconds"),
        ("2,2,3,6,1000,true,true", Some("time"), "is before 2009-01-01"),
        ("2,2,3,6,1900000000000,true,true", Some("time"), "is after 2027-01-15"),
        ("2,2,3,6,1735689600000,1,true", Some("isBuyerMaker"), "`1` is neither true nor false"),
        ("2,2,3,6,1735689600000,true,perhaps", Some("isBestMatch"), "is neither true nor false"),
        ("2,2,3,6,1735689600000,true", None, "has 6 columns, and the first line has 7"),
        ("", None, "is empty, and others follow"),
    ] {
        let file = format!("{good}\n{line}\n3,2,3,6,1735689600000,true,true\n");
        match read(file.as_bytes()).unwrap_err() {
            CsvError::Line { line: 2, column: found, why: told } => {
                assert_eq!(found, column, "{line}: {told}");
                assert!(told.contains(why), "{line}: {told}");
            }
            other => panic!("{line}: {other}"),
        }
    }
    let parts = read(b"1,2,3,9,8,1735689600000,true,true\n").unwrap_err().to_string();
    assert_eq!(parts, "line 1: lastId `8` comes before firstId 9");
    for (file, why) in [
        ("", "has no trades"),
        ("id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch\n", "has no trades"),
        ("open_time_ms,open,high,low,close,volume\n", "is neither a trade nor the header"),
        ("1,2,3\n", "has 3 columns"),
    ] {
        assert!(read(file.as_bytes()).unwrap_err().to_string().contains(why), "{file}");
    }
}

#[test]
fn a_file_beyond_its_limits_is_given_up() {
    let lines = |count: i64| (1..=count).map(|id| format!("{id},2,3,6,1735689600000,true,true\n")).collect::<String>();
    assert_eq!(read(lines(1_000).as_bytes()).unwrap().0.trades, 1_000);
    assert!(matches!(read(lines(1_001).as_bytes()), Err(CsvError::TooManyRows { max: 1_000 })));
    let long = "7".repeat(2_000);
    assert!(read(long.as_bytes()).unwrap_err().to_string().contains("longer than 1024 bytes"));
    let options = Options { max_bytes: 100, ..OPTIONS };
    assert!(matches!(csv::read(lines(9).as_bytes(), &options, |_| Ok(())), Err(CsvError::TooLarge { max: 100 })));
    let full = csv::read(lines(9).as_bytes(), &OPTIONS, |_| Err(std::io::Error::other("enough")));
    assert!(matches!(full, Err(CsvError::Read(_))));
}

fn folded(trades: &[Trade], resolution: Resolution) -> Vec<Candle> {
    let mut candles = TradeCandles::new(resolution);
    let mut all: Vec<_> = trades.iter().filter_map(|trade| candles.push(trade).unwrap()).collect();
    all.extend(candles.unfinished());
    all
}

/// Trades whose times ascend and may be equal, over some days.
fn tape() -> impl Strategy<Value = Vec<Trade>> {
    let step = prop_oneof![3 => 0..1_500_i64, 2 => 0..90_000_i64, 1 => 0..9_000_000_i64];
    let one = (step, 1..5_000_000_i64, 1..900_000_000_i64, 0..=8_u32);
    prop::collection::vec(one, 1..200).prop_map(|steps| {
        let mut time = 1_709_164_800_000;
        let steps = steps.into_iter().zip(1..);
        let trades = steps.map(|((step, price, quantity, scale), id)| {
            time += step;
            let price = Price::new(rust_decimal::Decimal::new(price, 2)).unwrap();
            let quantity = Quantity::new(rust_decimal::Decimal::new(quantity, scale)).unwrap();
            Trade { price, quantity, ..trade(id, time, "1", "1") }
        });
        trades.collect()
    })
}

proptest! {
    #[test]
    fn candles_of_trades_are_what_a_plain_reckoning_gives(trades in tape()) {
        for resolution in Resolution::all() {
            let mut plain: BTreeMap<Timestamp, Vec<&Trade>> = BTreeMap::new();
            trades.iter().for_each(|trade| plain.entry(resolution.floor(trade.time)).or_default().push(trade));
            let expected: Vec<_> = plain.into_iter().map(|(open_time, trades)| Candle {
                open_time,
                open: trades[0].price,
                high: trades.iter().map(|trade| trade.price).max().unwrap(),
                low: trades.iter().map(|trade| trade.price).min().unwrap(),
                close: trades[trades.len() - 1].price,
                volume: Quantity::new(trades.iter().map(|trade| trade.quantity.decimal()).sum()).unwrap(),
            }).collect();
            prop_assert_eq!(folded(&trades, resolution), expected);
        }
    }

    #[test]
    fn candles_made_at_once_are_those_summed_from_shorter_ones(trades in tape()) {
        for frame in Timeframe::ALL.into_iter().filter(|frame| Timeframe::M1.divides(*frame)) {
            let at_once = folded(&trades, frame.into());
            // a sum begins and ends with whole candles only
            let edges = [frame.floor(trades[0].time), frame.floor(trades[trades.len() - 1].time)];
            let minutes = Candles::collect(Timeframe::M1, folded(&trades, Timeframe::M1.into())).unwrap();
            let summed = minutes.aggregate(frame).unwrap();
            let inner = |candle: &Candle| !edges.contains(&candle.open_time);
            prop_assert_eq!(
                summed.iter().filter(inner).collect::<Vec<_>>(),
                at_once.into_iter().filter(inner).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn what_is_written_is_read_again(trades in tape()) {
        let mut text = String::new();
        for Trade { id, time, price, quantity, .. } in &trades {
            let quote = price.decimal() * quantity.decimal();
            text += &format!("{id},{price},{quantity},{quote},{},true\n", time.millis());
        }
        prop_assert_eq!(read(text.as_bytes()).unwrap().1, trades);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(mut file in prop::sample::select(vec![SINGLE, AGGREGATE]).prop_map(|it| it.as_bytes().to_vec()),
                                      at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let at = at.index(file.len());
        file[at] = byte;
        if let Ok((summary, trades)) = read(&file) {
            prop_assert_eq!(summary.trades, trades.len() as u64);
            prop_assert_eq!(check_all(summary.kind, &trades), Ok(()));
        }
    }
}

#[test]
fn trades_that_go_back_in_time_are_refused_and_leave_the_candle_as_it_is() {
    let mut candles = TradeCandles::new("15s".parse().unwrap());
    assert_eq!(candles.push(&trade(1, 1_709_164_816_000, "5", "0.0000000000000001")), Ok(None));
    assert!(candles.push(&trade(2, 1_709_164_815_999, "9", "1")).is_err());
    assert!(candles.push(&trade(3, 1_709_164_816_000, "7", "700000000000000")).is_err());
    let only = candles.unfinished().unwrap();
    assert_eq!((only.high.to_string(), only.open_time.millis()), ("5".to_owned(), 1_709_164_815_000));
}
