//! What a bot does in a transaction: it takes in what it was told and the candles that are due.

use super::{
    candles::Moments,
    news::News,
    risk::Halts,
    session::{End, Halt, Session, timestamp},
};
use crate::{
    alert,
    bot::Coins,
    event::Event,
    status::{Status, Verb},
    store::{self, Progress},
};
use chrono::TimeDelta;
use kit::{Result, TenantTx, Time};
use tokio::task::block_in_place;
use trading::{
    engine::{Input, Signal, Stop},
    time::Timestamp,
};

/// How often a bot that is told from outside looks for signals of which it has not heard.
const LOOK: TimeDelta = TimeDelta::seconds(5);

impl Session {
    /// Takes in what has been told and the candles that are due, and nothing of it is written yet. Answers whether
    /// something was told, and how many candles it was.
    pub(super) async fn take_turn(
        &mut self,
        tx: &mut TenantTx,
        progress: &mut Progress,
        halts: &Halts,
    ) -> Result<(bool, usize), Halt> {
        let now = tx.now();
        let told = self.take_news(now)?;
        if let Some(halts) = halts.get(self.machine.currency()).filter(|_| self.is_live()) {
            self.obey(halts, progress, now)?;
        }
        if progress.status == Status::Stopping {
            return Ok((told, self.stop(tx, progress.stop.unwrap_or_default(), now).await?));
        }
        if self.contradiction.is_some() {
            return Ok((told, 0));
        }
        let candles = self.feed(tx, now).await?;
        self.take_signals(tx, now).await?;
        Ok((told, candles))
    }

    /// What becomes of the bot now, if anything does, and when to go on with it, if there is something to do yet.
    pub(super) fn conclude(&mut self, progress: &Progress, now: Time) -> Result<(End, Option<Time>), Halt> {
        let end = self.end(progress)?;
        let next = end.is_none().then(|| self.feed.next(now));
        let next = if self.takes_signals { next.map(|next| next.min(now + LOOK)) } else { next };
        Ok((end, next))
    }

    /// Takes in what the exchange has told; answers whether it has told anything.
    fn take_news(&mut self, now: Time) -> Result<bool> {
        let news = std::mem::take(&mut self.news);
        let told = !news.is_empty();
        for (lane, it) in news {
            self.take_one(lane, it, now)?;
        }
        Ok(told)
    }

    fn take_one(&mut self, lane: usize, it: News, now: Time) -> Result<()> {
        match it {
            News::Accepted(id) => self.machine.accepted(id, timestamp(now)),
            News::Input(at, input) => self.machine.on_input(lane, at, input),
            News::Event(event) => {
                self.machine.tell(event);
                Ok(())
            }
            News::Adopted(at, input, follows) => self.adopt(lane, (at, input), follows, now),
        }
    }

    /// Takes in an order that was found, unless what it has executed cannot have happened to what the bot holds.
    fn adopt(&mut self, lane: usize, (at, input): (Timestamp, Input), follows: Vec<News>, now: Time) -> Result<()> {
        let Some(mut position) = self.machine.position_in(lane) else { return Ok(()) };
        let fits = follows.iter().try_for_each(|it| match it {
            News::Input(_, Input::Filled(fill)) => position.apply(fill).map(drop),
            _ => Ok(()),
        });
        if let (Err(error), Input::Adopted(found)) = (fits, input) {
            self.contradiction = Some(Event::contradicted(&found.order(), &error));
            return Ok(());
        }
        self.machine.on_input(lane, at, input)?;
        follows.into_iter().try_for_each(|it| self.take_one(lane, it, now))
    }

    /// Feeds what is due; candles that only warm up are due at once.
    async fn feed(&mut self, tx: &mut TenantTx, now: Time) -> Result<usize, Halt> {
        if self.machine.failure().is_some() {
            return Ok(0);
        }
        let (due, is_news) = self.feed.take(tx, self.machine.has_begun(), self.batch, now).await?;
        Ok(self.take_in(&due, is_news)?)
    }

    /// Follows what was signalled from outside, once there is a price to go by.
    async fn take_signals(&mut self, tx: &mut TenantTx, now: Time) -> Result<(), Halt> {
        let Some(closed) = self.machine.closed_at().filter(|_| self.takes_signals) else { return Ok(()) };
        // in a replay it is as late as its last candle
        let at = if self.feed.is_live() { timestamp(now).max(closed) } else { closed };
        for signal in store::hooks::take(tx, self.lease.bot, now - alert::MAX_AGE).await? {
            let (name, signalled) = (&signal.alert_id, if signal.is_entry { Signal::Enter } else { Signal::Exit });
            if now - signal.at > alert::MAX_AGE {
                let message = format!("The alert {name} came at {}, and is not followed so late.", signal.at);
                self.machine.tell(Event::of_bot("signal.late", message));
                continue;
            }
            let what = if signal.is_entry { "buy" } else { "sell" };
            self.machine.tell(Event::of_bot("signal.taken", format!("The alert {name} says: {what}.")));
            let opens = self.opens_at(at);
            self.machine.hold(!opens, at)?;
            match &signal.symbol {
                None => self.machine.on_inputs(at, Input::Signal(signalled))?,
                Some(symbol) => {
                    // it was one of the bot's when it came
                    let lane = self.machine.symbols().iter().position(|it| it.as_str() == symbol);
                    lane.map_or(Ok(()), |lane| self.machine.on_input(lane, at, Input::Signal(signalled)))?;
                }
            }
        }
        Ok(())
    }

    /// Whether positions are opened at this moment.
    fn opens_at(&self, at: Timestamp) -> bool {
        !self.halted && self.hours.as_ref().is_none_or(|hours| hours.hold(at.to_datetime()))
    }

    /// Feeds these; answers how many it was until a script failed. What closed long ago opens no position now.
    fn take_in(&mut self, moments: &Moments, are_news: bool) -> Result<usize> {
        // a script may take a while at each
        block_in_place(|| {
            for (before, candles) in moments.iter().enumerate() {
                let Some(open_time) = candles.iter().flatten().map(|candle| candle.open_time).max() else { continue };
                let goes_on = self.machine.failure().is_none();
                let opens = are_news && self.opens_at(self.machine.close_of(open_time));
                self.machine.hold(!opens, open_time)?;
                self.machine.on_candles(candles)?;
                if goes_on && self.machine.failure().is_some() {
                    return Ok(before + 1);
                }
            }
            Ok(moments.len())
        })
    }

    /// Feeds what is needed until no order is open; a bot that is being stopped is not kept waiting.
    async fn stop(&mut self, tx: &mut TenantTx, coins: Coins, now: Time) -> Result<usize, Halt> {
        let stop = match coins {
            Coins::Sell => Stop::Sell,
            Coins::Keep => Stop::Keep,
        };
        // in a replay it is as late as its last candle
        let at = if self.feed.is_live() { timestamp(now) } else { Timestamp::default() };
        self.machine.stop(stop, at)?;
        let mut fed = 0;
        while fed < self.batch && self.exchanges.is_empty() && !self.machine.is_idle() {
            let next = self.feed.one(tx, now).await?;
            if next.is_empty() {
                break;
            }
            fed += self.take_in(&next, true)?;
        }
        Ok(fed)
    }

    /// What becomes of the bot now, if anything does.
    fn end(&mut self, progress: &Progress) -> Result<End, Halt> {
        if let Some(event) = self.contradiction.take() {
            if progress.status == Status::Running {
                let event = Event { kind: "bot.failed", ..event };
                return Ok(progress.status.after(Verb::Fail)?.map(|status| (status, event)));
            }
            self.machine.tell(event);
        }
        if let (Status::Running, Some(failure)) = (progress.status, self.machine.failure()) {
            // its orders stay as they are: it may yet be stopped
            let event = Event::script_failed(failure);
            return Ok(progress.status.after(Verb::Fail)?.map(|status| (status, event)));
        }
        let (verb, event) = if progress.status == Status::Stopping && self.machine.is_idle() {
            (Verb::Settle, Event::of_bot("bot.stopped", self.farewell("The bot has stopped")))
        } else if self.feed.is_over() && progress.status == Status::Stopping {
            (Verb::Finish, Event::of_bot("bot.stopped", self.farewell("The bot has stopped at the end of its candles")))
        } else if self.feed.is_over() && self.machine.has_begun() {
            (Verb::Finish, Event::of_bot("bot.finished", self.farewell("The replay has ended")))
        } else if self.feed.is_over() {
            let market = self.feed.market().map(ToString::to_string).unwrap_or_default();
            let message =
                format!("There are no candles of {market} in the time that the bot is to replay. Import some.");
            return Err(Halt::Failed(message));
        } else {
            return Ok(None);
        };
        self.machine.conclude()?;
        Ok(progress.status.after(verb)?.map(|status| (status, event)))
    }

    fn farewell(&self, what: &str) -> String {
        let held = self.machine.holdings().into_iter().map(|(symbol, position, _)| (position.quantity(), symbol));
        let held =
            held.filter(|(coins, _)| !coins.is_zero()).map(|(coins, symbol)| format!("{coins} {}", symbol.base()));
        let held = held.collect::<Vec<_>>().join(", ");
        let holds = if held.is_empty() { "no coins" } else { &held };
        format!("{what}; it has seen {} candles and holds {holds}.", self.machine.candles())
    }
}
