use crate::{
    Catalogue, Clock, Db, Declaration, Error, Identify, Ids, LimitSettings, Limits, Result, Sealed, Signals, Topic,
    Vault, http::Health,
};
use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// What every request, job and service can reach.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: AppParts,
    /// Known only after all modules are.
    declared: OnceLock<Declared>,
}

/// What modules declare.
#[derive(Clone, Default)]
pub(crate) struct Declared {
    /// By name.
    pub(crate) settings: Vec<&'static Declaration>,
    pub(crate) sealed: Vec<&'static Sealed>,
    pub(crate) topics: Vec<&'static Topic>,
}

impl Deref for Inner {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.parts
    }
}

/// The parts of an [`App`], put together where the program starts.
pub struct AppParts {
    /// The database, behind its locks.
    pub db: Db,
    /// The one source of the present moment.
    pub clock: Clock,
    /// The one source of identifiers and secrets.
    pub ids: Ids,
    /// Seals what must be kept secret and yet be read again.
    pub vault: Vault,
    /// What an operator may set and every module may need.
    pub settings: Settings,
    /// Who a request is from.
    pub identify: Identify,
    /// How often each caller has called.
    pub limits: Limits,
    /// What there is to grant.
    pub catalogue: Catalogue,
    /// What fills the traits of the modules, by type.
    pub provided: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// What `/health` looks at.
    pub health: Health,
}

/// What an operator may set and every module may need.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the platform runs.
    pub mode: Mode,
    /// Where clients reach it, without a slash at the end.
    pub base_url: String,
    /// Further origins whose pages may call it.
    pub trusted_origins: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// The longest that an ordinary operation may take.
    pub request_timeout: Duration,
    /// The largest JSON body, in bytes.
    pub body_limit: usize,
    /// How often a caller may call; as often as they like without.
    pub limits: Option<LimitSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Development,
            base_url: "http://127.0.0.1:3000".to_owned(),
            trusted_origins: vec![],
            trusted_proxies: vec![],
            request_timeout: Duration::from_secs(30),
            body_limit: 1 << 20,
            limits: Some(LimitSettings::default()),
        }
    }
}

impl Settings {
    /// Whether a page of this origin may call with the user's cookies.
    pub fn trusts(&self, origin: &str) -> bool {
        origin == self.base_url || self.trusted_origins.iter().any(|trusted| trusted == origin)
    }
}

/// Where the platform runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Development,
    Test,
    Production,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(Inner { parts, declared: OnceLock::new() }))
    }

    /// The database, behind its locks.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The one source of the present moment.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The one source of identifiers and secrets.
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// Seals what must be kept secret and yet be read again.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// What an operator may set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The settings that modules declare, by name.
    pub fn declared(&self) -> &[&'static Declaration] {
        self.0.declared.get().map(|it| it.settings.as_slice()).unwrap_or_default()
    }

    /// Every column that holds what the vault has sealed.
    pub fn sealed(&self) -> &[&'static Sealed] {
        self.0.declared.get().map(|it| it.sealed.as_slice()).unwrap_or_default()
    }

    /// What modules tell live, the lower modules first.
    pub fn topics(&self) -> &[&'static Topic] {
        self.0.declared.get().map(|it| it.topics.as_slice()).unwrap_or_default()
    }

    pub(crate) fn declare(&self, declared: Declared) {
        self.0.declared.get_or_init(|| declared);
    }

    /// Wakes those who wait for news that another process may bring.
    pub fn signals(&self) -> &Signals {
        self.0.db.memory().signals()
    }

    /// How often each caller has called.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What there is to grant.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    pub(crate) fn identify(&self) -> Identify {
        self.0.identify
    }

    /// What `/health` looks at.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// What was provided for this type where the program starts.
    ///
    /// # Errors
    /// 500 when nothing was: the wiring is wrong.
    pub fn the<T: Any + Send + Sync>(&self) -> Result<&T> {
        let provided = self.0.provided.get(&TypeId::of::<T>()).and_then(|it| it.downcast_ref());
        provided.ok_or_else(|| Error::internal(format!("nothing provides {}", type_name::<T>())))
    }
}

impl AppParts {
    /// Provides what modules ask for by its type.
    pub fn provide<T: Any + Send + Sync>(mut self, it: T) -> Self {
        self.provided.insert(TypeId::of::<T>(), Box::new(it));
        self
    }
}
