//! What binds live bots beyond their own limits: halts, and the room that the tenant and the platform leave.

use super::{
    group::Turn,
    session::{Session, timestamp},
};
use crate::{event::Event, store::Progress};
use ::risk::{Admission, Halt, Refusal, Venture};
use kit::{Result, TenantTx, Time};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use trading::{
    engine::{Input, RejectReason, Rejection},
    money::Notional,
    order::ClientOrderId,
};

/// The halts that are in force, by currency.
pub(super) type Halts = HashMap<String, Vec<Halt>>;

/// Which entries are halted in these currencies.
pub(super) async fn halts(tx: &mut TenantTx, currencies: BTreeSet<String>) -> Result<Halts> {
    let mut halts = Halts::new();
    for currency in currencies {
        let in_force = ::risk::in_force(tx, &currency).await?;
        halts.insert(currency, in_force);
    }
    Ok(halts)
}

/// The currencies of live bots.
pub(super) fn currencies(turns: &[Turn]) -> BTreeSet<String> {
    let live = turns.iter().filter(|turn| turn.session.exchange.is_some());
    live.map(|turn| turn.session.symbol.quote().to_owned()).collect()
}

/// Tells what the live bots have earned, and asks for the room of the entries that are about to be sent. Those that get
/// none are rejected in this transaction and never sent.
pub(super) async fn venture(tx: &mut TenantTx, turns: &mut [Turn]) -> Result<()> {
    for currency in currencies(turns) {
        let asks = |turn: &&mut Turn| turn.session.ventures_in(&currency);
        let mut members: Vec<_> = turns.iter_mut().filter(asks).collect();
        let profits = members.iter().filter_map(|turn| Some((turn.session.lease.bot, turn.session.machine.profit()?)));
        let begun = ::risk::report(tx, &currency, &profits.collect::<Vec<_>>()).await?;
        if !begun.is_empty() {
            for Turn { session, progress, .. } in members.iter_mut().map(|turn| &mut **turn) {
                session.obey(&begun, progress, tx.now())?;
            }
        }
        if members.iter().any(|turn| !turn.session.machine.ventures().is_empty()) {
            admit(tx, &currency, &mut members).await?;
        }
    }
    Ok(())
}

async fn admit(tx: &mut TenantTx, currency: &str, turns: &mut [&mut Turn]) -> Result<()> {
    let held: Vec<_> = turns.iter().map(|turn| (turn.session.lease.bot, turn.session.held())).collect();
    let mut admission = Admission::open(tx, currency, &held).await?;
    for turn in turns {
        turn.session.ask(&mut admission, tx.now())?;
    }
    admission.close(tx).await
}

impl Session {
    /// A bot that is halted makes no entries and takes back those that wait; what it holds is looked after.
    pub(super) fn obey(&mut self, halts: &[Halt], progress: &mut Progress, now: Time) -> Result<()> {
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

    /// Whether it is a live bot of this currency with something to tell.
    fn ventures_in(&self, currency: &str) -> bool {
        self.exchange.is_some() && self.symbol.quote() == currency && self.machine.has_unsaved()
    }

    /// Asks for room until no order is about to be sent that has not got it: what follows from a refusal is asked for too.
    fn ask(&mut self, admission: &mut Admission, now: Time) -> Result<()> {
        let Some(price) = self.machine.price() else { return Ok(()) };
        let mut asked = HashSet::new();
        loop {
            let orders: Vec<_> =
                self.machine.ventures().into_iter().filter(|it| asked.insert(it.client_order_id)).collect();
            if orders.is_empty() {
                return Ok(());
            }
            for (id, refusal) in admission.admit(&Venture { bot: self.lease.bot, price, orders: &orders }) {
                self.refuse(id, &refusal, now)?;
            }
        }
    }

    /// What the bot holds, and its waiting purchases but those that are about to be sent.
    fn held(&self) -> Notional {
        let Some(price) = self.machine.price() else { return Notional::ZERO };
        let (new, open) = (self.machine.ventures(), self.machine.open());
        let waiting = open.iter().filter(|it| !it.order.reduces_only());
        let waiting = waiting.filter(|it| new.iter().all(|new| new.client_order_id != it.order.client_order_id));
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
