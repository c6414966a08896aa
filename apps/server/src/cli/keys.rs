use super::{Context, Failure, print, runtime};
use crate::{
    assemble::product,
    config::{Keys, Settings, secrets},
    database::Database,
};
use clap::Subcommand;
use kit::{App, KeyId, Origin, Reason, SystemTx};
use serde::Serialize;
use serde_json::json;
use std::fmt::Write;

mod rotate;

/// The keys of ENCRYPTION_KEY, under which secrets are sealed
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show which key has sealed how much
    Status,
    /// Seal everything anew under the first key, which is made where the key is kept in the data directory; may be
    /// interrupted and repeated
    Rotate,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    match args.action {
        Action::Status => tell_status(&settings, context.json),
        Action::Rotate => rotate::tell(&settings, context.json),
    }
}

/// What a column holds, by the keys that have sealed it.
#[derive(Serialize)]
struct Place {
    table: &'static str,
    column: &'static str,
    sealed: Vec<Share>,
}

#[derive(Serialize)]
struct Share {
    key: KeyId,
    /// Whether it is one of ours.
    known: bool,
    values: i64,
}

impl Place {
    /// How much another key than the one that seals has sealed.
    fn left(&self, current: KeyId) -> i64 {
        self.sealed.iter().filter(|share| share.key != current).map(|share| share.values).sum()
    }

    fn line(&self) -> String {
        let mut line = format!("{}.{}:", self.table, self.column);
        for Share { key, known, values } in &self.sealed {
            // writing to a text never fails
            let _ = write!(line, " {values} by {key}{}", if *known { "" } else { ", WHICH IS NOT AMONG THE KEYS" });
        }
        line + if self.sealed.is_empty() { " nothing\n" } else { "\n" }
    }
}

fn tell_status(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let (keys, places) = runtime()?.block_on(async {
        let database = Database::beside(settings).await?;
        let app = app(settings, &database).await?.0;
        let found = status(&app).await;
        app.db().close().await;
        database.close().await?;
        Ok::<_, Failure>((app.vault().keys().collect::<Vec<_>>(), found?))
    })?;
    if as_json {
        return print(&format!("{}\n", json!({ "keys": keys, "places": places })));
    }
    let role = |at| if at == 0 { "seals" } else { "only opens and verifies" };
    let mut lines: String = keys.iter().enumerate().map(|(at, key)| format!("key {key} {}\n", role(at))).collect();
    lines.extend(places.iter().map(Place::line));
    print(&lines)
}

async fn status(app: &App) -> kit::Result<Vec<Place>> {
    let mut tx = begin(app).await?;
    let keys: Vec<KeyId> = app.vault().keys().collect();
    let mut places = vec![];
    for place in app.sealed() {
        let shares = place.shares(&mut tx).await?.into_iter();
        let sealed = shares.map(|it| Share { key: it.key, known: keys.contains(&it.key), values: it.values }).collect();
        places.push(Place { table: place.table, column: place.column, sealed });
    }
    Ok(places)
}

async fn begin(app: &App) -> kit::Result<SystemTx> {
    app.db().system(Reason::Keys, Origin::internal("command-line")).await
}

/// The program over a database that is up to date, and its keys.
async fn app(settings: &Settings, database: &Database) -> Result<(App, Keys), Failure> {
    let pending = schema::pending(&database.options).await;
    let pending = pending.map_err(|error| Failure::of("the database cannot be read", error))?;
    if !pending.is_empty() {
        return Err(Failure::Failed("the database is not up to date: run `botcriptofy migrate`".to_owned()));
    }
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), settings.port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    Ok((assembly.app, secrets.encryption))
}
