//! Which streams a connection is asked for, and which of them it has promised.

use crate::{markets::Followed, parse::stream::Answer};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use tracing::warn;

/// The most streams of a connection. Whoever follows more does without.
const MOST: usize = 1_024;
/// The most of one request.
const AT_ONCE: usize = 100;

/// The streams of a connection.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    asked: HashSet<Followed>,
    heard: HashSet<Followed>,
    /// What was asked for and has not been answered.
    waiting: HashMap<u64, Vec<Followed>>,
    requests: u64,
}

impl Subscriptions {
    /// The next request, if what is asked for is not what is wanted.
    pub(crate) fn next(&mut self, wanted: &HashSet<Followed>) -> Option<String> {
        let left: Vec<Followed> = self.asked.difference(wanted).take(AT_ONCE).cloned().collect();
        if !left.is_empty() {
            for it in &left {
                self.asked.remove(it);
                self.heard.remove(it);
            }
            return Some(self.request("UNSUBSCRIBE", left));
        }
        let room = MOST.saturating_sub(self.asked.len()).min(AT_ONCE);
        let new: Vec<Followed> = wanted.difference(&self.asked).take(room).cloned().collect();
        if new.is_empty() {
            return None;
        }
        self.asked.extend(new.iter().cloned());
        let request = self.request("SUBSCRIBE", new.clone());
        self.waiting.insert(self.requests, new);
        Some(request)
    }

    fn request(&mut self, method: &str, streams: Vec<Followed>) -> String {
        self.requests += 1;
        let name = |(symbol, frame): Followed| format!("{}@kline_{frame}", symbol.to_lowercase());
        let names: Vec<String> = streams.into_iter().map(name).collect();
        json!({ "method": method, "params": names, "id": self.requests }).to_string()
    }

    /// A request was answered. What is refused is not asked for again by this connection.
    pub(crate) fn answered(&mut self, answer: Answer) {
        let Some(streams) = self.waiting.remove(&answer.id) else { return };
        if answer.is_done {
            self.heard.extend(streams.into_iter().filter(|it| self.asked.contains(it)));
        } else {
            warn!("{} streams are refused", streams.len());
        }
    }

    /// What has been promised.
    pub(crate) fn heard(&self) -> impl Iterator<Item = &Followed> {
        self.heard.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use trading::time::Timeframe;

    fn markets(range: std::ops::Range<usize>) -> HashSet<Followed> {
        range.map(|number| (format!("S{number}USDT"), Timeframe::M1)).collect()
    }

    /// All requests that follow, as (method, count), each answered.
    fn requests(subscriptions: &mut Subscriptions, wanted: &HashSet<Followed>) -> Vec<(String, usize)> {
        let mut requests = vec![];
        while let Some(text) = subscriptions.next(wanted) {
            let request: Value = serde_json::from_str(&text).unwrap();
            subscriptions.answered(Answer { id: request["id"].as_u64().unwrap(), is_done: true });
            let count = request["params"].as_array().unwrap().len();
            requests.push((request["method"].as_str().unwrap().to_owned(), count));
        }
        requests
    }

    #[test]
    fn what_is_wanted_is_asked_for_in_parts_and_never_more_than_a_connection_has() {
        let mut subscriptions = Subscriptions::default();
        let first = requests(&mut subscriptions, &markets(0..2_000));
        assert_eq!(first.iter().map(|(_, count)| count).sum::<usize>(), MOST);
        assert!(first.iter().all(|(method, count)| method == "SUBSCRIBE" && *count <= AT_ONCE));
        assert_eq!(subscriptions.heard().count(), MOST);
        // whoever leaves makes room
        let wanted: HashSet<Followed> =
            subscriptions.heard().take(1_000).cloned().chain(markets(5_000..5_100)).collect();
        let then = [("UNSUBSCRIBE".to_owned(), 24), ("SUBSCRIBE".to_owned(), 24)];
        assert_eq!(requests(&mut subscriptions, &wanted), then);
        assert_eq!(subscriptions.heard().count(), MOST);
    }

    #[test]
    fn what_is_refused_or_left_before_the_answer_is_not_heard() {
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.next(&markets(0..2)).unwrap().contains("\"s0usdt@kline_1m\""));
        assert!(subscriptions.next(&markets(0..1)).unwrap().contains("UNSUBSCRIBE"));
        subscriptions.answered(Answer { id: 1, is_done: true });
        assert_eq!(subscriptions.heard().cloned().collect::<HashSet<_>>(), markets(0..1));
        subscriptions.next(&markets(0..3)).unwrap();
        subscriptions.answered(Answer { id: 3, is_done: false });
        assert_eq!(subscriptions.heard().count(), 1);
        assert_eq!(subscriptions.next(&markets(0..3)), None);
    }
}
