//! What binds live bots beyond their own limits: halts, and the room that the tenant and the platform leave.

use super::session::{Session, timestamp};
use crate::{event::Event, store::Progress};
use ::risk::{Halt, Refusal, Venture};
use kit::{Result, TenantTx, Time};
use serde_json::json;
use std::collections::HashSet;
use trading::{
    engine::{Input, RejectReason, Rejection},
    money::Notional,
    order::{ClientOrderId, Order},
};

impl Session {
    /// Looks whether entries are halted. A bot that is makes none and takes back those that wait; what it holds is looked
    /// after.
    pub(super) async fn heed(&mut self, tx: &mut TenantTx, progress: &mut Progress) -> Result<()> {
        if self.exchanges.is_empty() {
            return Ok(());
        }
        let halts = ::risk::in_force(tx, self.machine.quote()).await?;
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
        let is_news = !self.exchanges.is_empty() && self.machine.has_unsaved();
        let Some(profit) = self.machine.profit().filter(|_| is_news) else { return Ok(()) };
        let begun = ::risk::report(tx, self.lease.bot, self.machine.quote(), profit).await?;
        if !begun.is_empty() {
            self.obey(&begun, progress, tx.now())?;
        }
        let mut asked = HashSet::new();
        loop {
            // what follows from a refusal is asked for too
            let before = asked.len();
            for lane in 0..self.exchanges.len() {
                self.venture_in(lane, tx, &mut asked).await?;
            }
            if asked.len() == before {
                return Ok(());
            }
        }
    }

    async fn venture_in(&mut self, lane: usize, tx: &mut TenantTx, asked: &mut HashSet<ClientOrderId>) -> Result<()> {
        let orders = self.machine.ventures(lane).into_iter().filter(|it| asked.insert(it.client_order_id));
        let orders: Vec<_> = orders.collect();
        let lane_held = self.machine.holdings().into_iter().nth(lane).filter(|_| !orders.is_empty());
        let Some((symbol, _, Some(price))) = lane_held else { return Ok(()) };
        let held = self.held(&orders);
        let venture = Venture { bot: self.lease.bot, symbol: &symbol, price, held, orders: &orders };
        for (id, refusal) in ::risk::admit(tx, &venture).await? {
            self.refuse(lane, id, &refusal, tx.now())?;
        }
        Ok(())
    }

    /// What the bot holds of all its symbols, and its waiting purchases but these.
    fn held(&self, orders: &[Order]) -> Notional {
        let (mut held, open) = (Notional::ZERO, self.machine.open());
        for (symbol, position, price) in self.machine.holdings() {
            let Some(price) = price else { continue };
            let waiting = open.iter().filter(|it| it.symbol == symbol && !it.order.reduces_only());
            let waiting = waiting.filter(|it| orders.iter().all(|new| new.client_order_id != it.order.client_order_id));
            held += price * position.quantity();
            held += waiting.map(|it| ::risk::cost(&it.order, it.filled, price)).sum();
        }
        held
    }

    fn refuse(&mut self, lane: usize, id: ClientOrderId, refusal: &Refusal, now: Time) -> Result<()> {
        let message = format!("The order {id} was not sent: {refusal}.");
        let data = json!({ "clientOrderId": id, "refusal": refusal });
        self.machine.tell(Event { data: Some(data), ..Event::of_bot("risk.refused", message) });
        let rejection = Rejection { client_order_id: id, reason: RejectReason::Risk, filter: None };
        self.machine.on_input(lane, timestamp(now), Input::Rejected(rejection))
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
