//! A bot's candles once more, at the simulated venue of a back-test.

use super::{
    machine::{Machine, Make, Place},
    rebuild::{self, JOURNAL_PAGE},
    session,
};
use crate::{bot::Bot, difference::Side, event::Event, store};
use kit::{Error, Result, TenantTx};
use tokio::task::block_in_place;
use trading::{
    engine::Input,
    position::{Holdings, Trade},
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
    let make = rebuild::make(bot, document)?;
    let symbols: Vec<_> = make.instruments.iter().map(|it| it.symbol).collect();
    let mut holdings = Holdings::with_cash(symbols.clone(), make.cash);
    let mut machine = Machine::new(&Make { place: Place::Simulated(bot.venue.rules()), ..make })?;
    let (mut seq, mut trades) = (0, vec![]);
    while seq < entries {
        let page = store::journal(tx, bot.id, seq, JOURNAL_PAGE.min(entries - seq)).await?;
        seq += session::count(page.len());
        block_in_place(|| {
            page.iter().try_for_each(|entry| match &entry.input {
                Input::Candle(_) | Input::Signal(_) | Input::Stop(_) => machine.replay(entry),
                Input::Filled(fill) => match symbols.get(entry.lane) {
                    Some(symbol) => holdings.apply(symbol, fill).map(drop).map_err(Error::internal),
                    None => Ok(()),
                },
                _ => Ok(()),
            })?;
            if seq >= entries { machine.replayed() } else { Ok(()) }
        })?;
        let events = machine.take_unsaved().events.into_iter().filter(|event| event.kind == Event::TRADE_CLOSED);
        for trade in events.filter_map(|event| event.data) {
            trades.push(serde_json::from_value(trade).map_err(Error::internal)?);
        }
    }
    let tried = machine.holdings().into_iter().map(|(_, position, price)| (position, price));
    let tried: Vec<_> = tried.collect();
    let held: Vec<_> =
        holdings.positions().zip(&tried).map(|((_, position), (_, price))| (*position, *price)).collect();
    Ok(Replayed {
        candles: machine.candles(),
        bot: Side::new(&held, actual),
        backtest: Side::new(&tried, &trades),
        trades,
    })
}
