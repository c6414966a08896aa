use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Wakes those who wait for news of a topic, at whichever process it was announced. The news themselves are in the
/// database: a signal says only that there are some, and many may be one.
#[derive(Clone, Default)]
pub struct Signals(Arc<Mutex<HashMap<String, watch::Sender<()>>>>);

/// The news of a topic, from when it was made.
pub struct Signal {
    topic: String,
    signals: Signals,
    news: Option<watch::Receiver<()>>,
}

/// The channel on which signals come.
pub(super) const CHANNEL: &str = "signals";

impl Signals {
    /// Listens to a topic. What one tenant may not hear has the tenant in its topic: [`Scope::key`](crate::Scope::key).
    pub fn subscribe(&self, topic: &str) -> Signal {
        let news = self.topics().entry(topic.to_owned()).or_default().subscribe();
        Signal { topic: topic.to_owned(), signals: self.clone(), news: Some(news) }
    }

    pub(super) fn wake(&self, topic: &str) {
        if let Some(waiting) = self.topics().get(topic) {
            waiting.send_replace(());
        }
    }

    /// Ends every subscription: what is announced from now on is not heard.
    pub(super) fn end(&self) {
        self.topics().clear();
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signal {
    /// Waits for news. `false` once none will come any more: whoever still wants some subscribes again.
    pub async fn changed(&mut self) -> bool {
        match &mut self.news {
            Some(news) => news.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        let mut topics = self.signals.topics();
        self.news = None;
        if topics.get(&self.topic).is_some_and(|waiting| waiting.receiver_count() == 0) {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_hears_of_their_topic_until_it_ends_and_leaves_nothing_behind() {
        let signals = Signals::default();
        let (mut ana, mut bob) = (signals.subscribe("a"), signals.subscribe("b"));
        let other = signals.subscribe("a");
        signals.wake("a");
        signals.wake("a");
        assert!(ana.changed().await);
        assert!(!ana.news.as_ref().is_some_and(|news| news.has_changed().unwrap()), "many are one");
        assert!(!bob.news.as_ref().is_some_and(|news| news.has_changed().unwrap()));
        drop(other);
        signals.wake("a");
        assert!(ana.changed().await);
        signals.end();
        assert!(!ana.changed().await && !bob.changed().await);
        let again = signals.subscribe("a");
        drop(ana);
        assert!(signals.topics().contains_key("a"));
        drop(again);
        assert!(signals.topics().is_empty());
    }
}
