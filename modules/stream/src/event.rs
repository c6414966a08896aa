use crate::store::Row;
use kit::{App, ws::Utf8Bytes};
use std::{fmt::Write, sync::Arc};
use uuid::Uuid;

/// What one may listen to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A topic of a tenant's: all of it, or what is about one thing.
    Tenant { tenant: Uuid, topic: &'static str, subject: Option<Uuid> },
    /// A market, by the name of its topic.
    Market(Arc<str>),
}

/// Something to tell, once for all who listen.
#[derive(Debug)]
pub(crate) struct Event {
    /// To what one listens who is to hear of it.
    pub(crate) key: Key,
    /// The whole topic, where the key is a part of it.
    whole: Option<Key>,
    /// Its place; none for what is not kept.
    pub(crate) seq: Option<i64>,
    /// Whether nothing more follows on its topic.
    pub(crate) last: bool,
    /// As it goes over the wire.
    pub(crate) text: Utf8Bytes,
}

impl Event {
    /// An event as it is stored; none of a topic that no module of this program tells.
    pub(crate) fn stored(app: &App, row: &Row) -> Option<Self> {
        let topic = app.topics().iter().find(|topic| topic.name == row.topic)?.name;
        let Row { tenant_id, seq, at, subject, payload, .. } = row;
        let mut text = String::with_capacity(payload.len() + 160);
        // what stands in it is JSON already, or cannot break it
        let written = write!(
            text,
            r#"{{"type":"event","topic":"{topic}","subject":"{subject}","cursor":"{seq}","at":"{at}","data":{payload}}}"#
        );
        written.ok()?;
        Some(Self::placed(*tenant_id, topic, *subject, *seq, text.into()))
    }

    /// An event of a tenant's that has its place.
    pub(crate) fn placed(tenant: Uuid, topic: &'static str, subject: Uuid, seq: i64, text: Utf8Bytes) -> Self {
        let key = |subject| Key::Tenant { tenant, topic, subject };
        Self { key: key(Some(subject)), whole: Some(key(None)), seq: Some(seq), last: false, text }
    }

    /// Something of a market, and whether nothing more follows.
    pub(crate) fn of_market(key: Key, text: Utf8Bytes, last: bool) -> Self {
        Self { key, whole: None, seq: None, last, text }
    }

    /// The keys by which it is heard of.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        [Some(&self.key), self.whole.as_ref()].into_iter().flatten()
    }
}
