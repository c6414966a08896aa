//! Gives events their places, and reads them for those who listen at this server.

use crate::{
    event::Event,
    hub::{Hub, Outdated, Position},
    publish::WAITING,
    store,
};
use kit::{App, Origin, Reason, Result, Signal, SystemTx};
use std::{sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// What tells that events have got their places.
const PLACED: &str = "stream-placed";
/// How often is looked where no signal comes.
const LOOK: Duration = Duration::from_secs(1);
/// How many events get their places in one transaction.
const MOST_AT_ONCE: i64 = 10_000;
/// How many events are read at once.
const PAGE: i64 = 1_000;
/// How long connections may take to end when the server does.
const FAREWELL: Duration = Duration::from_secs(10);

pub(crate) async fn run(app: App, stop: CancellationToken) {
    let hub: Hub = app.db().memory().kept();
    tokio::select! {
        () = stop.cancelled() => {}
        () = attend(&app, WAITING, || give_places(&app)) => {}
        () = attend(&app, PLACED, || read(&app, &hub)) => {}
    }
    hub.stop().cancel();
    if timeout(FAREWELL, hub.ended()).await.is_err() {
        warn!("{} connections did not end in time", hub.open());
    }
}

/// Does it whenever there are news, and every now and then.
async fn attend<F: Future<Output = Result<()>>>(app: &App, topic: &str, work: impl Fn() -> F) {
    let mut news = app.signals().subscribe(topic);
    loop {
        if let Err(failure) = work().await {
            warn!("events wait ({topic}): {failure}");
            sleep(LOOK).await;
        }
        news = heard(app, topic, news).await;
    }
}

/// Waits for news, a while at the most.
async fn heard(app: &App, topic: &str, mut news: Signal) -> Signal {
    if timeout(LOOK, news.changed()).await == Ok(false) {
        sleep(LOOK).await;
        return app.signals().subscribe(topic);
    }
    news
}

async fn system(app: &App) -> Result<SystemTx> {
    app.db().system(Reason::Stream, Origin::internal("stream")).await
}

/// Gives places to the events that wait for one. One server does at a time; a second one leaves it to the first, which
/// hears of what has come meanwhile.
async fn give_places(app: &App) -> Result<()> {
    loop {
        let mut tx = system(app).await?;
        // a statement of its own: the next one sees what was committed before the lock was had
        let Some(head) = store::lock_head(&mut tx).await? else { return tx.commit().await };
        let given = store::give_places(&mut tx, head, MOST_AT_ONCE).await?;
        if given > 0 {
            tx.announce(PLACED).await?;
        }
        tx.commit().await?;
        if given < MOST_AT_ONCE {
            return Ok(());
        }
    }
}

/// Reads what is new for those who listen, and tells it.
async fn read(app: &App, hub: &Hub) -> Result<()> {
    loop {
        let position = hub.position();
        let mut tx = system(app).await?;
        // before the events: those up to the head can all be seen
        let places = store::places(&mut tx).await?;
        let after = position.head.unwrap_or(places.head);
        if places.floor > after {
            hub.lose_all(places.head);
            return Ok(());
        }
        let rows = match position.tenants.as_slice() {
            [] => vec![],
            tenants => store::of_tenants(&mut tx, tenants, after, places.head, PAGE).await?,
        };
        tx.commit().await?;
        let full = i64::try_from(rows.len()).is_ok_and(|length| length >= PAGE);
        let events = rows.iter().filter_map(|row| Event::stored(app, row)).map(Arc::new);
        let reached = if full { rows.last().map_or(after, |row| row.seq) } else { places.head };
        let told = tell(hub, events, reached, &position).await;
        if told.is_ok() && !full {
            return Ok(());
        }
    }
}

async fn tell(
    hub: &Hub,
    events: impl Iterator<Item = Arc<Event>>,
    reached: i64,
    from: &Position,
) -> Result<(), Outdated> {
    for event in events {
        hub.tell(&event, from)?;
        // those who are told may take it away
        tokio::task::yield_now().await;
    }
    hub.reach(reached, from)
}
