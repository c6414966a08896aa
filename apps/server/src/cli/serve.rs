use super::{Context, Failure, runtime};
use crate::{
    assemble::{Assembly, product},
    config::{Settings, secrets},
    database::Database,
    logging::{self, Output},
    serve::serve,
};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tracing::info;

/// Serve the API, jobs and bots in one process (the default)
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    let _logs = logging::init(&settings.logs(Output::Stdout))?;
    runtime()?.block_on(async {
        let opened = open(&settings).await?;
        info!("listening on {}", opened.url);
        opened.serve().await
    })
}

/// A server that has its port and its database, but does not serve yet.
pub(super) struct Opened {
    pub(super) assembly: Assembly,
    /// Where clients reach it.
    pub(super) url: String,
    listener: TcpListener,
    database: Database,
}

/// Takes the port, opens the database and brings it up to date.
pub(super) async fn open(settings: &Settings) -> Result<Opened, Failure> {
    let address = SocketAddr::new(settings.host, settings.port);
    let taken = |error| Failure::of(&format!("cannot listen on {address} (set HOST or PORT)"), error);
    let listener = TcpListener::bind(address).await.map_err(taken)?;
    let port = listener.local_addr().map_err(taken)?.port();
    let database = Database::open(settings).await?;
    let applied = schema::migrate(&database.options).await;
    for name in applied.map_err(|error| Failure::of("the database cannot be migrated", error))? {
        info!("migrated {name}");
    }
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    kit::refuse_replaced(&assembly.app).await?;
    Ok(Opened { assembly, url: settings.base_url(port), listener, database })
}

impl Opened {
    /// Serves until the process is told to stop.
    pub(super) async fn serve(self) -> Result<(), Failure> {
        let Self { assembly, listener, database, .. } = self;
        let served = serve(assembly, listener, &database).await;
        database.close().await?;
        served.map_err(Failure::Failed)
    }
}
