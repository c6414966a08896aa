//! A bot's candles once more, at the simulated venue of a back-test.

use super::{
    machine::{Machine, Make, Place},
    session::{self, JOURNAL_PAGE},
};
use crate::{bot::Bot, difference::Side, event::Event, service, store};
use kit::{Error, Result, TenantTx};
use tokio::task::block_in_place;
use trading::{
    engine::Input,
    money::Instrument,
    position::{Position, Trade},
    strategy::Document,
};

/// The longest journal that is gone through again for somebody who waits.
const MOST_ENTRIES: i64 = 200_000;

/// How a bot stands, and how it would.
pub(crate) struct Replayed {
    pub(crate) candles: u64,
    pub(crate) bot: Side,
    pub(crate) backtest: Side,
    /// The trades that the back-test has made.
    pub(crate) trades: Vec<Trade>,
}

/// Feeds a bot's candles, and what it was told by people and from outside, to a back-test of its document. `actual` are
/// the trades that it has made itself.
///
/// # Errors
/// 409 `JOURNAL_TOO_LONG`.
pub(crate) async fn replay(
    tx: &mut TenantTx,
    (bot, entries): (&Bot, i64),
    document: Document,
    actual: &[Trade],
) -> Result<Replayed> {
    if entries > MOST_ENTRIES {
        let message = format!(
            "The bot has taken in {entries} candles and messages, more than the {MOST_ENTRIES} that are gone through at \
             once: run a back-test of its strategy."
        );
        return Err(Error::conflict("JOURNAL_TOO_LONG", message));
    }
    let instrument = bot.filters.clone().map_or_else(|| service::symbol(bot).map(Instrument::unfiltered), Ok)?;
    let make = session::make(bot, document, instrument)?;
    let mut position = Position::with_cash(make.cash);
    let mut machine = Machine::new(&Make { place: Place::Simulated(bot.venue.rules()), ..make })?;
    let (mut seq, mut trades) = (0, vec![]);
    while seq < entries {
        let page = store::journal(tx, bot.id, seq, JOURNAL_PAGE.min(entries - seq)).await?;
        seq += session::count(page.len());
        block_in_place(|| {
            page.iter().try_for_each(|(at, input)| match input {
                Input::Candle(_) | Input::Signal(_) | Input::Stop(_) => machine.replay(*at, input),
                Input::Filled(fill) => position.apply(fill).map(drop).map_err(Error::internal),
                _ => Ok(()),
            })
        })?;
        let events = machine.take_unsaved().events.into_iter().filter(|event| event.kind == Event::TRADE_CLOSED);
        for trade in events.filter_map(|event| event.data) {
            trades.push(serde_json::from_value(trade).map_err(Error::internal)?);
        }
    }
    let price = machine.price();
    Ok(Replayed {
        candles: machine.candles(),
        bot: Side::new(&position, price, actual),
        backtest: Side::new(machine.position(), price, &trades),
        trades,
    })
}
