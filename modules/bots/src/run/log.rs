//! What happened to a bot, on its way into the database.

use crate::{event::Event, store::Entry};
use kit::{Error, Result};
use orders::Book;
use portfolio::EquityPoint;
use std::mem::{Discriminant, discriminant};
use trading::{
    engine::{Effect, Effects, Input, Note, Reason},
    metrics::Tally,
    money::InstrumentError,
    order::{ClientOrderId, Order, OrderStatus},
    risk::Refusal,
    time::Timestamp,
};

/// What happened and is not written yet.
#[derive(Default)]
pub(crate) struct Unsaved {
    pub(crate) journal: Vec<Entry>,
    pub(crate) events: Vec<Event>,
    pub(crate) equity: Vec<EquityPoint>,
}

/// Something to ask of an exchange, once it is written that it is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    Place(Order),
    Cancel(ClientOrderId),
}

/// Which rule held an order back, whatever its figures.
type Rule = (Discriminant<Refusal>, Option<Discriminant<InstrumentError>>);

fn rule(refusal: &Refusal) -> Rule {
    let filter = match refusal {
        Refusal::Instrument { filter } => Some(discriminant(filter)),
        _ => None,
    };
    (discriminant(refusal), filter)
}

pub(super) struct Log {
    pub(super) book: Book,
    pub(super) unsaved: Unsaved,
    pub(super) tally: Tally,
    /// What an exchange is to be asked; `None` where the venue is simulated.
    errands: Option<Vec<Errand>>,
    /// Told once until an order is placed: a signal may be passed over at every candle, …
    skipped: Option<Reason>,
    /// … and an order held back.
    refused: Option<Rule>,
    pub(super) trouble: Option<Error>,
}

impl Log {
    /// Of a bot on a simulated venue, or of one at an exchange.
    pub(super) fn new(book: Book, simulated: bool) -> Self {
        Self {
            book,
            unsaved: Unsaved::default(),
            tally: Tally::default(),
            errands: (!simulated).then(Vec::new),
            skipped: None,
            refused: None,
            trouble: None,
        }
    }

    /// What an exchange is to be asked since this was last asked.
    pub(super) fn take_errands(&mut self) -> Vec<Errand> {
        self.errands.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// What is about to be sent.
    pub(super) fn unsent(&self) -> impl Iterator<Item = &Order> {
        self.errands.iter().flatten().filter_map(|errand| match errand {
            Errand::Place(order) => Some(order),
            Errand::Cancel(_) => None,
        })
    }

    /// Has an order taken back that waits at the exchange.
    pub(super) fn take_back(&mut self, id: ClientOrderId) {
        if let Some(errands) = &mut self.errands {
            self.book.withdraw(id);
            errands.push(Errand::Cancel(id));
        }
    }

    /// Asks nothing for an order that was refused before it was sent.
    fn forget(&mut self, id: ClientOrderId) {
        let about = |errand: &Errand| match errand {
            Errand::Place(order) => order.client_order_id == id,
            Errand::Cancel(other) => *other == id,
        };
        self.errands.iter_mut().for_each(|errands| errands.retain(|errand| !about(errand)));
    }

    pub(super) fn take(&mut self, at: Timestamp, input: &Input, effects: &Effects) {
        if self.trouble.is_none() {
            self.trouble = self.write_down(at, input, effects).err();
        }
    }

    fn write_down(&mut self, at: Timestamp, input: &Input, effects: &Effects) -> Result<()> {
        self.unsaved.journal.push((at, *input));
        match input {
            Input::Filled(fill) => {
                self.book.fill(fill)?;
                self.unsaved.events.push(Event::filled(fill));
            }
            Input::Rejected(rejection) => {
                let reason = rejection.filter.map_or_else(|| format!("{:?}", rejection.reason), |it| it.to_string());
                self.book.reject(rejection.client_order_id, reason, at)?;
                self.forget(rejection.client_order_id);
                self.unsaved.events.push(Event::rejected(at, rejection));
            }
            Input::Cancelled(id) => {
                self.book.advance(*id, OrderStatus::Cancelled, at)?;
                self.unsaved.events.push(Event::cancelled(at, *id));
            }
            Input::Expired(id) => {
                self.book.advance(*id, OrderStatus::Expired, at)?;
                self.unsaved.events.push(Event::expired(at, *id));
            }
            Input::Adopted(found) => {
                self.book.find(&found.order(), at)?;
                self.unsaved.events.push(Event::adopted(at, &found.order()));
            }
            Input::Candle(_)
            | Input::Quoted(_)
            | Input::Funding(_)
            | Input::Signal(_)
            | Input::Hold(_)
            | Input::Pause
            | Input::Resume
            | Input::Stop(_) => {}
        }
        effects.iter().try_for_each(|effect| self.carry_out(at, effect))
    }

    fn carry_out(&mut self, at: Timestamp, effect: &Effect) -> Result<()> {
        match effect {
            Effect::Place(order) => {
                (self.skipped, self.refused) = (None, None);
                self.book.place(order, at);
                self.book.advance(order.client_order_id, OrderStatus::Submitted, at)?;
                match &mut self.errands {
                    Some(errands) => errands.push(Errand::Place(**order)),
                    // the simulated venue takes every order at once
                    None => self.book.advance(order.client_order_id, OrderStatus::Accepted, at)?,
                }
                self.unsaved.events.push(Event::placed(at, order));
            }
            Effect::Cancel(id) => self.take_back(*id),
            Effect::Journal(Note::Contradiction(error)) => return Err(Error::internal(*error)),
            Effect::Journal(Note::Skipped(reason)) if self.skipped == Some(*reason) => {}
            Effect::Journal(Note::Refused(refusal)) if self.refused == Some(rule(refusal)) => {}
            Effect::Journal(note) => self.note(at, note),
        }
        Ok(())
    }

    fn note(&mut self, at: Timestamp, note: &Note) {
        match note {
            Note::Closed(trade) => self.tally.add(trade),
            Note::Skipped(reason) => self.skipped = Some(*reason),
            Note::Refused(refusal) => self.refused = Some(rule(refusal)),
            _ => {}
        }
        self.unsaved.events.extend(Event::noted(at, note));
    }
}
