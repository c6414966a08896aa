//! Bots of every kind on one engine: what they do, what they never do, and that a journal gives
//! each of them again.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a test")]

use crate::common::bot::candle;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use trading::candle::Candle;
use trading::engine::{Conduct, Config, Driver, Effect, Effects, Engine, Input, Note, Signal, Silent, Stop};
use trading::money::{Instrument, Notional, Quantity};
use trading::order::{OrderKind, Purpose, Side};
use trading::position::{Fill, Trade};
use trading::simulator::{Rules, Simulator};
use trading::strategy::{Body, Document};
use trading::time::{Timeframe, Timestamp};

type Line = (Timestamp, Input, Effects);

struct Bot {
    driver: Driver<Silent>,
    journal: Vec<Line>,
    row: usize,
}

fn document(body: Value) -> Document {
    let mut whole = body;
    whole["name"] = json!("A bot");
    whole["market"] = json!({"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"});
    Document::parse(&whole).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn conduct(document: &Document) -> Conduct<Silent> {
    match document.body() {
        Body::Grid { grid } => Conduct::Grid(grid.clone()),
        Body::Dca { dca } => Conduct::Dca(dca.clone()),
        _ => Conduct::RoundTrips(Silent),
    }
}

fn bot(body: Value, rules: Value) -> Bot {
    let document = document(body);
    let instrument = Instrument::unfiltered("BTC/USDT".parse().unwrap());
    let config = Config {
        instrument: instrument.clone(),
        plan: document.plan(),
        limits: serde_json::from_value(json!({})).unwrap(),
        cash: "1000".parse().unwrap(),
        prefix: "test".parse().unwrap(),
        trade_from: None,
    };
    let rules: Rules = serde_json::from_value(rules).unwrap();
    let driver = Driver::new(Engine::of(conduct(&document), config), Simulator::new(rules, instrument), Timeframe::M1);
    Bot { driver, journal: Vec::new(), row: 0 }
}

fn free() -> Value {
    json!({"fees": {"maker": "0", "taker": "0"}})
}

impl Bot {
    /// Candles of prices in tenths: open, high, low, close.
    fn feed(&mut self, candles: &[[i64; 4]]) -> &mut Self {
        for prices in candles {
            self.take(&candle(self.row, *prices));
        }
        self
    }

    fn take(&mut self, candle: &Candle) {
        self.row += 1;
        let journal = &mut self.journal;
        self.driver.on_candle(candle, |at, input, effects| journal.push((at, *input, effects.clone())));
    }

    fn tell(&mut self, input: Input) -> &mut Self {
        let at = Timestamp::from_millis(i64::try_from(self.row).unwrap() * 60_000 - 1);
        let journal = &mut self.journal;
        self.driver.on_input(at, input, |at, input, effects| journal.push((at, *input, effects.clone())));
        self
    }

    fn fills(&self) -> Vec<Fill> {
        let fill = |line: &Line| if let Input::Filled(fill) = line.1 { Some(fill) } else { None };
        self.journal.iter().filter_map(fill).collect()
    }

    fn filled(&self) -> Vec<String> {
        let sign = |fill: &Fill| if fill.side == Side::Sell { "-" } else { "" };
        self.fills().iter().map(|fill| format!("{}{} at {}", sign(fill), fill.quantity, fill.price)).collect()
    }

    fn trades(&self) -> Vec<Trade> {
        let effects = self.journal.iter().flat_map(|line| line.2.iter());
        let trade =
            |effect: &Effect| if let Effect::Journal(Note::Closed(trade)) = effect { Some(*trade) } else { None };
        effects.filter_map(trade).collect()
    }

    fn open_orders(&self) -> Vec<String> {
        let price =
            |kind: OrderKind| kind.limit().or(kind.trigger()).map_or("market".to_owned(), |price| price.to_string());
        self.driver.simulator().orders().map(|order| format!("{:?} {}", order.side, price(order.kind))).collect()
    }
}

fn grid(extra: Value) -> Value {
    let mut grid = json!({"lower": "100", "upper": "130", "levels": 4, "quote": "110"});
    grid.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"grid": grid})
}

#[test]
fn a_grid_begins_with_what_the_levels_above_need_and_earns_a_step_with_each_pair() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100]]);
    // Cells 120–130 and 110–120 buy at the market, the one below waits.
    bot.feed(&[[1_100, 1_100, 1_100, 1_100]]);
    assert_eq!(bot.filled(), ["1 at 110", "1 at 110"]);
    assert_eq!(bot.open_orders(), ["Buy 100", "Sell 130", "Sell 120"]);
    bot.feed(&[[1_100, 1_200, 1_100, 1_200], [1_200, 1_200, 1_100, 1_100], [1_100, 1_200, 1_100, 1_200]]);
    assert_eq!(bot.filled()[2..], ["-1 at 120", "1 at 110", "-1 at 120"]);
    let trades: Vec<_> = bot.trades().iter().map(|trade| (trade.pnl.to_string(), trade.reason)).collect();
    assert_eq!(trades, vec![("10".to_owned(), Purpose::TakeProfit); 2]);
    assert_eq!(bot.open_orders(), ["Buy 100", "Sell 130", "Buy 110"]);
}

#[test]
fn one_candle_never_fills_an_order_and_the_one_that_answers_it() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100]]);
    bot.feed(&[[1_100, 1_250, 990, 1_100]]);
    assert_eq!(bot.filled()[2..], ["1.1 at 100", "-1 at 120"]);
}

#[test]
fn a_grid_waits_until_the_price_is_inside_its_range_and_rests_outside() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_500, 1_500, 1_500, 1_500], [1_500, 1_500, 1_400, 1_400]]);
    assert!(bot.open_orders().is_empty());
    bot.feed(&[[1_400, 1_400, 1_250, 1_250], [1_250, 1_500, 1_250, 1_500], [1_500, 1_500, 1_500, 1_500]]);
    assert_eq!(bot.open_orders().len(), 3, "each level has its order: {:?}", bot.open_orders());
}

#[test]
fn the_stop_of_a_grid_sells_everything_and_ends_it() {
    let mut bot = bot(grid(json!({"stopLoss": "95"})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 980, 980]]);
    bot.feed(&[[980, 980, 900, 900], [900, 1_300, 900, 1_300], [1_300, 1_300, 1_000, 1_000]]);
    assert_eq!(bot.filled()[2..], ["1.1 at 100", "-3.1 at 95"]);
    assert!(bot.open_orders().is_empty() && bot.driver.engine().position().quantity().is_zero());
    let [trade] = bot.trades()[..] else { panic!("one trade of the rest") };
    assert_eq!((trade.pnl.to_string(), trade.reason), ("-35.5".to_owned(), Purpose::StopLoss));
}

#[test]
fn the_target_of_a_grid_ends_it_with_cash_alone() {
    let mut bot = bot(grid(json!({"takeProfit": "140"})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100], [1_100, 1_410, 1_100, 1_410]]);
    bot.feed(&[[1_410, 1_410, 900, 900], [900, 900, 900, 900]]);
    assert!(bot.open_orders().is_empty());
    assert_eq!(bot.driver.engine().position().cash().to_string(), "1030");
}

/// An order that is found, and that it was executed.
fn found(bot: &mut Bot, id: &str, side: &str, price: &str, coins: &str) {
    let order = json!({
        "clientOrderId": id, "side": side, "kind": {"kind": "limit", "price": price}, "size": {"base": coins}, "taken": 70
    });
    let fill = json!({
        "clientOrderId": id, "at": 130_000, "side": side, "price": price, "quantity": coins, "fee": {"quote": "0"},
        "liquidity": "maker", "done": true
    });
    bot.tell(Input::Adopted(serde_json::from_value(order).unwrap()));
    bot.tell(Input::Filled(serde_json::from_value(fill).unwrap()));
}

#[test]
fn coins_that_are_found_under_a_grids_name_are_sold_with_the_rest() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100]]);
    let before = bot.open_orders();
    found(&mut bot, "test-70", "buy", "105", "1");
    assert_eq!(bot.open_orders(), before);
    bot.tell(Input::Stop(Stop::Sell)).feed(&[[1_100, 1_100, 1_100, 1_100]]);
    assert!(bot.open_orders().is_empty() && bot.driver.engine().position().quantity().is_zero());
}

#[test]
fn a_sale_that_is_found_and_belongs_to_no_cell_ends_a_grid() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100]]);
    found(&mut bot, "test-70", "sell", "105", "1");
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100]]);
    assert!(bot.open_orders().is_empty() && bot.driver.engine().position().quantity().is_zero());
}

#[test]
fn a_paused_grid_takes_its_purchases_back_and_a_resumed_one_sends_them_again() {
    let mut bot = bot(grid(json!({})), free());
    bot.feed(&[[1_100, 1_100, 1_100, 1_100], [1_100, 1_100, 1_100, 1_100]]).tell(Input::Pause);
    bot.feed(&[[1_100, 1_100, 1_100, 1_100]]);
    assert_eq!(bot.open_orders(), ["Sell 130", "Sell 120"]);
    bot.tell(Input::Resume).feed(&[[1_100, 1_100, 1_100, 1_100]]);
    assert_eq!(bot.open_orders(), ["Sell 130", "Sell 120", "Buy 100"]);
    bot.tell(Input::Stop(Stop::Sell)).feed(&[[1_100, 1_100, 1_100, 1_100]]);
    assert!(bot.open_orders().is_empty() && bot.driver.engine().position().quantity().is_zero());
}

fn flat(price: i64) -> [i64; 4] {
    [price; 4]
}

#[test]
fn cost_averaging_buys_dips_with_growing_amounts_and_sells_above_the_average() {
    let dca = json!({"dca": {"dipPercent": "10", "quote": "100", "maxOrders": 3, "scale": "2",
                             "takeProfit": {"percent": "10"}}});
    let mut bot = bot(dca, free());
    bot.feed(&[flat(1_000), flat(1_000), flat(901), flat(900), flat(800), flat(800)]);
    assert_eq!(bot.filled(), ["1 at 100", "2.5 at 80"], "the second 200 were decided at 90 and filled at 80");
    // 300 for 3.5 coins are 85.714…; the target stands a tenth above.
    let average = bot.driver.engine().position().average_cost().unwrap().decimal();
    let sale = bot.driver.simulator().orders().next().unwrap().kind.limit().unwrap().decimal();
    assert_eq!(
        (sale - average * "1.1".parse::<rust_decimal::Decimal>().unwrap()).round_dp(20),
        rust_decimal::Decimal::ZERO
    );
    bot.feed(&[[800, 1_000, 800, 1_000], flat(1_000), flat(1_000)]);
    let [trade] = bot.trades()[..] else { panic!("one round") };
    assert_eq!((trade.pnl.rounded(8).to_string(), trade.reason), ("30".to_owned(), Purpose::TakeProfit));
    assert_eq!(bot.filled().last().unwrap(), "1 at 100", "a new round begins with the first amount");
}

#[test]
fn cost_averaging_by_time_buys_on_its_beat_and_no_more_often_than_allowed() {
    let mut bot = bot(json!({"dca": {"every": "3m", "quote": "10", "maxOrders": 3}}), free());
    bot.feed(&[flat(1_000); 20]);
    let minutes: Vec<i64> = bot.fills().iter().map(|fill| fill.at.millis() / 60_000).collect();
    assert_eq!(minutes, [1, 4, 7]);
}

#[test]
fn a_bot_that_is_told_from_outside_enters_and_leaves_and_is_protected() {
    let told = json!({"signal": {}, "sizing": {"kind": "allIn"}, "protect": {"stopLoss": {"percent": "10"}}});
    let mut bot = bot(told, free());
    bot.feed(&[flat(1_000)]).tell(Input::Signal(Signal::Enter)).feed(&[flat(1_000)]);
    assert_eq!(bot.open_orders(), ["Sell 90"]);
    bot.tell(Input::Signal(Signal::Exit)).feed(&[flat(1_100)]);
    assert_eq!(bot.filled(), ["10 at 100", "-10 at 110"]);
}

fn kinds() -> Vec<Value> {
    vec![
        json!({"grid": {"lower": "80", "upper": "120", "levels": 9, "spacing": "geometric", "quote": "100", "stopLoss": "70"}}),
        json!({"grid": {"lower": "90", "upper": "110", "levels": 30, "quote": "20"}}),
        json!({"dca": {"dipPercent": "2", "quote": "50", "maxOrders": 5, "scale": "1.5", "takeProfit": {"percent": "1.5"}}}),
        json!({"dca": {"every": "7m", "quote": "40", "maxOrders": 9, "takeProfit": {"percent": "3"}}}),
        json!({"signal": {}, "sizing": {"kind": "percentEquity", "percent": "90"}, "protect": {"stopLoss": {"percent": "3"}}}),
    ]
}

/// Candles of a walk from 100, one by one from what each step adds, in tenths.
fn walk(steps: &[(i64, i64, i64)]) -> Vec<Candle> {
    let mut close = 1_000;
    let mut next = |(row, (step, up, down)): (usize, &(i64, i64, i64))| {
        let open = close;
        close = (open + step).clamp(600, 1_600);
        candle(row, [open, open.max(close) + up, open.min(close) - down, close])
    };
    steps.iter().enumerate().map(&mut next).collect()
}

fn steps() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
    vec((-25..=25_i64, 0..15_i64, 0..15_i64), 50..200)
}

fn dear() -> Value {
    json!({"fees": {"maker": "0.001", "taker": "0.002", "paidIn": "received"}, "slippageBps": "3", "volumeShare": "0.02"})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn no_kind_ever_owes_cash_or_coins_and_the_fills_are_the_position(steps in steps(), costs in any::<bool>()) {
        for kind in kinds() {
            let mut bot = bot(kind.clone(), if costs { dear() } else { free() });
            for (row, candle) in walk(&steps).iter().enumerate() {
                bot.take(candle);
                if row % 9 == 3 {
                    bot.tell(Input::Signal(if row % 2 == 0 { Signal::Enter } else { Signal::Exit }));
                }
                let position = bot.driver.engine().position();
                prop_assert!(!position.cash().is_negative(), "{kind}");
            }
            let (mut coins, mut cash) = (Quantity::ZERO, "1000".parse::<Notional>().unwrap());
            for fill in bot.fills() {
                cash += fill.cash_flow();
                coins = match fill.side {
                    Side::Buy => coins + fill.coins(),
                    Side::Sell => coins.checked_sub(fill.coins()).unwrap(),
                };
            }
            let position = bot.driver.engine().position();
            prop_assert_eq!((coins, cash), (position.quantity(), position.cash()), "{}", kind);
            let contradicts = |effect: &Effect| matches!(effect, Effect::Journal(Note::Contradiction(_) | Note::UnknownOrder(_)));
            prop_assert!(!bot.journal.iter().any(|line| line.2.iter().any(contradicts)), "{kind}");
        }
    }

    #[test]
    fn a_grid_never_loses_a_level(steps in steps()) {
        let mut bot = bot(json!({"grid": {"lower": "90", "upper": "110", "levels": 30, "quote": "20"}}), free());
        for (row, candle) in walk(&steps).iter().enumerate() {
            bot.take(candle);
            prop_assert_eq!(bot.driver.simulator().orders().count(), 29, "after candle {}", row);
        }
    }

    #[test]
    fn a_journal_gives_a_bot_of_any_kind_again_after_a_crash(steps in steps(), crash in 0.0..1.0_f64) {
        for kind in kinds() {
            let mut whole = bot(kind.clone(), dear());
            for (row, candle) in walk(&steps).iter().enumerate() {
                whole.take(candle);
                if row % 9 == 3 {
                    whole.tell(Input::Signal(if row % 2 == 0 { Signal::Enter } else { Signal::Exit }));
                }
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
            let kept = (whole.journal.len() as f64 * crash) as usize;
            // An engine alone answers the journal's inputs with the journal's effects.
            let mut again = bot(kind.clone(), dear());
            let mut rebuilt = Vec::new();
            for (at, input, _) in &whole.journal[..kept] {
                again.driver.replay(*at, *input, |at, input, effects| rebuilt.push((at, *input, effects.clone())));
            }
            prop_assert!(rebuilt[..] == whole.journal[..rebuilt.len()], "{kind}");
            for (at, input, _) in &whole.journal[kept..] {
                again.driver.replay(*at, *input, |at, input, effects| rebuilt.push((at, *input, effects.clone())));
            }
            prop_assert!(rebuilt == whole.journal, "{kind}");
            prop_assert_eq!(again.driver.engine().position(), whole.driver.engine().position());
        }
    }
}
