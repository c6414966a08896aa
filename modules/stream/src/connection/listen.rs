use super::{Connection, End, Topic};
use crate::{
    event::Key,
    frame::Answer,
    live::{Market, follow},
    topic::Asked,
};
use kit::{Charge, EVERYTHING, Error, Result, Subject};
use std::collections::HashMap;

/// Topics whose events are kept, as they are begun.
pub(super) type Fresh = HashMap<Key, Topic>;

impl Connection {
    pub(super) async fn subscribe(&mut self, topics: Vec<String>, cursor: Option<&str>) -> Result<(), End> {
        self.be_certain().await?;
        if let Err(error) = self.charge().await {
            return self.answer(&Answer::error(&error, None)).await;
        }
        let cursor = match cursor.map(str::parse::<i64>).transpose() {
            Ok(cursor) => cursor,
            Err(_) => {
                let error = Error::bad_request("BAD_CURSOR", "Not a cursor of this stream.");
                return self.answer(&Answer::error(&error, None)).await;
            }
        };
        let (mut fresh, mut markets) = (Fresh::new(), vec![]);
        for name in topics {
            match self.admit(&name, &fresh).await {
                Ok(Asked { key, permission, market }) => {
                    let topic = Topic { name, permission, told: 0 };
                    match market {
                        Some(market) => markets.push((key, topic, market)),
                        None => drop(fresh.insert(key, topic)),
                    }
                }
                Err(error) => self.answer(&Answer::error(&error, Some(&name))).await?,
            }
        }
        if !fresh.is_empty() {
            self.begin(fresh, cursor).await?;
        }
        for (key, topic, market) in markets {
            self.follow(key, topic, market).await?;
        }
        Ok(())
    }

    /// What is asked for, if they may listen to it.
    async fn admit(&mut self, name: &str, fresh: &Fresh) -> Result<Asked> {
        let asked = Asked::read(&self.app, self.presence.tenant(), name)?;
        self.presence.may(asked.permission)?;
        if self.topics.contains_key(&asked.key) || fresh.contains_key(&asked.key) {
            return Err(Error::conflict("ALREADY_SUBSCRIBED", "This is told already."));
        }
        let most = self.limits.topics;
        if self.topics.len() + fresh.len() >= most {
            let message = format!("A connection listens to {most} topics at most; unsubscribe from one first.");
            return Err(Error::conflict("TOO_MANY_TOPICS", message));
        }
        if asked.market.is_some() {
            self.make_room(&asked.key).await?;
        }
        Ok(asked)
    }

    /// To listen to a market has an exchange asked.
    async fn make_room(&mut self, market: &Key) -> Result<()> {
        let most = self.limits.markets;
        if self.hub.is_full(market, most) {
            let message = format!("{most} markets are followed already, the most that can be; try again later.");
            return Err(Error::unavailable("TOO_MANY_MARKETS", message, 60));
        }
        self.charge().await
    }

    /// What asks the database or an exchange counts as a request.
    async fn charge(&mut self) -> Result<()> {
        let Some(limits) = self.app.settings().limits else { return Ok(()) };
        let subject = Subject::User(self.presence.user().id);
        let charge = Charge { subject, bucket: EVERYTHING, limit: limits.per_minute };
        if self.app.limits().charge(&charge, self.app.clock().now()).await.admitted {
            return Ok(());
        }
        Err(Error::bad_request("RATE_LIMITED", "Too many requests. Please try again later."))
    }

    async fn follow(&mut self, key: Key, topic: Topic, market: Market) -> Result<(), End> {
        let names = [topic.name.clone()];
        self.answer(&Answer::Subscribed { topics: &names, cursor: None }).await?;
        self.topics.insert(key.clone(), topic);
        if self.seat.listen_to_market(key.clone()) {
            follow(self.app.clone(), self.hub.clone(), key, market);
        }
        Ok(())
    }

    pub(super) async fn unsubscribe(&mut self, topics: Vec<String>) -> Result<(), End> {
        let (mut left, tenant) = (vec![], self.presence.tenant());
        for name in topics {
            let known = Asked::read(&self.app, tenant, &name).ok().and_then(|asked| self.leave(&asked.key));
            match known {
                Some(_) => left.push(name),
                None => {
                    let error = Error::conflict("NOT_SUBSCRIBED", "This is not told.");
                    self.answer(&Answer::error(&error, Some(&name))).await?;
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        self.answer(&Answer::Unsubscribed { topics: &left, code: None }).await
    }
}
