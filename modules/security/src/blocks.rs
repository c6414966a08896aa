use crate::{
    networks::{Hold, Networks},
    store,
};
use kit::{App, Origin, Reason, Remembered, Result, Time};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};
use tracing::warn;
use uuid::Uuid;

/// Who may not call, as this server knows it: by heart as long as it hears of every change, else asked for each time.
pub(crate) struct Blocks {
    remembered: Remembered<(), Arc<InForce>>,
    last: Mutex<Last>,
    asking: tokio::sync::Mutex<()>,
}

/// What was known last, for when the database is away.
#[derive(Default)]
struct Last {
    known: Arc<InForce>,
    /// Until when the database is not asked again.
    away: Option<Instant>,
}

/// All blocks.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    everywhere: Networks,
    tenants: HashMap<Uuid, Networks>,
    /// Users and keys.
    callers: HashMap<Uuid, Hold>,
}

/// A block as the database has it.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) kind: String,
    pub(crate) target: String,
    pub(crate) expires_at: Option<Time>,
}

/// The thing that changes with every block: a trigger of the table says so.
const ALL: Uuid = Uuid::from_u128(0xb10c_0000_0000_7000_8000_0000_0000_0000);
/// How long a request waits for what is blocked. Then what was known last holds.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a database that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(5);

impl Default for Blocks {
    fn default() -> Self {
        Self { remembered: Remembered::most(1), last: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }
}

impl Blocks {
    /// The blocks that are in force.
    pub(crate) async fn in_force(&self, app: &App) -> Arc<InForce> {
        if let Some(known) = self.known(app) {
            return known;
        }
        // those who ask at the same time are answered by one question
        let _asking = self.asking.lock().await;
        if let Some(known) = self.known(app) {
            return known;
        }
        let mark = app.db().memory().mark();
        let asked = timeout(PATIENCE, read(app)).await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match asked {
            Ok(Ok(fresh)) => {
                *last = Last { known: Arc::new(fresh), away: None };
                if let Some(mark) = mark {
                    self.remembered.keep(mark, (), last.known.clone(), vec![ALL]);
                }
            }
            failed => {
                let why = failed.map_or_else(
                    |_| "no answer in time".to_owned(),
                    |it| it.err().map(|it| it.to_string()).unwrap_or_default(),
                );
                warn!("who is blocked cannot be read, so what was known last holds: {why}");
                last.away = Some(Instant::now() + PAUSE);
            }
        }
        last.known.clone()
    }

    fn known(&self, app: &App) -> Option<Arc<InForce>> {
        if let Some(known) = self.remembered.get(app.db().memory(), &()) {
            return Some(known);
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.away.is_some_and(|until| until > Instant::now()).then(|| last.known.clone())
    }
}

async fn read(app: &App) -> Result<InForce> {
    let mut tx = app.db().system(Reason::Security, Origin::internal("blocks")).await?;
    Ok(InForce::of(store::blocks_in_force(&mut tx).await?))
}

impl InForce {
    fn of(rows: Vec<Row>) -> Self {
        let mut all = Self::default();
        for Row { id, tenant_id, kind, target, expires_at } in rows {
            let hold = Hold { id, until: expires_at };
            match (kind.as_str(), target.parse(), Uuid::parse_str(&target)) {
                ("network", Ok(network), _) => all.networks_of(tenant_id).add(network, hold),
                (_, _, Ok(caller)) => drop(all.callers.insert(caller, hold)),
                _ => warn!("the block {id} cannot be read"),
            }
        }
        all
    }

    fn networks_of(&mut self, tenant: Option<Uuid>) -> &mut Networks {
        match tenant {
            Some(tenant) => self.tenants.entry(tenant).or_default(),
            None => &mut self.everywhere,
        }
    }

    /// What keeps an address out, everywhere or in the tenant.
    pub(crate) fn address(&self, tenant: Option<Uuid>, ip: Option<IpAddr>, now: Time) -> Option<Hold> {
        let networks = match tenant {
            Some(tenant) => self.tenants.get(&tenant)?,
            None => &self.everywhere,
        };
        networks.find(ip?, now)
    }

    /// What keeps a user or a key out.
    pub(crate) fn caller(&self, id: Uuid, now: Time) -> Option<Hold> {
        self.callers.get(&id).filter(|hold| hold.holds(now)).copied()
    }
}
