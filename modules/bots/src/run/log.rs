//! What happened to a bot, on its way into the database.

use crate::{event::Event, store::Entry};
use kit::{Error, Result};
use orders::Book;
use portfolio::EquityPoint;
use std::mem::{Discriminant, discriminant};
use trading::{
    engine::{Effect, Effects, Input, Note, Reason},
    metrics::Tally,
    money::{InstrumentError, Symbol},
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

/// What is told once until an order is placed.
#[derive(Clone, Default)]
struct Once {
    /// A signal may be passed over at every candle, …
    skipped: Option<Reason>,
    /// … and an order held back.
    refused: Option<Rule>,
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
    /// What each lane trades.
    pub(super) symbols: Vec<Symbol>,
    pub(super) unsaved: Unsaved,
    pub(super) tally: Tally,
    /// What an exchange is to be asked, by lane; `None` where the venue is simulated.
    errands: Option<Vec<(usize, Errand)>>,
    /// By lane, what is told once until an order is placed.
    once: Vec<Once>,
    pub(super) trouble: Option<Error>,
}

impl Log {
    /// Of a bot on a simulated venue, or of one at an exchange.
    pub(super) fn new(book: Book, symbols: Vec<Symbol>, simulated: bool) -> Self {
        Self {
            book,
            once: vec![Once::default(); symbols.len()],
            symbols,
            unsaved: Unsaved::default(),
            tally: Tally::default(),
            errands: (!simulated).then(Vec::new),
            trouble: None,
        }
    }

    /// What an exchange is to be asked since this was last asked.
    pub(super) fn take_errands(&mut self) -> Vec<(usize, Errand)> {
        self.errands.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether there is something to ask of an exchange.
    pub(super) fn has_errands(&self) -> bool {
        self.errands.as_ref().is_some_and(|errands| !errands.is_empty())
    }

    /// What a lane is about to send.
    pub(super) fn unsent(&self, lane: usize) -> impl Iterator<Item = &Order> {
        self.errands.iter().flatten().filter_map(move |errand| match errand {
            (of, Errand::Place(order)) if *of == lane => Some(order),
            _ => None,
        })
    }

    /// Has an order taken back that waits at the exchange.
    pub(super) fn take_back(&mut self, lane: usize, id: ClientOrderId) {
        if let Some(errands) = &mut self.errands {
            self.book.withdraw(id);
            errands.push((lane, Errand::Cancel(id)));
        }
    }

    /// Asks nothing for an order that was refused before it was sent.
    fn forget(&mut self, id: ClientOrderId) {
        let about = |errand: &Errand| match errand {
            Errand::Place(order) => order.client_order_id == id,
            Errand::Cancel(other) => *other == id,
        };
        self.errands.iter_mut().for_each(|errands| errands.retain(|(_, errand)| !about(errand)));
    }

    pub(super) fn take(&mut self, lane: usize, at: Timestamp, input: &Input, effects: &Effects) {
        if self.trouble.is_none() {
            self.trouble = self.write_down(lane, at, input, effects).err();
        }
    }

    /// Tells something of a lane; where there are several, which it is of.
    fn tell(&mut self, lane: usize, event: Event) {
        let event = match &self.symbols[..] {
            [_] | [] => event,
            several => event.about(several.get(lane)),
        };
        self.unsaved.events.push(event);
    }

    fn symbol(&self, lane: usize) -> Result<Symbol> {
        self.symbols.get(lane).copied().ok_or_else(|| Error::internal(format!("there is no lane {lane}")))
    }

    fn write_down(&mut self, lane: usize, at: Timestamp, input: &Input, effects: &Effects) -> Result<()> {
        self.unsaved.journal.push(Entry { lane, at, input: *input });
        match input {
            Input::Filled(fill) => {
                self.book.fill(fill)?;
                self.tell(lane, Event::filled(fill));
            }
            Input::Rejected(rejection) => {
                let reason = rejection.filter.map_or_else(|| format!("{:?}", rejection.reason), |it| it.to_string());
                self.book.reject(rejection.client_order_id, reason, at)?;
                self.forget(rejection.client_order_id);
                self.tell(lane, Event::rejected(at, rejection));
            }
            Input::Cancelled(id) => {
                self.book.advance(*id, OrderStatus::Cancelled, at)?;
                self.tell(lane, Event::cancelled(at, *id));
            }
            Input::Expired(id) => {
                self.book.advance(*id, OrderStatus::Expired, at)?;
                self.tell(lane, Event::expired(at, *id));
            }
            Input::Adopted(found) => {
                let symbol = self.symbol(lane)?;
                self.book.find(symbol, &found.order(), at)?;
                self.tell(lane, Event::adopted(at, &found.order()));
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
        effects.iter().try_for_each(|effect| self.carry_out(lane, at, effect))
    }

    fn carry_out(&mut self, lane: usize, at: Timestamp, effect: &Effect) -> Result<()> {
        let symbol = self.symbol(lane)?;
        let Some(once) = self.once.get_mut(lane) else { return Ok(()) };
        match effect {
            Effect::Place(order) => {
                *once = Once::default();
                self.book.place(symbol, order, at);
                self.book.advance(order.client_order_id, OrderStatus::Submitted, at)?;
                match &mut self.errands {
                    Some(errands) => errands.push((lane, Errand::Place(**order))),
                    // the simulated venue takes every order at once
                    None => self.book.advance(order.client_order_id, OrderStatus::Accepted, at)?,
                }
                self.tell(lane, Event::placed(at, order));
            }
            Effect::Cancel(id) => self.take_back(lane, *id),
            Effect::Journal(Note::Contradiction(error)) => return Err(Error::internal(*error)),
            Effect::Journal(Note::Skipped(reason)) if once.skipped == Some(*reason) => {}
            Effect::Journal(Note::Refused(refusal)) if once.refused == Some(rule(refusal)) => {}
            Effect::Journal(note) => {
                match note {
                    Note::Closed(trade) => self.tally.add(trade),
                    Note::Skipped(reason) => once.skipped = Some(*reason),
                    Note::Refused(refusal) => once.refused = Some(rule(refusal)),
                    _ => {}
                }
                if let Some(event) = Event::noted(at, note) {
                    self.tell(lane, event);
                }
            }
        }
        Ok(())
    }
}
