use super::{Context, Failure, print, runtime};
use crate::{
    assemble::product,
    config::{Settings, secrets},
    database::Database,
};
use audit::{Head, Verdict};
use clap::Subcommand;
use indicatif::ProgressBar;
use kit::{App, Origin, Reason};
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

/// Check that the audit trail is whole and unchanged
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every entry and seal of the database, also of a restored backup; the exit code is 1 when anything is wrong
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// Only the chain of this tenant
    #[arg(long, value_name = "ID")]
    tenant: Option<Uuid>,
    /// The hash of an earlier head, which must still be part of the chain: of the tenant's, else of the platform's
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

/// A chain, the platform's own without a tenant, and what has been found out of it.
type Found = (Option<Uuid>, Verdict);

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let Action::Verify(args) = &args.action;
    let head = args.head.as_deref().map(audit::parse_head).transpose()?;
    let settings = context.config()?.settings;
    let found = runtime()?.block_on(verify(args.tenant, head.as_deref(), &settings))?;
    let damaged = found.iter().filter(|(_, verdict)| !verdict.intact).count();
    let report = if context.json { format!("{}\n", document(&found)) } else { found.iter().map(lines).collect() };
    print(&report)?;
    match damaged {
        0 => Ok(()),
        some => Err(Failure::Failed(format!("the audit trail is damaged in {some} of {} chains", found.len()))),
    }
}

async fn verify(tenant: Option<Uuid>, head: Option<&[u8]>, settings: &Settings) -> Result<Vec<Found>, Failure> {
    let database = Database::beside(settings).await?;
    let secrets = secrets(settings, &mut rand::rng())?;
    let assembly = product(settings, &secrets, database.options.clone(), settings.port)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let found = verify_chains(&assembly.app, tenant, head).await;
    assembly.app.db().close().await;
    database.close().await?;
    Ok(found?)
}

async fn verify_chains(app: &App, tenant: Option<Uuid>, head: Option<&[u8]>) -> kit::Result<Vec<Found>> {
    let mut tx = app.db().system(Reason::Audit, Origin::internal("command-line")).await?;
    let chains = match tenant {
        Some(tenant) => vec![Some(tenant)],
        None => audit::chains(&mut tx).await?,
    };
    let bar = ProgressBar::new(chains.len() as u64);
    let mut found = vec![];
    for chain in chains {
        let head = head.filter(|_| chain == tenant);
        let verdict = audit::verify(&mut tx, chain, head, |entries| bar.set_message(entries.to_string())).await?;
        found.push((chain, verdict));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(found)
}

fn document(found: &[Found]) -> Value {
    let chains = found.iter().map(|(tenant, verdict)| {
        let mut chain = json!(verdict);
        chain["tenantId"] = json!(tenant);
        chain
    });
    json!({ "intact": found.iter().all(|(_, verdict)| verdict.intact), "chains": chains.collect::<Vec<_>>() })
}

fn lines((tenant, verdict): &Found) -> String {
    let chain = tenant.map_or_else(|| "the platform".to_owned(), |tenant| format!("tenant {tenant}"));
    let state = if verdict.intact { "intact" } else { "DAMAGED" };
    let Verdict { entries, seals, unsealed, pruned, .. } = verdict;
    let mut lines = format!("{chain}: {state}, {entries} entries in {seals} seals, {unsealed} unsealed, {pruned} pruned\n");
    if let Some(Head { seq, hash, at }) = &verdict.head {
        let _ = writeln!(lines, "  head {seq} of {at}: {hash}");
    }
    for fault in &verdict.faults {
        // writing to a text never fails
        let _ = writeln!(lines, "  {fault}");
    }
    lines
}
