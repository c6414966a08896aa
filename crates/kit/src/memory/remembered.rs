use super::{Mark, Memory};
use moka::sync::Cache;
use std::{fmt, hash::Hash, sync::Arc};
use uuid::Uuid;

/// Answers of the database by what was asked, each for as long as it holds.
pub struct Remembered<K, V>(Cache<K, Arc<Kept<V>>>);

struct Kept<V> {
    answer: V,
    mark: Mark,
    about: Vec<Uuid>,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Remembered<K, V> {
    /// So many answers at most; those that are asked for least make room.
    pub fn most(answers: u64) -> Self {
        Self(Cache::new(answers))
    }

    /// The answer, if it is remembered and holds.
    pub fn get(&self, memory: &Memory, question: &K) -> Option<V> {
        let kept = self.0.get(question)?;
        memory.holds(kept.mark, &kept.about).then(|| kept.answer.clone())
    }

    /// Remembers an answer that was read at the mark and follows from these things alone.
    pub fn keep(&self, mark: Mark, question: K, answer: V, about: Vec<Uuid>) {
        self.0.insert(question, Arc::new(Kept { answer, mark, about }));
    }
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> fmt::Debug for Remembered<K, V> {
    /// Only how many: the answers are somebody's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers", self.0.entry_count())
    }
}
