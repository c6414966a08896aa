mod hooks;

use crate::{
    DeleteBots, ExecuteBots, ReadBots, WriteBots,
    bot::{Bot, BotEvent, Filter, Performance, Starting, Stopped, Stopping},
    checklist::{self, Check},
    config::{BotChange, Mode, NewBot},
    copies::{Copying, Mirroring},
    difference::Difference,
    platform, service,
};
use kit::{
    Caller, Created, Cursor, Error, Feed, Json, NoContent, Page, Paging, Path, Permission, Query, Result, Route,
    delete, get, patch, post, routes,
};
use uuid::Uuid;

pub(crate) static ROUTES: &[Route] = routes![
    list,
    create,
    get_one,
    change,
    remove,
    show_checklist,
    start,
    pause,
    stop,
    stop_all,
    list_events,
    performance,
    copy,
    mirror,
    difference,
    hooks::make_hook,
    hooks::show_hook,
    hooks::remove_hook,
    hooks::list_signals,
    hooks::signal,
    platform::halt_platform
];

/// Lists the tenant's bots, the newest first.
#[get("/api/v1/bots")]
async fn list(caller: Caller<ReadBots>, Query(filter): Query<Filter>, paging: Paging) -> Result<Page<Bot>> {
    let mut tx = caller.begin().await?;
    let (bots, total) = service::list(&mut tx, &filter, &paging).await?;
    Ok(Page::new(bots, &paging, total))
}

/// Creates a bot, which waits to be started.
///
/// It follows a version of a strategy. On paper its orders go to a simulated venue, and its candles are replayed from the
/// stored ones at the speed that is asked for, or come from the exchange as they close. Live, its orders go to the account
/// of a connection. With a `schedule` it starts and stops by itself.
#[post("/api/v1/bots")]
async fn create(caller: Caller<WriteBots>, Json(new): Json<NewBot>) -> Result<Created<Bot>> {
    if new.schedule.is_some() {
        may_start_and_stop(&caller)?;
    }
    if new.mode == Mode::Live {
        service::learn_filters(caller.app(), caller.begin().await?, &new).await?;
    }
    let mut tx = caller.begin().await?;
    let bot = service::create(&mut tx, caller.app(), &new).await?;
    tx.commit().await?;
    Ok(Created(bot))
}

/// Shows a bot.
#[get("/api/v1/bots/{id}")]
async fn get_one(caller: Caller<ReadBots>, Path(id): Path<Uuid>) -> Result<Json<Bot>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::get(&mut tx, id).await?))
}

/// Whoever has a bot start or stop by itself does so as if by hand.
fn may_start_and_stop(caller: &Caller<WriteBots>) -> Result<()> {
    let may = caller.membership().permissions.hold(ExecuteBots::NAME);
    if may { Ok(()) } else { Err(Error::lacks(ExecuteBots::NAME)) }
}

/// Changes a bot's name, its hours, its schedule or the speed of its replay, also while it runs.
#[patch("/api/v1/bots/{id}")]
async fn change(caller: Caller<WriteBots>, Path(id): Path<Uuid>, Json(change): Json<BotChange>) -> Result<Json<Bot>> {
    if change.schedule.is_some() {
        may_start_and_stop(&caller)?;
    }
    let mut tx = caller.begin().await?;
    let bot = service::change(&mut tx, id, &change).await?;
    tx.commit().await?;
    Ok(Json(bot))
}

/// Deletes a bot that does not run, with its orders, fills and events.
#[delete("/api/v1/bots/{id}")]
async fn remove(caller: Caller<DeleteBots>, Path(id): Path<Uuid>) -> Result<NoContent> {
    let mut tx = caller.begin().await?;
    service::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(NoContent)
}

/// Shows what must be so before a live bot is started, and whether it is; nothing for a paper bot.
#[get("/api/v1/bots/{id}/checklist")]
async fn show_checklist(caller: Caller<ReadBots>, Path(id): Path<Uuid>) -> Result<Json<Vec<Check>>> {
    let begun = checklist::begin(&mut caller.begin().await?, caller.app(), id).await?;
    Ok(Json(begun.complete().await))
}

/// Starts a bot, or lets one go on that was paused or had failed.
///
/// A live bot starts if its checklist passes (409 `CHECKLIST_FAILED`) and, the first time, if `confirm` says its name
/// (409 `NOT_CONFIRMED`).
#[post("/api/v1/bots/{id}/start")]
async fn start(
    caller: Caller<ExecuteBots>,
    Path(id): Path<Uuid>,
    Query(starting): Query<Starting>,
) -> Result<Json<Bot>> {
    let begun = checklist::begin(&mut caller.begin().await?, caller.app(), id).await?;
    let checks = begun.complete().await;
    let mut tx = caller.begin().await?;
    let bot = service::start(&mut tx, id, &checks, starting.confirm.as_deref()).await?;
    tx.commit().await?;
    Ok(Json(bot))
}

/// Pauses a bot: it is fed no candles; what it holds and has ordered stays.
#[post("/api/v1/bots/{id}/pause")]
async fn pause(caller: Caller<ExecuteBots>, Path(id): Path<Uuid>) -> Result<Json<Bot>> {
    let mut tx = caller.begin().await?;
    let bot = service::pause(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(bot))
}

/// Stops a bot for good: its orders are taken back and its coins sold, or kept where that is asked.
///
/// A sale needs a price, so the bot is `stopping` until the next candle has given one.
#[post("/api/v1/bots/{id}/stop")]
async fn stop(
    caller: Caller<ExecuteBots>,
    Path(id): Path<Uuid>,
    Query(stopping): Query<Stopping>,
) -> Result<Json<Bot>> {
    let mut tx = caller.begin().await?;
    let bot = service::stop(&mut tx, id, stopping.coins).await?;
    tx.commit().await?;
    Ok(Json(bot))
}

/// Stops every bot of the tenant that is running, paused or has failed: the kill switch.
///
/// It holds through a restart: bots that are being stopped go on stopping. Answers which bots are concerned; none is no
/// failure.
#[post("/api/v1/bots/stop")]
async fn stop_all(caller: Caller<ExecuteBots>, Query(stopping): Query<Stopping>) -> Result<Json<Stopped>> {
    let mut tx = caller.begin().await?;
    let stopping = service::stop_all(&mut tx, None, stopping.coins).await?;
    tx.commit().await?;
    Ok(Json(Stopped { stopping }))
}

/// Lists what a bot has done, the newest first.
///
/// With `after`, what follows that place, the oldest first.
#[get("/api/v1/bots/{id}/events")]
async fn list_events(
    caller: Caller<ReadBots>,
    Path(id): Path<Uuid>,
    Query(cursor): Query<Cursor>,
) -> Result<Feed<BotEvent>> {
    let mut tx = caller.begin().await?;
    let events = service::events(&mut tx, id, &cursor).await?;
    Ok(Feed::new(events, cursor.limit(), |event| event.seq.to_string()))
}

/// Shows how a bot has done so far, in the figures of a back-test.
#[get("/api/v1/bots/{id}/performance")]
async fn performance(caller: Caller<ReadBots>, Path(id): Path<Uuid>) -> Result<Json<Performance>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::performance(&mut tx, id).await?))
}

/// Makes another bot like this one, at the same version of its strategy; what is said is different.
///
/// So a bot that has proved itself on paper goes live: `{"name": "…", "mode": "live", "connectionId": "…"}`. The copy
/// begins anew, and is started like any other.
#[post("/api/v1/bots/{id}/copy")]
async fn copy(caller: Caller<WriteBots>, Path(id): Path<Uuid>, Json(copying): Json<Copying>) -> Result<Created<Bot>> {
    let new = service::copies::prepare(&mut caller.begin().await?, id, &copying).await?;
    let mut bots = create_copies(&caller, vec![new]).await?;
    bots.pop().map(Created).ok_or_else(|| Error::internal("a copy that was not made"))
}

/// Makes a live bot like this one for each of several accounts: all, or none where one cannot be made.
///
/// Each is started, paused and stopped for itself; `GET /api/v1/bots?copiedFrom=` lists them.
#[post("/api/v1/bots/{id}/mirror")]
async fn mirror(
    caller: Caller<WriteBots>,
    Path(id): Path<Uuid>,
    Json(mirroring): Json<Mirroring>,
) -> Result<Created<Vec<Bot>>> {
    let copies = service::copies::prepare_all(&mut caller.begin().await?, id, &mirroring).await?;
    Ok(Created(create_copies(&caller, copies).await?))
}

async fn create_copies(caller: &Caller<WriteBots>, copies: Vec<NewBot>) -> Result<Vec<Bot>> {
    if let Some(live) = copies.iter().find(|it| it.mode == Mode::Live) {
        service::learn_filters(caller.app(), caller.begin().await?, live).await?;
    }
    let mut tx = caller.begin().await?;
    let bots = service::copies::create_all(&mut tx, caller.app(), &copies).await?;
    tx.commit().await?;
    Ok(bots)
}

/// Shows what a back-test would have done on the candles that the bot was fed, and where the two differ.
///
/// A paper bot does the same to the last digit. A live one differs by what its orders really got, and by what it missed
/// while it did not run.
#[get("/api/v1/bots/{id}/difference")]
async fn difference(caller: Caller<ReadBots>, Path(id): Path<Uuid>) -> Result<Json<Difference>> {
    let mut tx = caller.begin().await?;
    Ok(Json(service::copies::difference(&mut tx, id).await?))
}
