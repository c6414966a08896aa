//! Bots that are made like others, and what they would have done.

use crate::{
    bot::Bot,
    config::NewBot,
    copies::{self, Copying, Mirroring},
    difference::Difference,
    run, service, store,
};
use kit::{App, Error, Result, TenantTx};
use uuid::Uuid;

/// A new bot like another.
pub(crate) async fn prepare(tx: &mut TenantTx, id: Uuid, copying: &Copying) -> Result<NewBot> {
    let copy = copies::like(&service::get(tx, id).await?, copying)?;
    let mut new: NewBot = kit::read_json(&serde_json::to_vec(&copy).map_err(Error::internal)?)?;
    new.copied_from = Some(id);
    Ok(new)
}

/// One for each account.
pub(crate) async fn prepare_all(tx: &mut TenantTx, id: Uuid, mirroring: &Mirroring) -> Result<Vec<NewBot>> {
    let bot = service::get(tx, id).await?;
    let mut copies = vec![];
    for account in &mirroring.accounts {
        copies.push(prepare(tx, id, &account.copying(&bot)).await?);
    }
    Ok(copies)
}

/// Makes them all, or none.
pub(crate) async fn create_all(tx: &mut TenantTx, app: &App, copies: &[NewBot]) -> Result<Vec<Bot>> {
    let mut bots = vec![];
    for copy in copies {
        bots.push(service::create(tx, app, copy).await?);
    }
    Ok(bots)
}

/// What a back-test would have done on the candles that a bot was fed.
pub(crate) async fn difference(tx: &mut TenantTx, id: Uuid) -> Result<Difference> {
    let bot = service::get(tx, id).await?;
    let strategy = strategies::get(tx, bot.strategy_id, Some(bot.strategy_version)).await?;
    let document = service::document(&strategy)?;
    // what is written meanwhile is left out
    let (entries, events) = store::extent(tx, id).await?;
    let told = store::closed_trades(tx, id, events).await?;
    let actual: Vec<_> =
        told.into_iter().map(serde_json::from_value).collect::<Result<_, _>>().map_err(Error::internal)?;
    let replayed = run::replay(tx, (&bot, entries), document, &actual).await?;
    Ok(Difference::between(replayed.candles, (replayed.bot, &actual), (replayed.backtest, &replayed.trades)))
}
