//! Puts the parts of the program together.

use crate::{
    config::{Environment, PasswordHash, Secret, Secrets, Settings},
    modules,
    system::Document,
};
use api_keys::ApiKeys;
use auth::{AuthSettings, Hashing, Mailer, Passwords};
use axum::Router;
use binance::Binance;
use chrono::TimeDelta;
use exchanges::Venues;
use kit::{Api, App, AppParts, Clock, Db, DbSettings, Health, Ids, LimitSettings, Limits, Mode, Module, Vault, Worker};
use market_data::Sources;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use passkeys::PasskeySettings;
use redis_limits::RedisLimiter;
use security::{Geo, GeoFault, Security, SecuritySettings};
use smtp::SmtpMailer;
use social::{ProviderKind, ProviderSettings, Social, SocialSettings};
use sqlx::postgres::PgConnectOptions;
use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

/// The program, ready to serve.
pub struct Assembly {
    /// What every request, job and service can reach.
    pub app: App,
    /// Every operation behind the whole pipeline.
    pub router: Router,
    /// Runs the jobs of all modules.
    pub worker: Worker,
}

/// Puts the modules around a set of parts.
pub fn assemble(app: App, modules: &[Module], document: &Document) -> Assembly {
    let api = Api::new("BotCriptoFy", env!("CARGO_PKG_VERSION"), modules, app.settings());
    let router = kit::serve_with(&app, &api);
    // the document is the same for every assembly of the same modules
    let _ = document.0.set(api.document);
    let worker = Worker::new(&app, modules.iter().flat_map(|module| module.jobs).copied());
    Assembly { app, router, worker }
}

/// The whole program over a database, as the settings say. `port` is the one that it listens on.
///
/// # Errors
/// When mail, Redis or the list of addresses cannot be set up as configured.
pub fn product(
    settings: &Settings,
    secrets: &Secrets,
    database: PgConnectOptions,
    port: u16,
) -> Result<Assembly, SetupError> {
    let document = Document::default();
    let clock = Clock::System;
    let db = DbSettings { options: database, max_connections: settings.database_max_connections };
    let vault = Vault::rotated(secrets.encryption.current, &secrets.encryption.older);
    let parts = AppParts {
        db: Db::new(db, clock.clone(), Ids::Random, vault.clone()),
        health: Health::new(clock.now()),
        clock,
        ids: Ids::Random,
        vault,
        settings: kit::Settings {
            mode: match settings.environment {
                Environment::Development => Mode::Development,
                Environment::Test => Mode::Test,
                Environment::Production => Mode::Production,
            },
            base_url: settings.base_url(port),
            trusted_origins: settings.trusted_origins.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            limits: settings.rate_limits.then_some(LimitSettings {
                per_minute: settings.rate_limit_per_minute,
                auth_per_minute: settings.rate_limit_auth_per_minute,
            }),
            ..kit::Settings::default()
        },
        limits: limits(settings)?,
        catalogue: kit::Catalogue::default(),
        identify: api_keys::identify,
        provided: HashMap::new(),
    };
    let parts = parts.provide(document.clone()).provide(recorder()).provide(sign_in(settings, &secrets.sign_in));
    let passkeys = PasskeySettings { domain: settings.passkey_domain.clone() };
    let parts = parts.provide(Social::new(platforms(settings)));
    let parts = parts.provide(ApiKeys::default()).provide(passkeys).provide(mailer(settings)?);
    let parts = parts.provide(Security::new(watching(settings)?));
    let (sources, venues) = exchanges(settings);
    let parts = parts.provide(sources).provide(venues);
    Ok(assemble(App::new(parts), modules::ALL, &document))
}

/// The exchanges, for data and in their users' names. One client each, so that all who ask share its budget.
fn exchanges(settings: &Settings) -> (Sources, Venues) {
    let usual = binance::Settings::new(settings.binance_rest_base.clone(), Clock::System, Ids::Random);
    let binance = binance::Settings {
        weight_per_minute: settings.binance_weight_per_minute,
        streams: settings.binance_stream_base.clone().unwrap_or_else(|| usual.streams.clone()),
        api: settings.binance_ws_api_base.clone().unwrap_or_else(|| usual.api.clone()),
        ..usual
    };
    let binance = Arc::new(Binance::new(binance));
    (Sources::new(vec![binance.clone()]), Venues::new(vec![binance]))
}

fn sign_in(settings: &Settings, secret: &Secret) -> AuthSettings {
    let mut sign_in = AuthSettings::new(secret.expose());
    sign_in.cookie_prefix.clone_from(&settings.cookie_prefix);
    sign_in.session_max_age = whole(settings.session_max_age);
    sign_in.session_update_age = whole(settings.session_update_age);
    sign_in.passwords = Passwords::new(match settings.password_hash {
        PasswordHash::Bcrypt => Hashing::Bcrypt { cost: settings.bcrypt_cost },
        PasswordHash::Argon2id => Hashing::Argon2id,
    });
    sign_in
}

/// The platforms that the operator has set up in full.
fn platforms(settings: &Settings) -> SocialSettings {
    let platform = |name: &str, kind, id: &Option<String>, secret: &Option<Secret>| {
        Some(ProviderSettings {
            name: name.to_ascii_lowercase().replace('_', "-"),
            kind,
            client_id: id.clone()?,
            client_secret: secret.as_ref()?.expose().to_owned().into(),
        })
    };
    let google = ProviderKind::OpenId { issuer: settings.oauth_google_issuer.clone() };
    let google = platform("google", google, &settings.oauth_google_client_id, &settings.oauth_google_client_secret);
    let github = ProviderKind::GitHub { base: settings.oauth_github_base.clone() };
    let github = platform("github", github, &settings.oauth_github_client_id, &settings.oauth_github_client_secret);
    let further = settings.oidc_issuers.iter().filter_map(|(name, issuer)| {
        let (id, secret) = (settings.oidc_client_ids.get(name), settings.oidc_client_secrets.get(name));
        platform(name, ProviderKind::OpenId { issuer: issuer.clone() }, &id.cloned(), &secret.cloned())
    });
    SocialSettings {
        providers: further.chain(google).chain(github).collect(),
        link_different_emails: settings.oauth_link_different_emails,
        ..SocialSettings::default()
    }
}

/// What the table of settings allows always fits.
fn whole(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// What of the settings cannot be used after all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("mail cannot be set up: {0}")]
    Mail(#[from] smtp::SetupError),
    #[error("REDIS_URL cannot be used: {0}")]
    Redis(#[from] redis_limits::Unusable),
    #[error("GEO_FILE={} cannot be used: {fault}", .path.display())]
    Geo { path: PathBuf, fault: GeoFault },
}

fn watching(settings: &Settings) -> Result<SecuritySettings, SetupError> {
    let load = |path: &PathBuf| Geo::load(path).map_err(|fault| SetupError::Geo { path: path.clone(), fault });
    Ok(SecuritySettings {
        geo: settings.geo_file.as_ref().map(load).transpose()?,
        most_guesses: settings.guesses_per_hour,
        access_log_age: TimeDelta::days(settings.access_log_days.into()),
    })
}

/// How long a request waits for Redis before its server counts by itself.
const REDIS_PATIENCE: Duration = Duration::from_millis(50);

fn limits(settings: &Settings) -> Result<Limits, SetupError> {
    let Some(url) = &settings.redis_url else { return Ok(Limits::default()) };
    Ok(Limits::shared(Arc::new(RedisLimiter::at(url.expose(), REDIS_PATIENCE)?)))
}

fn mailer(settings: &Settings) -> Result<Arc<dyn Mailer>, smtp::SetupError> {
    let from = &settings.mail_from;
    let mailer = match &settings.smtp_url {
        Some(url) => SmtpMailer::over(url.expose(), from, Clock::System, Ids::Random)?,
        None => SmtpMailer::into_folder(settings.data_dir.join("mail"), from, Clock::System, Ids::Random)?,
    };
    Ok(Arc::new(mailer))
}

/// The API document of the product.
pub fn document() -> serde_json::Value {
    let settings = kit::Settings::default();
    Api::new("BotCriptoFy", env!("CARGO_PKG_VERSION"), modules::ALL, &settings).document
}

/// The one recorder of the process; a second assembly shares it.
fn recorder() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // another recorder can only be there when a host program has its own
        let _ = metrics::set_global_recorder(recorder);
        handle
    };
    RECORDER.get_or_init(install).clone()
}
