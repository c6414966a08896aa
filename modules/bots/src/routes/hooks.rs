//! Addresses at which bots take signals.

use crate::{
    ExecuteBots, ReadBots,
    hook::{BotSignal, Call, Hook, HookMade, NewHook, Receipt},
    service::hooks as service,
};
use kit::{Accepted, Caller, Cursor, Feed, Json, NoContent, Path, Public, Query, Result, delete, get, post, put};
use uuid::Uuid;

/// Makes the address at which a bot of the kind `signal` takes alerts, such as those of TradingView.
///
/// One that it had before is none any more. Address and secret are shown this once.
#[put("/api/v1/bots/{id}/hook")]
pub(super) async fn make_hook(
    caller: Caller<ExecuteBots>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewHook>,
) -> Result<Json<HookMade>> {
    let mut tx = caller.begin().await?;
    let made = service::make(&mut tx, caller.app(), id, &new).await?;
    tx.commit().await?;
    Ok(Json(made))
}

/// Shows who may signal a bot.
#[get("/api/v1/bots/{id}/hook")]
pub(super) async fn show_hook(caller: Caller<ReadBots>, Path(id): Path<Uuid>) -> Result<Json<Hook>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::get(&mut tx, id).await?))
}

/// Takes a bot's address away: nobody signals it any more.
#[delete("/api/v1/bots/{id}/hook")]
pub(super) async fn remove_hook(caller: Caller<ExecuteBots>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::remove(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Lists the alerts that have come in the last 30 days, and what has become of them, the newest first.
///
/// With `after`, what follows that one, the oldest first.
#[get("/api/v1/bots/{id}/signals")]
pub(super) async fn list_signals(
    caller: Caller<ReadBots>,
    Path(id): Path<Uuid>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<BotSignal>> {
    let mut tx = caller.begin().await?;
    let signals = service::list(&mut tx, id, &cursor).await?;
    Ok(Feed::new(signals, cursor.limit(), |signal| signal.id.to_string()))
}

/// Takes an alert for the bot whose address this is.
///
/// The body is JSON, whatever its media type: `id` names the alert, and no two of the same name are followed; `action`
/// says `buy` or `sell`, or `position` says `long`, `flat` or `short`; `symbol` and `time` are held against the bot's
/// and the clock, where they are there. A running bot follows it at once; one that does not run within a minute does not.
#[post("/api/v1/hooks/{token}", unlimited)]
pub(super) async fn signal(anyone: Public, Path(token): Path<String>, call: Call) -> Result<Accepted<Receipt>> {
    let origin = anyone.request().origin.clone();
    service::receive(anyone.app(), origin, &token, &call).await.map(Accepted)
}
