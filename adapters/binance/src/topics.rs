//! Who listens to what: somebody tells, as many as like listen, and nobody tells what nobody listens to.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError},
    },
    task::JoinHandle,
};
use tokio_util::task::AbortOnDropHandle;

/// News that wait for a listener. Whoever is slower than that is told how it stands instead.
const BACKLOG: usize = 256;

/// What is told, by what it is about.
pub(crate) struct Topics<K, N> {
    topics: Mutex<HashMap<K, Topic<N>>>,
    /// Whether one teller tells all of them.
    is_shared: bool,
    changed: Notify,
}

struct Topic<N> {
    out: broadcast::Sender<N>,
    listeners: usize,
    /// How it stands.
    standing: Option<N>,
    /// Ends with the last topic that it tells of.
    teller: Arc<AbortOnDropHandle<()>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static, N: Clone + PartialEq + Send + Sync + 'static> Topics<K, N> {
    /// Topics of which each has a teller of its own.
    pub(crate) fn of_a_teller_each() -> Self {
        Self { topics: Mutex::default(), is_shared: false, changed: Notify::new() }
    }

    /// Topics of which one teller tells, for as long as anybody listens to any of them.
    pub(crate) fn of_one_teller() -> Self {
        Self { is_shared: true, ..Self::of_a_teller_each() }
    }

    /// Waits until somebody begins to listen or ceases to.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What is listened to.
    pub(crate) fn keys(&self) -> HashSet<K> {
        self.lock().keys().cloned().collect()
    }

    /// Listens; whoever is the first to do so has a teller begin.
    pub(crate) fn listen(self: &Arc<Self>, key: K, teller: impl FnOnce() -> JoinHandle<()>) -> BoxStream<'static, N> {
        let mut topics = self.lock();
        let present = topics.values().next().filter(|_| self.is_shared).map(|topic| topic.teller.clone());
        let topic = topics.entry(key.clone()).or_insert_with(|| Topic {
            out: broadcast::Sender::new(BACKLOG),
            listeners: 0,
            standing: None,
            teller: present.unwrap_or_else(|| Arc::new(AbortOnDropHandle::new(teller()))),
        });
        topic.listeners += 1;
        let (news, standing) = (topic.out.subscribe(), topic.standing.clone());
        self.changed.notify_one();
        let listener = Listener { topics: self.clone(), key, news, standing };
        stream::unfold(listener, |mut listener| async { Some((listener.next().await?, listener)) }).boxed()
    }

    /// Tells all who listen to it.
    pub(crate) fn tell(&self, key: &K, news: N) {
        if let Some(topic) = self.lock().get(key) {
            // the last one may be about to leave
            let _ = topic.out.send(news);
        }
    }

    /// Tells how it stands, those who come later too, and nobody who knows it already.
    pub(crate) fn stand(&self, key: &K, news: &N) {
        let mut topics = self.lock();
        if let Some(topic) = topics.get_mut(key).filter(|topic| topic.standing.as_ref() != Some(news)) {
            topic.standing = Some(news.clone());
            let _ = topic.out.send(news.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Topic<N>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to a topic until it is dropped.
struct Listener<K: Eq + Hash, N> {
    topics: Arc<Topics<K, N>>,
    key: K,
    news: broadcast::Receiver<N>,
    standing: Option<N>,
}

impl<K: Eq + Hash, N: Clone> Listener<K, N> {
    async fn next(&mut self) -> Option<N> {
        loop {
            if let Some(standing) = self.standing.take() {
                return Some(standing);
            }
            match self.news.recv().await {
                Ok(news) => return Some(news),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => {
                    let topics = self.topics.topics.lock().unwrap_or_else(PoisonError::into_inner);
                    self.standing = topics.get(&self.key).and_then(|topic| topic.standing.clone());
                }
            }
        }
    }
}

impl<K: Eq + Hash, N> Drop for Listener<K, N> {
    fn drop(&mut self) {
        let mut topics = self.topics.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = topics.get_mut(&self.key) {
            topic.listeners -= 1;
            if topic.listeners == 0 {
                topics.remove(&self.key);
                self.topics.changed.notify_one();
            }
        }
    }
}
