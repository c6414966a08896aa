//! Who listens to what at this server.

use crate::event::{Event, Key};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use uuid::Uuid;

/// All connections of this server, and to what each listens.
#[derive(Clone, Default)]
pub(crate) struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    numbers: AtomicU64,
    listeners: Mutex<Listeners>,
    stop: CancellationToken,
    open: TaskTracker,
}

#[derive(Default)]
struct Listeners {
    seats: HashMap<Key, HashMap<u64, Queue>>,
    /// Of how many seats of each tenant there are events to be read.
    tenants: HashMap<Uuid, usize>,
    /// Counts the tenants that have come.
    arrivals: u64,
    /// Up to which place events were told; `None` before anything was.
    head: Option<i64>,
    /// The markets that are followed, with what was last told of each.
    markets: HashMap<Key, Option<Arc<Event>>>,
}

/// Where the events of a connection wait.
#[derive(Clone)]
struct Queue {
    events: mpsc::Sender<Arc<Event>>,
    slow: CancellationToken,
}

/// A connection's place in the hub. It listens to nothing more once it is dropped.
pub(crate) struct Seat {
    hub: Hub,
    number: u64,
    queue: Queue,
    keys: Vec<Key>,
    /// What it is told.
    pub(crate) events: mpsc::Receiver<Arc<Event>>,
    /// When its queue was full.
    pub(crate) slow: CancellationToken,
    /// While it is there, the connection is.
    pub(crate) open: TaskTrackerToken,
}

/// From where on events are to be read, and of whom.
pub(crate) struct Position {
    /// `None` before anybody has come: then there is nothing to be read yet.
    pub(crate) head: Option<i64>,
    pub(crate) tenants: Vec<Uuid>,
    arrivals: u64,
}

/// Somebody came of whose tenant no events were read: the position is to be looked up anew.
pub(crate) struct Outdated;

impl Queue {
    /// Nobody waits for it: `false` once it takes nothing more.
    fn offer(&self, event: &Arc<Event>) -> bool {
        match self.events.try_send(event.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.slow.cancel();
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl Hub {
    /// A place for a connection for which so many events may wait.
    pub(crate) fn enter(&self, most_waiting: usize) -> Seat {
        let (sender, events) = mpsc::channel(most_waiting);
        let slow = CancellationToken::new();
        Seat {
            hub: self.clone(),
            number: self.0.numbers.fetch_add(1, Ordering::Relaxed),
            queue: Queue { events: sender, slow: slow.clone() },
            keys: vec![],
            events,
            slow,
            open: self.0.open.token(),
        }
    }

    /// From where on events are to be read, and of whom.
    pub(crate) fn position(&self) -> Position {
        let listeners = self.listeners();
        let tenants = listeners.tenants.keys().copied().collect();
        Position { head: listeners.head, tenants, arrivals: listeners.arrivals }
    }

    /// Tells an event that was read from a position.
    pub(crate) fn tell(&self, event: &Arc<Event>, from: &Position) -> Result<(), Outdated> {
        let mut listeners = self.listeners();
        listeners.agree(from)?;
        listeners.head = listeners.head.max(event.seq);
        listeners.offer(event);
        Ok(())
    }

    /// There is nothing more to be told up to a place, read from a position.
    pub(crate) fn reach(&self, place: i64, from: &Position) -> Result<(), Outdated> {
        let mut listeners = self.listeners();
        listeners.agree(from)?;
        listeners.head = listeners.head.max(Some(place));
        Ok(())
    }

    /// Ends every connection as if it were slow: what it would have to be told is gone.
    pub(crate) fn lose_all(&self, place: i64) {
        let mut listeners = self.listeners();
        listeners.seats.values().flat_map(HashMap::values).for_each(|queue| queue.slow.cancel());
        listeners.head = Some(place);
    }

    /// Tells what has come of a market, and keeps it for those who come.
    pub(crate) fn tell_of_market(&self, event: Arc<Event>) {
        let mut listeners = self.listeners();
        listeners.offer(&event);
        if let Some(latest) = listeners.markets.get_mut(&event.key) {
            *latest = Some(event);
        }
    }

    /// Tells why a market is followed no longer.
    pub(crate) fn end_market(&self, event: &Arc<Event>) {
        let mut listeners = self.listeners();
        listeners.offer(event);
        listeners.seats.remove(&event.key);
        listeners.markets.remove(&event.key);
    }

    /// Whether nobody listens to the market any more. Then it is followed no longer.
    pub(crate) fn is_left(&self, market: &Key) -> bool {
        let mut listeners = self.listeners();
        let left = !listeners.seats.contains_key(market);
        if left {
            listeners.markets.remove(market);
        }
        left
    }

    /// Whether so many other markets are followed already.
    pub(crate) fn is_full(&self, market: &Key, most: usize) -> bool {
        let listeners = self.listeners();
        !listeners.markets.contains_key(market) && listeners.markets.len() >= most
    }

    /// Cancelled when the server stops.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Waits until every connection has ended.
    pub(crate) async fn ended(&self) {
        self.0.open.close();
        self.0.open.wait().await;
    }

    /// How many connections there are.
    pub(crate) fn open(&self) -> usize {
        self.0.open.len()
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn agree(&self, with: &Position) -> Result<(), Outdated> {
        if self.arrivals == with.arrivals { Ok(()) } else { Err(Outdated) }
    }

    fn offer(&mut self, event: &Arc<Event>) {
        for key in event.keys() {
            if let Some(seats) = self.seats.get_mut(key) {
                seats.retain(|_, queue| queue.offer(event));
            }
        }
    }

    fn arrive(&mut self, tenant: Uuid, place: i64) {
        let seats = self.tenants.entry(tenant).or_default();
        *seats += 1;
        self.arrivals += u64::from(*seats == 1);
        self.head = self.head.or(Some(place));
    }

    fn depart(&mut self, key: &Key, number: u64) {
        if let Some(seats) = self.seats.get_mut(key) {
            seats.remove(&number);
            if seats.is_empty() {
                self.seats.remove(key);
            }
        }
        if let Key::Tenant { tenant, .. } = key
            && let Some(seats) = self.tenants.get_mut(tenant)
        {
            *seats -= 1;
            if *seats == 0 {
                self.tenants.remove(tenant);
            }
        }
    }
}

impl Seat {
    /// Listens to a tenant's events. All that have their place by the time this returns are told, or can be read.
    pub(crate) fn listen(&mut self, key: Key, place: i64) {
        let mut listeners = self.hub.listeners();
        if let Key::Tenant { tenant, .. } = key {
            listeners.arrive(tenant, place);
        }
        listeners.seats.entry(key.clone()).or_default().insert(self.number, self.queue.clone());
        drop(listeners);
        self.keys.push(key);
    }

    /// Listens to a market, first to what was told of it last. Answers whether nobody follows it yet.
    pub(crate) fn listen_to_market(&mut self, key: Key) -> bool {
        let mut listeners = self.hub.listeners();
        listeners.seats.entry(key.clone()).or_default().insert(self.number, self.queue.clone());
        let known = listeners.markets.contains_key(&key);
        let latest = listeners.markets.entry(key.clone()).or_default();
        if let Some(event) = latest {
            self.queue.offer(event);
        }
        drop(listeners);
        self.keys.push(key);
        !known
    }

    pub(crate) fn leave(&mut self, key: &Key) {
        let before = self.keys.len();
        self.keys.retain(|it| it != key);
        if self.keys.len() < before {
            self.hub.listeners().depart(key, self.number);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut listeners = self.hub.listeners();
        self.keys.iter().for_each(|key| listeners.depart(key, self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::error::TryRecvError;

    fn key(tenant: u128, subject: Option<u128>) -> Key {
        Key::Tenant { tenant: Uuid::from_u128(tenant), topic: "news", subject: subject.map(Uuid::from_u128) }
    }

    fn event(tenant: u128, seq: i64) -> Arc<Event> {
        let (tenant, subject) = (Uuid::from_u128(tenant), Uuid::from_u128(5));
        Arc::new(Event::placed(tenant, "news", subject, seq, "".into()))
    }

    fn heard(seat: &mut Seat) -> Vec<i64> {
        std::iter::from_fn(|| seat.events.try_recv().ok()).filter_map(|event| event.seq).collect()
    }

    #[test]
    fn what_was_read_without_a_tenant_that_comes_meanwhile_is_read_anew() {
        let hub = Hub::default();
        let (mut ana, mut bob) = (hub.enter(8), hub.enter(8));
        ana.listen(key(1, None), 10);
        let before = hub.position();
        assert_eq!((before.head, before.tenants.len()), (Some(10), 1));
        assert!(hub.tell(&event(1, 11), &before).is_ok());
        bob.listen(key(2, None), 11);
        // what is bob's between these two is not among what was read
        assert!(hub.tell(&event(1, 13), &before).is_err() && hub.reach(13, &before).is_err());
        let after = hub.position();
        assert_eq!((after.head, after.tenants.len()), (Some(11), 2));
        assert!(hub.tell(&event(2, 12), &after).is_ok() && hub.tell(&event(1, 13), &after).is_ok());
        assert_eq!((heard(&mut ana), heard(&mut bob)), (vec![11, 13], vec![12]));
        drop((ana, bob));
        assert!(hub.position().tenants.is_empty());
    }

    #[test]
    fn a_queue_that_is_full_takes_nothing_more_and_the_others_do() {
        let hub = Hub::default();
        let (mut slow, mut quick) = (hub.enter(1), hub.enter(2));
        slow.listen(key(1, None), 0);
        quick.listen(key(1, Some(5)), 0);
        let from = hub.position();
        for seq in 1..3 {
            assert!(hub.tell(&event(1, seq), &from).is_ok());
        }
        assert!(slow.slow.is_cancelled() && !quick.slow.is_cancelled());
        assert_eq!((heard(&mut slow), heard(&mut quick)), (vec![1], vec![1, 2]));
        assert!(hub.tell(&event(1, 3), &from).is_ok());
        assert!(matches!(slow.events.try_recv(), Err(TryRecvError::Empty)));
        assert_eq!(heard(&mut quick), [3]);
    }
}
