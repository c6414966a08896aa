pub(crate) mod copies;
pub(crate) mod hooks;
pub(crate) mod schedule;

use crate::{
    bot::{Bot, BotEvent, Coins, Filter, Performance},
    checklist::{self, Check},
    config::{BotChange, Feed, FeedKind, Mode, NewBot, WhichFilters},
    event::Event,
    status::{Status, Verb},
    store, tell,
};
use audit::Change;
use kit::{App, Cursor, Error, Origin, Paging, Reason, Result, TenantTx};
use market_data::Market;
use serde_json::json;
use trading::{
    money::{Instrument, Symbol},
    strategy::{Body, Document},
};
use uuid::Uuid;

/// The most bots of a tenant.
const MOST_BOTS: i64 = 50;

pub(crate) async fn create(tx: &mut TenantTx, app: &App, new: &NewBot) -> Result<Bot> {
    let version = new.strategy_version.map(|version| version.get().into());
    let strategy = strategies::get(tx, new.strategy_id, version).await?;
    let document = document(&strategy)?;
    let markets = markets(&document)?;
    let exchange = markets.first().map_or("", |market| market.exchange.as_str());
    let kind = kind(&document);
    if let Some(given) = new.kind.as_deref().filter(|given| *given != kind) {
        let given: String = given.chars().take(40).collect();
        let message = format!("The strategy makes a bot of the kind {kind}, not `{given}`.");
        return Err(Error::invalid("kind", "OTHER_KIND", message));
    }
    if let Some(connection) = new.connection_id {
        let led_to = exchanges::standing(tx, app, connection).await?.exchange;
        if led_to != exchange {
            let message = format!("The connection leads to {led_to}, the strategy trades at {exchange}.");
            return Err(Error::invalid("connectionId", "OTHER_EXCHANGE", message));
        }
    }
    store::lock_bots(tx).await?;
    if store::count(tx).await? >= MOST_BOTS {
        let message = format!("There are {MOST_BOTS} bots, the most that there can be; delete one first.");
        return Err(Error::conflict("BOT_LIMIT", message).with("limit", MOST_BOTS));
    }
    let id = tx.new_id();
    let (mut known, mut notes) = (vec![], vec![]);
    if new.filters == WhichFilters::Exchange {
        for market in &markets {
            let filters = market_data::instrument(tx, &market.exchange, &market.symbol).await?;
            match filters.note {
                None => known.push(filters.instrument),
                Some(note) => notes.push(note),
            }
        }
    }
    // all or none: nobody is to think that they are held to
    let filters = (known.len() == markets.len()).then_some(&known[..]);
    store::insert(tx, id, new, kind, strategy.version, &markets, filters).await?;
    let symbols: Vec<_> = markets.iter().map(|market| market.symbol).collect();
    portfolio::open(tx, id, &symbols, new.initial_cash).await?;
    if new.schedule.is_some() {
        let bot = get(tx, id).await?;
        schedule::set(tx, &bot, new.schedule.as_ref(), new.confirm.as_deref()).await?;
    }
    let bot = get(tx, id).await?;
    store::add_event(tx, id, &Event::of_bot("bot.created", "The bot was created.")).await?;
    for note in notes {
        store::add_event(tx, id, &Event::of_bot("bot.unfiltered", note)).await?;
    }
    audit::record(tx, Change::new("bot", id, "bot.created").after(&bot)).await?;
    tell::bot(tx, &bot).await?;
    Ok(bot)
}

/// Has the exchange of a live bot asked for its filters, where it was not lately. No transaction is open meanwhile.
pub(crate) async fn learn_filters(app: &App, mut tx: TenantTx, new: &NewBot) -> Result<()> {
    let version = new.strategy_version.map(|version| version.get().into());
    let strategy = strategies::get(&mut tx, new.strategy_id, version).await?;
    let markets = markets(&document(&strategy)?)?;
    let Some(Market { exchange, .. }) = markets.into_iter().next() else { return Ok(()) };
    if market_data::are_fresh(&mut tx, &exchange).await? {
        return Ok(());
    }
    drop(tx);
    let begin = async || app.db().system(Reason::Bots, Origin::internal("bots")).await;
    market_data::refresh_instruments(app, &exchange, begin).await.map(drop)
}

/// The strategy that a version holds. It was checked when it was written.
pub(crate) fn document(strategy: &strategies::Strategy) -> Result<Document> {
    Document::parse(&strategy.document).map_err(|found| Error::faults(strategies::faults(found)))
}

/// Which kind of bot a document makes.
fn kind(document: &Document) -> &'static str {
    match document.body() {
        Body::Rules(_) => "strategy",
        Body::Script(_) => "script",
        Body::Grid { .. } => "grid",
        Body::Dca { .. } => "dca",
        Body::Rebalance { .. } => "rebalance",
        Body::Signal(_) => "signal",
    }
}

/// The markets that a bot trades, in the order of its lanes: that of the symbols, as in a back-test.
pub(crate) fn markets(document: &Document) -> Result<Vec<Market>> {
    let mut markets = Market::all_of(document.market()).map_err(Error::internal)?;
    markets.sort_unstable_by_key(|market| market.symbol);
    Ok(markets)
}

/// The symbols as the trading core knows them, in the order of the lanes.
pub(crate) fn symbols(bot: &Bot) -> Result<Vec<Symbol>> {
    bot.symbols.iter().map(|symbol| symbol.parse()).collect::<Result<_, _>>().map_err(Error::internal)
}

/// What the orders of each lane are held to.
pub(crate) fn instruments(bot: &Bot) -> Result<Vec<Instrument>> {
    match &bot.filters {
        Some(filters) => Ok(filters.clone()),
        None => Ok(symbols(bot)?.into_iter().map(Instrument::unfiltered).collect()),
    }
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Bot> {
    store::get(tx, id).await?.ok_or_else(|| Error::not_found("bot"))
}

pub(crate) async fn list(tx: &mut TenantTx, filter: &Filter, paging: &Paging) -> Result<(Vec<Bot>, i64)> {
    let columns = [("createdAt", "created_at"), ("updatedAt", "updated_at"), ("name", "name"), ("status", "status")];
    let order = paging.order(&columns, "created_at desc")?;
    store::list(tx, filter, &order, paging).await
}

pub(crate) async fn change(tx: &mut TenantTx, id: Uuid, change: &BotChange) -> Result<Bot> {
    let before = locked(tx, id).await?;
    let name = change.name.as_ref().unwrap_or(&before.name);
    let hours = change.hours.as_ref().unwrap_or(&before.hours);
    let mut feed = before.feed.clone();
    if let (FeedKind::Live, Some(_)) = (feed.kind, change.speed) {
        return Err(Error::invalid("speed", "NO_SPEED", "A live feed has no speed."));
    }
    feed.speed = change.speed.or(feed.speed);
    store::change(tx, id, name, &feed, hours.as_ref()).await?;
    if let Some(schedule) = &change.schedule {
        schedule::set(tx, &before, schedule.as_ref(), change.confirm.as_deref()).await?;
    }
    let after = get(tx, id).await?;
    audit::record(tx, Change::new("bot", id, "bot.updated").before(&before).after(&after)).await?;
    tell::bot(tx, &after).await?;
    Ok(after)
}

pub(crate) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let before = locked(tx, id).await?;
    before.status.after(Verb::Delete)?;
    if before.mode == Mode::Live && orders::are_open(tx, id).await? {
        let message = "The bot has open orders at the exchange: stop it, and delete it then.";
        return Err(Error::conflict("ORDERS_OPEN", message));
    }
    store::delete(tx, id).await?;
    audit::record(tx, Change::new("bot", id, "bot.deleted").before(&before)).await?;
    tell::deleted(tx, id).await
}

/// Starts it, if it may be.
pub(crate) async fn start(tx: &mut TenantTx, id: Uuid, checks: &[Check], confirm: Option<&str>) -> Result<Bot> {
    let bot = locked(tx, id).await?;
    bot.status.after(Verb::Start)?;
    checklist::admit(&bot, checks, confirm)?;
    if let Feed { kind: FeedKind::Live, from: None, .. } = bot.feed {
        // what closes before only warms up
        let from = Some(tx.now());
        store::change(tx, id, &bot.name, &Feed { from, ..bot.feed }, bot.hours.as_ref()).await?;
    }
    turn(tx, id, Verb::Start, None, "bot.started", "The bot was started.").await
}

pub(crate) async fn pause(tx: &mut TenantTx, id: Uuid) -> Result<Bot> {
    turn(tx, id, Verb::Pause, None, "bot.paused", "The bot was paused.").await
}

pub(crate) async fn stop(tx: &mut TenantTx, id: Uuid, coins: Coins) -> Result<Bot> {
    let message = match coins {
        Coins::Sell => "The bot is being stopped: its orders are taken back, its coins are sold.",
        Coins::Keep => "The bot is being stopped: its orders are taken back, its coins stay.",
    };
    turn(tx, id, Verb::Stop, Some(coins), "bot.stopping", message).await
}

/// Stops every bot that has begun and may be stopped, of all modes or of one; answers which they are.
pub(crate) async fn stop_all(tx: &mut TenantTx, mode: Option<Mode>, coins: Coins) -> Result<Vec<Uuid>> {
    let begun = store::lock_begun(tx, mode).await?;
    let stopped: Vec<_> = begun.into_iter().filter(|(_, it)| it.after(Verb::Stop).is_ok()).map(|(id, _)| id).collect();
    for id in &stopped {
        stop(tx, *id, coins).await?;
    }
    Ok(stopped)
}

/// Changes the status for a caller. Whoever runs the bot loses it, and the next one reads it anew.
async fn turn(
    tx: &mut TenantTx,
    id: Uuid,
    verb: Verb,
    coins: Option<Coins>,
    action: &'static str,
    message: &str,
) -> Result<Bot> {
    let before = locked(tx, id).await?;
    let Some(status) = before.status.after(verb)? else {
        return Err(Error::internal(format!("{verb:?} leads nowhere")));
    };
    store::turn(tx, id, status, coins).await?;
    if verb == Verb::Stop {
        // what is stopped is not started any more
        store::set_schedule(tx, id, None).await?;
    }
    store::add_event(tx, id, &Event::of_bot(action, message)).await?;
    let after = get(tx, id).await?;
    audit::record(tx, Change::new("bot", id, action).before(&before).after(&after)).await?;
    tell::bot(tx, &after).await?;
    if status.is_live() {
        store::announce(tx).await?;
    }
    Ok(after)
}

/// The bot, which nobody else changes until the transaction ends.
async fn locked(tx: &mut TenantTx, id: Uuid) -> Result<Bot> {
    store::lock(tx, id).await?;
    get(tx, id).await
}

/// Writes down what the platform has made of a bot.
pub(crate) async fn audit_turn(tx: &mut TenantTx, id: Uuid, from: Status, to: Status) -> Result<()> {
    let action = match to {
        Status::Failed => "bot.failed",
        Status::Finished => "bot.finished",
        _ => "bot.stopped",
    };
    let change = Change::new("bot", id, action).before(json!({ "status": from })).after(json!({ "status": to }));
    audit::record(tx, change).await
}

pub(crate) async fn events(tx: &mut TenantTx, id: Uuid, cursor: &Cursor) -> Result<Vec<BotEvent>> {
    get(tx, id).await?;
    let place = |text: &Option<String>, path: &str| match text {
        None => Ok(None),
        Some(text) => text
            .parse::<i64>()
            .map(Some)
            .map_err(|_| Error::invalid(path, "BAD_CURSOR", "Not a place in the bot's events.")),
    };
    let (before, after) = (place(&cursor.before, "before")?, place(&cursor.after, "after")?);
    store::events(tx, id, before, after, cursor.limit()).await
}

pub(crate) async fn performance(tx: &mut TenantTx, id: Uuid) -> Result<Performance> {
    let bot = get(tx, id).await?;
    let metrics = store::performance(tx, id).await?;
    Ok(Performance { candles: bot.candles, last_candle: bot.last_candle, metrics })
}
