//! Keeping weights, whatever the market, the weights, the fees and the filters are.
#![allow(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trading::candle::Candle;
use trading::engine::{Conduct, Config, Driver, Effect, Effects, Engine, Input, Lanes, Note, Rebalancer, Silent};
use trading::money::{Instrument, Notional, Quantity};
use trading::order::Side;
use trading::simulator::{Rules, Simulator};
use trading::strategy::{Body, Document};
use trading::time::{Timeframe, Timestamp};

/// Prices jump once in so many candles and stand still in between, so that it is seen what a
/// rebalancing has come to.
const EPOCH: usize = 6;
const SYMBOLS: [&str; 4] = ["ADA/USDT", "BTC/USDT", "ETH/USDT", "XRP/USDT"];

/// What varies: the weights, how far they may be off, what trading costs, and the market.
#[derive(Clone, Debug)]
struct Case {
    weights: Vec<u32>,
    threshold: u32,
    fee: &'static str,
    paid_in: &'static str,
    filters: Value,
    /// By epoch and symbol, in hundredths.
    prices: Vec<Vec<i64>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let filters = vec![
        json!({}),
        json!({"tick": "0.01", "lot": "0.001", "minNotional": "10"}),
        json!({"lot": "0.5", "minQuantity": "1", "minNotional": "25", "marketLot": "1"}),
    ];
    (2_usize..=4).prop_flat_map(move |count| {
        let weights = prop::collection::vec(1_u32..=100 / u32::try_from(count).unwrap(), count);
        let prices = prop::collection::vec(prop::collection::vec(500_i64..=20_000, count), 2..12);
        let costs = (select(vec!["0", "0.001", "0.02"]), select(vec!["quote", "received"]));
        (weights, 1_u32..30, costs, select(filters.clone()), prices).prop_map(
            |(weights, threshold, (fee, paid_in), filters, prices)| Case {
                weights,
                threshold,
                fee,
                paid_in,
                filters,
                prices,
            },
        )
    })
}

struct Run {
    lanes: Lanes<Silent>,
    rebalancer: Rebalancer,
    instruments: Vec<Instrument>,
    weights: Vec<Decimal>,
    /// Orders that are open, by side, and whether one was sent too early.
    selling: usize,
    too_early: bool,
    odd: Vec<Note>,
}

impl Run {
    fn of(case: &Case) -> Self {
        let symbols = &SYMBOLS[..case.weights.len()];
        let weights: serde_json::Map<String, Value> = symbols
            .iter()
            .zip(&case.weights)
            .map(|(symbol, weight)| ((*symbol).to_owned(), json!(weight.to_string())))
            .collect();
        let document = json!({
            "name": "Weights", "market": {"exchange": "binance", "symbols": symbols, "timeframe": "1m"},
            "rebalance": {"weights": weights, "threshold": case.threshold.to_string(), "every": format!("{EPOCH}m")}
        });
        let document = Document::parse(&document).unwrap();
        let Body::Rebalance { rebalance } = document.body() else { unreachable!("it is one") };
        let rules = json!({"fees": {"maker": case.fee, "taker": case.fee, "paidIn": case.paid_in}});
        let rules: Rules = serde_json::from_value(rules).unwrap();
        let instrument = |symbol: &&str| {
            let mut filters = case.filters.clone();
            filters["symbol"] = json!(symbol);
            serde_json::from_value::<Instrument>(filters).unwrap()
        };
        let instruments: Vec<Instrument> = symbols.iter().map(instrument).collect();
        let driver = |instrument: &Instrument| {
            let config = Config {
                instrument: instrument.clone(),
                plan: document.plan(),
                limits: serde_json::from_value(json!({})).unwrap(),
                cash: cash(),
                prefix: "test".parse().unwrap(),
                trade_from: None,
            };
            let simulator = Simulator::new(rules, instrument.clone());
            Driver::new(Engine::of(Conduct::Holding, config), simulator, Timeframe::M1)
        };
        let drivers = instruments.iter().map(driver);
        Self {
            lanes: Lanes::new(drivers, document.plan().guards, cash()),
            rebalancer: Rebalancer::new(rebalance.clone()),
            instruments,
            weights: case.weights.iter().map(|weight| Decimal::from(*weight) / Decimal::ONE_HUNDRED).collect(),
            selling: 0,
            too_early: false,
            odd: Vec::new(),
        }
    }

    /// A candle of each symbol at which it trades at one price.
    fn pass(&mut self, row: usize, prices: &[i64]) {
        let open_time = Timestamp::from_millis(i64::try_from(row).unwrap() * 60_000);
        let candle = |cents: &i64| {
            let price = format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
            let volume = "1000000".parse().unwrap();
            Some(Candle { open_time, open: price, high: price, low: price, close: price, volume })
        };
        let candles: Vec<Option<Candle>> = prices.iter().map(candle).collect();
        let Self { lanes, rebalancer, selling, too_early, odd, .. } = self;
        let mut note = |_: usize, _: Timestamp, input: &Input, effects: &Effects| {
            if let Input::Filled(fill) = input {
                *selling -= usize::from(fill.side == Side::Sell && fill.done);
            }
            for effect in effects.iter() {
                match effect {
                    Effect::Place(order) if order.side == Side::Sell => *selling += 1,
                    Effect::Place(_) => *too_early |= *selling > 0,
                    Effect::Journal(note @ (Note::Contradiction(_) | Note::UnknownOrder(_) | Note::Refused(_))) => {
                        odd.push(*note);
                    }
                    _ => {}
                }
            }
        };
        lanes.on_candles(&candles, &mut note);
        rebalancer.on_closes(Timeframe::M1.close_of(open_time), lanes, &mut note);
    }

    /// How far each symbol is from its weight, in quote currency.
    fn distances(&self) -> Vec<Decimal> {
        let equity = self.lanes.equity().decimal();
        let of = |(worth, weight): (Notional, &Decimal)| (worth.decimal() - equity * weight).abs();
        self.lanes.worths().zip(&self.weights).map(of).collect()
    }

    /// How far it may be: the threshold, or the fees and what the steps and the smallest orders of
    /// all symbols leave.
    fn allowed(&self, case: &Case, prices: &[i64]) -> Decimal {
        let equity = self.lanes.equity().decimal();
        let threshold = equity * Decimal::from(case.threshold) / Decimal::ONE_HUNDRED;
        let fees = equity * case.fee.parse::<Decimal>().unwrap() * Decimal::TWO;
        let left = |(instrument, cents): (&Instrument, &i64)| {
            let coins = |quantity: Option<Quantity>| quantity.map_or(Decimal::ZERO, Quantity::decimal);
            let step = coins(instrument.lot).max(coins(instrument.market_lot)) + coins(instrument.min_quantity);
            step * Decimal::new(*cents, 2) + instrument.min_notional.map_or(Decimal::ZERO, Notional::decimal)
        };
        let left: Decimal = self.instruments.iter().zip(prices).map(left).sum();
        threshold.max(left + fees + Decimal::new(1, 6))
    }
}

fn cash() -> Notional {
    "10000".parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn weights_come_back_sales_come_first_and_cash_is_never_owed(case in cases()) {
        let mut run = Run::of(&case);
        for (epoch, prices) in case.prices.iter().enumerate() {
            for step in 0..EPOCH {
                run.pass(epoch * EPOCH + step, prices);
                prop_assert!(!run.lanes.cash().is_negative(), "cash {}", run.lanes.cash());
                prop_assert!(!run.too_early, "a purchase went out while a sale was open");
            }
            prop_assert_eq!(run.selling, 0, "all sales are done");
            let allowed = run.allowed(&case, prices);
            for (lane, off) in run.distances().into_iter().enumerate() {
                prop_assert!(off <= allowed, "epoch {}, {}: off by {}, allowed {}", epoch, SYMBOLS[lane], off, allowed);
            }
        }
        prop_assert!(run.odd.is_empty(), "{:?}", run.odd);
    }
}
