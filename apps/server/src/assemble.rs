//! Puts the parts of the program together.

use crate::{
    config::{Environment, Secret, Settings},
    modules,
    system::Document,
};
use axum::Router;
use kit::{Api, App, AppParts, Clock, Db, DbSettings, Health, Ids, Mode, Module, Worker};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::postgres::PgConnectOptions;
use std::{collections::HashMap, sync::Arc};

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
    let api = Api::new("BotCriptoFy", env!("CARGO_PKG_VERSION"), modules, &app);
    // the document is the same for every assembly of the same modules
    let _ = document.0.set(api.document);
    let router = kit::serve_with(&app, api.router);
    let worker = Worker::new(&app, modules.iter().flat_map(|module| module.jobs).copied());
    Assembly { app, router, worker }
}

/// The whole program over a database, as the settings say. `port` is the one that it listens on.
///
/// # Errors
/// When mail cannot be set up as configured.
pub fn product(
    settings: &Settings,
    secret: &Secret,
    database: PgConnectOptions,
    port: u16,
) -> Result<Assembly, smtp::SetupError> {
    let document = Document::default();
    let clock = Clock::System;
    let db = DbSettings { options: database, max_connections: settings.database_max_connections };
    let parts = AppParts {
        db: Db::new(db, clock.clone(), Ids::Random),
        health: Health::new(clock.now()),
        clock,
        ids: Ids::Random,
        settings: kit::Settings {
            mode: match settings.environment {
                Environment::Development => Mode::Development,
                Environment::Test => Mode::Test,
                Environment::Production => Mode::Production,
            },
            base_url: settings.base_url(port),
            trusted_origins: settings.trusted_origins.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            ..kit::Settings::default()
        },
        identify: auth::identify,
        provided: HashMap::new(),
    };
    let parts = parts.provide(document.clone()).provide(recorder()).provide(sign_in(settings, secret));
    let parts = parts.provide(mailer(settings)?);
    Ok(assemble(App::new(parts), modules::ALL, &document))
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
