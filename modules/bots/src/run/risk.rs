//! What binds live bots beyond their own limits: halts, and the room that the tenant and the platform leave.

use super::session::{Session, timestamp};
use crate::{event::Event, store::Progress};
use ::risk::{Halt, Refusal, Venture};
use kit::{Result, TenantTx, Time};
use serde_json::json;
use std::collections::HashSet;
use trading::{
    engine::{Input, RejectReason, Rejection},
    money::{Notional, Price},
    order::{ClientOrderId, Order},
};

impl Session {
    /// Looks whether entries are halted. A bot that is makes none and takes back those that wait; what it holds is looked
    /// after.
    pub(super) async fn heed(&mut self, tx: &mut TenantTx, progress: &mut Progress) -> Result<()> {
        if self.exchange.is_none() {
            return Ok(());
        }
        let halts = ::risk::in_force(tx, self.symbol.quote()).await?;
        self.obey(&halts, progress, tx.now())
    }

    fn obey(&mut self, halts: &[Halt], progress: &mut Progress, now: Time) -> Result<()> {
        let halted = !halts.is_empty();
        self.halted = halted;
        if halted != progress.halted {
            progress.halted = halted;
            self.machine.tell(turn(halts));
            self.machine.hold(halted, timestamp(now))?;
        }
        if halted {
            self.machine.take_entries_back();
        }
        Ok(())
    }

    /// Tells what was earned, and asks for the room of the entries that are about to be sent. Those that get none are
    /// rejected in this transaction and never sent.
    pub(super) async fn venture(&mut self, tx: &mut TenantTx, progress: &mut Progress) -> Result<()> {
        let is_news = self.exchange.is_some() && self.machine.has_unsaved();
        let (Some(price), Some(profit), true) = (self.machine.price(), self.machine.profit(), is_news) else {
            return Ok(());
        };
        let begun = ::risk::report(tx, self.lease.bot, self.symbol.quote(), profit).await?;
        if !begun.is_empty() {
            self.obey(&begun, progress, tx.now())?;
        }
        let mut asked = HashSet::new();
        loop {
            // what follows from a refusal is asked for too
            let orders: Vec<_> =
                self.machine.ventures().into_iter().filter(|it| asked.insert(it.client_order_id)).collect();
            if orders.is_empty() {
                return Ok(());
            }
            let held = self.held(&orders, price);
            let venture = Venture { bot: self.lease.bot, symbol: &self.symbol, price, held, orders: &orders };
            for (id, refusal) in ::risk::admit(tx, &venture).await? {
                self.refuse(id, &refusal, tx.now())?;
            }
        }
    }

    /// What the bot holds, and its waiting purchases but these.
    fn held(&self, orders: &[Order], price: Price) -> Notional {
        let others = self.machine.open();
        let waiting = others.iter().filter(|it| !it.order.reduces_only());
        let waiting = waiting.filter(|it| orders.iter().all(|new| new.client_order_id != it.order.client_order_id));
        let purchases: Notional = waiting.map(|it| ::risk::cost(&it.order, it.filled, price)).sum();
        price * self.machine.position().quantity() + purchases
    }

    fn refuse(&mut self, id: ClientOrderId, refusal: &Refusal, now: Time) -> Result<()> {
        let message = format!("The order {id} was not sent: {refusal}.");
        let data = json!({ "clientOrderId": id, "refusal": refusal });
        self.machine.tell(Event { data: Some(data), ..Event::of_bot("risk.refused", message) });
        let rejection = Rejection { client_order_id: id, reason: RejectReason::Risk, filter: None };
        self.machine.on_input(timestamp(now), Input::Rejected(rejection))
    }
}

fn turn(halts: &[Halt]) -> Event {
    match halts {
        [] => Event::of_bot("risk.resumed", "The bot may make entries again."),
        [first, ..] => {
            let message = format!("The bot makes no entries: {}", first.message);
            Event { data: Some(json!({ "halts": halts })), ..Event::of_bot("risk.halted", message) }
        }
    }
}
