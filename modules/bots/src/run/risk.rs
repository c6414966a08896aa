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
    let live = turns.iter().filter(|turn| turn.session.is_live());
    live.map(|turn| turn.session.machine.currency().to_owned()).collect()
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
        if members.iter().any(|turn| turn.session.machine.has_ventures()) {
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
        self.is_live() && self.machine.currency() == currency && self.machine.has_unsaved()
    }

    /// Asks for room until no order is about to be sent that has not got it: what follows from a refusal is asked for too.
    fn ask(&mut self, admission: &mut Admission, now: Time) -> Result<()> {
        let mut asked = HashSet::new();
        loop {
            let before = asked.len();
            for lane in 0..self.exchanges.len() {
                self.ask_in(lane, admission, &mut asked, now)?;
            }
            if asked.len() == before {
                return Ok(());
            }
        }
    }

    fn ask_in(
        &mut self,
        lane: usize,
        admission: &mut Admission,
        asked: &mut HashSet<ClientOrderId>,
        now: Time,
    ) -> Result<()> {
        let Some(price) = self.machine.price_in(lane) else { return Ok(()) };
        let orders = self.machine.ventures(lane).into_iter().filter(|it| asked.insert(it.client_order_id));
        let orders: Vec<_> = orders.collect();
        for (id, refusal) in admission.admit(&Venture { bot: self.lease.bot, price, orders: &orders }) {
            self.refuse(lane, id, &refusal, now)?;
        }
        Ok(())
    }

    /// What the bot holds of all its symbols, and its waiting purchases but those that are about to be sent.
    fn held(&self) -> Notional {
        let (mut held, open) = (Notional::ZERO, self.machine.open());
        for (lane, (symbol, position, price)) in self.machine.holdings().into_iter().enumerate() {
            let (Some(price), new) = (price, self.machine.ventures(lane)) else { continue };
            let waiting = open.iter().filter(|it| it.symbol == symbol && !it.order.reduces_only());
            let waiting = waiting.filter(|it| new.iter().all(|new| new.client_order_id != it.order.client_order_id));
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
