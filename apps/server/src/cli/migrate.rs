use super::{Context, Failure, print, runtime};
use crate::database::Database;
use serde_json::json;

/// Bring the database up to date
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only say what would be applied; then the exit code is 1 when something would
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let settings = context.config()?.settings;
    runtime()?.block_on(async {
        let database = Database::beside(&settings).await?;
        let names =
            if args.check { schema::pending(&database.options).await } else { schema::migrate(&database.options).await };
        let names = names.map_err(|error| Failure::of("the database cannot be migrated", error))?;
        database.close().await?;
        let (key, word) = if args.check { ("pending", "pending") } else { ("applied", "applied") };
        if context.json {
            print(&format!("{}\n", json!({ key: names })))?;
        } else if names.is_empty() {
            print("the database is up to date\n")?;
        } else {
            print(&names.iter().map(|name| format!("{word} {name}\n")).collect::<String>())?;
        }
        match args.check && !names.is_empty() {
            true => Err(Failure::Failed(format!("{} migrations are pending: run `botcriptofy migrate`", names.len()))),
            false => Ok(()),
        }
    })
}
