use clap::ValueEnum;

use super::{Context, EXIT_CODES, Failure, print};
use crate::config::{self, Listed};

/// List every setting, its value and where it came from
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a document about all settings instead
    #[arg(long = "as", value_name = "DOCUMENT")]
    document: Option<Document>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Document {
    /// `.env.example`
    Env,
    /// `docs/configuration.md`
    Markdown,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    match args.document {
        Some(Document::Env) => print(&config::env_example()),
        Some(Document::Markdown) => print(&config::guide(&exit_codes())),
        None if context.json => {
            let listing = serde_json::to_string_pretty(&context.config()?.listing);
            print(&(listing.map_err(|error| Failure::Failed(error.to_string()))? + "\n"))
        }
        None => print(&table(&context.config()?.listing)),
    }
}

fn table(listing: &[Listed]) -> String {
    let heading = ["SETTING", "VALUE", "FROM", "DEFAULT"].map(str::to_owned);
    let rows = listing.iter().map(|row| {
        let value = row.value.as_deref().filter(|value| !value.is_empty()).unwrap_or("-");
        let default = if row.default.is_empty() { "-" } else { row.default };
        [row.name.to_owned(), value.to_owned(), row.origin.to_string(), default.to_owned()]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (name, value, origin) = (width(0), width(1), width(2));
    rows.iter().map(|row| format!("{:name$}  {:value$}  {:origin$}  {}\n", row[0], row[1], row[2], row[3])).collect()
}

fn exit_codes() -> String {
    let rows = EXIT_CODES.iter().map(|(code, meaning)| format!("| {code} | {meaning} |\n"));
    format!("| code | meaning |\n| --- | --- |\n{}", rows.collect::<String>())
}
