use crate::{Client, Outbox};
use api_keys::ApiKeys;
use auth::{AuthSettings, Hashing, Mailer, Passwords};
use axum::Router;
use kit::{
    Api, App, AppParts, Clock, Db, DbSettings, Health, Ids, LimitSettings, Module, Origin, Reason, Resealing, Time,
    Vault, Worker,
};
use security::Security;
use serde_json::Value;
use sqlx::PgPool;
use std::{
    collections::HashMap,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tenants::Kind;
use users::{Email, NewUser};
use uuid::Uuid;

/// The application around some modules: fixed clock, seeded identifiers, fakes that record.
pub struct TestApp {
    app: App,
    router: Router,
    document: Value,
    worker: Worker,
    outbox: Outbox,
    people: AtomicU32,
}

/// A user of a tenant, who calls with a session.
#[derive(Clone)]
pub struct Member {
    client: Client,
    /// The user.
    pub user: Uuid,
    /// The tenant, of which the user is a member.
    pub tenant: Uuid,
    /// The user's address.
    pub email: String,
}

impl Deref for Member {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Member {
    /// The same caller at another server of the same platform.
    pub fn at(&self, server: &TestApp) -> Client {
        Client { router: server.router(), ..self.client.clone() }
    }
}

/// When the clock of every test stands: 2026-01-05T12:00:00.000Z, a Monday.
const NOON: i64 = 1_767_614_400_000;
/// Seals in every test.
pub const KEY: [u8; 32] = [7; 32];

impl TestApp {
    /// The application around these modules and those that everybody stands on.
    pub async fn new(db: PgPool, modules: impl IntoIterator<Item = Module>) -> Self {
        Self::with(db, modules, |parts| parts).await
    }

    /// The same, with further parts or other settings.
    pub async fn with(
        db: PgPool,
        modules: impl IntoIterator<Item = Module>,
        change: impl FnOnce(AppParts) -> AppParts,
    ) -> Self {
        Self::around(modules, |outbox| {
            change(parts(&db, outbox, Clock::fixed(Time::from_millis(NOON)), 7, Vault::new(KEY)))
        })
    }

    /// A second server of the same platform: the same database and clock.
    pub async fn beside(&self, db: PgPool, modules: impl IntoIterator<Item = Module>) -> Self {
        self.beside_with(db, modules, Vault::new(KEY)).await
    }

    /// The same with other keys.
    pub async fn beside_with(&self, db: PgPool, modules: impl IntoIterator<Item = Module>, vault: Vault) -> Self {
        Self::around(modules, |outbox| parts(&db, outbox, self.clock().clone(), 8, vault))
    }

    /// Seals everything anew under another key, as `botcriptofy keys rotate` does, and answers of which columns how
    /// much.
    pub async fn rotate(&self, db: PgPool) -> Vec<(String, usize)> {
        let rotating = self.beside_with(db, [], Vault::rotated([9; 32], &[KEY])).await;
        let mut resealed = vec![];
        for sealed in self.app.sealed() {
            let (mut resealing, mut values) = (Resealing::new(&rotating.app, sealed, 100), 0);
            while let Some(batch) = resealing.batch().await.expect("a batch can be sealed anew") {
                values += batch;
            }
            let shares = sealed.shares(&mut self.system().await).await.expect("what is sealed can be counted");
            let current = rotating.app.vault().current().expect("a key");
            assert!(shares.iter().all(|share| share.key == current), "{} {}", sealed.table, sealed.column);
            if values > 0 {
                resealed.push((format!("{}.{}", sealed.table, sealed.column), values));
            }
        }
        resealed
    }

    fn around(modules: impl IntoIterator<Item = Module>, parts: impl FnOnce(&Outbox) -> AppParts) -> Self {
        let outbox = Outbox::default();
        let app = App::new(parts(&outbox));
        let mut all: Vec<Module> =
            vec![audit::module(), users::module(), tenants::module(), security::module(), auth::module()];
        let known = |all: &[Module], name| all.iter().any(|module| module.name == name);
        for module in modules {
            if !known(&all, module.name) {
                all.push(module);
            }
        }
        let api = Api::new("Test", "1", &all, app.settings());
        let worker = Worker::new(&app, all.iter().flat_map(|module| module.jobs).copied());
        let router = kit::serve_with(&app, &api);
        Self { app, router, document: api.document, worker, outbox, people: AtomicU32::new(0) }
    }

    /// What requests, jobs and services can reach.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The clock, which stands until it is moved.
    pub fn clock(&self) -> &Clock {
        self.app.clock()
    }

    /// The API document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The mails that would have been sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Everything behind the whole pipeline.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Runs the jobs that are due, and those that they ask for. Answers how many attempts that took.
    pub async fn run_jobs(&self) -> usize {
        self.worker.drain().await.expect("jobs can be claimed")
    }

    /// Runs jobs as a server does, so many at once, until the guard is dropped. What runs is looked after every `pulse`.
    pub fn works(&self, at_once: usize, pulse: std::time::Duration) -> tokio_util::sync::DropGuard {
        let stop = tokio_util::sync::CancellationToken::new();
        tokio::spawn(self.worker.clone().with_pulse(pulse).run(at_once, stop.clone()));
        stop.drop_guard()
    }

    /// Does what a module does all the time, as a server does, until the guard is dropped.
    pub fn runs(&self, module: &Module) -> tokio_util::sync::DropGuard {
        let stop = tokio_util::sync::CancellationToken::new();
        for service in module.services {
            tokio::spawn((service.run)(self.app.clone(), stop.clone()));
        }
        stop.drop_guard()
    }

    /// Listens on a port of this machine, as a server does.
    pub async fn serves(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let at = listener.local_addr().expect("a bound port");
        let service = self.router().into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        at
    }

    /// Answers from memory from now on, as a server does, until the guard is dropped.
    pub async fn remembers(&self) -> tokio_util::sync::DropGuard {
        let stop = tokio_util::sync::CancellationToken::new();
        let memory = self.app.db().memory().clone();
        tokio::spawn(memory.clone().listen(self.app.clone(), stop.clone()));
        while memory.mark().is_none() {
            tokio::task::yield_now().await;
        }
        stop.drop_guard()
    }

    /// The same, with limits on how often anyone may call.
    pub async fn limited(db: PgPool, modules: impl IntoIterator<Item = Module>, limits: LimitSettings) -> Self {
        Self::with(db, modules, |mut parts| {
            parts.settings.limits = Some(limits);
            parts
        })
        .await
    }

    /// Somebody without a session.
    pub fn stranger(&self) -> Client {
        Client { router: self.router.clone(), headers: vec![], peer: None }
    }

    /// A user of a tenant of their own, who holds just these permissions in it.
    pub async fn member<const N: usize>(&self, permissions: [&str; N]) -> Member {
        self.member_with(&permissions).await
    }

    /// The same, with permissions from wherever.
    pub async fn member_with(&self, permissions: &[&str]) -> Member {
        let (tx, user, email) = self.user().await;
        let made = tenants::create(tx, Kind::Trader, &email, user).await;
        let (mut tx, tenant) = made.expect("a tenant can be made");
        let permissions: Vec<String> = permissions.iter().map(|&it| it.to_owned()).collect();
        tenants::define_role(&mut tx, "tester", &permissions).await.expect("a role can be made");
        tenants::set_role(&mut tx, user, "tester").await.expect("a role can be given");
        tx.commit().await.expect("the tenant lasts");
        self.signed_in(user, tenant.id, email).await
    }

    /// The owner of a tenant of this kind, who holds every permission in it.
    pub async fn owner(&self, kind: Kind) -> Member {
        let (tx, user, email) = self.user().await;
        let (tx, tenant) = tenants::create(tx, kind, &email, user).await.expect("a tenant can be made");
        tx.commit().await.expect("the tenant lasts");
        self.signed_in(user, tenant.id, email).await
    }

    /// A further member of a tenant, with one of its roles.
    pub async fn colleague(&self, of: &Member, role: &str) -> Member {
        let (tx, user, email) = self.user().await;
        tx.commit().await.expect("the user lasts");
        let mut tx = self.tenant(of.tenant).await;
        tenants::add_member(&mut tx, user, role).await.expect("a member can be added");
        tx.commit().await.expect("the member stays");
        let member = self.signed_in(user, of.tenant, email).await;
        Member { client: member.client.with("x-tenant-id", of.tenant), ..member }
    }

    async fn user(&self) -> (kit::SystemTx, Uuid, String) {
        let number = self.people.fetch_add(1, Ordering::SeqCst);
        let email = format!("user{number}@test.example");
        let mut tx = self.system().await;
        let address = Email::parse(&email).expect("a sound address");
        let new = NewUser { email: &address, name: "Test User", image: None, email_verified: true };
        let user = users::create(&mut tx, &new).await.expect("a user can be made").expect("the address is free");
        (tx, user.id, email)
    }

    async fn signed_in(&self, user: Uuid, tenant: Uuid, email: String) -> Member {
        let mut tx = self.system().await;
        users::set_default_tenant(&mut tx, user, tenant).await.expect("the user has a tenant");
        let token = auth::open_session(&self.app, &mut tx, user, true).await.expect("a session can be opened").token;
        tx.commit().await.expect("the session lasts");
        let client = self.stranger().with("authorization", format!("Bearer {token}"));
        Member { client, user, tenant, email }
    }

    /// Lets every session last, however far the clock is moved.
    pub async fn keep_sessions(&self) {
        let mut tx = self.system().await;
        let forever = "update sessions set expires_at = expires_at + interval '100 years'";
        sqlx::query(forever).execute(tx.conn()).await.expect("sessions can be changed");
        tx.commit().await.expect("the sessions last");
    }

    /// A transaction in a tenant, for what no operation does.
    pub async fn tenant(&self, tenant: Uuid) -> kit::TenantTx {
        #[expect(clippy::disallowed_methods, reason = "a test acts in a tenant")]
        let scope = kit::Scope::new(tenant, None);
        self.system().await.enter(scope).await.expect("the tenant can be entered")
    }

    /// A transaction across tenants, for what no operation does.
    pub async fn system(&self) -> kit::SystemTx {
        self.app.db().system(Reason::Operator, Origin::internal("test")).await.expect("the database answers")
    }
}

fn parts(db: &PgPool, outbox: &Outbox, clock: Clock, seed: u64, vault: Vault) -> AppParts {
    let ids = Ids::seeded(seed);
    let options = DbSettings { options: (*db.connect_options()).clone(), max_connections: 8 };
    let mut settings = AuthSettings::new("a secret of no less than thirty-two characters");
    // the least cost that bcrypt knows: what is tested is not how slow it is
    settings.passwords = Passwords::new(Hashing::Bcrypt { cost: 4 });
    let parts = AppParts {
        db: Db::new(options, clock.clone(), ids.clone(), vault.clone()),
        health: Health::new(clock.now()),
        clock,
        ids,
        vault,
        settings: kit::Settings { mode: kit::Mode::Test, limits: None, ..kit::Settings::default() },
        limits: kit::Limits::default(),
        catalogue: kit::Catalogue::default(),
        identify: api_keys::identify,
        provided: HashMap::new(),
    };
    parts
        .provide(settings)
        .provide(Security::default())
        .provide(ApiKeys::default())
        .provide::<Arc<dyn Mailer>>(Arc::new(outbox.clone()))
}
