//! Serves until it is told to stop.

use crate::{assemble::Assembly, database::Database, modules};
use axum::ServiceExt;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

/// How many jobs run at once.
const JOBS_AT_ONCE: usize = 4;
/// How long running work may take to end.
const GRACE: Duration = Duration::from_secs(20);

/// Serves requests, jobs and bots until the process is told to stop or the database has ended.
///
/// # Errors
/// When the socket fails, the database ends by itself, or the key that seals has been replaced.
pub async fn serve(assembly: Assembly, listener: TcpListener, database: &Database) -> Result<(), String> {
    let Assembly { app, router, worker } = assembly;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(worker.run(JOBS_AT_ONCE, stop.clone()));
    tasks.spawn(app.db().memory().clone().listen(app.clone(), stop.clone()));
    for service in modules::ALL.iter().flat_map(|module| module.services) {
        tasks.spawn((service.run)(app.clone(), stop.clone()));
    }
    let service = ServiceExt::<axum::extract::Request>::into_make_service_with_connect_info::<SocketAddr>(router);
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());
    let ill = tokio::select! {
        () = told_to_stop() => None,
        () = database.ended() => Some("the database has ended"),
        () = stop.cancelled() => Some("another key seals by now: put it first in ENCRYPTION_KEY and start again"),
    };
    info!("stopping");
    app.health().stop();
    stop.cancel();
    tasks.close();
    let ended = async {
        tasks.wait().await;
        server.await
    };
    match tokio::time::timeout(GRACE, ended).await {
        Ok(Ok(served)) => served.map_err(|error| error.to_string())?,
        Ok(Err(failure)) => return Err(failure.to_string()),
        Err(_) => warn!("some work did not end in time"),
    }
    // those who were answered last
    if let Err(failure) = security::write_access_log(&app).await {
        warn!("who called last cannot be written down: {failure}");
    }
    app.db().close().await;
    ill.map_or(Ok(()), |ill| Err(ill.to_owned()))
}

pub(crate) async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
