use crate::{Event, Kind, Security, store};
use chrono::TimeDelta;
use kit::{App, Origin, Reason, Result, TenantHint, Time, Tx};
use moka::sync::Cache;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};
use tracing::warn;
use uuid::Uuid;

/// Notices something in the transaction in which it happens. It is about the transaction's tenant, or none.
pub async fn notice<K>(tx: &mut Tx<K>, event: Event) -> Result<()> {
    store::insert_event(tx, &event).await
}

/// What this server has told of lately: who does the same again and again fills no table by it.
pub(crate) struct Told(Cache<u64, Time>);

/// How much is remembered of it.
const MOST: u64 = 10_000;
/// How long the same is not told again.
const PAUSE: TimeDelta = TimeDelta::hours(1);

impl Default for Told {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Told {
    /// Whether it is to be told now.
    fn is_news(&self, what: impl Hash, now: Time) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let what = hasher.finish();
        let news = self.0.get(&what).is_none_or(|told| told + PAUSE <= now);
        if news {
            self.0.insert(what, now);
        }
        news
    }
}

/// Notices something that changes nothing, once an hour for the same. The request is answered the same whether it can
/// be written down or not.
pub(crate) async fn notice_apart(app: &App, origin: &Origin, event: Event) {
    let Ok(security) = app.the::<Security>() else { return };
    if !security.told.is_news((event.kind, event.user, &event.subject), app.clock().now()) {
        return;
    }
    let written = async {
        let tx = app.db().system(Reason::Security, origin.clone()).await?;
        let mut tx = if let Some(user) = event.user { tx.by(user) } else { tx };
        notice(&mut tx, event).await?;
        tx.unaudited("nothing changes but that it is known");
        tx.commit().await
    };
    if let Err(failure) = written.await {
        warn!("a security event cannot be written down: {failure}");
    }
}

/// Notices that a user asked for a tenant that they are no member of, or that is not their key's.
pub async fn strayed(app: &App, origin: &Origin, user: Uuid, key: Option<Uuid>, wanted: &TenantHint) {
    let asked = wanted.id.map(|id| id.to_string()).or_else(|| wanted.slug.clone()).unwrap_or_default();
    let asked: String = asked.chars().take(64).collect();
    let event = Event::new(Kind::TenantRefused, Some(user), format!("tenant:{asked}"));
    notice_apart(app, origin, event.with(json!({ "tenant": asked, "keyId": key }))).await;
}
