//! Bots of one tenant that have something to write at the same moment, and write it together: fifty of them cost about as
//! many statements as one, and one commit.
//!
//! **A group is only a shorter way.** A bot whose lease was lost drops out of it. Whatever else goes wrong, nothing of the
//! group is written, and each of its bots is made anew from its journal and goes on apart, so that one that spoils its
//! transactions spoils nobody else's.

use super::{
    log::Unsaved,
    risk,
    session::{End, Halt, Session, Written, begin, count},
};
use crate::{
    service,
    store::{self, Lease, Progress},
    tell,
};
use kit::{App, Error, TenantTx, Time};
use std::collections::HashSet;
use trading::time::Timestamp;
use uuid::Uuid;

/// A bot in a transaction.
pub(super) struct Turn {
    pub(super) session: Box<Session>,
    pub(super) progress: Progress,
    /// Whether it has taken in what an exchange has told.
    told: bool,
    candles: usize,
    end: End,
    next: Option<Time>,
}

/// What has become of a bot's turn.
pub(super) type Outcome = Result<(Box<Session>, Written), Halt>;

/// Takes in what was told to the bots and the candles that are due, and writes all that follows: in one transaction, or in
/// two where only some of them have something to send, so that those need not wait for the others. Each is answered once
/// what it has to send is written.
pub(super) async fn advance(app: &App, sessions: Vec<Box<Session>>, mut answer: impl FnMut(Lease, Outcome)) {
    let mut waiting: HashSet<_> = sessions.iter().map(|session| session.lease).collect();
    let is_alone = sessions.len() == 1;
    let ended = run(app, sessions, &mut |session, written| {
        waiting.remove(&session.lease);
        answer(session.lease, Ok((session, written)));
    })
    .await;
    let mut halt = ended.err().or(Some(Halt::Lost)).filter(|_| is_alone);
    for lease in waiting {
        answer(lease, Err(halt.take().unwrap_or(Halt::Apart)));
    }
}

async fn run(
    app: &App,
    sessions: Vec<Box<Session>>,
    answer: &mut impl FnMut(Box<Session>, Written),
) -> Result<(), Halt> {
    let Some(lease) = sessions.first().map(|session| session.lease) else { return Ok(()) };
    let mut tx = begin(app, &lease).await?;
    let mut turns = hold(&mut tx, sessions).await?;
    take_in(&mut tx, &mut turns).await?;
    let (urgent, calm): (Vec<_>, Vec<_>) = turns.into_iter().partition(|turn| turn.session.is_urgent());
    if urgent.is_empty() {
        return write(tx, calm, answer).await;
    }
    write(tx, urgent, answer).await?;
    if calm.is_empty() {
        return Ok(());
    }
    let mut tx = begin(app, &lease).await?;
    let calm = hold_again(&mut tx, calm).await?;
    write(tx, calm, answer).await
}

/// Those whose leases are good.
async fn hold(tx: &mut TenantTx, sessions: Vec<Box<Session>>) -> Result<Vec<Turn>, Halt> {
    let leases: Vec<_> = sessions.iter().map(|session| session.lease).collect();
    let mut held = store::hold(tx, &leases).await?;
    let turn = |session: Box<Session>| {
        let progress = held.remove(&session.lease.bot)?;
        Some(Turn { session, progress, told: false, candles: 0, end: None, next: None })
    };
    Ok(sessions.into_iter().filter_map(turn).collect())
}

/// Those whose leases are still good: whatever changes a bot from outside takes its lease.
async fn hold_again(tx: &mut TenantTx, mut turns: Vec<Turn>) -> Result<Vec<Turn>, Halt> {
    let leases: Vec<_> = turns.iter().map(|turn| turn.session.lease).collect();
    let held = store::hold(tx, &leases).await?;
    turns.retain_mut(|turn| {
        let held = held.get(&turn.session.lease.bot);
        // people may have been told something of it meanwhile
        turn.progress.event_seq = held.map_or(0, |held| held.event_seq);
        held.is_some()
    });
    Ok(turns)
}

async fn take_in(tx: &mut TenantTx, turns: &mut [Turn]) -> Result<(), Halt> {
    let halts = risk::halts(tx, risk::currencies(turns)).await?;
    for Turn { session, progress, told, candles, .. } in turns {
        (*told, *candles) = session.take_turn(tx, progress, &halts).await?;
    }
    Ok(())
}

/// Writes what follows and ends the transaction.
async fn write(
    mut tx: TenantTx,
    mut turns: Vec<Turn>,
    answer: &mut impl FnMut(Box<Session>, Written),
) -> Result<(), Halt> {
    risk::venture(&mut tx, &mut turns).await?;
    let now = tx.now();
    for turn in &mut turns {
        (turn.end, turn.next) = turn.session.conclude(&turn.progress, now)?;
    }
    let mut news: Vec<_> = turns.iter_mut().filter(|turn| turn.has_news()).collect();
    if !news.is_empty() {
        save(&mut tx, &mut news).await?;
        tx.commit().await?;
    }
    for Turn { mut session, candles, next, .. } in turns {
        let errands = session.machine.take_errands();
        answer(session, Written { candles, next, errands, at: now });
    }
    Ok(())
}

impl Turn {
    fn has_news(&self) -> bool {
        self.told || self.candles > 0 || self.session.machine.has_unsaved() || self.end.is_some()
    }
}

async fn save(tx: &mut TenantTx, turns: &mut [&mut Turn]) -> Result<(), Halt> {
    let mut ended = vec![];
    for Turn { session, progress, end, .. } in turns.iter_mut().map(|turn| &mut **turn) {
        if let Some((status, event)) = end.take() {
            service::audit_turn(tx, session.lease.bot, progress.status, status).await?;
            progress.status = status;
            session.machine.tell(event);
            ended.push(session.lease.bot);
        }
    }
    let unsaved: Vec<_> = turns.iter_mut().map(|turn| turn.session.machine.take_unsaved()).collect();
    add(tx, turns, &unsaved).await?;
    let mut marks = vec![];
    for (Turn { session, progress, .. }, new) in turns.iter_mut().map(|turn| &mut **turn).zip(&unsaved) {
        progress.journal_seq += count(new.journal.len());
        progress.event_seq += count(new.events.len());
        progress.candles = i64::try_from(session.machine.candles()).unwrap_or(i64::MAX);
        progress.last_candle = session.machine.last_open().map(Timestamp::to_datetime);
        let figures = session.machine.metrics().map(serde_json::to_value).transpose().map_err(Error::internal)?;
        marks.push((session.lease, &*progress, figures));
    }
    if store::write(tx, &marks).await? != marks.len() {
        return Err(Halt::Lost);
    }
    for bot in ended {
        tell::turned(tx, bot).await?;
    }
    Ok(())
}

/// Writes what the bots have taken in and what has followed.
async fn add(tx: &mut TenantTx, turns: &mut [&mut Turn], unsaved: &[Unsaved]) -> Result<(), Halt> {
    let journals = of_each(turns, unsaved, |it, new| (it.journal_seq, &new.journal[..]));
    store::add_journal(tx, &journals).await?;
    let mut books: Vec<_> = turns.iter_mut().map(|turn| turn.session.machine.book()).collect();
    orders::save(tx, &mut books).await?;
    let holdings: Vec<_> = turns.iter().flat_map(|turn| turn.session.holdings()).collect();
    portfolio::save(tx, &holdings).await?;
    let curves: Vec<_> =
        turns.iter().zip(unsaved).map(|(turn, new)| (turn.session.lease.bot, &new.equity[..])).collect();
    portfolio::record_equity(tx, &curves).await?;
    let events = of_each(turns, unsaved, |it, new| (it.event_seq, &new.events[..]));
    store::add_events(tx, &events).await?;
    Ok(())
}

/// What is new of each bot, after so many entries.
fn of_each<'a, T>(
    turns: &[&mut Turn],
    unsaved: &'a [Unsaved],
    of: fn(&Progress, &'a Unsaved) -> (i64, &'a [T]),
) -> Vec<(Uuid, i64, &'a [T])> {
    let new = |(turn, new): (&&mut Turn, &'a Unsaved)| {
        let (before, entries) = of(&turn.progress, new);
        (turn.session.lease.bot, before, entries)
    };
    turns.iter().zip(unsaved).map(new).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::{super::session::common::*, *};
    use chrono::TimeDelta;
    use std::collections::HashMap;
    use testkit::{PgPool, TestApp, db_test, json};

    async fn sessions(app: &TestApp) -> Vec<Box<Session>> {
        let mut tx = app.system().await;
        let (owner, until) = (tx.new_id(), tx.now() + TimeDelta::seconds(5));
        store::keep(&mut tx, owner, until).await.unwrap();
        let leases = store::lease(&mut tx, owner, 10).await.unwrap();
        tx.commit().await.unwrap();
        let mut sessions = vec![];
        for lease in leases {
            sessions.push(Box::new(Session::open(app.app(), lease).await.unwrap()));
        }
        sessions
    }

    #[db_test]
    async fn a_bot_whose_lease_was_lost_drops_out_and_the_others_are_written(db: PgPool) {
        let app = app(db).await;
        let (ana, strategy) = trader(&app, &candles(300)).await;
        let mut bots = vec![];
        for name in ["One", "Two", "Three"] {
            bots.push(started(&ana, name, &strategy, json!({ "kind": "replay", "speed": 100 })).await);
        }
        let group = sessions(&app).await;
        let lost = group.iter().find(|session| session.lease.bot.to_string() == bots[1]).unwrap().lease;
        ana.post(&format!("/api/v1/bots/{}/pause", bots[1]), &json!({})).await.ok();
        let mut outcomes = HashMap::new();
        Box::pin(advance(app.app(), group, |lease, outcome| drop(outcomes.insert(lease.bot, outcome)))).await;
        assert!(matches!(outcomes[&lost.bot], Err(Halt::Apart)));
        assert!(matches!(Session::open(app.app(), lost).await, Err(Halt::Lost)));
        for bot in [&bots[0], &bots[2]] {
            assert!(outcomes[&bot.parse::<Uuid>().unwrap()].is_ok());
            assert_eq!(journal(&app, bot).await.len(), 1);
        }
        assert_eq!(journal(&app, &bots[1]).await, []);
    }
}
