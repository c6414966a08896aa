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
        let key = Key::Tenant { tenant: *tenant_id, topic, subject: Some(*subject) };
        Some(Self { key, seq: Some(*seq), last: false, text: text.into() })
    }

    /// The keys by which it is heard of.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        let whole = match &self.key {
            Key::Tenant { tenant, topic, .. } => Some(Key::Tenant { tenant: *tenant, topic, subject: None }),
            Key::Market(_) => None,
        };
        [Some(self.key.clone()), whole].into_iter().flatten()
    }
}
