use crate::{Clock, Error, Identity, Ids, Memory, Result, Time, Vault, http::Origin};
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{fmt, time::Duration};
use tracing::debug;
use uuid::Uuid;

/// The database. The pool is private to it: whoever wants a connection says in whose name.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    clock: Clock,
    ids: Ids,
    vault: Vault,
    memory: Memory,
}

/// How to reach the database.
#[derive(Clone)]
pub struct DbSettings {
    /// Where it is and who we are there.
    pub options: PgConnectOptions,
    /// The most connections at once.
    pub max_connections: u32,
}

/// In whose name a transaction runs: a tenant, and the user of it who asked.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    tenant: Uuid,
    user: Option<Uuid>,
}

impl Scope {
    /// Opens a tenant. Its few homes are where a caller or a job has been recognised.
    pub fn new(tenant: Uuid, user: Option<Uuid>) -> Self {
        Self { tenant, user }
    }

    /// The tenant.
    pub fn tenant(&self) -> Uuid {
        self.tenant
    }

    /// A key that no other tenant can make, for caches and topics.
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.tenant)
    }
}

/// Why something may work across tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody is a member of anything yet.
    SignUp,
    /// A session is opened, looked up or closed by its secret.
    Session,
    /// The use of a key is written down.
    ApiKey,
    /// A tenant is founded or ended, or somebody is invited who is no member yet.
    Tenancy,
    /// Jobs are claimed, kept and finished for all tenants.
    Jobs,
    /// Bots of all tenants are leased and resumed.
    Bots,
    /// What is told live is numbered, read for those who listen, and removed.
    Stream,
    /// Candles are removed that their tenants keep no longer.
    Candles,
    /// An operator of the platform sets what holds for all.
    Configuration,
    /// The audit trail is sealed, verified and kept in order.
    Audit,
    /// An administrator works on users of all tenants.
    Administration,
    /// Accounts are watched over: what is noticed, who called and who may not call.
    Security,
    /// A picture is shown to whoever knows its address.
    Picture,
    /// The operator asks on the command line.
    Operator,
    /// Positions are held against the fills that made them.
    Portfolio,
    /// What an older key has sealed is sealed anew.
    Keys,
    /// The demonstration's tenants are seeded.
    Demo,
}

/// Who did it, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user: Option<Uuid>,
    /// The administrator who acts as the user.
    pub impersonator: Option<Uuid>,
    /// The key by which the user acts.
    pub api_key: Option<Uuid>,
    pub origin: Origin,
}

impl From<Origin> for Actor {
    /// Nobody in particular.
    fn from(origin: Origin) -> Self {
        Self { user: None, impersonator: None, api_key: None, origin }
    }
}

/// A transaction in somebody's name. What is not committed is undone.
pub struct Tx<K> {
    inner: Transaction<'static, Postgres>,
    kind: K,
    now: Time,
    db: Db,
    actor: Actor,
    /// The tenant that it sees, if it is one's.
    home: Option<Uuid>,
    /// Whether it takes away what others may remember.
    takes_away: bool,
    /// Whether it must have recorded what it changed before it may last.
    owes_record: bool,
}

/// The kinds of [`Tx`].
pub mod kind {
    use super::{Actor, Reason, Scope};
    use uuid::Uuid;

    /// Sees one tenant.
    pub struct Tenant(pub(super) Scope);
    /// Sees one user's own things.
    pub struct Personal;
    /// Sees all tenants, for a reason.
    pub struct System(pub(super) Reason);

    /// What all of them know.
    pub trait Kind: Send {
        /// The tenant, if there is but one.
        fn tenant(&self) -> Option<Uuid> {
            None
        }

        /// The user whose own things are seen.
        fn user(&self, actor: &Actor) -> Option<Uuid>;
    }

    impl Kind for Tenant {
        fn tenant(&self) -> Option<Uuid> {
            Some(self.0.tenant)
        }

        fn user(&self, _: &Actor) -> Option<Uuid> {
            self.0.user
        }
    }

    impl Kind for Personal {
        fn user(&self, actor: &Actor) -> Option<Uuid> {
            actor.user
        }
    }

    impl Kind for System {
        fn user(&self, _: &Actor) -> Option<Uuid> {
            None
        }
    }
}

/// A transaction that sees one tenant: row level security holds, whatever the statement says.
pub type TenantTx = Tx<kind::Tenant>;
/// A transaction that sees one user's own things and no tenant's.
pub type UserTx = Tx<kind::Personal>;
/// A transaction that sees all tenants.
pub type SystemTx = Tx<kind::System>;

impl Db {
    /// Opens the pool; it connects when it is first used.
    pub fn new(settings: DbSettings, clock: Clock, ids: Ids, vault: Vault) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(Duration::from_secs(5))
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // a connection begins as the role that sees nothing until it is told in whose name; a process that stands
                    // still does not hold for ever what its transaction has locked
                    let statement = "set role botcriptofy_app; set idle_in_transaction_session_timeout = '60s'";
                    sqlx::raw_sql(statement).execute(connection).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(settings.options);
        Self { pool, clock, ids, vault, memory: Memory::default() }
    }

    /// A transaction in the name of a tenant.
    pub(crate) async fn begin(&self, scope: Scope, origin: Origin) -> Result<TenantTx> {
        let user = scope.user.map(|id| id.to_string()).unwrap_or_default();
        let statement = format!(
            "begin; set local role botcriptofy_app; set local app.tenant_id = '{}'; set local app.user_id = '{user}'",
            scope.tenant
        );
        let tx = self.open(statement, kind::Tenant(scope), Actor { user: scope.user, ..Actor::from(origin) }).await?;
        Ok(Tx { home: Some(scope.tenant), ..tx })
    }

    /// A transaction in the name of a user, outside any tenant.
    pub(crate) async fn begin_personal(&self, user: Uuid, origin: Origin) -> Result<UserTx> {
        let statement = format!(
            "begin; set local role botcriptofy_app; set local app.tenant_id = ''; set local app.user_id = '{user}'"
        );
        self.open(statement, kind::Personal, Actor { user: Some(user), ..Actor::from(origin) }).await
    }

    /// A transaction across tenants.
    pub async fn system(&self, reason: Reason, origin: Origin) -> Result<SystemTx> {
        let statement = "begin; set local role botcriptofy_system".to_owned();
        metrics::counter!("system_transactions_total", "reason" => reason.to_string()).increment(1);
        self.open(statement, kind::System(reason), Actor::from(origin)).await
    }

    /// One statement without a transaction, as the role that sees no tenant: for functions of the
    /// database which decide for themselves what the answer may contain.
    pub async fn door(&self) -> Result<sqlx::pool::PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// A connection of its own that listens to these channels.
    pub async fn listen(&self, channels: &[&str]) -> Result<sqlx::postgres::PgListener> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&self.pool).await?;
        listener.listen_all(channels.iter().copied()).await?;
        Ok(listener)
    }

    /// What may be answered from memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn fresh_id(&self) -> Uuid {
        self.ids.uuid(self.clock.now())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn open<K>(&self, statement: String, kind: K, actor: Actor) -> Result<Tx<K>> {
        let begun = match self.pool.begin_with(AssertSqlSafe(statement.clone())).await {
            // an idle connection may have died: one more try gets a fresh one
            Err(sqlx::Error::Io(_)) => self.pool.begin_with(AssertSqlSafe(statement)).await,
            begun => begun,
        };
        let owes_record = actor.origin.request;
        let (now, db) = (self.clock.now(), self.clone());
        Ok(Tx { inner: begun?, kind, now, db, actor, home: None, takes_away: false, owes_record })
    }
}

impl<K> Tx<K> {
    /// What statements run on.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// When the transaction began.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A fresh identifier.
    pub fn new_id(&self) -> Uuid {
        self.db.ids.uuid(self.now)
    }

    /// Who acts, and from where.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The user who acts, if one does.
    pub fn user(&self) -> Option<Uuid> {
        self.actor.user
    }

    /// The same, with what is known of who acts beyond the user.
    pub(crate) fn acting(mut self, identity: &Identity) -> Self {
        self.actor.impersonator = identity.impersonated_by;
        self.actor.api_key = identity.credential.api_key();
        self
    }

    /// Says that it takes something away which any process may remember, such as a session or a role: its commit
    /// waits until none does.
    pub fn takes_away(&mut self) {
        self.takes_away = true;
    }

    /// What may be answered from memory.
    pub fn memory(&self) -> &Memory {
        &self.db.memory
    }

    /// Tells every process that there are news of a topic, once it is committed; see [`Signals`](crate::Signals).
    pub async fn announce(&mut self, topic: &str) -> Result<()> {
        sqlx::query("select pg_notify('signals', $1)").bind(topic).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// The tenant that it sees, if it is one's.
    pub fn home(&self) -> Option<Uuid> {
        self.home
    }

    /// Signs what must prove itself later.
    pub fn vault(&self) -> &Vault {
        &self.db.vault
    }

    /// Says that the audit trail knows what it changes.
    pub fn recorded(&mut self) {
        self.owes_record = false;
    }

    /// Says why the audit trail need not know what it changes.
    pub fn unaudited(&mut self, why: &'static str) {
        debug!(why, "changed without an entry in the audit trail");
        self.owes_record = false;
    }

    /// Makes it last.
    ///
    /// # Errors
    /// 500 when a request has changed something and recorded nothing: then nothing is changed.
    pub async fn commit(mut self) -> Result<()> {
        if self.owes_record && self.has_written().await? {
            return Err(Error::internal("a request changed something and recorded nothing in the audit trail"));
        }
        self.inner.commit().await?;
        if self.takes_away { self.db.memory.settle(&self.db).await } else { Ok(()) }
    }
}

impl<K: kind::Kind> Tx<K> {
    /// The tenant it sees, if it sees but one.
    pub fn inside(&self) -> Option<Uuid> {
        self.kind.tenant()
    }

    /// The user whose own things it sees.
    pub fn on_behalf_of(&self) -> Option<Uuid> {
        self.kind.user(&self.actor)
    }
}

impl Tx<kind::Tenant> {
    /// The tenant it sees.
    pub fn tenant(&self) -> Uuid {
        self.kind.0.tenant
    }

    /// In whose name it runs.
    pub fn scope(&self) -> Scope {
        self.kind.0
    }
}

impl Tx<kind::System> {
    /// Why it may work across tenants.
    pub fn reason(&self) -> Reason {
        self.kind.0
    }

    /// The same, with this user as the one who acts, also in the tenant that it goes on in.
    pub fn by(mut self, user: Uuid) -> Self {
        self.actor.user = Some(user);
        self
    }

    /// Goes on in the name of a tenant, in the same transaction; there is no way back. Who acts is the user of the
    /// scope, unless somebody does already.
    pub async fn enter(self, scope: Scope) -> Result<TenantTx> {
        self.narrowed(scope).await
    }
}

impl Tx<kind::Personal> {
    /// Goes on in the name of a tenant of the user's, in the same transaction; there is no way back.
    pub async fn enter(self, scope: Scope) -> Result<TenantTx> {
        self.narrowed(scope).await
    }
}

impl<K> Tx<K> {
    /// Whether it has changed a row: then it has a number, which a lock on a row gives it too, and locks tables so.
    async fn has_written(&mut self) -> Result<bool> {
        let written = sqlx::query_scalar(
            "select case when pg_current_xact_id_if_assigned() is null then false else exists (
               select from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and mode = 'RowExclusiveLock')
             end",
        );
        Ok(written.fetch_one(&mut *self.inner).await?)
    }

    async fn narrowed(self, scope: Scope) -> Result<TenantTx> {
        let Self { mut inner, now, db, mut actor, takes_away, owes_record, .. } = self;
        let user = scope.user.map(|id| id.to_string()).unwrap_or_default();
        let statement = format!(
            "set local role botcriptofy_app; set local app.tenant_id = '{}'; set local app.user_id = '{user}'",
            scope.tenant
        );
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *inner).await?;
        actor.user = actor.user.or(scope.user);
        Ok(Tx { inner, kind: kind::Tenant(scope), now, db, actor, home: Some(scope.tenant), takes_away, owes_record })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
