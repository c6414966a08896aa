//! The simulated venue without an engine, and what it tells.

use serde_json::{Value, json};
use trading::book::Level;
use trading::candle::Candle;
use trading::engine::Input;
use trading::money::Instrument;
use trading::order::{ClientOrderId, Order};
use trading::position::{Fee, Fill, Liquidity, Position};
use trading::simulator::{FillAt, Moment, Rules, Simulator};
use trading::time::{Timeframe, Timestamp};

use super::bot::candle;

/// A venue where we hold ten coins and a million of cash.
pub struct Venue {
    pub simulator: Simulator,
    pub position: Position,
    pub fills: Vec<(usize, Fill)>,
    told: Vec<String>,
    close: bool,
    row: usize,
    placed: u64,
}

/// The time of a row's last millisecond.
pub fn closed(row: usize) -> Timestamp {
    Timestamp::from_millis((row as i64 + 1) * 60_000 - 1)
}

impl Venue {
    /// With these manners; no fees unless they are said.
    pub fn new(rules: Value) -> Self {
        Self::filtered(rules, json!({"symbol": "BTC/USDT"}))
    }

    pub fn filtered(mut rules: Value, instrument: Value) -> Self {
        if rules.get("fees").is_none() {
            rules["fees"] = json!({"maker": "0", "taker": "0"});
        }
        let rules: Rules = serde_json::from_value(rules).unwrap();
        rules.check().unwrap();
        let instrument: Instrument = serde_json::from_value(instrument).unwrap();
        let mut position = Position::with_cash("1000010".parse().unwrap());
        let bought = Fill {
            client_order_id: "earlier".parse().unwrap(),
            at: Timestamp::default(),
            side: trading::order::Side::Buy,
            price: "1".parse().unwrap(),
            quantity: "10".parse().unwrap(),
            fee: Fee::Quote("0".parse().unwrap()),
            liquidity: Liquidity::Taker,
            done: true,
        };
        position.apply(&bought).unwrap();
        let close = rules.fill == FillAt::Close;
        let simulator = Simulator::new(rules, instrument);
        Self { simulator, position, fills: Vec::new(), told: Vec::new(), close, row: 0, placed: 0 }
    }

    /// Places an order, decided at the last close; what is not said is an exit of one coin.
    #[allow(clippy::needless_pass_by_value, reason = "the cases read better")]
    pub fn place(&mut self, order: Value) -> ClientOrderId {
        self.placed += 1;
        let id = format!("o-{}", self.placed);
        let purpose = if order["side"] == "buy" { "entry" } else { "exit" };
        let mut whole = json!({"clientOrderId": id, "purpose": purpose, "size": {"base": "1"}});
        for (key, value) in order.as_object().unwrap() {
            whole[key] = value.clone();
        }
        let order: Order = serde_json::from_value(whole).unwrap();
        self.simulator.place(order, self.now());
        order.client_order_id
    }

    /// Takes an order back at the last close.
    pub fn cancel(&mut self, id: ClientOrderId) -> bool {
        self.simulator.cancel(id, self.now())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.row as i64 * 60_000 - 1)
    }

    /// Lets candles of prices in tenths pass.
    pub fn pass(&mut self, candles: &[[i64; 4]]) -> &mut Self {
        for prices in candles {
            self.take(&candle(self.row, *prices), closed(self.row), false);
            self.row += 1;
        }
        self
    }

    /// Lets one candle of a minute pass as `parts` finer ones of equal length.
    pub fn pass_finer(&mut self, parts: &[[i64; 4]]) -> &mut Self {
        let length = 60_000 / parts.len() as i64;
        for (part, prices) in parts.iter().enumerate() {
            let mut candle = candle(self.row, *prices);
            let open = candle.open_time.millis() + part as i64 * length;
            candle.open_time = Timestamp::from_millis(open);
            self.take(&candle, Timestamp::from_millis(open + length - 1), true);
        }
        self.row += 1;
        self
    }

    fn take(&mut self, candle: &Candle, until: Timestamp, finer: bool) {
        assert!(Timeframe::M1.close_of(candle.open_time) >= until);
        self.simulator.begin(candle, finer);
        self.listen(Moment::Open, candle.open_time, candle);
        self.listen(Moment::Range, until, candle);
        self.simulator.end(candle);
        if self.close {
            self.listen(Moment::Close, until, candle);
        }
    }

    fn listen(&mut self, moment: Moment, at: Timestamp, candle: &Candle) {
        while let Some(input) = self.simulator.execute(moment, at, candle, &self.position) {
            self.hear(input);
        }
    }

    /// Lets an order meet the side of a book that it takes from, given by prices and quantities; answers what is left.
    pub fn meet(&mut self, id: ClientOrderId, levels: &[(&str, &str)]) -> Vec<String> {
        let level = |it: &(&str, &str)| Level { price: it.0.parse().unwrap(), quantity: it.1.parse().unwrap() };
        let mut levels: Vec<_> = levels.iter().map(level).collect();
        if let Some(quote) = self.simulator.quote(id, &mut levels, &self.position) {
            let mut answer = self.simulator.meet_book(self.now(), &quote, &self.position);
            while let Some(input) = answer {
                self.hear(input);
                answer = self.simulator.next_news();
            }
        }
        levels.iter().map(|level| level.quantity.to_string()).collect()
    }

    fn hear(&mut self, input: Input) {
        let what = match input {
            Input::Filled(fill) => {
                self.position.apply(&fill).unwrap();
                self.fills.push((self.row, fill));
                let how = if fill.liquidity == Liquidity::Maker { "maker" } else { "taker" };
                format!("{} {} x {} {how}", fill.client_order_id, fill.price, fill.quantity)
            }
            Input::Cancelled(id) => format!("{id} cancelled"),
            Input::Expired(id) => format!("{id} expired"),
            Input::Rejected(rejection) => match rejection.filter {
                Some(filter) => format!("{} rejected: {filter}", rejection.client_order_id),
                None => format!("{} rejected: {:?}", rejection.client_order_id, rejection.reason),
            },
            other => panic!("the venue says {other:?}"),
        };
        self.told.push(format!("{}: {what}", self.row));
    }

    /// What it told since the last time: the row, the order and what became of it.
    pub fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}
