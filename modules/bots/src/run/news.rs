//! What an exchange has told of orders, in the words of the engine.

use crate::event::Event;
use exchanges::{Account, OrderReport, VenueError, VenueFill};
use kit::Time;
use orders::Open;
use trading::{
    engine::{Input, RejectReason, Rejection},
    money::{Instrument, Notional, Quantity, Symbol},
    order::{ClientOrderId, IdPrefix, OrderStatus},
    position::{Fee, Fill},
    time::Timestamp,
};

/// Something that has happened at the exchange.
#[derive(Debug)]
pub(super) enum News {
    /// It has taken an order.
    Accepted(ClientOrderId),
    /// What the engine is to know.
    Input(Timestamp, Input),
    /// An order is the bot's of which it did not know, and what has become of it.
    Adopted(Timestamp, Input, Vec<News>),
    /// What people are to know.
    Event(Event),
}

/// Reads the reports of one market's orders.
pub(super) struct Teller {
    instrument: Instrument,
    prefix: IdPrefix,
}

impl Teller {
    pub(super) fn new(instrument: Instrument, prefix: IdPrefix) -> Self {
        Self { instrument, prefix }
    }

    pub(super) fn symbol(&self) -> &Symbol {
        &self.instrument.symbol
    }

    pub(super) fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// Whether an order of the account bears the bot's name.
    pub(super) fn is_ours(&self, client_order_id: &str) -> bool {
        client_order_id.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Which of the bot's orders a name is of.
    pub(super) fn number(&self, id: ClientOrderId) -> Option<u64> {
        id.sequence(self.prefix)
    }

    /// What is new in a report of an order, which is then known of it. Executions that the report counts and the
    /// exchange does not list yet are told by a later one.
    pub(super) async fn tell(
        &self,
        account: &Account,
        it: &mut Open,
        report: OrderReport,
        now: Time,
    ) -> Result<Vec<News>, VenueError> {
        let id = it.order.client_order_id;
        let mut news = vec![];
        if it.status == OrderStatus::Submitted && !matches!(report.status, OrderStatus::Rejected) {
            news.push(News::Accepted(id));
            it.status = OrderStatus::Accepted;
        }
        if report.filled > it.filled {
            let listed = match report.executions {
                Some(listed) => listed,
                None => account.executions(self.symbol(), report.venue_id).await?,
            };
            self.fills(it, &listed, &report.status, report.filled, &mut news);
        }
        if report.filled > it.filled {
            return Ok(news);
        }
        let at = Timestamp::from_millis(now.millis());
        let end = match report.status {
            OrderStatus::Cancelled if it.order.expires.is_some_and(|expires| expires <= at) => Input::Expired(id),
            OrderStatus::Cancelled => Input::Cancelled(id),
            OrderStatus::Expired => Input::Expired(id),
            OrderStatus::Rejected => {
                Input::Rejected(Rejection { client_order_id: id, reason: RejectReason::Other, filter: None })
            }
            _ => return Ok(news),
        };
        news.push(News::Input(at, end));
        Ok(news)
    }

    /// The executions after those that are known, as far as the report counts them.
    fn fills(&self, it: &mut Open, listed: &[VenueFill], status: &OrderStatus, filled: Quantity, news: &mut Vec<News>) {
        for execution in listed.iter().skip(it.executions) {
            let sum = it.filled + execution.quantity;
            if sum > filled {
                break;
            }
            (it.filled, it.executions) = (sum, it.executions + 1);
            let done = *status == OrderStatus::Filled && sum == filled;
            let (fee, elsewhere) = self.fee(execution);
            let fill = Fill {
                client_order_id: it.order.client_order_id,
                at: execution.at,
                side: it.order.side,
                price: execution.price,
                quantity: execution.quantity,
                fee,
                liquidity: execution.liquidity,
                done,
            };
            news.extend(elsewhere);
            news.push(News::Input(execution.at, Input::Filled(fill)));
        }
    }

    /// The fee; one in a third currency costs the position nothing, and is told.
    fn fee(&self, execution: &VenueFill) -> (Fee, Option<News>) {
        let (fee, asset) = (execution.fee, execution.fee_asset.as_str());
        if asset == self.symbol().base() {
            return (Fee::Base(fee), None);
        }
        if let (true, Ok(fee)) = (asset == self.symbol().quote(), Notional::try_from(fee.decimal())) {
            return (Fee::Quote(fee), None);
        }
        let message = format!("The execution {} cost {fee} {asset}.", execution.trade);
        let told = (!fee.is_zero()).then(|| News::Event(Event::of_bot("fee.elsewhere", message)));
        (Fee::Quote(Notional::ZERO), told)
    }
}
