//! A bot made anew from its journal.

use super::{
    machine::{Machine, Make, Place},
    session::{Halt, begin, count, timestamp},
};
use crate::{
    bot::Bot,
    event::Event,
    service,
    store::{self, Lease, Progress},
};
use kit::{App, Error, Result};
use std::collections::VecDeque;
use tokio::task::block_in_place;
use trading::strategy::Document;

/// So many entries of the journal are read at once.
pub(super) const JOURNAL_PAGE: i64 = 2_000;

/// What the bot is made of.
pub(super) fn make(bot: &Bot, document: Document) -> Result<Make> {
    let place = match bot.connection_id {
        None => Place::Simulated(bot.venue.rules()),
        Some(_) => Place::Exchange,
    };
    Ok(Make {
        bot: bot.id,
        timeframe: document.market().timeframe,
        document,
        instruments: service::instruments(bot)?,
        cash: bot.initial_cash.try_into().map_err(Error::internal)?,
        limits: bot.limits,
        place,
        from: bot.feed.from.map(timestamp),
    })
}

/// Feeds the journal to a new bot, and compares what follows with what is stored.
pub(super) async fn rebuild(app: &App, lease: &Lease, machine: &mut Machine, progress: &Progress) -> Result<(), Halt> {
    let mut tx = begin(app, lease).await?;
    let (mut seq, mut stored, mut made) = (0, VecDeque::new(), VecDeque::new());
    while seq < progress.journal_seq {
        let page = store::journal(&mut tx, lease.bot, seq, JOURNAL_PAGE).await?;
        if page.is_empty() {
            break;
        }
        seq += count(page.len());
        let ends = seq >= progress.journal_seq;
        block_in_place(|| {
            page.iter().try_for_each(|entry| machine.replay(entry))?;
            if ends { machine.replayed() } else { Ok(()) }
        })?;
        stored.extend(page);
        made.extend(machine.take_unsaved().journal);
        let same = stored.iter().zip(&made).take_while(|(stored, made)| stored == made).count();
        if same < stored.len().min(made.len()) {
            return Err(differs("journal"));
        }
        stored.drain(..same);
        made.drain(..same);
    }
    let complete = seq == progress.journal_seq && stored.is_empty() && made.is_empty();
    if !complete || i64::try_from(machine.candles()) != Ok(progress.candles) {
        return Err(differs("journal"));
    }
    machine.take_errands();
    machine.book().adopt(&mut tx).await?;
    for (symbol, position, _) in machine.holdings() {
        portfolio::check(&mut tx, lease.bot, &symbol, &position).await?;
    }
    machine.tell(Event::of_bot("bot.resumed", format!("The bot goes on after {} candles.", progress.candles)));
    Ok(())
}

fn differs(what: &str) -> Halt {
    Error::internal(format!("the bot's {what} does not make what is stored")).into()
}
