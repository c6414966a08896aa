//! Who listens to what. A listener that does not keep up is dropped; nobody waits for one.

use crate::{
    exchange::AccountId,
    faults::{Faults, Kind},
};
use axum::extract::ws::Utf8Bytes;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::sync::mpsc;

/// Messages that wait for a listener.
const BACKLOG: usize = 1_024;
/// Streams of a connection.
pub(super) const MOST_STREAMS: usize = 1_024;
/// Connections at a time.
const MOST_CONNECTIONS: usize = 5_000;
/// The longest name of a stream.
const LONGEST_NAME: usize = 64;

/// All listeners.
#[derive(Debug, Default)]
pub struct Hub {
    last: u64,
    connections: HashMap<u64, Connection>,
    streams: HashMap<String, BTreeSet<u64>>,
}

#[derive(Debug)]
struct Connection {
    out: mpsc::Sender<Utf8Bytes>,
    is_combined: bool,
    streams: BTreeSet<String>,
    accounts: BTreeMap<u64, AccountId>,
    last_subscription: u64,
    /// When it was opened.
    since: i64,
    session: Option<Session>,
    /// A message that shall come after the next one.
    held: Option<Utf8Bytes>,
}

/// A key that has logged on by a connection.
#[derive(Debug)]
pub struct Session {
    /// Its name.
    pub key: String,
    /// When that was.
    pub since: i64,
    /// The subscription that ends with it.
    subscription: Option<u64>,
}

impl Hub {
    /// A new listener; none where there are too many.
    pub fn open(&mut self, is_combined: bool, now: i64) -> Option<(u64, mpsc::Receiver<Utf8Bytes>)> {
        if self.connections.len() >= MOST_CONNECTIONS {
            return None;
        }
        let (out, messages) = mpsc::channel(BACKLOG);
        self.last += 1;
        let (streams, accounts, last_subscription, session, held) = Default::default();
        let connection =
            Connection { out, is_combined, streams, accounts, last_subscription, since: now, session, held };
        self.connections.insert(self.last, connection);
        Some((self.last, messages))
    }

    /// A listener has gone, or has to go.
    pub fn close(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else { return };
        for name in &connection.streams {
            self.leave(name, id);
        }
    }

    /// All have to go; gives how many.
    pub fn close_all(&mut self) -> usize {
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        ids.iter().for_each(|id| self.close(*id));
        ids.len()
    }

    fn leave(&mut self, name: &str, id: u64) {
        if let Some(listeners) = self.streams.get_mut(name) {
            listeners.remove(&id);
            if listeners.is_empty() {
                self.streams.remove(name);
            }
        }
    }

    /// Listens to streams.
    ///
    /// # Errors
    /// Where they are too many, or a name too long.
    pub fn subscribe(&mut self, id: u64, names: Vec<String>) -> Result<(), String> {
        let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
        let added: BTreeSet<String> = names.into_iter().filter(|name| !connection.streams.contains(name)).collect();
        if connection.streams.len() + added.len() > MOST_STREAMS {
            return Err(format!("a connection has at most {MOST_STREAMS} streams"));
        }
        if added.iter().any(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            return Err(format!("the name of a stream has 1 to {LONGEST_NAME} characters"));
        }
        for name in added {
            self.streams.entry(name.clone()).or_default().insert(id);
            connection.streams.insert(name);
        }
        Ok(())
    }

    /// Listens no more.
    pub fn unsubscribe(&mut self, id: u64, names: &[String]) {
        for name in names {
            if self.connections.get_mut(&id).is_some_and(|it| it.streams.remove(name)) {
                self.leave(name, id);
            }
        }
    }

    /// What a listener listens to.
    #[must_use]
    pub fn streams_of(&self, id: u64) -> Vec<String> {
        self.connections.get(&id).map_or_else(Vec::new, |it| it.streams.iter().cloned().collect())
    }

    /// Whether a listener is told the name of the stream with each message.
    #[must_use]
    pub fn is_combined(&self, id: u64) -> bool {
        self.connections.get(&id).is_some_and(|it| it.is_combined)
    }

    /// Changes that.
    pub fn set_combined(&mut self, id: u64, is_combined: bool) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.is_combined = is_combined;
        }
    }

    /// Listens to the events of an account; gives the number of the subscription.
    ///
    /// # Errors
    /// Where the connection listens to it already, or to too many.
    pub fn follow(&mut self, id: u64, account: AccountId) -> Result<u64, String> {
        let connection = self.connections.get_mut(&id).ok_or("the connection is closed")?;
        if connection.accounts.values().any(|it| *it == account) {
            return Err("User Data Stream already subscribed.".to_owned());
        }
        if connection.accounts.len() >= MOST_STREAMS {
            return Err(format!("a connection has at most {MOST_STREAMS} streams"));
        }
        let number = connection.last_subscription;
        connection.last_subscription += 1;
        connection.accounts.insert(number, account);
        Ok(number)
    }

    /// Listens no more to one subscription, or to all.
    pub fn unfollow(&mut self, id: u64, subscription: Option<u64>) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.accounts.retain(|number, _| subscription.is_some_and(|it| it != *number));
        }
    }

    /// The numbers of a connection's subscriptions to accounts.
    pub fn subscriptions_of(&self, id: u64) -> impl Iterator<Item = u64> {
        self.connections.get(&id).into_iter().flat_map(|it| it.accounts.keys().copied())
    }

    /// When a connection was opened.
    #[must_use]
    pub fn opened(&self, id: u64) -> Option<i64> {
        self.connections.get(&id).map(|it| it.since)
    }

    /// The key that has logged on by a connection.
    #[must_use]
    pub fn session(&self, id: u64) -> Option<&Session> {
        self.connections.get(&id)?.session.as_ref()
    }

    /// A key logs on, in the place of another.
    pub fn log_on(&mut self, id: u64, key: &str, now: i64) {
        self.log_out(id);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.session = Some(Session { key: key.to_owned(), since: now, subscription: None });
        }
    }

    /// A subscription ends as soon as the key logs out.
    pub fn end_with_session(&mut self, id: u64, subscription: u64) {
        if let Some(session) = self.connections.get_mut(&id).and_then(|it| it.session.as_mut()) {
            session.subscription = Some(subscription);
        }
    }

    /// A key logs out.
    pub fn log_out(&mut self, id: u64) {
        let session = self.connections.get_mut(&id).and_then(|it| it.session.take());
        if let Some(subscription) = session.and_then(|it| it.subscription) {
            self.unfollow(id, Some(subscription));
        }
    }

    /// Whether anybody listens to a stream.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.streams.contains_key(name)
    }

    /// Tells all who listen to a stream.
    pub fn tell(&mut self, name: &str, data: &Value, faults: &mut Faults) {
        let Some(listeners) = self.streams.get(name) else { return };
        let plain = Utf8Bytes::from(data.to_string());
        let combined = Utf8Bytes::from(format!(r#"{{"stream":"{name}","data":{plain}}}"#));
        for id in listeners.clone() {
            let fault = faults.strike_message(name);
            let text = if self.is_combined(id) { combined.clone() } else { plain.clone() };
            self.send(id, text, fault);
        }
    }

    /// Tells all who listen to an account.
    pub fn tell_account(&mut self, account: AccountId, event: &Value, faults: &mut Faults) {
        let of = |(id, connection): (&u64, &Connection)| {
            let number = connection.accounts.iter().find(|(_, it)| **it == account).map(|(number, _)| *number);
            number.map(|number| (*id, number))
        };
        let listeners: Vec<(u64, u64)> = self.connections.iter().filter_map(of).collect();
        for (id, number) in listeners {
            let fault = faults.strike_message("user");
            self.send(id, json!({ "subscriptionId": number, "event": event }).to_string().into(), fault);
        }
    }

    fn send(&mut self, id: u64, text: Utf8Bytes, fault: Option<Kind>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let texts = match fault {
            Some(Kind::CutConnection) => return self.close(id),
            Some(Kind::DropMessages) => return,
            Some(Kind::DuplicateMessages) => vec![text.clone(), text],
            Some(Kind::ReorderMessages) if connection.held.is_none() => {
                connection.held = Some(text);
                return;
            }
            _ => [Some(text), connection.held.take()].into_iter().flatten().collect(),
        };
        let out = connection.out.clone();
        if texts.into_iter().any(|text| out.try_send(text).is_err()) {
            self.close(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> (Hub, Faults, u64, mpsc::Receiver<Utf8Bytes>) {
        let mut hub = Hub::default();
        let (id, messages) = hub.open(false, 0).unwrap();
        hub.subscribe(id, vec!["a@trade".to_owned()]).unwrap();
        (hub, Faults::default(), id, messages)
    }

    fn told(messages: &mut mpsc::Receiver<Utf8Bytes>) -> Vec<String> {
        std::iter::from_fn(|| messages.try_recv().ok()).map(|it| it.to_string()).collect()
    }

    #[test]
    fn whoever_does_not_read_is_dropped_and_holds_nobody_up() {
        let (mut hub, mut faults, _, mut messages) = hub();
        for number in 0..=BACKLOG {
            hub.tell("a@trade", &json!(number), &mut faults);
        }
        assert!(!hub.wants("a@trade"));
        assert_eq!(told(&mut messages).len(), BACKLOG);
        assert_eq!(messages.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }

    #[test]
    fn messages_are_lost_doubled_and_turned_around_as_ordered() {
        for (kind, expected) in [
            ("drop-messages", vec!["2", "3"]),
            ("duplicate-messages", vec!["1", "1", "2", "3"]),
            ("reorder-messages", vec!["2", "1", "3"]),
            ("cut-connection", vec![]),
        ] {
            let (mut hub, mut faults, _, mut messages) = hub();
            faults.order(serde_json::from_value(json!({ "kind": kind, "path": "a@", "count": 1 })).unwrap()).unwrap();
            for number in 1..=3 {
                hub.tell("a@trade", &json!(number), &mut faults);
            }
            assert_eq!(told(&mut messages), expected, "{kind}");
        }
    }

    #[test]
    fn a_connection_has_no_more_streams_than_it_may() {
        let (mut hub, _, id, _messages) = hub();
        let names = |from: usize, to: usize| (from..to).map(|it| format!("s{it}")).collect::<Vec<_>>();
        assert!(hub.subscribe(id, names(0, MOST_STREAMS)).is_err());
        assert_eq!(hub.streams_of(id), ["a@trade"]);
        assert!(hub.subscribe(id, names(1, MOST_STREAMS)).is_ok());
        hub.unsubscribe(id, &["a@trade".to_owned()]);
        assert!(!hub.wants("a@trade") && hub.wants("s7"));
        hub.close(id);
        assert!(!hub.wants("s7"));
    }
}
