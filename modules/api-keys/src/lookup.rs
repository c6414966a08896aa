use crate::{limit::Limit, store};
use ipnet::IpNet;
use kit::{App, Membership, Remembered, Result, Time, User};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// A key, whose it is, and their place in its tenant with what the key may do there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: Uuid,
    pub(crate) enabled: bool,
    pub(crate) expires_at: Option<Time>,
    pub(crate) addresses: Vec<IpNet>,
    pub(crate) limit: Limit,
    /// Whether its uses are counted down.
    pub(crate) limited: bool,
    pub(crate) user: User,
    pub(crate) membership: Membership,
    pub(crate) tenant_slug: String,
    /// Until when the membership holds, if something in it ends by itself.
    pub(crate) until: Option<Time>,
}

/// What the database knows of a key.
pub(crate) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Which key has a hash: answered from memory where it may be, else by the database.
#[derive(Clone)]
pub(crate) struct Lookups(Remembered<[u8; 32], Arc<Found>>);

/// How many keys are remembered.
const MOST_REMEMBERED: u64 = 20_000;

impl Default for Lookups {
    fn default() -> Self {
        Self(Remembered::most(MOST_REMEMBERED))
    }
}

impl Lookups {
    /// The key of this hash. What is remembered follows from the rows of the key, its user and its tenant, and changes
    /// with time only where it says until when it holds.
    pub(crate) async fn find(&self, app: &App, hash: [u8; 32]) -> Result<Option<Arc<Found>>> {
        let memory = app.db().memory();
        let now = app.clock().now();
        if let Some(found) = self.0.get(memory, &hash).filter(|found| found.until.is_none_or(|until| until > now)) {
            return Ok(Some(found));
        }
        let mark = memory.mark();
        let found = store::identify(app.db(), &hash, now).await?.map(Arc::new);
        if let (Some(mark), Some(found)) = (mark, &found) {
            let about = vec![found.id, found.user.id, found.membership.tenant];
            self.0.keep(mark, hash, found.clone(), about);
        }
        Ok(found)
    }
}
