use serde::Serialize;
use serde_json::{Value, json};
use trading::{
    engine::{Note, Rejection},
    money::Symbol,
    order::{ClientOrderId, Order, OrderKind, Side, Size},
    position::{Fill, PositionError, Trade},
    strategy::Failure,
    time::Timestamp,
};

/// Something that a bot did, to be written down.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The moment of the feed that it is about.
    pub(crate) feed_at: Option<Timestamp>,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) data: Option<Value>,
}

impl Event {
    /// A round trip has ended; the data are the trade.
    pub(crate) const TRADE_CLOSED: &str = "trade.closed";

    /// About the bot itself, at no moment of its feed.
    pub(crate) fn of_bot(kind: &'static str, message: impl Into<String>) -> Self {
        Self { feed_at: None, kind, message: message.into(), data: None }
    }

    /// Its script failed, and would again.
    pub(crate) fn script_failed(failure: &Failure) -> Self {
        let message = format!(
            "The bot has failed: {failure}. It holds what it held. Stop it, and make another one of a mended strategy."
        );
        let data = json!({ "code": "SCRIPT_FAILED", "failure": failure });
        Self { data: Some(data), ..Self::of_bot("bot.failed", message) }
    }

    fn new(feed_at: Timestamp, kind: &'static str, message: String, data: impl Serialize) -> Self {
        Self { feed_at: Some(feed_at), kind, message, data: serde_json::to_value(data).ok() }
    }

    /// Says which of a bot's symbols it is about.
    pub(crate) fn about(mut self, symbol: Option<&Symbol>) -> Self {
        if let Some(symbol) = symbol {
            self.message = format!("{symbol}: {}", self.message);
            if let Some(Value::Object(data)) = &mut self.data {
                data.insert("symbol".to_owned(), json!(symbol));
            }
        }
        self
    }

    pub(crate) fn placed(at: Timestamp, order: &Order) -> Self {
        Self::new(at, "order.placed", format!("Order {}: {}.", order.client_order_id, described(order)), order)
    }

    /// It was found at the exchange, under the bot's name.
    pub(crate) fn adopted(at: Timestamp, order: &Order) -> Self {
        let message = format!(
            "Order {}: {}. The exchange had it under this bot's name, and it was written nowhere; it executes nothing more, \
             and what it has executed is the bot's.",
            order.client_order_id,
            described(order)
        );
        Self::new(at, "order.adopted", message, order)
    }

    /// What such an order has executed cannot have happened to what the bot holds.
    pub(crate) fn contradicted(order: &Order, error: &PositionError) -> Self {
        let message = format!(
            "The exchange has an order {} under this bot's name ({}) that is written nowhere and contradicts what the bot \
             holds: {error}. Stop the bot with its coins kept, settle the account at the exchange, and make a copy of it.",
            order.client_order_id,
            described(order)
        );
        let data = json!({ "code": "ORDER_CONTRADICTS", "order": order });
        Self { data: Some(data), ..Self::of_bot("order.contradicts", message) }
    }

    pub(crate) fn filled(fill: &Fill) -> Self {
        let (side, id) = (verb(fill.side), fill.client_order_id);
        let message = format!("Order {id}: {side} {} coins for {} each, done.", fill.quantity, fill.price);
        let message = if fill.done { message } else { message.replace(", done", ", in part") };
        Self::new(fill.at, "order.filled", message, fill)
    }

    pub(crate) fn cancelled(at: Timestamp, id: ClientOrderId) -> Self {
        Self::new(at, "order.cancelled", format!("Order {id} was taken back."), json!({ "clientOrderId": id }))
    }

    pub(crate) fn expired(at: Timestamp, id: ClientOrderId) -> Self {
        Self::new(at, "order.expired", format!("Order {id} has expired."), json!({ "clientOrderId": id }))
    }

    pub(crate) fn rejected(at: Timestamp, rejection: &Rejection) -> Self {
        let id = rejection.client_order_id;
        let message = match rejection.filter {
            Some(filter) => format!("Order {id} was rejected: {filter}."),
            None => format!("Order {id} was rejected: {}.", word(rejection.reason)),
        };
        Self::new(at, "order.rejected", message, rejection)
    }

    /// What the engine had to say; `None` where another event says it already.
    pub(crate) fn noted(at: Timestamp, note: &Note) -> Option<Self> {
        let event = |kind, message| Some(Self::new(at, kind, message, note));
        match note {
            Note::Closed(trade) => Some(Self::closed(at, trade)),
            Note::Skipped(reason) => {
                event("entry.skipped", format!("A signal to enter was passed over: {}.", word(reason)))
            }
            Note::Refused(refusal) => event("order.refused", format!("An order was held back: {refusal}.")),
            Note::Rejected(_) => None,
            Note::Contradiction(error) => {
                event("bot.contradiction", format!("A fill contradicts the position: {error}."))
            }
            Note::UnknownOrder(id) => {
                event("order.unknown", format!("A message about the order {id}, which is not open."))
            }
            Note::StaleCandle => {
                event("candle.stale", "A candle does not follow the last one and was passed over.".to_owned())
            }
            Note::Halted => {
                event("bot.halted", "The largest drawdown allowed was reached: no entries any more.".to_owned())
            }
        }
    }

    fn closed(at: Timestamp, trade: &Trade) -> Self {
        let message = format!("The trade of {} ended with {}.", trade.entry_time, trade.pnl);
        Self::new(at, Self::TRADE_CLOSED, message, trade)
    }
}

/// An order in words.
fn described(order: &Order) -> String {
    let side = verb(order.side);
    let size = match order.size {
        Size::Base(coins) => format!("{coins} coins"),
        Size::Quote(budget) => format!("for {budget}"),
    };
    let how = match order.kind {
        OrderKind::Market {} => "at the market".to_owned(),
        OrderKind::Limit { price } => format!("at {price} or better"),
        OrderKind::LimitMaker { price } => format!("at {price} or better, by waiting"),
        OrderKind::StopMarket { trigger } | OrderKind::TakeProfitMarket { trigger } => {
            format!("once the price reaches {trigger}")
        }
        OrderKind::StopLimit { trigger, price } | OrderKind::TakeProfitLimit { trigger, price } => {
            format!("at {price} or better once the price reaches {trigger}")
        }
        OrderKind::TrailingStop { percent, .. } => format!("once the price turns by {percent} %"),
    };
    format!("{side} {size} {how}")
}

fn verb(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// A name as it stands in JSON.
fn word(name: impl Serialize) -> String {
    serde_json::to_value(name).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
